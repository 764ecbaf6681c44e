#include "client/credential.h"
#include "domains.h"
#include "federation/credential_messages.h"
#include "keytrans/credential.h"
#include "log_states.h"
#include "subject.h"

namespace kt::client {
namespace {

using keytrans::ClientState;
using keytrans::KnownDistinguished;
using keytrans::RetainedCredential;
using keytrans::VerifiedCredential;

// Whose credential it is, and the distinguished entries of the log that are known now.
struct Issuer {
  Subject subject;
  std::vector<KnownDistinguished> known;

  [[nodiscard]] const keytrans::LogConfiguration& configuration() const {
    return subject.directory_log().configuration;
  }
  [[nodiscard]] std::string log_name() const { return "log " + subject.directory_log().alias; }
};

// Learns of new entries first.
Result<Issuer> issuer_by(const Session& session, const KnownDomain& domain,
                         const federation::Identity& identity) {
  KT_TRY(Subject subject, find_subject(domain, identity, ""));
  const federation::DirectoryLog& log = subject.directory_log();
  using Known = std::vector<KnownDistinguished>;
  KT_TRY(Known known, change_state(session, log.configuration, subject.known.contact_policy,
                                   [&](ClientState& state) -> Result<Known> {
                                     KT_TRY(ask_log<keytrans::DistinguishedResponse>(
                                         session, endpoint_of(subject.known, log), "distinguished",
                                         state.distinguished_request(), state));
                                     return state.distinguished();
                                   }));
  if (known.empty()) return fail(Errc::unavailable, "no log entry is distinguished yet");
  return Issuer{std::move(subject), std::move(known)};
}

Result<Issuer> issuer_of(const Session& session, const std::string& identity,
                         const std::optional<federation::Domain>& default_domain) {
  KT_TRY(const auto read, federation::Identity::parse(identity, default_domain));
  return by_document(session, read.domain(),
                     [&](const KnownDomain& domain) { return issuer_by(session, domain, read); });
}

Result<Bytes> ask_gateway(const Session& session, const Issuer& issuer,
                          const std::string& operation, Bytes body) {
  const KnownDomain& known = issuer.subject.known;
  return session.transport->post({known.current().url, known.source.authorities},
                                 {"/kt/v1/" + operation, operation, std::move(body)});
}

Result<VerifiedCredential> verify(const Issuer& issuer, const keytrans::Credential& credential) {
  if (credential.label != issuer.subject.label)
    return fail(Errc::verification_failed, "the credential is somebody else's");
  return verify_credential(issuer.configuration(), issuer.known, credential);
}

}  // namespace

Result<IssuedCredential> issue_credential(const Session& session, const std::string& identity,
                                          const std::optional<federation::Domain>& default_domain) {
  KT_TRY(const Issuer issuer, issuer_of(session, identity, default_domain));
  const EntryIndex position = issuer.known.back().position();
  KT_TRY(Bytes body, encode(federation::CredentialRequest{issuer.subject.label, position}));
  KT_TRY(Bytes bytes, ask_gateway(session, issuer, "credential", std::move(body)));
  KT_TRY(const auto credential, of_verification(keytrans::decode<keytrans::Credential>(
                                                    bytes, issuer.configuration().context()),
                                                issuer.log_name()));
  if (credential.position != position)
    return fail(
        Errc::verification_failed,
        issuer.log_name() + ": the credential is not based on the entry that was asked for");
  KT_TRY(auto verified, of_verification(verify(issuer, credential), issuer.log_name()));
  const auto* const provisional = std::get_if<RetainedCredential>(&verified);
  const keytrans::CredentialOutcome& outcome =
      provisional != nullptr ? provisional->outcome
                             : std::get<keytrans::CredentialOutcome>(verified);
  const federation::DirectoryLog& log = issuer.subject.directory_log();
  return IssuedCredential{{issuer.subject.known.current().domain, outcome.label, log.id(),
                           log.alias, outcome.version, outcome.value, provisional == nullptr},
                          std::move(bytes)};
}

Result<std::optional<Bytes>> issue_credential_update(
    const Session& session, const std::string& identity,
    const std::optional<federation::Domain>& default_domain, const Bytes& credential) {
  KT_TRY(const Issuer issuer, issuer_of(session, identity, default_domain));
  KT_TRY(const auto decoded, of_peer(keytrans::decode<keytrans::Credential>(
                                         credential, issuer.configuration().context()),
                                     "the credential"));
  KT_TRY(const auto verified, of_peer(verify(issuer, decoded), "the credential"));
  const auto* const retained = std::get_if<RetainedCredential>(&verified);
  if (retained == nullptr)
    return fail(Errc::rejected, "the credential is not provisional, and needs no update");
  const auto is_settled = finally_verify(*retained, issuer.known);
  if (is_settled) return std::optional<Bytes>();
  if (is_settled.error().code != Errc::unavailable)
    return fail_in("the credential", is_settled.error());
  KT_TRY(Bytes body,
         encode(federation::CredentialUpdateRequest{issuer.subject.label, retained->outcome.version,
                                                    retained->terminal, retained->view.size}));
  KT_TRY(Bytes bytes, ask_gateway(session, issuer, "credential-update", std::move(body)));
  KT_TRY(const auto update,
         of_verification(keytrans::decode<keytrans::CredentialUpdate>(bytes), issuer.log_name()));
  KT_TRY(of_peer(finally_verify(issuer.configuration(), *retained, issuer.known, update),
                 issuer.log_name()));
  return std::optional<Bytes>(std::move(bytes));
}

}  // namespace kt::client
