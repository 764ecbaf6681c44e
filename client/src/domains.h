// Trusted domains in the state directory, and how their documents are followed. Internal.
//
// Thread rule: that of a Session.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "client/session.h"

namespace kt::client {

struct StoredDomain {
  KnownDomain known;
  Bytes stored;  // as it was read
};

[[nodiscard]] Cell cell_of(const federation::Domain& domain);

Result<std::optional<StoredDomain>> load_domain(const Session& session,
                                                const federation::Domain& domain);

// What is known once `document`, which was read now, is taken into account; the source is that of
// the document that is believed. `before` is what was known.
// Errors: those of follow(); rejected when the document is not in force.
Result<DomainNews> take_document(const std::optional<KnownDomain>& before,
                                 const federation::DirectoryDocument& document, Origin source,
                                 keytrans::ContactPolicy policy, Timestamp now);

// The same, and where the two documents prove misbehaviour to anyone, the evidence is saved, and
// the error is verification_failed.
Result<DomainNews> follow_document(const Session& session, const std::optional<KnownDomain>& before,
                                   const federation::DirectoryDocument& document, Origin source,
                                   keytrans::ContactPolicy policy);

// Verifies that each active log has the current document under `kt:directory`, notes in `news` what
// they say, and adds to `changes` what that makes of the logs' states.
Result<void> check_entries(const Session& session, DomainNews& news, std::vector<Change>& changes);

enum class EntryCheck : std::uint8_t { of_new_documents, always };

// Fetches what the domain publishes now and follows it. Tells when that changes anything.
// Requires: the domain is trusted.
Result<DomainNews> refresh_domain(const Session& session, const federation::Domain& domain,
                                  EntryCheck check = EntryCheck::of_new_documents);

// What is known of a trusted domain, whose document is in force; fetched if need be.
// Errors: not_found when it is not trusted; rejected when there is no document in force.
Result<KnownDomain> domain_in_force(const Session& session, const federation::Domain& domain);

// A document in force that is newer than the one in `known`, once it is followed; nothing when
// there is none, or it cannot be had. Errors: verification_failed when what is published does not
// verify.
Result<std::optional<DomainNews>> newer_document(const Session& session, const KnownDomain& known);

// Has `attempt`, which is given a const KnownDomain&, ask by the document that is known; and when
// it is refused, once more by a newer one, if there is: a log may have retired since. Errors
// besides those of `attempt`: as those of domain_in_force() and newer_document().
template <class Attempt>
auto by_document(const Session& session, const federation::Domain& domain, Attempt attempt)
    -> decltype(attempt(std::declval<const KnownDomain&>())) {
  KT_TRY(const KnownDomain known, domain_in_force(session, domain));
  auto outcome = attempt(known);
  if (outcome || outcome.error().code != Errc::rejected) return outcome;
  KT_TRY(const auto news, newer_document(session, known));
  if (!news) return outcome;
  return attempt(news->known);
}

}  // namespace kt::client
