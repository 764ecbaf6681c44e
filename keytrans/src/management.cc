#include "keytrans/management.h"

#include <limits>

#include "keytrans/algorithms.h"

namespace kt::keytrans {
namespace {

// The version of the value at `offset` of a request. Errors: rejected beyond 2^32-1.
Result<Version> version_at(Version first, std::size_t offset) {
  const std::uint64_t version = std::uint64_t{first.value()} + offset;
  if (version > std::numeric_limits<std::uint32_t>::max())
    return fail(Errc::rejected, "the label has no version counters left");
  return Version{static_cast<std::uint32_t>(version)};
}

}  // namespace

Result<ManagerUpdateRequest> sign_update_request(const SigningKey& leaf_key,
                                                 const Configuration& configuration,
                                                 const UpdateRequest& request,
                                                 Version signed_version) {
  ManagerUpdateRequest forwarded{request.last, request.label, request.greatest_version, {}, {}};
  if (request.values.empty()) return forwarded;
  forwarded.signed_version = signed_version;
  for (std::size_t i = 0; i < request.values.size(); ++i) {
    KT_TRY(const Version version, version_at(signed_version, i));
    KT_TRY(UpdateValue value, sign_update_value(leaf_key, configuration, request.label, version,
                                                request.values[i].value));
    forwarded.values.push_back(std::move(value));
  }
  return forwarded;
}

Result<std::uint32_t> check_manager_update(const LogConfiguration& configuration,
                                           const ManagerUpdateRequest& request,
                                           std::optional<Version> greatest) {
  if (request.values.empty()) {
    if (request.signed_version != Version{0})
      return fail(Errc::malformed, "signed_version is not zero although there are no values");
    return 0U;
  }
  const std::uint64_t next = greatest ? std::uint64_t{greatest->value()} + 1 : 0;
  if (request.signed_version.value() < next)
    return fail(Errc::rejected, "signed_version is less than the next version of the label");
  const std::uint64_t skipped = request.signed_version.value() - next;
  KT_TRY(const Version last, version_at(request.signed_version, request.values.size() - 1));
  if (!fits_update_response(greatest, last))
    return fail(Errc::rejected, "the request skips more versions than one log entry can hold");
  for (std::size_t i = 0; i < request.values.size(); ++i) {
    KT_TRY(const Version version, version_at(request.signed_version, i));
    KT_TRY(configuration.verify_update_value(request.label, version, request.values[i]));
  }
  return static_cast<std::uint32_t>(skipped);
}

}  // namespace kt::keytrans
