// Trusted domains in the state directory, and how their documents are followed. Internal.
//
// Thread rule: that of a Session.
#pragma once

#include <optional>
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

}  // namespace kt::client
