#include "client/own.h"

#include "domains.h"
#include "federation/reserved.h"
#include "federation/tombstone.h"
#include "log_states.h"
#include "ownership.h"
#include "published_here.h"
#include "routed.h"
#include "succession.h"

namespace kt::client {
namespace {

using keytrans::ClientState;
using keytrans::UpdateOutcome;

// How many updates of others are learned of at once.
constexpr int kMaxMissed = 256;

// One update: what came of it, and how the log's tree is then.
struct Update {
  UpdateOutcome outcome;
  VerifiedTree tree;
  std::optional<Timestamp> monitor_by;
  // Of the first of the values, where the label has moved to the log; and from which log.
  Copy copy = Copy::none;
  std::string copied_from = {};
};

// Compares the first version, if it was not known here, with the value that was in the log which
// the label was owned in before.
Result<void> compare_first(const Session& session, const Subject& subject, Update& update) {
  const UpdateOutcome& outcome = update.outcome;
  if (outcome.created || outcome.values.empty() || outcome.first != Version{0}) return {};
  KT_TRY(const federation::DirectoryLog* const before,
         owned_before(session, subject.known, subject.log, subject.label));
  if (before == nullptr) return {};
  update.copied_from = before->alias;
  KT_TRY(update.copy, compare_copy(session, subject.known, *before, subject.log, subject.label,
                                   outcome.values.front()));
  return {};
}

// What the owner of a label knows of the log that it may have left, for the gateway to answer: the
// versions there that the owner has not seen. Nothing when the label is not owned there.
Result<std::optional<keytrans::UpdateRequest>> question_of_from(const Session& session,
                                                                const Subject& subject) {
  if (!subject.from) return std::nullopt;
  const keytrans::LogConfiguration& configuration = subject.directory_from().configuration;
  KT_TRY(const LoadedState loaded,
         load_state(session, configuration, subject.known.contact_policy));
  if (!is_owned(loaded.state, subject.label)) return std::nullopt;
  KT_TRY(auto request, loaded.state.update_request(subject.label, {}));
  return request;
}

// Verifies what the gateway says of the log that the label has left: that there is a tombstone
// after what the owner knows, and nothing else. The owner goes on to monitor it there.
Result<void> take_tombstone(const Session& session, const Subject& subject,
                            const keytrans::UpdateRequest& asked, const Bytes& bytes) {
  const federation::DirectoryLog& log = subject.directory_from();
  const std::string name = "log " + log.alias;
  KT_TRY(change_state(
      session, log.configuration, subject.known.contact_policy,
      [&](ClientState& state) -> Result<bool> {
        KT_TRY(const auto now, state.update_request(subject.label, {}));
        // Another process has been told of it meanwhile.
        if (now != asked) return false;
        KT_TRY(const auto response, of_verification(keytrans::decode<keytrans::UpdateResponse>(
                                                        bytes, log.configuration.context()),
                                                    name));
        KT_TRY(auto verified, of_verification(state.verify(asked, response, session.now()), name));
        KT_TRY(const UpdateOutcome outcome, state.apply(std::move(verified)));
        for (std::size_t i = 0; i < outcome.values.size(); ++i) {
          const Version version{static_cast<std::uint32_t>(outcome.first.value() + i)};
          KT_TRY(const bool moved,
                 of_verification(federation::has_moved(outcome.values[i], subject.log), name));
          if (moved && i + 1 == outcome.values.size()) return true;
          KT_TRY(const bool is_own,
                 is_published_here(session, subject.known.current().domain, subject.label,
                                   *subject.from, version, outcome.values[i]));
          if (moved || !is_own) return not_from_here(name);
        }
        return not_from_here(name);
      }));
  return {};
}

Result<Update> send(const Session& session, const Subject& subject,
                    const keytrans::SecretBytes& token,
                    const std::vector<keytrans::LabelValue>& values) {
  const federation::DirectoryLog& log = subject.directory_log();
  const std::string name = "log " + log.alias;
  const Origin gateway{subject.known.current().url, subject.known.source.authorities};
  KT_TRY(const auto of_from, question_of_from(session, subject));
  std::optional<Bytes> answer_of_from;
  const auto attempt = [&](ClientState& state) -> Result<Update> {
    if (!is_owned(state, subject.label))
      return fail(Errc::conflict, "the label is not owned; kt own makes one its owner");
    KT_TRY(const auto asked, state.update_request(subject.label, values));
    federation::RoutedUpdateRequest routed{
        subject.label, {{log.id().hash(), asked.last, asked.greatest_version}}, values};
    if (of_from)
      routed.views.push_back({subject.from->hash(), of_from->last, of_from->greatest_version});
    KT_TRY(Bytes body, federation::encode(routed));
    KT_TRY(const Bytes answer,
           session.transport->post(
               gateway, {"/kt/v1/update", "routed-update", std::move(body), token.text(), false}));
    KT_TRY(auto answered,
           of_peer(federation::decode<federation::RoutedUpdateResponse>(answer), "the gateway"));
    if (of_from && answered.answers.size() == 2 &&
        answered.answers.back().log_id == subject.from->hash()) {
      answer_of_from = std::move(answered.answers.back().response);
      answered.answers.pop_back();
    }
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
    Update update{std::move(outcome), tree_of(state, log.alias), monitor_by(state, subject.label)};
    KT_TRY(compare_first(session, subject, update));
    return update;
  };
  KT_TRY(Update update,
         change_state(session, log.configuration, subject.known.contact_policy, attempt));
  if (answer_of_from) {
    KT_TRY(take_tombstone(session, subject, *of_from, *answer_of_from));
  }
  return update;
}

void add_versions(Published& published, const Update& update) {
  const UpdateOutcome& outcome = update.outcome;
  for (std::size_t i = update.copy == Copy::same ? 1 : 0; i < outcome.values.size(); ++i)
    published.unknown.push_back(
        {Version{static_cast<std::uint32_t>(outcome.first.value() + i)}, outcome.values[i]});
}

// Whoever owns the label where it was, goes on to own it where it is.
Result<void> take_over(const Session& session, const Subject& subject) {
  KT_TRY(const LoadedState loaded,
         load_state(session, subject.directory_log().configuration, subject.known.contact_policy));
  if (is_owned(loaded.state, subject.label)) return {};
  KT_TRY(const federation::DirectoryLog* const before,
         owned_before(session, subject.known, subject.log, subject.label));
  if (before == nullptr) return {};
  KT_TRY(become_owner(session, subject, false));
  return {};
}

// The value as it was sent before, where nobody has said that it was published, and its owner has
// come to know it otherwise. Nothing when it is not the greatest version.
Result<std::optional<Published>> find_published(const Session& session, const Subject& subject,
                                                const Bytes& value) {
  const federation::Domain& domain = subject.known.current().domain;
  const federation::DirectoryLog& log = subject.directory_log();
  KT_TRY(const auto version, find_unsettled(session, domain, subject.label, log.id(), value));
  if (!version) return std::optional<Published>();
  KT_TRY(const LoadedState now,
         load_state(session, log.configuration, subject.known.contact_policy));
  // What the owner does not know is learned by an update.
  if (!is_owned(now.state, subject.label) ||
      now.state.label(subject.label)->owner->greatest() != *version)
    return std::optional<Published>();
  return std::optional<Published>(Published{Published::How::was_there,
                                            domain,
                                            subject.label,
                                            *version,
                                            {},
                                            tree_of(now.state, log.alias),
                                            monitor_by(now.state, subject.label)});
}

}  // namespace

Result<Owned> become_owner(const Session& session, const Subject& subject, bool again) {
  const federation::DirectoryLog& log = subject.directory_log();
  const LogEndpoint endpoint = endpoint_of(subject.known, log);
  KT_TRY(const LoadedState loaded,
         load_state(session, log.configuration, subject.known.contact_policy));
  if (is_owned(loaded.state, subject.label) && !again)
    return fail(Errc::conflict, "the label is owned already; --again begins anew");
  KT_TRY(const federation::DirectoryLog* const before,
         owned_before(session, subject.known, subject.log, subject.label));
  Copy copy = Copy::none;
  if (before != nullptr && !again) {
    bool has_left = before->state != federation::LogState::active;
    if (!has_left) {
      KT_TRY(has_left, has_moved(session, subject.known, *before, subject.label));
    }
    KT_TRY(const auto first, find_version(session, subject.known, log, subject.label, Version{0}));
    if (!first && has_left) {
      KT_TRY(verify_left_out(session, subject.known, *before, log, subject.label));
    }
    if (first) {
      KT_TRY(copy,
             compare_copy(session, subject.known, *before, log.id(), subject.label, first->value));
    }
    if (copy == Copy::changed) return changed_copy(*before, log);
  }
  return change_state(
      session, log.configuration, subject.known.contact_policy,
      [&](ClientState& state) -> Result<Owned> {
        KT_TRY(const EntryIndex start, find_start(session, endpoint, state));
        KT_TRY(const auto outcome, ask_log<keytrans::OwnerInitResponse>(
                                       session, endpoint, "owner-init",
                                       state.owner_init_request(subject.label, start), state));
        return Owned{subject.known.current().domain,   subject.label,
                     outcome.greatest_at_start,        tree_of(state, log.alias),
                     monitor_by(state, subject.label), copy == Copy::same ? before->alias : ""};
      });
}

Result<Owned> own(Session& session, const OwnRequest& request) {
  KT_TRY(const auto identity,
         federation::Identity::parse(request.identity, request.default_domain));
  KT_TRY(const OwnerLock lock, session.state.lock_owner());
  return by_document(session, identity.domain(), [&](const KnownDomain& known) -> Result<Owned> {
    KT_TRY(const Subject subject, find_subject(known, identity, ""));
    return become_owner(session, subject, request.again);
  });
}

namespace {

Result<Published> publish_by(const Session& session, const KnownDomain& known,
                             const federation::Identity& identity, const PublishRequest& request,
                             const keytrans::SecretBytes& token) {
  KT_TRY(const Subject subject, find_subject(known, identity, ""));
  KT_TRY(take_over(session, subject));
  KT_TRY(auto there, find_published(session, subject, request.value));
  if (there) {
    KT_TRY(note_settled(session, subject.known.current().domain, subject.label));
    return *std::move(there);
  }
  KT_TRY(note_sent(session, subject.known.current().domain, subject.label, request.value));
  KT_TRY(Update update, send(session, subject, token, {{request.value}}));
  // The copy is known from now on, so this is after it.
  if (update.copy == Copy::same && update.outcome.values.size() == 1) {
    KT_TRY(update, send(session, subject, token, {{request.value}}));
  }
  Published published{Published::How::created,
                      subject.known.current().domain,
                      subject.label,
                      update.outcome.first,
                      {},
                      update.tree,
                      update.monitor_by};
  if (update.outcome.created) {
    KT_TRY(note_settled(session, published.domain, published.label));
    return published;
  }
  add_versions(published, update);
  if (update.copy == Copy::changed) published.differs_from = update.copied_from;
  // There may be more of them. A log that has nothing new to tell says that with a conflict.
  for (int i = 0;; ++i) {
    auto more = send(session, subject, token, {});
    if (!more && more.error().code == Errc::conflict) break;
    if (!more) return tl::unexpected<Error>(std::move(more).error());
    if (i == kMaxMissed) return fail(Errc::unavailable, "too many versions were not known here");
    add_versions(published, *more);
    published.tree = more->tree;
    published.monitor_by = more->monitor_by;
  }
  if (!published.unknown.empty() && published.unknown.back().value == request.value) {
    published.how = Published::How::was_there;
    published.version = published.unknown.back().version;
    published.unknown.pop_back();
  } else {
    published.how = Published::How::overtaken;
    published.version.reset();
  }
  KT_TRY(note_settled(session, published.domain, published.label));
  return published;
}

}  // namespace

Result<Published> publish(Session& session, const PublishRequest& request,
                          const keytrans::SecretBytes& token) {
  if (federation::is_like_a_tombstone(request.value))
    return fail(Errc::malformed, "the value begins with what is the gateways' own");
  KT_TRY(const auto identity,
         federation::Identity::parse(request.identity, request.default_domain));
  KT_TRY(const OwnerLock lock, session.state.lock_owner());
  return by_document(session, identity.domain(), [&](const KnownDomain& known) {
    return publish_by(session, known, identity, request, token);
  });
}

}  // namespace kt::client
