#include "keytrans/client_state.h"

#include <algorithm>
#include <limits>

#include "label_state.h"

namespace kt::keytrans {
namespace {

Timestamp later_by(Timestamp timestamp, std::uint64_t milliseconds) {
  constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();
  return Timestamp{timestamp.value() > kMax - milliseconds ? kMax
                                                           : timestamp.value() + milliseconds};
}

// Drops what is no longer recent, seen from the rightmost log entry.
void keep_recent(std::vector<KnownDistinguished>& known, const RecentPolicy& recent,
                 const LogConfiguration& configuration, Timestamp latest) {
  std::erase_if(known, [&](const KnownDistinguished& entry) {
    const Timestamp created = entry.view.rightmost_entry().timestamp;
    if (configuration.expired(created, latest)) return true;
    return recent.kind == RecentPolicy::Kind::max_age &&
           elapsed_ms(created, latest) >= recent.value;
  });
  if (recent.kind == RecentPolicy::Kind::count && known.size() > recent.value)
    known.erase(known.begin(), known.end() - static_cast<std::ptrdiff_t>(recent.value));
}

}  // namespace

ClientState::ClientState(LogConfiguration configuration, ContactPolicy policy, RecentPolicy recent)
    : configuration_(std::move(configuration)), policy_(policy), recent_(recent) {}

std::optional<TreeSize> ClientState::last() const {
  if (!view_) return std::nullopt;
  return view_->size;
}

const LabelState* ClientState::label(const Label& label) const {
  const auto found = labels_.find(label);
  return found == labels_.end() ? nullptr : &found->second;
}

SearchRequest ClientState::search_request(Label label, std::optional<Version> version) const {
  return {last(), std::move(label), version};
}

Result<ContactMonitorRequest> ClientState::contact_monitor_request(const Label& label) const {
  const LabelState* const state = this->label(label);
  if (state == nullptr || state->monitor.empty())
    return fail(Errc::not_found, "there is nothing to monitor for the label");
  return ContactMonitorRequest{last(), label, state->monitor};
}

OwnerInitRequest ClientState::owner_init_request(Label label, EntryIndex start) const {
  return {last(), std::move(label), start};
}

Result<OwnerMonitorRequest> ClientState::owner_monitor_request(const Label& label) const {
  const LabelState* const state = this->label(label);
  if (state == nullptr || !state->owner) return fail(Errc::not_found, "the label is not owned");
  return OwnerMonitorRequest{last(), label, state->monitor, state->owner->start,
                             state->owner->greatest()};
}

Result<UpdateRequest> ClientState::update_request(const Label& label,
                                                  std::vector<LabelValue> values) const {
  const LabelState* const state = this->label(label);
  if (state == nullptr || !state->owner) return fail(Errc::not_found, "the label is not owned");
  return UpdateRequest{last(), label, state->owner->greatest(), std::move(values)};
}

DistinguishedRequest ClientState::distinguished_request() const {
  std::optional<EntryIndex> stop;
  if (!distinguished_.empty()) stop = distinguished_.back().position();
  return {last(), stop};
}

template <class Outcome>
Result<Outcome> ClientState::apply(Verified<Outcome> verified) {
  auto& change = verified.change_;
  if (change.revision != revision_)
    return fail(Errc::conflict, "the state has changed since the response was verified");
  revision_ = std::make_shared<const char>();
  view_ = std::move(change.view);
  tree_head_ = std::move(change.tree_head);
  auditor_tree_head_ = std::move(change.auditor_tree_head);
  if (change.label) {
    if (change.label_state) {
      labels_.insert_or_assign(*std::move(change.label), *std::move(change.label_state));
    } else {
      labels_.erase(*change.label);
    }
  }
  const Timestamp latest = view_->rightmost_entry().timestamp;
  for (KnownDistinguished& learned : change.distinguished)
    distinguished_.push_back(std::move(learned));
  keep_recent(distinguished_, recent_, configuration_, latest);
  return std::move(verified.outcome_);
}

template Result<SearchOutcome> ClientState::apply(Verified<SearchOutcome>);
template Result<ContactMonitorOutcome> ClientState::apply(Verified<ContactMonitorOutcome>);
template Result<OwnerInitOutcome> ClientState::apply(Verified<OwnerInitOutcome>);
template Result<OwnerMonitorOutcome> ClientState::apply(Verified<OwnerMonitorOutcome>);
template Result<UpdateOutcome> ClientState::apply(Verified<UpdateOutcome>);
template Result<DistinguishedOutcome> ClientState::apply(Verified<DistinguishedOutcome>);

void ClientState::set_contact_policy(ContactPolicy policy) {
  if (policy == policy_) return;
  revision_ = std::make_shared<const char>();
  policy_ = policy;
}

void ClientState::forget(const Label& label) {
  revision_ = std::make_shared<const char>();
  labels_.erase(label);
}

std::vector<Obligation> ClientState::obligations() const {
  const std::uint64_t window = configuration_.wire().reasonable_monitoring_window;
  const auto& lifetime = configuration_.wire().maximum_lifetime;
  std::vector<Obligation> obligations;
  const auto add = [&](Obligation::Kind kind, const Label& label, Timestamp since) {
    std::optional<Timestamp> deadline;
    if (lifetime) deadline = later_by(since, *lifetime);
    obligations.push_back({kind, label, later_by(since, window), deadline});
  };
  for (const auto& [label, state] : labels_) {
    if (state.owner) {
      add(Obligation::Kind::owner_monitoring, label, state.monitored_at);
    } else if (!state.monitor.empty()) {
      add(Obligation::Kind::contact_monitoring, label, state.monitored_at);
    }
  }
  if (!distinguished_.empty())
    add(Obligation::Kind::distinguished, Label(),
        distinguished_.back().view.rightmost_entry().timestamp);
  std::stable_sort(obligations.begin(), obligations.end(),
                   [](const Obligation& a, const Obligation& b) { return a.due < b.due; });
  return obligations;
}

bool operator==(const ClientState& a, const ClientState& b) {
  return a.configuration_ == b.configuration_ && a.policy_ == b.policy_ && a.recent_ == b.recent_ &&
         a.view_ == b.view_ && a.tree_head_ == b.tree_head_ &&
         a.auditor_tree_head_ == b.auditor_tree_head_ && a.distinguished_ == b.distinguished_ &&
         a.labels_ == b.labels_;
}

}  // namespace kt::keytrans
