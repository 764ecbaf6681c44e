#include <cstdio>
#include <memory>

#include "client/compare.h"
#include "commands.h"
#include "common_options.h"
#include "exit_codes.h"
#include "misbehaviour.h"
#include "output.h"
#include "qr_code.h"

namespace kt::client {
namespace {

using keytrans::HeadComparison;

struct CompareOptions {
  CommonOptions common;
  std::string domain;
  std::string log;
  std::string with;
  bool offline = false;
  bool qr = false;
};

constexpr const char* kHelp =
    "Shows the recent distinguished entries of a log, for somebody else to compare, or compares\n"
    "them with what somebody else has been shown.";

constexpr const char* kFooter =
    "Two people who see different logs find out by this, if the text takes a road that the log is\n"
    "not part of: read out, scanned, on paper. Both should have run it lately. --qr draws the "
    "text\n"
    "for a camera; who scans it gives it to --with.\n\n"
    "Example:\n"
    "  kt compare example.com --with kt1:6rF…";

constexpr const char* kInconsistent =
    "NOT consistent: the two do not see the same log, or one of them has not asked it for long. "
    "Let "
    "both run kt compare again; if it stays so, keep both texts and tell the operator";

Json heads_json(const MyHeads& heads, const std::string& text) {
  Json list = Json::array();
  for (const HashValue& head : heads.shown.head.heads) list.push_back(to_hex(head));
  return Json{{"log", json_of(heads.tree)},
              {"text", text},
              {"heads", std::move(list)},
              {"consistent", nullptr}};
}

Result<int> show(const CompareOptions& options, const MyHeads& heads,
                 const std::optional<HeadComparison>& comparison) {
  const bool is_consistent = comparison != HeadComparison::inconsistent;
  KT_TRY(const std::string text, heads.shown.text());
  if (options.common.json) {
    Json json = heads_json(heads, text);
    if (comparison) json["consistent"] = is_consistent;
    print(json);
  } else {
    Lines lines{{"log", describe_log(heads.tree)},
                {"tree", describe(heads.tree, system_now())},
                {"entries", std::to_string(heads.shown.head.heads.size()) +
                                " distinguished ones, the most recent"}};
    if (comparison) lines.emplace_back("result", is_consistent ? "consistent" : kInconsistent);
    print(lines);
    if (!comparison) std::printf("%s\n", text.c_str());
    if (options.qr) {
      KT_TRY(const std::string drawn, qr_code(text));
      std::printf("%s", drawn.c_str());
    }
  }
  return is_consistent ? program::kDone : kMisbehaviour;
}

Result<int> compare(const CompareOptions& options) {
  auto domain = federation::Domain::parse(options.domain);
  if (!domain) return fail_in("DOMAIN", std::move(domain).error());
  std::optional<ShownHeads> theirs;
  if (!options.with.empty()) {
    auto parsed = ShownHeads::parse(options.with);
    if (!parsed) return fail_in("--with", std::move(parsed).error());
    theirs = *std::move(parsed);
  }
  KT_TRY(OpenSession opened, open_session(options.common, "compare"));
  KT_TRY(const MyHeads heads,
         with_evidence(opened.session, *domain,
                       my_heads(opened.session, {*domain, options.log, options.offline})));
  if (!theirs) return show(options, heads, std::nullopt);
  if (theirs->log != heads.shown.log)
    return fail(Errc::malformed, "--with: that is about another log");
  return show(options, heads, keytrans::compare_heads(heads.shown.head, theirs->head));
}

}  // namespace

void add_compare(const program::Command& root) {
  const auto options = std::make_shared<CompareOptions>();
  const program::Command command = root.add_command("compare", kHelp);
  command.set_footer(kFooter);
  command.add_text("DOMAIN", options->domain, "The domain that has the log").required();
  command.add_text("--log", options->log, "The log, when it has several: LogId or alias")
      .type_name("LOG");
  command.add_text("--with", options->with, "What somebody else was shown").type_name("TEXT");
  command.add_flag("--qr", options->qr, "Draw it as a QR code, too");
  command.add_flag("--offline", options->offline, "Use what is known, and ask nobody");
  add_common_options(command, options->common);
  command.runs([options] { return compare(*options); },
               [options]() -> Result<void> {
                 if (options->qr && options->common.json)
                   return fail(Errc::malformed, "--qr and --json: not both");
                 return {};
               });
}

}  // namespace kt::client
