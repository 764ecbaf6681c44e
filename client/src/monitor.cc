#include "client/monitor.h"

#include <algorithm>
#include <iterator>

#include "client/evidence.h"
#include "client/trust.h"
#include "domains.h"
#include "federation/routed_messages.h"
#include "federation/tombstone.h"
#include "log_states.h"
#include "monitor_moved.h"
#include "published_here.h"
#include "succession.h"

namespace kt::client {
namespace {

using keytrans::ClientState;
using keytrans::Obligation;

// How many answers one obligation takes at most; what they say is stored one by one.
constexpr int kMaxRounds = 1000;

// A log that was asked before, with the trusted domain that has it.
struct AskedLog {
  const KnownDomain* domain = nullptr;            // null when there is none
  const federation::DirectoryLog* log = nullptr;  // of the domain
  ClientState state;
};

Result<std::vector<AskedLog>> asked_logs(const Session& session,
                                         const std::vector<KnownDomain>& domains) {
  KT_TRY(const auto stored, session.state.read_all("logs"));
  std::vector<AskedLog> logs;
  for (const auto& each : stored) {
    auto state = ClientState::parse(each.second);
    if (!state) return fail(Errc::corrupt, "the state of a log: " + state.error().detail);
    AskedLog asked{nullptr, nullptr, *std::move(state)};
    for (const KnownDomain& domain : domains) {
      const auto* const log = domain.current().find(asked.state.configuration().id());
      if (log == nullptr) continue;
      asked.domain = &domain;
      asked.log = log;
    }
    logs.push_back(std::move(asked));
  }
  return logs;
}

Monitored::Task task_of(Obligation::Kind kind) {
  switch (kind) {
    case Obligation::Kind::contact_monitoring: return Monitored::Task::contact;
    case Obligation::Kind::owner_monitoring: return Monitored::Task::owner;
    case Obligation::Kind::distinguished: break;
  }
  return Monitored::Task::distinguished;
}

// What shows that `versions` were once shown to this user; nothing when one of them was not, as far
// as is known.
std::optional<std::vector<federation::VersionOpening>> openings_of(
    const keytrans::LabelState& known, const std::vector<Version>& versions) {
  std::vector<federation::VersionOpening> openings;
  for (const Version version : versions) {
    const auto opening = known.openings.find(version);
    if (opening == known.openings.end()) return std::nullopt;
    openings.push_back({version, opening->second});
  }
  if (openings.empty()) return std::nullopt;
  return openings;
}

// Asks the log, and if it refuses once more with what shows that it must not: somebody who may no
// longer look a label up goes on monitoring it.
template <class Response, class Request>
auto ask_to_monitor(const Session& session, const LogEndpoint& log, const std::string& operation,
                    const Request& request, ClientState& state)
    -> decltype(take_answer<Response>(session, log, request, Bytes(), state)) {
  KT_TRY(Bytes body, keytrans::encode(request));
  const std::string target = "/" + operation;
  auto answer = session.transport->post(log.origin, {target, operation, body});
  if (!answer && answer.error().code == Errc::rejected) {
    const auto openings =
        openings_of(*state.label(request.label), federation::versions_to_show(request));
    if (!openings) return tl::unexpected<Error>(std::move(answer).error());
    KT_TRY(Bytes opened,
           federation::encode(federation::OpenedMonitorRequest{std::move(body), *openings}));
    answer = session.transport->post(
        log.origin, {target, operation, std::move(opened), {}, true, "opened-monitor-request"});
  }
  if (!answer) return tl::unexpected<Error>(std::move(answer).error());
  return take_answer<Response>(session, log, request, *answer, state);
}

Result<void> ask_contact(const Session& session, const LogEndpoint& log, const Label& label,
                         ClientState& state) {
  auto request = state.contact_monitor_request(label);
  // Another process has done it meanwhile.
  if (!request && request.error().code == Errc::not_found) return {};
  KT_TRY(const auto asked, std::move(request));
  KT_TRY(ask_to_monitor<keytrans::ContactMonitorResponse>(session, log, "contact-monitor", asked,
                                                          state));
  return {};
}

// Whether the owner knows where a version is from that was not acknowledged: it is the tombstone,
// and the last one; or was sent from here; or is the first one, and was copied from where the label
// was.
Result<bool> is_explained(const Session& session, const AskedLog& asked, const Label& label,
                          const keytrans::SearchOutcome& found, bool is_last) {
  const federation::Directory& directory = asked.domain->current();
  const LogId& log = asked.log->id();
  const std::string name = "log " + asked.log->alias;
  if (const auto successor = successor_of(directory, *asked.log)) {
    KT_TRY(const bool moved, of_verification(federation::has_moved(found.value, *successor), name));
    if (moved) return is_last;
  }
  KT_TRY(const bool is_own,
         is_published_here(session, directory.domain, label, log, found.version, found.value));
  if (is_own || found.version != Version{0}) return is_own;
  KT_TRY(const federation::DirectoryLog* const before,
         owned_before(session, *asked.domain, log, label));
  if (before == nullptr) return false;
  KT_TRY(const Copy copy, compare_copy(session, *asked.domain, *before, log, label, found.value));
  if (copy == Copy::changed) return changed_copy(*before, *asked.log);
  return copy == Copy::same;
}

// Learns the versions that the owner does not know, if it is known where they are from. They are
// monitored from now on like others: nothing may come after a tombstone.
Result<void> take_versions(const Session& session, const AskedLog& asked, const LogEndpoint& log,
                           const Label& label, ClientState& state) {
  using keytrans::SearchResponse;
  const auto known = state.label(label)->owner->greatest();
  auto answered =
      ask_log<SearchResponse>(session, log, "search", state.search_request(label), state);
  if (!answered && answered.error().code == Errc::not_found)
    return fail(Errc::verification_failed, log.name + ": it says that it does not have the label");
  KT_TRY(const auto last, std::move(answered));
  const std::uint64_t next = known ? std::uint64_t{known->value()} + 1 : 0;
  if (last.version.value() < next || last.version.value() >= next + kMaxUnknown)
    return not_from_here(log.name);
  for (std::uint64_t i = next; i < last.version.value(); ++i) {
    const Version version{static_cast<std::uint32_t>(i)};
    KT_TRY(const auto each,
           ask_log<SearchResponse>(session, log, "search", state.search_request(label, version),
                                   state, true));
    KT_TRY(const bool is_known, is_explained(session, asked, label, each, false));
    if (!is_known) return not_from_here(log.name);
  }
  KT_TRY(const bool is_known, is_explained(session, asked, label, last, true));
  if (!is_known) return not_from_here(log.name);
  KT_TRY(const EntryIndex start, find_start(session, log, state));
  KT_TRY(const auto outcome,
         ask_log<keytrans::OwnerInitResponse>(session, log, "owner-init",
                                              state.owner_init_request(label, start), state));
  if (outcome.greatest_at_start > last.version) return not_from_here(log.name);
  return {};
}

// Whether the rightmost distinguished entry is verified then.
Result<bool> ask_owner(const Session& session, const AskedLog& asked, const LogEndpoint& log,
                       const Label& label, ClientState& state) {
  KT_TRY(const auto request, state.owner_monitor_request(label));
  KT_TRY(const auto outcome, ask_to_monitor<keytrans::OwnerMonitorResponse>(
                                 session, log, "owner-monitor", request, state));
  if (outcome.complete || outcome.verified_through > request.start) return outcome.complete;
  KT_TRY(take_versions(session, asked, log, label, state));
  return true;
}

Result<void> meet(const Session& session, const AskedLog& asked, const Obligation& obligation) {
  if (asked.domain == nullptr)
    return fail(Errc::rejected, "no document of a trusted domain has the log any more");
  const LogEndpoint log = endpoint_of(*asked.domain, *asked.log);
  // Whether it is done.
  const auto attempt = [&](ClientState& state) -> Result<bool> {
    switch (obligation.kind) {
      case Obligation::Kind::contact_monitoring:
        KT_TRY(ask_contact(session, log, obligation.label, state));
        break;
      case Obligation::Kind::owner_monitoring:
        return ask_owner(session, asked, log, obligation.label, state);
      case Obligation::Kind::distinguished:
        KT_TRY(ask_log<keytrans::DistinguishedResponse>(session, log, "distinguished",
                                                        state.distinguished_request(), state));
        break;
    }
    return true;
  };
  for (int i = 0; i < kMaxRounds; ++i) {
    KT_TRY(const bool is_done,
           change_state(session, asked.log->configuration, asked.domain->contact_policy, attempt));
    if (is_done) return {};
  }
  return fail(Errc::unavailable, "there is more to verify than is done at once");
}

std::optional<Timestamp> next_of(const ClientState& state) {
  const auto obligations = state.obligations();
  if (obligations.empty()) return std::nullopt;
  return obligations.front().due;
}

void take_earlier(std::optional<Timestamp>& next, std::optional<Timestamp> other) {
  if (other && (!next || *other < *next)) next = other;
}

Monitored compare_newcomers(const Session& session, const federation::Domain& domain) {
  Monitored task{Monitored::Task::newcomer, domain.text(), {}, {}, {}};
  auto saved = look_for_forks(session, domain);
  if (!saved) {
    task.error = std::move(saved).error();
  } else if (!saved->empty()) {
    task.error =
        Error{Errc::verification_failed,
              "a log has signed two histories; the proof is kept in " + saved->front().string()};
  }
  return task;
}

void follow_documents(const Session& session, const std::vector<KnownDomain>& domains,
                      MonitorReport& report) {
  for (const KnownDomain& known : domains) {
    Monitored task{Monitored::Task::directory, known.current().domain.text(), {}, {}, {}};
    auto news = refresh_domain(session, known.current().domain, EntryCheck::always);
    if (news) {
      task.news = *std::move(news);
    } else {
      task.error = std::move(news).error();
    }
    report.tasks.push_back(std::move(task));
  }
}

bool is_refused(const Monitored& task) { return task.error && task.error->code == Errc::rejected; }

// What a domain's logs show, and where its labels have gone.
Result<void> monitor_domain(const Session& session, const KnownDomain& known,
                            MonitorReport& report) {
  KT_TRY(monitor_moved(session, known, report));
  report.tasks.push_back(compare_newcomers(session, known.current().domain));
  return {};
}

Result<void> meet_obligations(const Session& session, const std::vector<AskedLog>& logs, bool all,
                              MonitorReport& report) {
  for (const AskedLog& asked : logs) {
    KT_TRY(const bool is_over, has_ended(session, asked.domain, asked.state.configuration().id()));
    if (is_over) continue;
    for (const Obligation& each : asked.state.obligations()) {
      if (!all && each.due > session.now()) continue;
      Monitored task{task_of(each.kind), {}, asked.state.configuration().id(), {}, each.label};
      if (asked.domain != nullptr) {
        task.domain = asked.domain->current().domain.text();
        task.alias = asked.log->alias;
      }
      if (auto met = meet(session, asked, each); !met) task.error = std::move(met).error();
      report.tasks.push_back(std::move(task));
    }
  }
  return {};
}

bool are_same(const Monitored& a, const Monitored& b) {
  return a.task == b.task && a.domain == b.domain && a.log == b.log && a.label == b.label;
}

// What was done again by `directory` takes the place of what was done before, but for alarms.
void replace_tasks(MonitorReport& report, const federation::Directory& directory,
                   MonitorReport again) {
  std::erase_if(report.tasks, [&](const Monitored& task) {
    if (task.domain != directory.domain.text() || task.task == Monitored::Task::directory)
      return false;
    if (task.error && task.error->code == Errc::verification_failed) return false;
    // A log that the document does not have was not asked again.
    const bool was_asked = !task.log || directory.find(*task.log) != nullptr;
    return (is_refused(task) && was_asked) ||
           std::any_of(again.tasks.begin(), again.tasks.end(),
                       [&task](const Monitored& each) { return are_same(task, each); });
  });
  std::move(again.tasks.begin(), again.tasks.end(), std::back_inserter(report.tasks));
}

// A log that refuses may have retired since the document was fetched: whatever is refused is tried
// once more by a newer document, if there is one.
Result<void> go_by_newer_document(const Session& session, const KnownDomain& known, bool all,
                                  MonitorReport& report) {
  const std::string domain = known.current().domain.text();
  const bool was_refused =
      std::any_of(report.tasks.begin(), report.tasks.end(), [&domain](const Monitored& task) {
        return task.domain == domain && task.task != Monitored::Task::directory && is_refused(task);
      });
  if (!was_refused) return {};
  auto newer = newer_document(session, known);
  if (newer && !*newer) return {};
  Monitored task{Monitored::Task::directory, domain, {}, {}, {}};
  if (!newer) {
    task.error = std::move(newer).error();
    report.tasks.push_back(std::move(task));
    return {};
  }
  task.news = *std::move(*newer);
  const std::vector<KnownDomain> domains{task.news->known};
  report.tasks.push_back(std::move(task));
  MonitorReport again;
  KT_TRY(monitor_domain(session, domains.front(), again));
  KT_TRY(auto logs, asked_logs(session, domains));
  std::erase_if(logs, [](const AskedLog& asked) { return asked.domain == nullptr; });
  KT_TRY(meet_obligations(session, logs, all, again));
  replace_tasks(report, domains.front().current(), std::move(again));
  return {};
}

}  // namespace

Result<MonitorReport> monitor(Session& session, bool all) {
  MonitorReport report;
  KT_TRY(const auto before, trusted_domains(session));
  follow_documents(session, before, report);
  KT_TRY(const auto domains, trusted_domains(session));
  for (const KnownDomain& known : domains) {
    KT_TRY(monitor_domain(session, known, report));
  }
  KT_TRY(const auto logs, asked_logs(session, domains));
  KT_TRY(meet_obligations(session, logs, all, report));
  for (const KnownDomain& known : domains) {
    KT_TRY(go_by_newer_document(session, known, all, report));
  }
  KT_TRY(const auto now, trusted_domains(session));
  KT_TRY(const auto after, asked_logs(session, now));
  for (const AskedLog& asked : after) {
    KT_TRY(const bool is_over, has_ended(session, asked.domain, asked.state.configuration().id()));
    if (!is_over) take_earlier(report.next, next_of(asked.state));
  }
  return report;
}

Result<std::vector<KnownLog>> known_logs(const Session& session) {
  KT_TRY(const auto domains, trusted_domains(session));
  KT_TRY(const auto logs, asked_logs(session, domains));
  std::vector<KnownLog> known;
  for (const AskedLog& asked : logs) {
    KnownLog& log = known.emplace_back();
    if (asked.domain != nullptr) log.domain = asked.domain->current().domain.text();
    if (asked.state.view())
      log.tree = tree_of(asked.state, asked.log != nullptr ? asked.log->alias : "");
    for (const Obligation& each : asked.state.obligations()) {
      if (each.kind == Obligation::Kind::contact_monitoring) ++log.contacts;
      if (each.kind == Obligation::Kind::owner_monitoring) ++log.owned;
    }
    log.distinguished = asked.state.distinguished().size();
    KT_TRY(const bool is_over, has_ended(session, asked.domain, asked.state.configuration().id()));
    if (!is_over) log.next = next_of(asked.state);
  }
  return known;
}

}  // namespace kt::client
