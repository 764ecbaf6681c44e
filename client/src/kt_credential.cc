#include <algorithm>
#include <cstdio>
#include <memory>

#include "client/credential.h"
#include "commands.h"
#include "common_options.h"
#include "exit_codes.h"
#include "keytrans/base64url.h"
#include "output.h"
#include "store/files.h"

namespace kt::client {
namespace {

struct VerifyOptions {
  CommonOptions common;
  CredentialRequest request;
  std::filesystem::path file;
};

struct SettleOptions {
  CommonOptions common;
  SentUpdate sent;
  std::filesystem::path file;
};

constexpr const char* kVerifyHelp =
    "Verifies a credential that its owner has handed over, by the distinguished entries of the "
    "log\n"
    "that are known. Asks nobody, so that the log does not learn who was sent what.";

constexpr const char* kVerifyFooter =
    "A provisional credential may be used, and is kept until kt credential update has settled it.\n"
    "When the entry that it is based on is not known (exit code 4), kt compare learns of new "
    "ones.\n\n"
    "Example:\n"
    "  kt credential verify alice.credential --of alice@example.com";

constexpr const char* kUpdateHelp =
    "Settles provisional credentials by the distinguished entries that are known meanwhile, or by\n"
    "an update that the owner has sent. Asks nobody.";

constexpr const char* kUpdateFooter =
    "The exit code is 6 when a credential turns out to be one that the log denies, and 4 when "
    "some\n"
    "are still provisional.\n\n"
    "Example:\n"
    "  kt credential update --of alice@example.com --with alice.update";

Result<int> verify(VerifyOptions& options) {
  auto bytes = store::read_small_file(options.file, kMaxCredentialSize);
  if (!bytes) return fail_in("FILE", std::move(bytes).error());
  options.request.credential = *std::move(bytes);
  KT_TRY(const OpenSession opened, open_session(options.common, "credential verify"));
  KT_TRY(const CheckedCredential checked, check_credential(opened.session, options.request));
  if (options.common.json) {
    print(Json{{"domain", checked.domain.text()},
               {"label", text_of(checked.label)},
               {"log_id", checked.log.hex()},
               {"version", checked.version.value()},
               {"value", to_base64url(checked.value)},
               {"is_final", checked.is_final}});
    return program::kDone;
  }
  Lines lines{
      {"identity", text_of(checked.label)},
      {"value", shown(checked.value)},
      {"version", std::to_string(checked.version.value())},
      {"log", checked.alias + " (" + checked.log.hex() + ")"},
      {"verified", checked.is_final ? "the value in the tree of a known distinguished entry"
                                    : "provisionally: in a tree that the log has signed, and that "
                                      "continues a known distinguished entry"}};
  if (!checked.is_final) lines.emplace_back("to do", "kt credential update, later");
  print(lines);
  return program::kDone;
}

std::string_view state_name(SettledCredential::State state) {
  switch (state) {
    case SettledCredential::State::verified: return "verified";
    case SettledCredential::State::provisional: return "provisional";
    case SettledCredential::State::refuted: break;
  }
  return "refuted";
}

int code_of(const std::vector<SettledCredential>& settled) {
  int code = program::kDone;
  for (const SettledCredential& each : settled) {
    if (each.state == SettledCredential::State::provisional) code = std::max(code, kUnavailable);
    if (each.state == SettledCredential::State::refuted) code = std::max(code, kMisbehaviour);
  }
  return code;
}

void print_settled(const std::vector<SettledCredential>& settled) {
  Lines lines;
  for (const SettledCredential& each : settled) {
    std::string text = each.state == SettledCredential::State::refuted ? "ALARM: " : "";
    text += state_name(each.state);
    if (!each.reason.empty()) text += ": " + each.reason;
    lines.emplace_back(text_of(each.label) + " " + std::to_string(each.version.value()), text);
  }
  print(lines);
  if (lines.empty()) std::printf("no credential is provisional\n");
}

Result<int> settle(SettleOptions& options) {
  std::optional<SentUpdate> sent;
  if (!options.file.empty()) {
    auto bytes = store::read_small_file(options.file, kMaxCredentialSize);
    if (!bytes) return fail_in("--with", std::move(bytes).error());
    options.sent.update = *std::move(bytes);
    sent = options.sent;
  }
  KT_TRY(const OpenSession opened, open_session(options.common, "credential update"));
  KT_TRY(const auto settled, settle_credentials(opened.session, sent));
  if (options.common.json) {
    Json all = Json::array();
    for (const SettledCredential& each : settled)
      all.push_back({{"state", state_name(each.state)},
                     {"log_id", each.log.hex()},
                     {"label", text_of(each.label)},
                     {"version", each.version.value()},
                     {"reason", each.reason.empty() ? Json(nullptr) : Json(each.reason)}});
    print(all);
  } else {
    print_settled(settled);
  }
  return code_of(settled);
}

void add_verify(const program::Command& group) {
  const auto options = std::make_shared<VerifyOptions>();
  const program::Command command = group.add_command("verify", kVerifyHelp);
  command.set_footer(kVerifyFooter);
  command.add_path("FILE", options->file, "The credential, TLS-encoded").required();
  command.add_text("--of", options->request.identity, "Whose it is to be")
      .type_name("IDENTITY")
      .required();
  command
      .add_text("--log", options->request.log,
                "The log that it is of: LogId or alias; default: the one that has the identity")
      .type_name("LOG");
  add_default_domain(command, options->request.default_domain);
  add_common_options(command, options->common);
  command.runs([options] { return verify(*options); });
}

void add_update(const program::Command& group) {
  const auto options = std::make_shared<SettleOptions>();
  const program::Command command = group.add_command("update", kUpdateHelp);
  command.set_footer(kUpdateFooter);
  const program::Option of =
      command.add_text("--of", options->sent.identity, "Whose credential the update is for")
          .type_name("IDENTITY");
  const program::Option with =
      command.add_path("--with", options->file, "The update, TLS-encoded").type_name("FILE");
  of.needs(with);
  with.needs(of);
  add_default_domain(command, options->sent.default_domain);
  add_common_options(command, options->common);
  command.runs([options] { return settle(*options); });
}

}  // namespace

void add_credential(const program::Command& root) {
  const program::Command group =
      root.add_command("credential", "Credentials that others have handed over");
  add_verify(group);
  add_update(group);
}

}  // namespace kt::client
