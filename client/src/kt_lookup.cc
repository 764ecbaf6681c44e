#include <cstdio>
#include <memory>
#include <sys/stat.h>

#include "client/anonymous.h"
#include "client/lookup.h"
#include "commands.h"
#include "common_options.h"
#include "federation/identity.h"
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
  bool direct = false;
  bool anonymous = false;
  std::filesystem::path output;
};

constexpr const char* kHelp =
    "Looks up what an identity has published, verifies it, and prints it.\n"
    "Its domain has to be trusted: kt trust.";

constexpr const char* kFooter =
    "The answer is verified against everything that was verified of the log before. Where the log\n"
    "is young or the value new, that is not all yet: it says until when to run kt monitor. \"Not\n"
    "found\" is the word of the gateway, and cannot be proved.\n\n"
    "If you have a home domain, kt home, other domains are asked through the relay of its\n"
    "gateway, with Oblivious HTTP: it does not learn whom you look up, nor they that it was you.\n"
    "When that does not work they are not asked in another way.\n\n"
    "Example:\n"
    "  kt lookup alice@example.com";

void print_found(const Found& found, bool is_anonymous, Timestamp now) {
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
  if (is_anonymous) lines.emplace_back("asked", "through a relay, as nobody in particular");
  if (found.monitor_by)
    lines.emplace_back("to do", "kt monitor, at " + moment(*found.monitor_by, now) +
                                    ": it is too new to be sure that all see the same");
  print(lines);
}

Json found_json(const Found& found, bool is_anonymous) {
  return Json{{"domain", found.domain.text()},      {"label", text_of(found.label)},
              {"version", found.version.value()},   {"is_greatest", found.is_greatest},
              {"value", to_base64url(found.value)}, {"log", json_of(found.tree)},
              {"epoch", found.epoch.value()},       {"monitor_by", json_of(found.monitor_by)},
              {"anonymous", is_anonymous}};
}

// What asks the identity's domain anonymously, when it is to be asked that way: null when not.
Result<std::unique_ptr<Transport>> hide(Session& session, const LookupOptions& options) {
  if (options.direct) return nullptr;
  KT_TRY(const auto identity,
         federation::Identity::parse(options.query.identity, options.query.default_domain));
  KT_TRY(const auto home, load_home(session.state));
  const bool is_for_others = home && home->own.domain != identity.domain();
  if (!options.anonymous && !is_for_others) return nullptr;
  if (!home) return fail(Errc::rejected, "--anonymous: there is no home domain: kt home");
  auto access = home->access_to(identity.domain());
  if (!access) return fail_in("--anonymous", std::move(access).error());
  KT_TRY(Relay relay, open_relay(session, *access));
  return go_anonymous(session, std::move(relay), identity.domain(),
                      std::chrono::milliseconds(options.common.timeout));
}

Result<int> look_up(const LookupOptions& options) {
  KT_TRY(OpenSession opened, open_session(options.common, "lookup"));
  KT_TRY(const auto hidden, hide(opened.session, options));
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
    print(found_json(found, hidden != nullptr));
  } else {
    print_found(found, hidden != nullptr, system_now());
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
  const program::Option direct =
      command.add_flag("--direct", options->direct, "Ask the domain itself, which learns who asks");
  const program::Option anonymous =
      command.add_flag("--anonymous", options->anonymous,
                       "Ask through a relay or not at all, the home domain too: kt home --relay");
  add_default_domain(command, options->query.default_domain);
  add_common_options(command, options->common);
  command.runs(
      [options, version] {
        if (version.is_given())
          options->query.version = Version{static_cast<std::uint32_t>(options->version)};
        return look_up(*options);
      },
      [options, raw, direct, anonymous]() -> Result<void> {
        if (direct.is_given() && anonymous.is_given())
          return fail(Errc::malformed, "--direct and --anonymous: not both");
        if (raw.is_given() && options->common.json)
          return fail(Errc::malformed, "--raw and --json: not both");
        return {};
      });
}

}  // namespace kt::client
