// What a service operator has signed for a log that a third party manages: the write-ahead record
// that keeps it from signing two values for one version of a label. Internal.
//
// A record is durable before its value is signed, and never changes or goes away. A value whose
// fate is not known, because the manager did not answer, may be signed again for its version;
// another value gets another version, and the manager skips what it has not seen (draft,
// "Management").
//
// Blocking. Thread rule: one thread at a time.
#pragma once

#include <optional>
#include <vector>

#include "keytrans/messages.h"
#include "store/store.h"

namespace kt::routing {

class SignedVersions {
 public:
  // Borrows `store`. Errors: those of Store::table().
  static Result<SignedVersions> open(store::Store& store, const LogId& log);

  // The version for which the first of `values` may be signed, and so on for the others, whatever
  // was signed before; `greatest` is the greatest version that the label's owner knows. A version
  // that was given out for the same values is given out again.
  // Errors: rejected when there are no version counters left, or when so many values were signed
  // that the manager does not have that one log entry cannot skip them all; unavailable when it
  // cannot be written; corrupt when the record is damaged. Nothing may be signed then.
  Result<Version> reserve(const Label& label, std::optional<Version> greatest,
                          const std::vector<keytrans::LabelValue>& values);

 private:
  SignedVersions(store::Store& store, store::Table table) : store_(&store), table_(table) {}

  store::Store* store_;
  store::Table table_;
};

}  // namespace kt::routing
