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

struct IssueOptions {
  CommonOptions common;
  std::string identity;
  std::optional<federation::Domain> default_domain;
  std::filesystem::path output;
  std::filesystem::path update_for;
};

struct SettleOptions {
  CommonOptions common;
  SentUpdate sent;
  std::filesystem::path file;
};

constexpr mode_t kOutputMode = 0644;

constexpr const char* kIssueHelp =
    "Asks for a credential of somebody, verifies it, and writes it to a file to be handed over.";

constexpr const char* kIssueFooter =
    "It can be verified by whoever knows the distinguished entry that it is based on, without "
    "asking\nthe log. Of a value that is newer than that, it is provisional: later, "
    "--update-for writes the\nupdate that settles it.\n\n"
    "Example:\n"
    "  kt credential issue alice@example.com --output alice.credential\n"
    "  kt credential issue alice@example.com --update-for alice.credential --output alice.update";

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

Json checked_json(const CheckedCredential& checked) {
  return Json{{"domain", checked.domain.text()},      {"label", text_of(checked.label)},
              {"log_id", checked.log.hex()},          {"version", checked.version.value()},
              {"value", to_base64url(checked.value)}, {"is_final", checked.is_final}};
}

Result<int> verify(VerifyOptions& options) {
  auto bytes = store::read_small_file(options.file, kMaxCredentialSize);
  if (!bytes) return fail_in("FILE", std::move(bytes).error());
  options.request.credential = *std::move(bytes);
  KT_TRY(const OpenSession opened, open_session(options.common, "credential verify"));
  KT_TRY(const CheckedCredential checked, check_credential(opened.session, options.request));
  if (options.common.json) {
    print(checked_json(checked));
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

Result<void> write_output(const IssueOptions& options, const Bytes& bytes) {
  auto written = store::write_new_file(options.output, bytes, kOutputMode);
  if (!written) return fail_in("--output", std::move(written).error());
  return {};
}

Result<int> issue_update(const IssueOptions& options) {
  auto credential = store::read_small_file(options.update_for, kMaxCredentialSize);
  if (!credential) return fail_in("--update-for", std::move(credential).error());
  KT_TRY(const OpenSession opened, open_session(options.common, "credential issue"));
  KT_TRY(const auto update, issue_credential_update(opened.session, options.identity,
                                                    options.default_domain, *credential));
  if (update) {
    KT_TRY(write_output(options, *update));
  }
  if (options.common.json) {
    print(Json{{"is_needed", update.has_value()}});
  } else {
    std::printf(update ? "the update settles the credential\n"
                       : "no update is needed: the entry itself has become distinguished\n");
  }
  return program::kDone;
}

Result<int> issue(const IssueOptions& options) {
  if (!options.update_for.empty()) return issue_update(options);
  KT_TRY(const OpenSession opened, open_session(options.common, "credential issue"));
  KT_TRY(const IssuedCredential issued,
         issue_credential(opened.session, options.identity, options.default_domain));
  KT_TRY(write_output(options, issued.credential));
  const CheckedCredential& checked = issued.checked;
  if (options.common.json) {
    print(checked_json(checked));
    return program::kDone;
  }
  Lines lines{{"identity", text_of(checked.label)},
              {"value", shown(checked.value)},
              {"version", std::to_string(checked.version.value())},
              {"log", checked.alias + " (" + checked.log.hex() + ")"},
              {"credential", checked.is_final ? "standard" : "provisional"}};
  if (!checked.is_final) lines.emplace_back("to do", "kt credential issue --update-for, later");
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

void add_issue(const program::Command& group) {
  const auto options = std::make_shared<IssueOptions>();
  const program::Command command = group.add_command("issue", kIssueHelp);
  command.set_footer(kIssueFooter);
  command.add_text("IDENTITY", options->identity, "Whose value it is to prove").required();
  command.add_path("--output", options->output, "Write it to this file, which may not be there yet")
      .type_name("FILE")
      .required();
  command
      .add_path("--update-for", options->update_for,
                "Write what settles this provisional credential instead")
      .type_name("FILE");
  add_default_domain(command, options->default_domain);
  add_common_options(command, options->common);
  command.runs([options] { return issue(*options); });
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
      root.add_command("credential", "Credentials: values that are handed over with the proof");
  add_issue(group);
  add_verify(group);
  add_update(group);
}

}  // namespace kt::client
