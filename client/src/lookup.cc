#include "client/lookup.h"

#include <algorithm>

#include "domains.h"
#include "federation/reserved.h"
#include "federation/tombstone.h"
#include "final_head.h"
#include "keytrans/hash.h"
#include "log_states.h"
#include "routed.h"
#include "subject.h"

namespace kt::client {
namespace {

using keytrans::ClientState;
using keytrans::SearchOutcome;
using keytrans::SearchResponse;

// How many documents that follow each other are heeded in one lookup.
constexpr int kMaxDocuments = 5;

// `log` is the one whose state it is.
Result<Found> found_in(const ClientState& state, const Subject& subject,
                       const federation::DirectoryLog& log, SearchOutcome outcome,
                       bool is_greatest) {
  if (federation::is_like_a_tombstone(outcome.value))
    return fail(Errc::rejected, "log " + log.alias + ": the label has moved to another log");
  return Found{subject.known.current().domain,
               subject.label,
               outcome.version,
               is_greatest,
               std::move(outcome.value),
               tree_of(state, log.alias),
               subject.known.current().epoch,
               monitor_by(state, subject.label)};
}

Result<Found> ask_directly(const Session& session, const Subject& subject,
                           const std::optional<Version>& version) {
  const federation::DirectoryLog& log = subject.directory_log();
  if (log.state == federation::LogState::draining) {
    KT_TRY(const KnownFinalHead end, find_final_head(session, subject.known, log));
    if (end.head.is_compromised)
      return fail(Errc::rejected,
                  "log " + log.alias +
                      ": others may have its keys, so nothing that it says now is believed");
  }
  return change_state(
      session, log.configuration, subject.known.contact_policy,
      [&](ClientState& state) -> Result<Found> {
        KT_TRY(SearchOutcome outcome,
               ask_log<SearchResponse>(session, endpoint_of(subject.known, log), "search",
                                       state.search_request(subject.label, version), state,
                                       version.has_value()));
        return found_in(state, subject, log, std::move(outcome), !version);
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
    KT_TRY(Found found, found_in(state, subject, log, std::move(outcome), true));
    return std::optional<Found>(std::move(found));
  };
  return change_state(session, log.configuration, subject.known.contact_policy, attempt);
}

// One log of the two that labels move between, and what is known of it.
struct Side {
  const federation::DirectoryLog& log;
  LoadedState loaded;
  ClientState state;
};

Result<Side> side_of(const Session& session, const Subject& subject,
                     const federation::DirectoryLog& log) {
  KT_TRY(LoadedState loaded, load_state(session, log.configuration, subject.known.contact_policy));
  ClientState state = loaded.state;
  return Side{log, std::move(loaded), std::move(state)};
}

// What a side answered to a lookup, once it is verified.
Result<SearchOutcome> take_answer(const Session& session, const federation::LookupRequest& asked,
                                  const federation::LogAnswer& answer, Side& side) {
  const std::string name = "log " + side.log.alias;
  KT_TRY(const auto response,
         of_verification(
             keytrans::decode<SearchResponse>(answer.response, side.log.configuration.context()),
             name));
  KT_TRY(auto verified,
         of_verification(side.state.verify(federation::search_request(asked, side.log.id()),
                                           response, session.now()),
                         name));
  return side.state.apply(std::move(verified));
}

// What a label's tombstone in a log was seen as: a label moves once.
Cell cell_of_tombstone(const LogId& log, const Label& label) {
  Bytes key = to_bytes(log.hash());
  const HashValue hash = keytrans::sha256(label.bytes());
  key.insert(key.end(), hash.begin(), hash.end());
  return {"tombstones", std::move(key)};
}

// The version of a tombstone, as it is stored: four bytes, the most significant first.
Bytes tombstone_record(Version version) {
  Bytes record(sizeof(std::uint32_t));
  std::uint32_t left = version.value();
  for (auto byte = record.rbegin(); byte != record.rend(); ++byte) {
    *byte = static_cast<std::uint8_t>(left);
    left >>= 8U;
  }
  return record;
}

// Notes the tombstone, in the version `now`, or that there is none. Errors: verification_failed
// when there was another one before, or there is none now.
Result<void> note_tombstone(const Session& session, const Side& from, const Label& label,
                            std::optional<Version> now, std::vector<Change>& changes) {
  const Cell cell = cell_of_tombstone(from.log.id(), label);
  KT_TRY(const auto before, session.state.read(cell));
  if (!before && !now) return {};
  const std::string name = "log " + from.log.alias;
  if (!now)
    return fail(Errc::verification_failed,
                name + ": the label had moved, and its tombstone was taken away");
  Bytes written = tombstone_record(*now);
  if (!before) {
    changes.push_back({cell, std::nullopt, std::move(written)});
    return {};
  }
  if (written != *before)
    return fail(Errc::verification_failed, name + ": the label's tombstone is another than it was");
  return {};
}

// A value, and the version of the label's tombstone in the old log, if it has moved.
struct FoundMoved {
  Found found;
  std::optional<Version> tombstone;
};

// What the answers of a gateway say of a label that may have moved: that of the old log first, and
// that of the new one if and only if the old one has a tombstone which names it.
Result<FoundMoved> follow_move(const Session& session, const Subject& subject,
                               const federation::LookupRequest& asked,
                               const federation::LookupResponse& routed, Side& from, Side& to) {
  const auto& answers = routed.answers;
  if (answers.front().log_id != from.log.id().hash())
    return fail(Errc::verification_failed,
                "the gateway has not asked the log first that labels move from");
  KT_TRY(SearchOutcome before, take_answer(session, asked, answers.front(), from));
  KT_TRY(const bool moved, of_verification(federation::has_moved(before.value, to.log.id()),
                                           "log " + from.log.alias));
  if (answers.size() != (moved ? 2U : 1U) || (moved && answers.back().log_id != to.log.id().hash()))
    return fail(Errc::verification_failed,
                moved ? "the gateway has not asked the log that the label has moved to"
                      : "the gateway has asked another log for a label that has not moved");
  if (!moved) {
    KT_TRY(Found found, found_in(from.state, subject, from.log, std::move(before), true));
    return FoundMoved{std::move(found), std::nullopt};
  }
  KT_TRY(SearchOutcome now, take_answer(session, asked, answers.back(), to));
  KT_TRY(Found found, found_in(to.state, subject, to.log, std::move(now), true));
  return FoundMoved{std::move(found), before.version};
}

// As ask_gateway(), for a label that may have moved.
Result<std::optional<Found>> ask_both(const Session& session, const Subject& subject,
                                      bool heeds_newer) {
  const Origin gateway{subject.known.current().url, subject.known.source.authorities};
  for (int i = 0; i < kAttempts; ++i) {
    KT_TRY(Side from, side_of(session, subject, subject.directory_from()));
    KT_TRY(Side to, side_of(session, subject, subject.directory_log()));
    const federation::LookupRequest asked{
        subject.label,
        {{from.log.id().hash(), from.state.last()}, {to.log.id().hash(), to.state.last()}}};
    KT_TRY(Bytes body, federation::encode(asked));
    KT_TRY(const Bytes answer,
           session.transport->post(gateway, {"/kt/v1/lookup", "lookup", std::move(body)}));
    KT_TRY(const auto routed,
           of_peer(federation::decode<federation::LookupResponse>(answer), "the gateway"));
    if (heeds_newer && is_newer(routed, subject)) return std::optional<Found>();
    KT_TRY(FoundMoved followed, follow_move(session, subject, asked, routed, from, to));
    std::vector<Change> changes;
    KT_TRY(note_tombstone(session, from, subject.label, followed.tombstone, changes));
    for (const Side* const side : {&from, &to}) {
      if (!side->state.view()) continue;  // it was never asked
      KT_TRY(Change change, change_of(side->loaded, side->state));
      changes.push_back(std::move(change));
    }
    KT_TRY(const bool is_written, session.state.write(changes));
    if (is_written) return std::optional<Found>(std::move(followed.found));
  }
  return overtaken();
}

Result<std::optional<Found>> ask_routed(const Session& session, const Subject& subject,
                                        bool heeds_newer) {
  if (subject.from) return ask_both(session, subject, heeds_newer);
  return ask_gateway(session, subject, heeds_newer);
}

Result<Found> lookup_by(const Session& session, const KnownDomain& known,
                        const federation::Identity& identity, const LookupQuery& query) {
  KT_TRY(Subject subject, find_subject(known, identity, query.log));
  if (query.version && subject.from)
    return fail(Errc::rejected,
                "labels are moving to another log, and each has versions of its own; name one");
  if (!query.log.empty() || query.version) return ask_directly(session, subject, query.version);
  // A migration may publish one document right after another. A newer one that is not to be had is
  // none.
  bool heeds_newer = true;
  for (int i = 0; i < kMaxDocuments; ++i) {
    KT_TRY(auto found, ask_routed(session, subject, heeds_newer && i + 1 < kMaxDocuments));
    if (found) return *std::move(found);
    const federation::Epoch before = subject.known.current().epoch;
    KT_TRY(const DomainNews news, refresh_domain(session, identity.domain()));
    heeds_newer = news.known.current().epoch > before;
    KT_TRY(subject, find_subject(news.known, identity, query.log));
  }
  return overtaken();
}

}  // namespace

Result<Found> lookup(Session& session, const LookupQuery& query) {
  KT_TRY(const auto identity, federation::Identity::parse(query.identity, query.default_domain));
  return by_document(session, identity.domain(), [&](const KnownDomain& known) {
    return lookup_by(session, known, identity, query);
  });
}

}  // namespace kt::client
