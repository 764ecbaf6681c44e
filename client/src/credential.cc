#include "client/credential.h"

#include <algorithm>

#include "domains.h"
#include "keytrans/credential.h"
#include "keytrans/hash.h"
#include "log_states.h"
#include "subject.h"

namespace kt::client {
namespace {

using keytrans::ClientState;
using keytrans::CredentialOutcome;
using keytrans::RetainedCredential;

constexpr const char* kTable = "credentials";

// The LogId and a hash of the contents.
Cell cell_of(const LogId& log, ByteView contents) {
  Bytes key = to_bytes(log.hash());
  const HashValue hash = keytrans::sha256(contents);
  key.insert(key.end(), hash.begin(), hash.end());
  return {kTable, std::move(key)};
}

// The document that is believed, without asking whether there is a newer one.
Result<KnownDomain> domain_without_asking(const Session& session,
                                          const federation::Domain& domain) {
  KT_TRY(auto stored, load_domain(session, domain));
  if (!stored) return fail(Errc::not_found, "the domain is not trusted: kt trust " + domain.text());
  if (!stored->known.current().is_in_force(session.now()))
    return fail(Errc::rejected,
                "the domain's document is not in force any more: kt trust " + domain.text());
  return std::move(stored->known);
}

// Keeps what is only provisional.
Result<void> retain(const Session& session, const LogId& log,
                    const RetainedCredential& credential) {
  KT_TRY(Bytes bytes, credential.serialize());
  const Cell cell = cell_of(log, bytes);
  KT_TRY(const auto before, session.state.read(cell));
  if (before) return {};
  // Whoever was faster has written the same.
  KT_TRY(session.state.write({{cell, std::nullopt, std::move(bytes)}}));
  return {};
}

struct KeptCredential {
  Cell cell;
  Bytes stored;
  LogId log;
  RetainedCredential credential;
};

Result<std::vector<KeptCredential>> kept_credentials(const Session& session) {
  KT_TRY(const auto stored, session.state.read_all(kTable));
  std::vector<KeptCredential> all;
  for (const auto& [key, value] : stored) {
    HashValue id{};
    auto credential = RetainedCredential::parse(value);
    if (key.size() != 2 * id.size() || !credential)
      return fail(Errc::corrupt, "a provisional credential is not one");
    std::copy_n(key.begin(), id.size(), id.begin());
    all.push_back({{kTable, key}, value, LogId(id), *std::move(credential)});
  }
  return all;
}

// As far as `state` and `update`, which may be null, show.
SettledCredential settle(const KeptCredential& kept, const ClientState& state,
                         const keytrans::CredentialUpdate* update) {
  using State = SettledCredential::State;
  SettledCredential settled{State::verified, kept.log, kept.credential.outcome.label,
                            kept.credential.outcome.version, ""};
  const auto& known = state.distinguished();
  auto result = finally_verify(kept.credential, known);
  if (!result && result.error().code == Errc::verification_failed) {
    settled.state = State::refuted;
  } else if (!result && update != nullptr) {
    result = finally_verify(state.configuration(), kept.credential, known, *update);
    if (!result) settled.state = State::provisional;
  } else if (!result) {
    settled.state = State::provisional;
  }
  if (!result) settled.reason = result.error().detail;
  return settled;
}

}  // namespace

Result<CheckedCredential> check_credential(const Session& session,
                                           const CredentialRequest& request) {
  KT_TRY(const auto identity,
         federation::Identity::parse(request.identity, request.default_domain));
  KT_TRY(const KnownDomain known, domain_without_asking(session, identity.domain()));
  KT_TRY(const Subject subject, find_subject(known, identity, request.log));
  const federation::DirectoryLog& log = subject.directory_log();
  KT_TRY(const auto credential, of_peer(keytrans::decode<keytrans::Credential>(
                                            request.credential, log.configuration.context()),
                                        "the credential"));
  if (credential.label != subject.label)
    return fail(Errc::verification_failed, "the credential is somebody else's");
  KT_TRY(const LoadedState loaded, load_state(session, log.configuration, known.contact_policy));
  KT_TRY(const auto verified,
         of_peer(keytrans::verify_credential(log.configuration, loaded.state.distinguished(),
                                             credential),
                 "the credential"));
  const auto* const provisional = std::get_if<RetainedCredential>(&verified);
  if (provisional != nullptr) {
    KT_TRY(retain(session, log.id(), *provisional));
  }
  const CredentialOutcome& outcome =
      provisional != nullptr ? provisional->outcome : std::get<CredentialOutcome>(verified);
  return CheckedCredential{
      identity.domain(), outcome.label,         log.id(), log.alias, outcome.version,
      outcome.value,     provisional == nullptr};
}

Result<std::vector<SettledCredential>> settle_credentials(const Session& session,
                                                          const std::optional<SentUpdate>& sent) {
  std::optional<keytrans::CredentialUpdate> update;
  Label label;
  if (sent) {
    KT_TRY(const auto identity, federation::Identity::parse(sent->identity, sent->default_domain));
    KT_TRY(const KnownDomain known, domain_without_asking(session, identity.domain()));
    KT_TRY(label, identity.label(known.current().label_rule));
    KT_TRY(update,
           of_peer(keytrans::decode<keytrans::CredentialUpdate>(sent->update), "the update"));
  }
  KT_TRY(const auto all, kept_credentials(session));
  bool is_used = false;
  std::vector<SettledCredential> settled;
  for (const KeptCredential& kept : all) {
    KT_TRY(const auto stored, session.state.read(cell_of(kept.log)));
    if (!stored) return fail(Errc::corrupt, "a provisional credential is of an unknown log");
    const auto state = ClientState::parse(*stored);
    if (!state) return fail(Errc::corrupt, "the state of a log: " + state.error().detail);
    const bool is_of_label = sent && kept.credential.outcome.label == label;
    is_used |= is_of_label;
    SettledCredential each = settle(kept, *state, is_of_label ? &*update : nullptr);
    if (each.state == SettledCredential::State::verified) {
      KT_TRY(session.state.write({{kept.cell, kept.stored, std::nullopt}}));
    }
    settled.push_back(std::move(each));
  }
  if (sent && !is_used)
    return fail(Errc::not_found, "there is no provisional credential of that identity");
  return settled;
}

}  // namespace kt::client
