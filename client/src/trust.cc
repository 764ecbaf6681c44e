#include "client/trust.h"

#include <chrono>

#include "client/evidence.h"
#include "domains.h"
#include "federation/directory_client.h"
#include "log_states.h"
#include "peer.h"

namespace kt::client {
namespace {

Origin source_of(const TrustRequest& request, const std::optional<StoredDomain>& before) {
  Origin source{federation::directory_url(request.domain), {}};
  if (before) source = before->known.source;
  if (request.url) source.url = *request.url;
  if (request.authorities) source.authorities = *request.authorities;
  return source;
}

Result<federation::DirectoryDocument> document_of(const Session& session,
                                                  const TrustRequest& request,
                                                  const Origin& source) {
  if (!request.document) return session.transport->fetch(source, request.domain);
  return of_peer(federation::DirectoryDocument::parse(*request.document, request.domain),
                 "the directory document");
}

// From now on there is something to compare the logs with. That they cannot be asked is no reason
// not to trust the domain.
Result<void> begin_to_watch(const Session& session, const federation::Domain& domain) {
  const auto saved = look_for_forks(session, domain);
  if (!saved && saved.error().code == Errc::unavailable) return {};
  KT_TRY(saved);
  if (!saved->empty())
    return fail(Errc::verification_failed,
                "a log has signed two histories; the proof is kept in " + saved->front().string());
  return {};
}

}  // namespace

Timestamp system_now() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return Timestamp{static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(since).count())};
}

Result<DomainNews> trust(Session& session, const TrustRequest& request) {
  if (request.url && !request.url->has_tls && !federation::is_loopback(request.url->host))
    return fail(Errc::malformed, "the URL has to be https, or lead to a loopback address");
  for (int i = 0; i < kAttempts; ++i) {
    KT_TRY(const auto before, load_domain(session, request.domain));
    std::optional<KnownDomain> known;
    std::optional<Bytes> stored;
    auto policy = keytrans::ContactPolicy::as_required;
    if (before) {
      known = before->known;
      stored = before->stored;
      policy = before->known.contact_policy;
    }
    if (request.contact_policy) policy = *request.contact_policy;
    Origin source = source_of(request, before);
    KT_TRY(const auto document, document_of(session, request, source));
    KT_TRY(DomainNews news, follow_document(session, known, document, std::move(source), policy));
    std::vector<Change> changes;
    if (!request.document && news.change != DomainChange::held) {
      KT_TRY(check_entries(session, news, changes));
    }
    KT_TRY(Bytes after, news.known.encode());
    changes.push_back({cell_of(request.domain), std::move(stored), std::move(after)});
    KT_TRY(const bool is_written, session.state.write(changes));
    if (!is_written) continue;
    if (!request.document) {
      KT_TRY(begin_to_watch(session, request.domain));
    }
    return news;
  }
  return overtaken();
}

Result<std::vector<KnownDomain>> trusted_domains(const Session& session) {
  KT_TRY(const auto stored, session.state.read_all("domains"));
  std::vector<KnownDomain> all;
  for (const auto& [key, value] : stored) {
    const auto domain = federation::Domain::parse(std::string(key.begin(), key.end()));
    if (!domain) return fail(Errc::corrupt, "a trusted domain has no name");
    KT_TRY(KnownDomain known, KnownDomain::decode(value, *domain));
    all.push_back(std::move(known));
  }
  return all;
}

}  // namespace kt::client
