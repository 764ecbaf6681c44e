#include "client/compare.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "domains.h"
#include "final_head.h"
#include "keytrans/base64url.h"
#include "keytrans/codec.h"
#include "log_states.h"
#include "subject.h"
#include "witness.h"

namespace kt::client {
namespace {

using federation::DirectoryLog;
using federation::LogState;
using keytrans::ClientState;

constexpr std::string_view kPrefix = "kt1:";

Result<const DirectoryLog*> find_log(const federation::Directory& directory,
                                     const std::string& name) {
  if (!name.empty()) {
    KT_TRY(const LogId id, named_log(directory, name));
    return directory.find(id);
  }
  const auto is_active = [](const DirectoryLog& log) { return log.state == LogState::active; };
  if (std::count_if(directory.logs.begin(), directory.logs.end(), is_active) != 1)
    return fail(Errc::malformed, "the domain has several logs: --log says which one");
  return &*std::find_if(directory.logs.begin(), directory.logs.end(), is_active);
}

Result<MyHeads> heads_of(const ClientState& state, const std::string& alias) {
  if (state.distinguished().empty())
    return fail(Errc::not_found, "no distinguished entry of the log is known");
  return MyHeads{{state.configuration().id(), keytrans::distinguished_head(state.distinguished())},
                 tree_of(state, alias)};
}

Result<MyHeads> ask_for_heads(const Session& session, const KnownDomain& known,
                              const CompareRequest& request) {
  KT_TRY(const DirectoryLog* const log, find_log(known.current(), request.log));
  const LogEndpoint endpoint = endpoint_of(known, *log);
  return change_state(
      session, log->configuration, known.contact_policy,
      [&](ClientState& state) -> Result<MyHeads> {
        KT_TRY(ask_log<keytrans::DistinguishedResponse>(session, endpoint, "distinguished",
                                                        state.distinguished_request(), state));
        return heads_of(state, log->alias);
      });
}

// A log on its way through a comparison.
struct OnTwoRoads {
  const DirectoryLog* log;
  std::optional<NewcomersView> direct;
  std::optional<NewcomersView> anonymous;
  ComparedLog result;

