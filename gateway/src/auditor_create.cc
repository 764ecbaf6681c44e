#include <cstdio>
#include <filesystem>
#include <memory>

#include "auditor/setup.h"
#include "commands.h"
#include "deployment_names.h"

namespace kt::gateway {
namespace {

struct CreateCommand {
  std::filesystem::path directory;
  keytrans::CipherSuite suite = keytrans::CipherSuite::KT_128_SHA256_P256;
};

constexpr const char* kHelp =
    "Makes an auditor with a key of its own, before there is a log, and prints the public key.";

constexpr const char* kFooter =
    "The log's operator gives the public key to ktgate log create --auditor-key, and the auditor\n"
    "the log's configuration, which goes to ktgate auditor bind.\n\n"
    "Example:\n"
    "  ktgate auditor create /var/lib/ktgate/example.auditor --suite p256";

Result<int> create(const CreateCommand& options) {
  KT_TRY(const Bytes key, auditor::create_auditor(options.directory, options.suite));
  std::printf("%s\n", to_hex(key).c_str());
  return 0;
}

}  // namespace

void add_auditor_create(const program::Command& group) {
  const auto options = std::make_shared<CreateCommand>();
  const program::Command command = group.add_command("create", kHelp);
  command.set_footer(kFooter);
  command.add_path("DIR", options->directory, "Where it will be; nothing may be there yet")
      .required();
  command.add_choice("--suite", kSuites, options->suite,
                     "The log's cipher suite: p256 (default) or ed25519");
  command.runs([options] { return create(*options); });
}

}  // namespace kt::gateway
