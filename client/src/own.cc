#include "client/own.h"

#include "domains.h"
#include "federation/reserved.h"
#include "log_states.h"
#include "routed.h"
#include "subject.h"

namespace kt::client {
namespace {

using keytrans::ClientState;
using keytrans::UpdateOutcome;

// How many updates of others are learned of at once.
constexpr int kMaxMissed = 256;

bool is_owned(const ClientState& state, const Label& label) {
  const keytrans::LabelState* const known = state.label(label);
  return known != nullptr && known->owner.has_value();
}

// The last distinguished entry, from which on an owner may monitor.
Result<EntryIndex> find_start(const Session& session, const LogEndpoint& log, ClientState& state) {
  KT_TRY(ask_log<keytrans::DistinguishedResponse>(session, log, "distinguished",
                                                  state.distinguished_request(), state));
  if (state.distinguished().empty())
    return fail(Errc::unavailable, "the log has no distinguished entry that is young enough");
  return state.distinguished().back().position();
}

// One update: what came of it, and how the log's tree is then.
struct Update {
  UpdateOutcome outcome;
  VerifiedTree tree;
  std::optional<Timestamp> monitor_by;
};

Result<Update> send(const Session& session, const Subject& subject,
                    const keytrans::SecretBytes& token,
                    const std::vector<keytrans::LabelValue>& values) {
  const federation::DirectoryLog& log = subject.directory_log();
  const std::string name = "log " + log.alias;
  const Origin gateway{subject.known.current().url, subject.known.source.authorities};
  return change_state(
      session, log.configuration, subject.known.contact_policy,
      [&](ClientState& state) -> Result<Update> {
        if (!is_owned(state, subject.label))
          return fail(Errc::conflict, "the label is not owned; kt own makes one its owner");
        KT_TRY(const auto asked, state.update_request(subject.label, values));
        const federation::RoutedUpdateRequest routed{
            subject.label, {{log.id().hash(), asked.last, asked.greatest_version}}, values};
        KT_TRY(Bytes body, federation::encode(routed));
        KT_TRY(const Bytes answer,
               session.transport->post(gateway, {"/kt/v1/update", "routed-update", std::move(body),
                                                 token.text(), false}));
        KT_TRY(
            const auto answered,
            of_peer(federation::decode<federation::RoutedUpdateResponse>(answer), "the gateway"));
        auto answer_of_log = only_answer(answered, subject);
        if (!answer_of_log && is_newer(answered, subject))
          return fail(Errc::unavailable,
                      "the gateway goes by a newer directory document, in which another log may "
                      "have the label: kt trust, kt own, and again");
        KT_TRY(const Bytes bytes, std::move(answer_of_log));
        KT_TRY(const auto response, of_verification(keytrans::decode<keytrans::UpdateResponse>(
                                                        bytes, log.configuration.context()),
                                                    name));
        KT_TRY(auto verified, of_verification(state.verify(asked, response, session.now()), name));
        KT_TRY(UpdateOutcome outcome, state.apply(std::move(verified)));
        return Update{std::move(outcome), tree_of(state, log.alias),
                      monitor_by(state, subject.label)};
      });
}

void add_versions(Published& published, const UpdateOutcome& outcome) {
  for (std::size_t i = 0; i < outcome.values.size(); ++i)
    published.unknown.push_back(
        {Version{static_cast<std::uint32_t>(outcome.first.value() + i)}, outcome.values[i]});
}

}  // namespace

Result<Owned> own(Session& session, const OwnRequest& request) {
  KT_TRY(const Subject subject,
         find_subject(session, request.identity, request.default_domain, ""));
  KT_TRY(const OwnerLock lock, session.state.lock_owner());
  const federation::DirectoryLog& log = subject.directory_log();
  const LogEndpoint endpoint = endpoint_of(subject.known, log);
  return change_state(
      session, log.configuration, subject.known.contact_policy,
      [&](ClientState& state) -> Result<Owned> {
        if (is_owned(state, subject.label) && !request.again)
          return fail(Errc::conflict, "the label is owned already; --again begins anew");
        KT_TRY(const EntryIndex start, find_start(session, endpoint, state));
        KT_TRY(const auto outcome, ask_log<keytrans::OwnerInitResponse>(
                                       session, endpoint, "owner-init",
                                       state.owner_init_request(subject.label, start), state));
        return Owned{subject.known.current().domain, subject.label, outcome.greatest_at_start,
                     tree_of(state, log.alias), monitor_by(state, subject.label)};
      });
}

Result<Published> publish(Session& session, const PublishRequest& request,
                          const keytrans::SecretBytes& token) {
  if (federation::is_like_a_tombstone(request.value))
    return fail(Errc::malformed, "the value begins with what is the gateways' own");
  KT_TRY(const Subject subject,
         find_subject(session, request.identity, request.default_domain, ""));
  KT_TRY(const OwnerLock lock, session.state.lock_owner());
  KT_TRY(Update update, send(session, subject, token, {{request.value}}));
  Published published{Published::How::created,
                      subject.known.current().domain,
                      subject.label,
                      update.outcome.first,
                      {},
                      update.tree,
                      update.monitor_by};
  if (update.outcome.created) return published;
  add_versions(published, update.outcome);
  // There may be more of them. A log that has nothing new to tell says that with a conflict.
  for (int i = 0;; ++i) {
    auto more = send(session, subject, token, {});
    if (!more && more.error().code == Errc::conflict) break;
    if (!more) return tl::unexpected<Error>(std::move(more).error());
    if (i == kMaxMissed) return fail(Errc::unavailable, "too many versions were not known here");
    add_versions(published, more->outcome);
    published.tree = more->tree;
    published.monitor_by = more->monitor_by;
  }
  const PublishedVersion& last = published.unknown.back();
  if (last.value == request.value) {
    published.how = Published::How::was_there;
    published.version = last.version;
    published.unknown.pop_back();
  } else {
    published.how = Published::How::overtaken;
    published.version.reset();
  }
  return published;
}

}  // namespace kt::client