  // The worst is said: that something does not verify, or else what came first.
  void note(Error error) {
    const bool is_worse = error.code == Errc::verification_failed && result.error.has_value() &&
                          result.error->code != error.code;
    if (!result.error || is_worse) result.error = std::move(error);
  }
  void note(const char* road, Error error) {
    error.detail = std::string(road) + ": " + error.detail;
    note(std::move(error));
  }
  void note(Result<std::optional<std::filesystem::path>> compared) {
    if (!compared) return note(std::move(compared).error());
    const std::optional<std::filesystem::path>& path = *compared;
    if (!path) return;
    note({Errc::verification_failed, "log " + result.alias + ": it has signed two histories"});
    if (std::find(result.evidence.begin(), result.evidence.end(), *path) == result.evidence.end())
      result.evidence.push_back(*path);
  }
};

void ask_directly(const Session& session, const KnownDomain& known, const RoadsRequest& request,
                  OnTwoRoads& each) {
  auto view = ask_as_newcomer(session, known, *each.log, request.token.text());
  if (!view) return each.note("asked directly", std::move(view).error());
  each.result.direct = tree_of(view->state, each.log->alias);
  each.direct = *std::move(view);
}

void ask_anonymously(const Session& session, const KnownDomain& known, OnTwoRoads& each) {
  auto view = ask_as_newcomer(session, known, *each.log);
  if (!view) return each.note("asked through the relay", std::move(view).error());
  each.result.anonymous = tree_of(view->state, each.log->alias);
  each.anonymous = *std::move(view);
}

void compare(const Session& session, const KnownDomain& known, OnTwoRoads& each) {
  if (each.direct && each.anonymous) {
    each.note(compare_views(session, *each.log, *each.direct, *each.anonymous));
    if (!each.result.error && keytrans::compare_lists(each.direct->state.distinguished(),
                                                      each.anonymous->state.distinguished()) !=
                                  keytrans::ListComparison::same)
      each.note({Errc::unavailable,
                 "log " + each.result.alias + ": the roads have no distinguished entry in common"});
  }
  // The last newcomer's are those of the road that does not know who asks, if that agrees.
  if (each.direct) each.note(compare_with_known(session, known, *each.log, *each.direct));
  if (each.anonymous) each.note(compare_with_known(session, known, *each.log, *each.anonymous));
}

bool is_to_be_asked(const OnTwoRoads& each) { return !each.result.is_left_out; }

bool was_refused(const OnTwoRoads& each) {
  return each.result.error && each.result.error->code == Errc::rejected;
}

// The logs of the document that have not retired, and what they show on the direct road.
Result<std::vector<OnTwoRoads>> directly(const Session& session, const KnownDomain& known,
                                         const RoadsRequest& request) {
  std::vector<OnTwoRoads> logs;
  for (const DirectoryLog& log : known.current().logs) {
    if (log.state == LogState::retired) continue;
    KT_TRY(const bool silent, is_silent(session, log.id()));
    logs.push_back({&log, {}, {}, {log.id(), log.alias, {}, {}, {}, {}, silent}});
    if (!silent) ask_directly(session, known, request, logs.back());
  }
  return logs;
}

}  // namespace

Result<std::string> ShownHeads::text() const {
  Bytes bytes(log.hash().begin(), log.hash().end());
  KT_TRY(const Bytes encoded, keytrans::encode(head));
  bytes.insert(bytes.end(), encoded.begin(), encoded.end());
  return std::string(kPrefix) + to_base64url(bytes);
}

Result<ShownHeads> ShownHeads::parse(std::string_view text) {
  if (!text.starts_with(kPrefix))
    return fail(Errc::malformed, "what is shown begins with \"kt1:\"");
  const auto bytes = from_base64url(text.substr(kPrefix.size()));
  if (!bytes || bytes->size() < keytrans::kHashSize)
    return fail(Errc::malformed, "what is shown is incomplete");
  HashValue id{};
  std::copy_n(bytes->begin(), id.size(), id.begin());
  KT_TRY(auto head,
         keytrans::decode<keytrans::DistinguishedHead>(ByteView(*bytes).subspan(id.size())));
  return ShownHeads{LogId(id), std::move(head)};
}

Result<MyHeads> my_heads(Session& session, const CompareRequest& request) {
  if (request.is_offline) {
    KT_TRY(const auto stored, load_domain(session, request.domain));
    if (!stored) return fail(Errc::not_found, "the domain is not trusted");
    KT_TRY(const DirectoryLog* const log, find_log(stored->known.current(), request.log));
    KT_TRY(const LoadedState loaded,
           load_state(session, log->configuration, stored->known.contact_policy));
    return heads_of(loaded.state, log->alias);
  }
  return by_document(session, request.domain, [&](const KnownDomain& known) {
    return ask_for_heads(session, known, request);
  });
}

Result<std::vector<ComparedLog>> compare_roads(Session& session, Relay relay,
                                               const RoadsRequest& request) {
  KT_TRY(KnownDomain known, domain_in_force(session, request.domain));
  KT_TRY(auto logs, directly(session, known, request));
  if (std::any_of(logs.begin(), logs.end(), was_refused)) {
    KT_TRY(auto news, newer_document(session, known));
    if (news) {
      known = std::move(news->known);
      KT_TRY(logs, directly(session, known, request));
    }
  }
  if (std::none_of(logs.begin(), logs.end(), is_to_be_asked))
    return fail(Errc::rejected, "the domain has no log that is to be asked");

  Transport* const before = session.transport;
  // As a newcomer: a log that shows another history on this road is to be asked there all the same.
  auto hidden = go_anonymous(session, std::move(relay), request.domain, request.timeout,
                             KeysAskedAs::newcomer);
  for (OnTwoRoads& each : logs) {
    if (!is_to_be_asked(each)) continue;
    if (hidden) {
      ask_anonymously(session, known, each);
    } else {
      each.note("asked through the relay", hidden.error());
    }
  }
  session.transport = before;

  std::vector<ComparedLog> compared;
  for (OnTwoRoads& each : logs) {
    if (is_to_be_asked(each)) compare(session, known, each);
    compared.push_back(std::move(each.result));
  }
  return compared;
}

}  // namespace kt::client
