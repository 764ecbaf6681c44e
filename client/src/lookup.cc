#include "client/lookup.h"

#include <algorithm>

#include "domains.h"
#include "federation/reserved.h"
#include "log_states.h"
#include "routed.h"
#include "subject.h"

namespace kt::client {
namespace {

using keytrans::ClientState;
using keytrans::SearchOutcome;
using keytrans::SearchResponse;

Result<Found> found_in(const ClientState& state, const Subject& subject, SearchOutcome outcome,
                       bool is_greatest) {
  if (federation::is_like_a_tombstone(outcome.value))
    return fail(Errc::rejected,
                "the label has moved to another log, which this version cannot follow");
  return Found{subject.known.current().domain,
               subject.label,
               outcome.version,
               is_greatest,
               std::move(outcome.value),
               tree_of(state, subject.directory_log().alias),
               subject.known.current().epoch,
               monitor_by(state, subject.label)};
}

Result<Found> ask_directly(const Session& session, const Subject& subject,
                           const std::optional<Version>& version) {
  const federation::DirectoryLog& log = subject.directory_log();
  return change_state(
      session, log.configuration, subject.known.contact_policy,
      [&](ClientState& state) -> Result<Found> {
        KT_TRY(SearchOutcome outcome,
               ask_log<SearchResponse>(session, endpoint_of(subject.known, log), "search",
                                       state.search_request(subject.label, version), state,
                                       version.has_value()));
        return found_in(state, subject, std::move(outcome), !version);
      });
}

// The value, or nothing when the gateway goes by a newer document and `heeds_newer`.
Result<std::optional<Found>> ask_gateway(const Session& session, const Subject& subject,
                                         bool heeds_newer) {
  const federation::DirectoryLog& log = subject.directory_log();
  const Origin gateway{subject.known.current().url, subject.known.source.authorities};
  const auto attempt = [&](ClientState& state) -> Result<std::optional<Found>> {
    const federation::LookupRequest asked{subject.label, {{log.id().hash(), state.last()}}};
    KT_TRY(Bytes body, federation::encode(asked));
    KT_TRY(const Bytes answer,
           session.transport->post(gateway, {"/kt/v1/lookup", "lookup", std::move(body)}));
    KT_TRY(const auto routed,
           of_peer(federation::decode<federation::LookupResponse>(answer), "the gateway"));
    if (heeds_newer && is_newer(routed, subject)) return std::optional<Found>();
    KT_TRY(const Bytes bytes, only_answer(routed, subject));
    const std::string name = "log " + log.alias;
    KT_TRY(const auto response,
           of_verification(keytrans::decode<SearchResponse>(bytes, log.configuration.context()),
                           name));
    KT_TRY(auto verified, of_verification(state.verify(federation::search_request(asked, log.id()),
                                                       response, session.now()),
                                          name));
    KT_TRY(SearchOutcome outcome, state.apply(std::move(verified)));
    KT_TRY(Found found, found_in(state, subject, std::move(outcome), true));
    return std::optional<Found>(std::move(found));
  };
  return change_state(session, log.configuration, subject.known.contact_policy, attempt);
}

}  // namespace

Result<Found> lookup(Session& session, const LookupQuery& query) {
  KT_TRY(const auto identity, federation::Identity::parse(query.identity, query.default_domain));
  KT_TRY(KnownDomain known, domain_in_force(session, identity.domain()));
  KT_TRY(Subject subject, find_subject(known, identity, query.log));
  if (!query.log.empty() || query.version) return ask_directly(session, subject, query.version);
  KT_TRY(auto found, ask_gateway(session, subject, true));
  if (!found) {
    KT_TRY(DomainNews news, refresh_domain(session, identity.domain()));
    KT_TRY(subject, find_subject(news.known, identity, query.log));
    KT_TRY(found, ask_gateway(session, subject, false));
  }
  return *std::move(found);
}

}  // namespace kt::client
