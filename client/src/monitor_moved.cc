#include "monitor_moved.h"

#include <algorithm>

#include "final_head.h"
#include "log_states.h"
#include "ownership.h"
#include "succession.h"

namespace kt::client {
namespace {

using federation::DirectoryLog;
using federation::LogState;
using keytrans::Obligation;

std::vector<Label> owned_labels(const keytrans::ClientState& state) {
  std::vector<Label> labels;
  for (const Obligation& each : state.obligations()) {
    if (each.kind == Obligation::Kind::owner_monitoring) labels.push_back(each.label);
  }
  return labels;
}

bool has_labels(const keytrans::ClientState& state) {
  const auto obligations = state.obligations();
  return std::any_of(obligations.begin(), obligations.end(), [](const Obligation& each) {
    return each.kind != Obligation::Kind::distinguished;
  });
}

class MovedMonitor {
 public:
  MovedMonitor(const Session& session, const KnownDomain& domain, const DirectoryLog& log,
               MonitorReport& report)
      : session_(session), domain_(domain), log_(log), report_(report) {}

  // Of one log that labels move from, or have left.
  Result<void> run(const LogId& successor) {
    KT_TRY(const LoadedState loaded,
           load_state(session_, log_.configuration, domain_.contact_policy));
    // Nothing of it was ever seen, and nobody is to look now.
    if (!loaded.stored && log_.state == LogState::retired) return {};
    Monitored task = task_of(Monitored::Task::final_head, log_);
    auto followed = log_.state == LogState::active ? Result<bool>(false) : follow(loaded.state);
    if (!followed) task.error = std::move(followed).error();
    if (log_.state != LogState::active) report_.tasks.push_back(std::move(task));
    for (const Label& label : owned_labels(loaded.state)) take_over(label, successor);
    return {};
  }

 private:
  [[nodiscard]] Monitored task_of(Monitored::Task kind, const DirectoryLog& log) const {
    return {kind, domain_.current().domain.text(), log.id(), log.alias, {}};
  }

  // To its final head. Result: whether that was done, now or before.
  Result<bool> follow(const keytrans::ClientState& state) {
    KT_TRY(const KnownFinalHead known, find_final_head(session_, domain_, log_));
    const bool is_retired = log_.state == LogState::retired;
    if (is_retired && known.followed != Followed::not_yet) return true;
    auto compared = compare_with_final_head(session_, domain_, log_, known.head);
    if (compared && !is_retired && !known.head.is_compromised) compared = verify_owned(state);
    if (!compared) {
      // It is told of once: nobody can do it any more.
      if (is_retired) {
        KT_TRY(note_followed(session_, log_.id(), Followed::lost));
        if (compared.error().code == Errc::rejected && !has_labels(state)) return true;
      }
      return tl::unexpected<Error>(std::move(compared).error());
    }
    KT_TRY(note_followed(session_, log_.id(), Followed::to_the_end));
    return true;
  }

  // In a tree that has all of the log's final head: it was compared with it.
  Result<void> verify_owned(const keytrans::ClientState& state) {
    for (const Label& label : owned_labels(state)) {
      KT_TRY(has_moved(session_, domain_, log_, label));
    }
    return {};
  }

  void take_over(const Label& label, const LogId& successor) {
    const DirectoryLog& to = *domain_.current().find(successor);
    const auto taken = try_to_take_over(label, to);
    if (taken && !*taken) return;
    Monitored task = task_of(Monitored::Task::moved, to);
    task.label = label;
    if (!taken) task.error = taken.error();
    report_.tasks.push_back(std::move(task));
  }

  // Result: whether it was done now.
  Result<bool> try_to_take_over(const Label& label, const DirectoryLog& to) {
    KT_TRY(const OwnerLock lock, session_.state.lock_owner());
    KT_TRY(const LoadedState there, load_state(session_, to.configuration, domain_.contact_policy));
    if (is_owned(there.state, label)) return false;
    if (log_.state == LogState::active) {
      KT_TRY(const bool moved, has_moved(session_, domain_, log_, label));
      if (!moved) return false;
    }
    auto owned = become_owner(session_, Subject{domain_, label, to.id()}, false);
    // A log that is as young as this has no entry yet to begin at.
    if (!owned && owned.error().code == Errc::unavailable) return false;
    KT_TRY(owned);
    return true;
  }

  const Session& session_;
  const KnownDomain& domain_;
  const DirectoryLog& log_;
  MonitorReport& report_;
};

}  // namespace

Result<void> monitor_moved(const Session& session, const KnownDomain& domain,
                           MonitorReport& report) {
  for (const DirectoryLog& log : domain.current().logs) {
    const auto successor = successor_of(domain.current(), log);
    if (!successor || *successor == log.id()) continue;
    KT_TRY(MovedMonitor(session, domain, log, report).run(*successor));
  }
  return {};
}

Result<bool> has_ended(const Session& session, const KnownDomain* domain, const LogId& log) {
  KT_TRY(const auto known, load_final_head(session, log));
  if (known && known->head.is_compromised) return true;
  if (domain == nullptr) return known && known->followed != Followed::not_yet;
  return domain->current().find(log)->state == LogState::retired;
}

}  // namespace kt::client
