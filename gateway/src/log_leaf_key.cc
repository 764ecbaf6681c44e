#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>

#include "commands.h"
#include "deployment_names.h"
#include "keytrans/key_file.h"
#include "keytrans/signature.h"

namespace kt::gateway {
namespace {

struct LeafKeyOptions {
  std::filesystem::path file;
  keytrans::CipherSuite suite = keytrans::CipherSuite::KT_128_SHA256_P256;
};

constexpr const char* kHelp =
    "Makes the key with which a service operator signs values for a log that a third party "
    "manages.\n"
    "Prints its public key in hexadecimal, for the manager's log create --leaf-key.";

constexpr const char* kFooter =
    "The suite is that of the log. Keep a copy of the file: without it the log takes no more "
    "updates.\n\n"
    "Example:\n"
    "  ktgate log leaf-key /etc/ktgate/leaf.pem";

Result<int> make(const LeafKeyOptions& options) {
  KT_TRY(const auto key, keytrans::SigningKey::generate(options.suite));
  KT_TRY(const auto pem, key.to_pem());
  KT_TRY(keytrans::store_key_file(options.file, pem));
  std::printf("%s\n", to_hex(key.public_key()).c_str());
  return program::kDone;
}

}  // namespace

void add_log_leaf_key(const program::Command& group) {
  const auto options = std::make_shared<LeafKeyOptions>();
  const program::Command command = group.add_command("leaf-key", kHelp);
  command.set_footer(kFooter);
  command.add_path("FILE", options->file, "Where the key will be; nothing may be there yet")
      .required();
  command.add_choice("--suite", kSuites, options->suite,
                     "The log's cipher suite: p256 (default) or ed25519");
  command.runs([options] { return make(*options); });
}

}  // namespace kt::gateway
