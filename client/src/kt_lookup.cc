#include <cstdio>
#include <memory>
#include <sys/stat.h>

#include "client/lookup.h"
#include "commands.h"
#include "common_options.h"
#include "keytrans/base64url.h"
#include "misbehaviour.h"
#include "output.h"
#include "store/files.h"

namespace kt::client {
namespace {

constexpr std::uint64_t kMaxVersion = 0xffff'ffff;
constexpr mode_t kOutputMode = 0644;

struct LookupOptions {
  CommonOptions common;
  LookupQuery query;
  std::uint64_t version = 0;
  bool raw = false;
  std::filesystem::path output;
};

constexpr const char* kHelp =
    "Looks up what an identity has published, verifies it, and prints it.\n"
    "Its domain has to be trusted: kt trust.";

constexpr const char* kFooter =
    "The answer is verified against everything that was verified of the log before. Where the log\n"
    "is young or the value new, that is not all yet: it says until when to run kt monitor. \"Not\n"
    "found\" is the word of the gateway, and cannot be proved.\n\n"
    "Example:\n"
    "  kt lookup alice@example.com";

void print_found(const Found& found, Timestamp now) {
  Lines lines{
      {"identity", text_of(found.label)},
      {"value", shown(found.value)},
      {"version", std::to_string(found.version.value()) +
                      (found.is_greatest ? ", the greatest there is" : "")},
      {"log", describe_log(found.tree)},
      {"verified",
       "the value in the log's tree, the tree's signature, and that it "
       "continues what was verified before"},
      {"tree", describe(found.tree, now)},
      {"directory", "epoch " + std::to_string(found.epoch.value()) + " of " + found.domain.text()}};
  if (found.monitor_by)
    lines.emplace_back("to do", "kt monitor, at " + moment(*found.monitor_by, now) +
                                    ": it is too new to be sure that all see the same");
  print(lines);
}

Json found_json(const Found& found) {
  return Json{{"domain", found.domain.text()},      {"label", text_of(found.label)},
              {"version", found.version.value()},   {"is_greatest", found.is_greatest},
              {"value", to_base64url(found.value)}, {"log", json_of(found.tree)},
              {"epoch", found.epoch.value()},       {"monitor_by", json_of(found.monitor_by)}};
}

Result<int> look_up(const LookupOptions& options) {
  KT_TRY(OpenSession opened, open_session(options.common, "lookup"));
  KT_TRY(const Found found,
         with_evidence(opened.session, Asked{options.query.identity, options.query.default_domain},
                       lookup(opened.session, options.query)));
  if (!options.output.empty()) {
    auto written = store::write_new_file(options.output, found.value, kOutputMode);
    if (!written) return fail_in("--output", std::move(written).error());
  }
  if (options.raw) {
    if (std::fwrite(found.value.data(), 1, found.value.size(), stdout) != found.value.size())
      return fail(Errc::corrupt, "the output cannot be written");
  } else if (options.common.json) {
    print(found_json(found));
  } else {
    print_found(found, system_now());
  }
  return program::kDone;
}

}  // namespace

void add_lookup(const program::Command& root) {
  const auto options = std::make_shared<LookupOptions>();
  const program::Command command = root.add_command("lookup", kHelp);
  command.set_footer(kFooter);
  command
      .add_text("IDENTITY", options->query.identity,
                "Who: alice@example.com, acct:, xmpp:, mimi:, @alice:example.com, tel:, urn:uuid:")
      .required();
  const program::Option version =
      command
          .add_number("--version", options->version, kMaxVersion,
                      "A version of the value, from 0; default: the greatest one")
          .type_name("NUMBER");
  command
      .add_text("--log", options->query.log,
                "Ask this log of the domain itself: its LogId or alias; default: the one that "
                "has the identity")
      .type_name("LOG");
  const program::Option raw =
      command.add_flag("--raw", options->raw, "Print the bytes of the value and nothing else");
  command
      .add_path("--output", options->output,
                "Write the bytes of the value to this file, which may not be there yet")
      .type_name("FILE");
  add_default_domain(command, options->query.default_domain);
  add_common_options(command, options->common);
  command.runs(
      [options, version] {
        if (version.is_given())
          options->query.version = Version{static_cast<std::uint32_t>(options->version)};
        return look_up(*options);
      },
      [options, raw]() -> Result<void> {
        if (raw.is_given() && options->common.json)
          return fail(Errc::malformed, "--raw and --json: not both");
        return {};
      });
}

}  // namespace kt::client
