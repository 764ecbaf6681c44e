#include "log/check.h"

#include "directory.h"
#include "keytrans/key_file.h"
#include "padding.h"
#include "store/files.h"

namespace kt::log {
namespace {

using keytrans::LogConfiguration;

// Keys are the most of it, and have a few hundred bytes.
constexpr std::size_t kMaxConfigurationSize = 64UL << 10U;

Result<LogConfiguration> load_configuration(const Directory& files) {
  KT_TRY(const Bytes encoded, store::read_small_file(files.configuration(), kMaxConfigurationSize));
  KT_TRY(auto wire, keytrans::decode<keytrans::Configuration>(encoded));
  return LogConfiguration::create(std::move(wire));
}

}  // namespace

Result<LogConfiguration> check_log(const std::filesystem::path& directory,
                                   const LogOptions& options) {
  const Directory files{directory};
  std::error_code ignored;
  if (!std::filesystem::is_directory(files.database(), ignored))
    return fail(Errc::not_found, "there is no log in this directory");
  auto configuration = load_configuration(files);
  if (!configuration) return fail_in("its file configuration", std::move(configuration).error());
  const keytrans::Configuration& wire = configuration->wire();
  KT_TRY(load_signature_key(files.path, *configuration));
  KT_TRY(keytrans::load_key<keytrans::VrfPrivateKey>(files.vrf_key(), wire.ciphersuite,
                                                     wire.vrf_public_key));
  KT_TRY(check_padding(wire, options.padding));
  return configuration;
}

}  // namespace kt::log
