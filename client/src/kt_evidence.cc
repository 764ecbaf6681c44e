#include <cstdio>
#include <memory>

#include "client/evidence.h"
#include "commands.h"
#include "output.h"
#include "store/files.h"

namespace kt::client {
namespace {

struct EvidenceOptions {
  std::filesystem::path file;
  bool json = false;
};

constexpr const char* kHelp =
    "Says what evidence of misbehaviour proves. Asks nobody, and needs no state: whoever was "
    "given\n"
    "the file can check it.";

constexpr const char* kFooter =
    "The exit code is 0 when the misbehaviour is proved, and 6 when it is not.\n\n"
    "Example:\n"
    "  kt evidence check ~/.local/state/kt/evidence/fork-1f….ktevidence";

std::string what_is_proved(const Evidence& evidence) {
  const std::string number = std::to_string(evidence.number);
  if (evidence.kind == Evidence::Kind::fork)
    return "the log has signed two trees that differ in their first " + number + " entries";
  return "the logs have signed two directory documents of " + evidence.domain + " with epoch " +
         number;
}

Result<int> check(const EvidenceOptions& options) {
  auto bytes = store::read_small_file(options.file, kMaxEvidenceSize);
  if (!bytes) return fail_in("FILE", std::move(bytes).error());
  KT_TRY(const Evidence evidence, check_evidence(*bytes));
  if (options.json) {
    Json logs = Json::array();
    for (const LogId& log : evidence.logs) logs.push_back(log.hex());
    const bool is_fork = evidence.kind == Evidence::Kind::fork;
    print(Json{{"kind", is_fork ? "fork" : "directory"},
               {"domain", is_fork ? Json(nullptr) : Json(evidence.domain)},
               {"logs", std::move(logs)},
               {is_fork ? "size" : "epoch", evidence.number}});
    return program::kDone;
  }
  Lines lines{{"proved", what_is_proved(evidence)}};
  for (const LogId& log : evidence.logs) lines.emplace_back("log", log.hex());
  print(lines);
  return program::kDone;
}

}  // namespace

void add_evidence(const program::Command& root) {
  const auto options = std::make_shared<EvidenceOptions>();
  const program::Command group =
      root.add_command("evidence", "Evidence of misbehaviour, which kt saves when it finds some");
  const program::Command command = group.add_command("check", kHelp);
  command.set_footer(kFooter);
  command.add_path("FILE", options->file, "The evidence").required();
  command.add_flag("--json", options->json, "Print JSON, for scripts");
  command.runs([options] { return check(*options); });
}

}  // namespace kt::client
