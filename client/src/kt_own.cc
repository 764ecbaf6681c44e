#include <cstdio>
#include <memory>

#include "client/own.h"
#include "commands.h"
#include "common_options.h"
#include "misbehaviour.h"
#include "output.h"

namespace kt::client {
namespace {

struct OwnOptions {
  CommonOptions common;
  OwnRequest request;
};

constexpr const char* kHelp =
    "Becomes the owner of an identity in the log that has it: from then on kt publish publishes\n"
    "for it, and kt monitor finds what was published by others.";

constexpr const char* kFooter =
    "Nothing changes at the log: who may publish is for its operator to say. Whoever publishes\n"
    "from several machines does this on each of them, and runs kt own --again when another one\n"
    "has published.\n\n"
    "Example:\n"
    "  kt own alice@example.com";

Result<int> become_owner(const OwnOptions& options) {
  KT_TRY(OpenSession opened, open_session(options.common, "own"));
  KT_TRY(
      const Owned owned,
      with_evidence(opened.session, Asked{options.request.identity, options.request.default_domain},
                    own(opened.session, options.request)));
  if (options.common.json) {
    print(Json{{"domain", owned.domain.text()},
               {"label", text_of(owned.label)},
               {"greatest_version", json_of(owned.greatest)},
               {"moved_from", owned.moved_from.empty() ? Json(nullptr) : Json(owned.moved_from)},
               {"log", json_of(owned.tree)},
               {"monitor_by", json_of(owned.monitor_by)}});
    return program::kDone;
  }
  const Timestamp now = system_now();
  Lines lines{{"identity", text_of(owned.label)},
              {"version", owned.greatest ? std::to_string(owned.greatest->value()) +
                                               ", where you begin to monitor"
                                         : "none, where you begin to monitor"},
              {"log", describe_log(owned.tree)},
              {"verified",
               "the label's versions there, the tree's signature, and that it "
               "continues what was verified before"},
              {"tree", describe(owned.tree, now)}};
  if (!owned.moved_from.empty())
    lines.emplace_back("moved", "from log " + owned.moved_from + ", with the value it had there");
  if (owned.monitor_by)
    lines.emplace_back("to do", "kt monitor, at " + moment(*owned.monitor_by, now));
  print(lines);
  return program::kDone;
}

}  // namespace

void add_own(const program::Command& root) {
  const auto options = std::make_shared<OwnOptions>();
  const program::Command command = root.add_command("own", kHelp);
  command.set_footer(kFooter);
  command.add_text("IDENTITY", options->request.identity, "Whose keys these are").required();
  command.add_flag("--again", options->request.again,
                   "Accept what the log has now, and begin anew from there");
  add_default_domain(command, options->request.default_domain);
  add_common_options(command, options->common);
  command.runs([options] { return become_owner(*options); });
}

}  // namespace kt::client
