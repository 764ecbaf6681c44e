#include <cstdio>
#include <memory>

#include "client/own.h"
#include "commands.h"
#include "common_options.h"
#include "exit_codes.h"
#include "keytrans/base64url.h"
#include "misbehaviour.h"
#include "output.h"
#include "program/token_file.h"
#include "store/files.h"

namespace kt::client {
namespace {

constexpr std::size_t kMaxValueSize = std::size_t{16} << 20;

struct PublishOptions {
  CommonOptions common;
  PublishRequest request;
  std::filesystem::path value;
  std::filesystem::path token_file;
};

constexpr const char* kHelp =
    "Publishes a value as the next version of an identity that you own: kt own.";

constexpr const char* kFooter =
    "The token is what the domain's operator gave whoever may write; its file is for its owner\n"
    "alone (mode 0600). When the log has versions that were not published from here, they are\n"
    "shown and nothing is published (exit code 5): if they are right, publish again.\n\n"
    "Example:\n"
    "  kt publish alice@example.com --value key.pub --token-file ~/.config/kt/token";

const char* how_name(Published::How how) {
  switch (how) {
    case Published::How::created: return "created";
    case Published::How::was_there: return "was-there";
    case Published::How::overtaken: break;
  }
  return "overtaken";
}

Json published_json(const Published& published) {
  Json unknown = Json::array();
  for (const PublishedVersion& each : published.unknown)
    unknown.push_back({{"version", each.version.value()}, {"value", to_base64url(each.value)}});
  return Json{{"result", how_name(published.how)},
              {"domain", published.domain.text()},
              {"label", text_of(published.label)},
              {"version", json_of(published.version)},
              {"unknown", std::move(unknown)},
              {"differs_from",
               published.differs_from.empty() ? Json(nullptr) : Json(published.differs_from)},
              {"log", json_of(published.tree)},
              {"monitor_by", json_of(published.monitor_by)}};
}

void print_published(const Published& published, Timestamp now) {
  Lines lines{{"identity", text_of(published.label)}};
  if (published.how == Published::How::created)
    lines.emplace_back("published", "as version " + std::to_string(published.version->value()));
  if (published.how == Published::How::was_there)
    lines.emplace_back("published",
                       "already, as version " + std::to_string(published.version->value()));
  if (published.how == Published::How::overtaken)
    lines.emplace_back("NOT published",
                       "the log has versions that were not published from here; if they are "
                       "right, publish again");
  for (const PublishedVersion& each : published.unknown)
    lines.emplace_back(
        "unknown", "version " + std::to_string(each.version.value()) + ": " + shown(each.value));
  if (!published.differs_from.empty())
    lines.emplace_back("ALARM", "the first of them is not the last value in log " +
                                    published.differs_from +
                                    ": it was changed when the label moved, or was published by "
                                    "somebody else");
  lines.emplace_back("log", describe_log(published.tree));
  lines.emplace_back("verified",
                     "the new versions in the log's tree, the tree's signature, and "
                     "that it continues what was verified before");
  lines.emplace_back("tree", describe(published.tree, now));
  if (published.monitor_by)
    lines.emplace_back("to do", "kt monitor, at " + moment(*published.monitor_by, now));
  print(lines);
}

Result<int> publish_value(PublishOptions& options) {
  auto token = program::read_token_file(options.token_file);
  if (!token) return fail_in("--token-file", std::move(token).error());
  auto value = store::read_small_file(options.value, kMaxValueSize);
  if (!value) return fail_in("--value", std::move(value).error());
  options.request.value = *std::move(value);
  KT_TRY(OpenSession opened, open_session(options.common, "publish"));
  KT_TRY(
      const Published published,
      with_evidence(opened.session, Asked{options.request.identity, options.request.default_domain},
                    publish(opened.session, options.request, *token)));
  if (options.common.json) {
    print(published_json(published));
  } else {
    print_published(published, system_now());
  }
  return published.how == Published::How::overtaken ? kRefused : program::kDone;
}

}  // namespace

void add_publish(const program::Command& root) {
  const auto options = std::make_shared<PublishOptions>();
  const program::Command command = root.add_command("publish", kHelp);
  command.set_footer(kFooter);
  command.add_text("IDENTITY", options->request.identity, "Whose value it is").required();
  command.add_path("--value", options->value, "The file whose bytes are published")
      .type_name("FILE")
      .required();
  command.add_path("--token-file", options->token_file, "The file with the writer's token")
      .type_name("FILE")
      .required();
  add_default_domain(command, options->request.default_domain);
  add_common_options(command, options->common);
  command.runs([options] { return publish_value(*options); });
}

}  // namespace kt::client
