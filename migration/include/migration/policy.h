// How the requests of a domain are spread over two logs while its labels move from one to the
// other.
//
// Where that stands is what the domain's directory document says, by which the domain's users go:
// whoever answers by the document that is published answers as they expect.
//
// Thread rule: immutable, so any thread.
#pragma once

#include <memory>

#include "federation/directory.h"
#include "routing/policy.h"

namespace kt::migration {

enum class Stage : std::uint8_t {
  before,  // labels are in `from`
  during,  // each is where its greatest version in `from` says
  after,   // labels are in `to`
};

// The stage that a document with this policy is of. Nothing when it is about other logs.
[[nodiscard]] std::optional<Stage> stage_of(const federation::DirectoryPolicy& policy,
                                            const LogId& from, const LogId& to);

// Whether `next` of a search's route is asked, after the log before it has answered with this
// value. Errors: corrupt when the value is like a tombstone and does not name `next`.
Result<bool> is_asked(const routing::RoutedLog& next, ByteView value_before);

// Before: everything to `from`. During: a search to `from` and its successor, an update to `to` and
// its predecessor. After: everything to `to`. What is monitored is monitored in both, from `during`
// on: what a user has seen of a log stays to be verified. Requires: two different logs.
[[nodiscard]] std::unique_ptr<const routing::Policy> make_policy(Stage stage, const LogId& from,
                                                                 const LogId& to);

}  // namespace kt::migration
