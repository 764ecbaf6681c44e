// The log's side of every user operation: a request in, the response's contents out.
//
// Source: draft, "User Operations". Every function reads one snapshot and changes nothing;
// sequencing new versions is the caller's business.
//
// Errors of all of them: rejected or malformed when the request breaks a rule the draft has the
// log check; conflict when the advertised tree is larger than the log's; not_found for an unknown
// label or version; unavailable when there is no tree head yet; corrupt when the snapshot
// contradicts itself.
//
// Thread rule: pure functions of the snapshot.
#pragma once

#include "keytrans/algorithms.h"
#include "keytrans/log_source.h"

namespace kt::keytrans {

Result<SearchResponse> prove_search(const LogSource& source, const SearchRequest& request);

Result<ContactMonitorResponse> prove_contact_monitor(const LogSource& source,
                                                     const ContactMonitorRequest& request);

Result<OwnerInitResponse> prove_owner_init(const LogSource& source,
                                           const OwnerInitRequest& request);

// How many distinguished log entries one OwnerMonitorResponse inspects at most.
inline constexpr std::size_t kDefaultOwnerMonitorLimit = 25;

Result<OwnerMonitorResponse> prove_owner_monitor(const LogSource& source,
                                                 const OwnerMonitorRequest& request,
                                                 std::size_t limit = kDefaultOwnerMonitorLimit);

// The response about the versions that follow `request.greatest_version`: those of the one log
// entry that holds the next of them. `created` says that they are the ones this request asked for,
// so their values need not be repeated.
// Errors: conflict when no version follows.
Result<UpdateResponse> prove_update(const LogSource& source, const UpdateRequest& request,
                                    bool created);

Result<DistinguishedResponse> prove_distinguished(const LogSource& source,
                                                  const DistinguishedRequest& request,
                                                  const RecentPolicy& recent);

// A credential for the greatest version of `label` based on the distinguished log entry at
// `position`: standard if that entry holds this version, else provisional ("Credentials").
// Errors: rejected unless `position` is an unexpired distinguished log entry.
Result<Credential> prove_credential(const LogSource& source, const Label& label,
                                    EntryIndex position);

// The same, based on the rightmost distinguished log entry.
// Errors: unavailable while there is none.
Result<Credential> prove_credential(const LogSource& source, const Label& label);

// What finally verifies a provisional credential for `label` whose search had its terminal log
// entry at `terminal` in a tree of `credential_size` entries.
// Errors: unavailable while no log entry to the right of `terminal` is distinguished; conflict when
// `terminal` itself is, so that no update is needed.
Result<CredentialUpdate> prove_credential_update(const LogSource& source, const Label& label,
                                                 Version version, EntryIndex terminal,
                                                 TreeSize credential_size);

// The first distinguished log entry to the right of `entry`, if there is one.
Result<std::optional<EntryIndex>> first_distinguished_after(CombinedTree& tree, EntryIndex entry);

}  // namespace kt::keytrans
