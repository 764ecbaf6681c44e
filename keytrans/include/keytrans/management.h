// Third-Party Management: what the manager checks before it sequences an update.
//
// Source: draft, "Management", "Update Format". The Service Operator's side is
// sign_update_value() of log_configuration.h.
// Thread rule: pure functions.
#pragma once

#include <cstdint>
#include <optional>

#include "keytrans/log_configuration.h"

namespace kt::keytrans {

// The Service Operator's request for `request`: each value signed with the leaf key for its
// version, the first for `signed_version`.
// Errors: rejected when the versions would exceed 2^32-1; those of signing.
Result<ManagerUpdateRequest> sign_update_request(const SigningKey& leaf_key,
                                                 const Configuration& configuration,
                                                 const UpdateRequest& request,
                                                 Version signed_version);

// How many version counters the manager has to skip before it inserts the values of `request`,
// whose label has `greatest` as its greatest version now.
// Errors: malformed when signed_version is not zero without values; verification_failed for a
// signature that does not hold; rejected when signed_version is less than the next version (a
// serious bug of the Service Operator), would pass 2^32-1, or skips more than one log entry can
// hold.
Result<std::uint32_t> check_manager_update(const LogConfiguration& configuration,
                                           const ManagerUpdateRequest& request,
                                           std::optional<Version> greatest);

}  // namespace kt::keytrans
