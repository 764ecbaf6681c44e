#include "modelled_log.h"

#include <algorithm>
#include <type_traits>
#include <variant>

#include <gtest/gtest.h>

#include "keytrans/management.h"
#include "keytrans/proof_recorder.h"
#include "keytrans/prover.h"
#include "prefix_model.h"
#include "test_log.h"

namespace kt::keytrans {
namespace {

std::string text(std::uint64_t number) { return std::to_string(number); }

template <class T>
std::string text(const std::optional<T>& number) {
  return number ? text(number->value()) : "none";
}

std::string text(const std::vector<EntryIndex>& entries) {
  std::string text;
  for (const EntryIndex entry : entries) text += std::to_string(entry.value()) + " ";
  return text;
}

std::string text(const std::vector<MonitorMapEntry>& map) {
  std::string text;
  for (const auto& [position, version] : map)
    text += std::to_string(position.value()) + ":" + std::to_string(version.value()) + " ";
  return text;
}

std::string text(const Terminal& terminal) {
  return text(terminal.entry.value()) + (terminal.beyond_distinguished ? " beyond" : "");
}

std::string text(const Result<void>& result) {
  return result ? "ok" : std::string(to_string(result.error().code));
}

bool contains(const std::vector<EntryIndex>& entries, EntryIndex entry) {
  return std::find(entries.begin(), entries.end(), entry) != entries.end();
}

std::vector<EntryIndex> positions(const std::vector<KnownDistinguished>& known) {
  std::vector<EntryIndex> positions;
  for (const KnownDistinguished& entry : known) positions.push_back(entry.position());
  return positions;
}

// A request after a trip over the wire.
template <class Request>
Request received(const Request& request) {
  Request decoded = must(decode<Request>(must(encode(request))));
  EXPECT_TRUE(decoded == request);
  return decoded;
}

template <class Request>
WireContext context_of_response(const LogConfiguration& configuration, const Request& request) {
  if constexpr (std::is_same_v<Request, SearchRequest>) {
    return configuration.context(request.version.has_value());
  } else {
    return configuration.context();
  }
}

// Whether `result` failed with `code`.
template <class T>
::testing::AssertionResult fails(const Result<T>& result, Errc code) {
  if (result) return ::testing::AssertionFailure() << "succeeded, instead of " << to_string(code);
  if (result.error().code == code) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure()
         << to_string(result.error().code) << " (" << result.error().detail << "), instead of "
         << to_string(code);
}

template <class Request, class Response>
void expect_refused(const ModelledUser& user, const Request& request, const Response& response,
                    Timestamp now) {
  const ClientState before = user.state;
  EXPECT_TRUE(fails(user.state.verify(request, response, now), Errc::verification_failed));
  EXPECT_TRUE(user.state == before);
}

// As many as one log entry can remove of all labels there are, in any mode.
constexpr std::size_t kFewVersions = 60;

// Elements of a vector whose length has one octet.
constexpr std::size_t kOctetVector = 255;

}  // namespace

// --- The log ------------------------------------------------------------------------------------

ModelledLog::ModelledLog(std::unique_ptr<GrowingLog> log, RandomSource& random, Counts& counts)
    : random_(random),
      counts_(counts),
      log_(std::move(log)),
      model_{
          configuration().reasonable_monitoring_window, configuration().maximum_lifetime, {}, {}} {
  for (std::uint64_t i = 0; i < log_->size().value(); ++i)
    model_.append(must(log_->source().entry(EntryIndex{i})).timestamp, {});
  if (is_audited() && configuration().auditor_start_pos == EntryIndex{0})
    auditor_ = must(Auditor::from_genesis(log_->configuration()));
}

void ModelledLog::append(Timestamp timestamp, const std::vector<Growth>& growth) {
  std::map<Label, std::vector<std::optional<Bytes>>> recorded;
  for (const Growth& grown : growth) {
    auto& versions = recorded[grown.label];
    versions.resize(grown.skipped);
    versions.insert(versions.end(), grown.values.begin(), grown.values.end());
  }
  log_->append(timestamp, growth);
  model_.append(timestamp, recorded);
  count("log entries");
}

void ModelledLog::restart() {
  remember_auditor_updates();
  log_->restart();
  EXPECT_EQ(log_->size(), model_.size());
  count("restarts");
  // It was pruned, so what is expired is forgotten, unless it left bit by bit.
  const std::map<Label, EntryIndex> removed = removed_;
  for (const auto& [label, entry] : removed) {
    forget_expired(label);
    if (versions_erased_ > kFewVersions) continue;
    EXPECT_EQ(removed_.contains(label), !tree().is_expired(entry));
  }
}

// --- Erasure ------------------------------------------------------------------------------------

void ModelledLog::erase(const Label& label) {
  remember_auditor_updates();
  log_->erase(label);
  erased_.emplace(label, rightmost(model_.size()));
  versions_erased_ += model_.version_count(label);
  count("labels erased");
}

// The log may forget a label that was removed as soon as no unexpired entry has it.
void ModelledLog::forget_expired(const Label& label) {
  const auto removed = removed_.find(label);
  if (removed == removed_.end() || !tree().is_expired(removed->second)) return;
  const auto greatest = log_->source().greatest_version(label, rightmost(model_.size()));
  if (!greatest) return;
  EXPECT_FALSE(greatest->has_value());
  removed_.erase(removed);
  count("erased labels forgotten");
}

// Whether what was in the tree of the entry `rightmost` was published in a distinguished entry
// before the last one.
bool ModelledLog::may_be_removed(EntryIndex rightmost) const {
  const std::vector<EntryIndex> distinguished = tree().distinguished();
  return std::any_of(distinguished.begin(), distinguished.end(), [&](EntryIndex entry) {
    return entry >= rightmost && entry.value() + 1 < model_.size().value();
  });
}

std::vector<Label> ModelledLog::take_removed() {
  std::vector<Label> taken;
  for (const auto& [label, rightmost_then] : erased_) {
    const auto greatest = log_->source().greatest_version(label, rightmost(model_.size()));
    if (greatest && *greatest) {
      // A label with many versions makes others wait for room.
      EXPECT_TRUE(!may_be_removed(rightmost_then) || versions_erased_ > kFewVersions);
      continue;
    }
    EXPECT_TRUE(fails(greatest, Errc::not_found));
    EXPECT_TRUE(may_be_removed(rightmost_then));
    taken.push_back(label);
  }
  for (const Label& label : taken) {
    erased_.erase(label);
    removed_.emplace(label, rightmost(model_.size()));
    model_.labels.erase(label);
    count("erased labels removed");
  }
  return taken;
}

void ModelledLog::try_to_make_anew(const Label& label) {
  const auto removed = removed_.find(label);
  if (removed != removed_.end() && tree().is_expired(removed->second))
    return;  // it may be forgotten at any time
  std::optional<Version> greatest;
  if (const std::size_t versions = model_.version_count(label); versions > 0)
    greatest = Version{static_cast<std::uint32_t>(versions - 1)};
  const auto refused =
      answer({std::nullopt, label, greatest, {{Bytes{1}}}}, {model_.timestamps.back(), 0, false});
  EXPECT_TRUE(fails(refused, Errc::rejected));
  count("updates: of an erased label");
}

// Whether nothing is known of the label, because it was erased.
template <class T>
bool ModelledLog::is_removed(const Label& label, const Result<T>& proved) {
  if (!removed_.contains(label)) return false;
  EXPECT_TRUE(fails(proved, Errc::not_found));
  return true;
}

// Whether its values are not there, because it was erased.
template <class T>
bool ModelledLog::is_erased(const Label& label, const Result<T>& proved) {
  if (!erased_.contains(label)) return false;
  EXPECT_TRUE(fails(proved, Errc::not_found));
  count("erased values asked for");
  return true;
}

// The log may give up those of expired entries.
void ModelledLog::remember_auditor_updates() {
  while (is_audited() && auditor_updates_.size() < model_.size().value())
    auditor_updates_.push_back(must(log_->auditor_update(EntryIndex{auditor_updates_.size()})));
}

// Whether the log refused to answer because it would have to look a label up in an entry that is
// expired. Of a log that gives up such entries' prefix trees, that is what is expected.
template <class T>
bool ModelledLog::is_given_up(const NaiveTree& now, const NaiveProof& proof,
                              const Result<T>& proved) {
  const auto& lookups = proof.lookups();
  if (!log_->is_stored() ||
      std::none_of(lookups.begin(), lookups.end(),
                   [&now](const NaiveProof::Lookups& each) { return now.is_expired(each.entry); }))
    return false;
  EXPECT_TRUE(fails(proved, Errc::not_found));
  count("monitoring of expired entries: refused");
  return true;
}

// What a user verifies who knows nothing and asks for nothing.
TreeView ModelledLog::view_of_a_stranger() const {
  const LogSource& source = log_->source();
  const TreeHead head = must(source.tree_head());
  ProofRecorder recorder(source, nullptr, std::nullopt);
  CombinedTree log_tree(recorder, log_->configuration().wire(), head.tree_size);
  must(update_view(log_tree, std::nullopt));
  const CombinedTreeProof proof = must(recorder.finish(head.tree_size, std::nullopt));

  const LabelVersions no_versions;
  ProofReader reader(proof, nullptr, no_versions);
  CombinedTree user_tree(reader, log_->configuration().wire(), head.tree_size);
  must(update_view(user_tree, std::nullopt));
  const CandidateTree candidate = must(reader.finish(head.tree_size, std::nullopt));
  must(log_->configuration().verify_tree_head(head, candidate.root()));
  return candidate.view_at(head.tree_size).value();
}

void ModelledLog::audit(std::uint64_t lag) {
  if (!is_audited()) return;
  const TreeSize start{configuration().auditor_start_pos.value()};
  if (!auditor_ && model_.size() == start) {
    auditor_ = must(Auditor::from_view(log_->configuration(), view_of_a_stranger()));
    count("auditors started mid-log");
  }
  if (!auditor_) return;
  while (auditor_->size().value() + lag < model_.size().value()) {
    remember_auditor_updates();
    const AuditorUpdate& update = auditor_updates_.at(auditor_->size().value());
    must(auditor_->process(must(decode<AuditorUpdate>(must(encode(update)))), audited_leaves_));
  }
  if (!auditor_->has_processed()) return;
  const AuditorTreeHead head = must(auditor_->sign(log_->third_party_key()));
  EXPECT_EQ(head.tree_size, auditor_->size());
  EXPECT_EQ(head.timestamp, model_.timestamps[head.tree_size.value() - 1]);
  EXPECT_TRUE(log_->configuration().verify_auditor_tree_head(head, root_at(head.tree_size)));
  log_->accept_auditor_head(head);
}

const HashValue& ModelledLog::root_at(TreeSize size) {
  const auto found = roots_.find(size);
  if (found != roots_.end()) return found->second;
  std::vector<LogEntry> entries;
  for (std::uint64_t i = 0; i < size.value(); ++i)
    entries.push_back(must(log_->source().entry(EntryIndex{i})));
  return roots_.emplace(size, naive_log_root(entries)).first->second;
}

// --- Between a user and the log -----------------------------------------------------------------

// Whether users accept the auditor's tree head that the log serves.
bool ModelledLog::auditor_is_recent() const {
  if (!is_audited()) return true;
  const AuditorTreeHead head = must(log_->source().auditor_tree_head());
  return model_.timestamps.back().value() - head.timestamp.value() <=
         configuration().max_auditor_lag;
}

// A clock that the rightmost log entry is neither too far ahead of nor too far behind, often
// barely.
Timestamp ModelledLog::random_clock() {
  const std::uint64_t latest = model_.timestamps.back().value();
  const std::uint64_t earliest = latest - std::min(latest, configuration().max_ahead);
  switch (random_.below(3)) {
    case 0: return Timestamp{earliest};
    case 1: return Timestamp{latest + configuration().max_behind};
    default:
      return Timestamp{earliest +
                       random_.below(latest + configuration().max_behind - earliest + 1)};
  }
}

// Takes a response to a user, who verifies it, and returns the outcome; nothing if the auditor's
// tree head is too old to be accepted.
template <class Request, class Response>
auto ModelledLog::deliver(ModelledUser& user, const Request& request,
                          const Result<Response>& proved) {
  const Response sent = must(proved);
  const Response response =
      over_the_wire(sent, context_of_response(log_->configuration(), request));
  EXPECT_TRUE(response == sent);
  using Verified = typename decltype(user.state.verify(request, response, Timestamp{}))::value_type;
  std::optional<std::decay_t<decltype(std::declval<Verified>().outcome())>> outcome;

  const bool updated = user.expected.last != model_.size();
  EXPECT_EQ(response.full_tree_head.head_type == FullTreeHeadType::updated, updated);
  count(updated ? "responses with a new head" : "responses with the same head");
  if (updated && !auditor_is_recent()) {
    expect_refused(user, request, response, random_clock());
    count("refused: auditor too far behind");
    return outcome;
  }
  const std::uint64_t latest = model_.timestamps.back().value();
  if (random_.below(16) == 0) {
    expect_refused(
        user, request, response,
        Timestamp{latest + configuration().max_behind + 1 + random_.below(2) * 1'000'000});
    count("refused: log too far behind the clock");
  }
  if (random_.below(16) == 0 && latest > configuration().max_ahead) {
    expect_refused(user, request, response,
                   Timestamp{random_.below(latest - configuration().max_ahead)});
    expect_refused(user, request, response, Timestamp{latest - configuration().max_ahead - 1});
    count("refused: log too far ahead of the clock");
  }
  const Verified verified = must(user.state.verify(request, response, random_clock()));
  outcome = must(user.state.apply(verified));
  if (random_.below(16) == 0) {
    const ClientState after = user.state;
    EXPECT_TRUE(fails(user.state.apply(verified), Errc::conflict));
    EXPECT_TRUE(user.state == after);
  }
  return outcome;
}

// Whether a proof gives what an algorithm asks for, in the order in which it asks.
void ModelledLog::compare_proof(const CombinedTreeProof& proof, const NaiveProof& expected) const {
  std::vector<Timestamp> timestamps;
  for (const EntryIndex entry : expected.timestamps())
    timestamps.push_back(model_.timestamps.at(entry.value()));
  EXPECT_TRUE(proof.timestamps == timestamps) << text(expected.timestamps());

  EXPECT_EQ(proof.prefix_proofs.size(), expected.lookups().size());
  for (std::size_t i = 0; i < std::min(proof.prefix_proofs.size(), expected.lookups().size());
       ++i) {
    std::vector<bool> included;
    for (const PrefixSearchResult& result : proof.prefix_proofs[i].results)
      included.push_back(result.result_type == PrefixSearchResultType::inclusion);
    EXPECT_EQ(included, expected.lookups()[i].included)
        << "lookups in log entry " << expected.lookups()[i].entry.value();
  }

  std::vector<HashValue> prefix_roots;
  for (const EntryIndex entry : expected.prefix_roots())
    prefix_roots.push_back(must(log_->source().entry(entry)).prefix_tree);
  EXPECT_TRUE(proof.prefix_roots == prefix_roots) << text(expected.prefix_roots());
}

// Whether a user retains what the model says, and nothing else.
void ModelledLog::compare(const ModelledUser& user) {
  const ClientState& state = user.state;
  EXPECT_EQ(state.last(), user.expected.last);
  if (state.view()) {
    compare_view(*state.view());
    EXPECT_EQ(state.tree_head().tree_size, state.view()->size);
  }
  EXPECT_EQ(state.auditor_tree_head().has_value(), state.view() && is_audited());
  EXPECT_EQ(text(positions(state.distinguished())), text(user.expected.distinguished));
  for (const KnownDistinguished& known : state.distinguished()) compare_view(known.view);
  for (const auto& [label, expected] : user.expected.labels) compare_label(user, label);
  for (const auto& [label, versions] : model_.labels) compare_label(user, label);
  EXPECT_TRUE(state.obligations() == user.expected.obligations(model_));
}

void ModelledLog::compare_view(const TreeView& view) {
  EXPECT_TRUE(view.root() == root_at(view.size));
  std::vector<LogEntry> frontier;
  for (const EntryIndex entry : NaiveTree(model_, view.size).frontier())
    frontier.push_back(must(log_->source().entry(entry)));
  EXPECT_TRUE(view.frontier_entries == frontier);
}

void ModelledLog::compare_label(const ModelledUser& user, const Label& label) const {
  const LabelState* const state = user.state.label(label);
  const auto found = user.expected.labels.find(label);
  const bool is_expected = found != user.expected.labels.end();
  EXPECT_EQ(state != nullptr, is_expected);
  if (state == nullptr || !is_expected) return;
  const NaiveLabel& expected = found->second;
  EXPECT_EQ(text(state->monitor), text(expected.monitor));
  for (std::size_t i = 1; i < state->monitor.size(); ++i) {
    EXPECT_LT(state->monitor[i - 1].position.value(), state->monitor[i].position.value());
    EXPECT_LT(state->monitor[i - 1].version.value(), state->monitor[i].version.value());
  }
  EXPECT_EQ(state->monitored_at, expected.monitored_at);
  EXPECT_EQ(state->owner.has_value(), expected.owner.has_value());
  if (state->owner && expected.owner) {
    EXPECT_EQ(state->owner->start, expected.owner->start);
    EXPECT_EQ(state->owner->greatest_at_start, expected.owner->greatest_at_start);
    EXPECT_TRUE(state->owner->updates == expected.owner->updates);
  }
  for (const auto& [version, lookup] : state->versions) {
    EXPECT_TRUE(lookup.vrf_output == must(log_->source().vrf(label, version)).output);
    if (!lookup.commitment) continue;
    EXPECT_TRUE(*lookup.commitment == must(log_->source().commitment(label, version)));
  }
}

// The last prefix tree holds the versions there are, and padding.
void ModelledLog::compare_prefix_tree() {
  remember_auditor_updates();
  PrefixModel leaves;
  for (const auto& [label, versions] : model_.labels) {
    for (std::uint32_t v = 0; v < versions.size(); ++v) {
      const HashValue commitment = must(log_->source().commitment(label, Version{v}));
      EXPECT_EQ(commitment == HashValue{}, !versions[v].value.has_value());
      leaves.set({must(log_->source().vrf(label, Version{v})).output, commitment});
    }
  }
  for (const AuditorUpdate& update : auditor_updates_) {
    for (const PrefixLeaf& leaf : update.removed) leaves.erase(leaf.vrf_output);
    for (const PrefixLeaf& leaf : update.added) leaves.set(leaf);
  }
  EXPECT_TRUE(must(log_->source().entry(rightmost(model_.size()))).prefix_tree == leaves.root());
}

// --- Users --------------------------------------------------------------------------------------

ModelledUser ModelledLog::new_user(ContactPolicy policy, RecentPolicy recent) const {
  return {ClientState(log_->configuration(), policy, recent), {recent, {}, {}, {}}, {}, {}};
}

// --- Searches and monitoring --------------------------------------------------------------------

void ModelledLog::search_greatest(ModelledUser& user, const Label& label) {
  const SearchRequest request = received(user.state.search_request(label));
  const auto proved = prove_search(log_->source(), request);
  const NaiveTree now = tree();
  const auto expected = now.search_greatest(label);
  if (!expected) {
    EXPECT_TRUE(fails(proved, Errc::not_found));
    return;
  }
  if (is_erased(label, proved)) return;
  NaiveProof proof(now, request.last);
  proof.search_greatest(label);
  compare_proof(must(proved).search, proof);
  const auto outcome = deliver(user, request, proved);
  if (!outcome) return;
  expect_found(user, label, *outcome, *expected);
  count("greatest-version searches");
}

void ModelledLog::search_fixed(ModelledUser& user, const Label& label, Version target) {
  const SearchRequest request = received(user.state.search_request(label, target));
  const auto proved = prove_search(log_->source(), request);
  const NaiveTree now = tree();
  const auto expected = now.search_fixed(label, target);
  if (const auto* const refusal = std::get_if<NaiveRefusal>(&expected)) {
    EXPECT_TRUE(fails(proved, Errc::not_found));
    count(*refusal == NaiveRefusal::expired       ? "fixed-version searches: expired"
          : *refusal == NaiveRefusal::nonexistent ? "fixed-version searches: nonexistent"
                                                  : "fixed-version searches: skipped");
    return;
  }
  if (is_erased(label, proved)) return;
  NaiveProof proof(now, request.last);
  proof.search_fixed(label, target);
  compare_proof(must(proved).search, proof);
  const auto outcome = deliver(user, request, proved);
  if (!outcome) return;
  expect_found(user, label, *outcome, std::get<NaiveFound>(expected));
  count("fixed-version searches: found");
}

void ModelledLog::expect_found(ModelledUser& user, const Label& label, const SearchOutcome& outcome,
                               const NaiveFound& expected) {
  const bool must_monitor = expected.terminal.beyond_distinguished &&
                            (configuration().mode == DeploymentMode::contactMonitoring ||
                             user.state.contact_policy() == ContactPolicy::always);
  EXPECT_EQ(outcome.version, expected.version);
  EXPECT_EQ(outcome.value, expected.value);
  EXPECT_EQ(text(outcome.terminal), text(expected.terminal));
  EXPECT_EQ(outcome.must_monitor, must_monitor);
  user.expected.searched(tree(), label, expected, must_monitor);
  if (must_monitor) count("searches that oblige to monitor");
}

void ModelledLog::monitor(ModelledUser& user, const Label& label) {
  const auto known = user.expected.labels.find(label);
  const auto made = user.state.contact_monitor_request(label);
  if (known == user.expected.labels.end() || known->second.monitor.empty()) {
    EXPECT_TRUE(fails(made, Errc::not_found));
    return;
  }
  if (known->second.monitor.size() > 1) count("contact monitoring of several entries");
  const ContactMonitorRequest request = received(must(made));
  const auto proved = prove_contact_monitor(log_->source(), request);
  const NaiveTree now = tree();
  NaiveProof proof(now, request.last);
  proof.monitor(known->second.monitor, std::nullopt);
  if (is_given_up(now, proof, proved)) return;
  compare_proof(must(proved).monitor, proof);
  const auto outcome = deliver(user, request, proved);
  if (!outcome) return;
  user.expected.monitored(now, label);
  count("contact monitoring");

  const auto after = user.expected.labels.find(label);
  const auto remaining =
      after == user.expected.labels.end() ? std::vector<MonitorMapEntry>{} : after->second.monitor;
  EXPECT_EQ(outcome->remaining, remaining.size());
  for (const MonitorMapEntry& entry : remaining) {
    EXPECT_FALSE(now.is_distinguished(entry.position));
    EXPECT_TRUE(contains(now.frontier(), entry.position));
  }
}

// --- Ownership ----------------------------------------------------------------------------------

void ModelledLog::become_owner(ModelledUser& user, const Label& label, EntryIndex start) {
  forget_expired(label);
  const NaiveTree now = tree();
  const OwnerInitRequest request = received(user.state.owner_init_request(label, start));
  const auto proved = prove_owner_init(log_->source(), request);
  if (!now.may_start_at(start)) {
    EXPECT_TRUE(fails(proved, Errc::rejected));
    count("owner initialisation: refused");
    return;
  }
  if (is_removed(label, proved)) return;
  NaiveProof proof(now, request.last);
  proof.init_owner(label, start);
  compare_proof(must(proved).init, proof);
  std::vector<Version> greatest_versions;
  for (const EntryIndex entry : now.owner_entries(start)) {
    if (const auto greatest = now.greatest(label, entry)) greatest_versions.push_back(*greatest);
  }
  EXPECT_EQ(must(proved).greatest_versions, greatest_versions);
  const auto outcome = deliver(user, request, proved);
  if (!outcome) return;
  EXPECT_EQ(text(outcome->greatest_at_start), text(now.greatest(label, start)));
  user.expected.became_owner(now, label, start);
  count("owner initialisation");
}

void ModelledLog::monitor_as_owner(ModelledUser& user, const Label& label, std::size_t limit) {
  const auto known = user.expected.labels.find(label);
  const auto made = user.state.owner_monitor_request(label);
  if (known == user.expected.labels.end() || !known->second.owner) {
    EXPECT_TRUE(fails(made, Errc::not_found));
    return;
  }
  const NaiveOwner owner = *known->second.owner;
  if (known->second.monitor.size() > 1) count("owner monitoring with several entries");
  const OwnerMonitorRequest request = received(must(made));
  const auto proved = prove_owner_monitor(log_->source(), request, limit);
  const NaiveTree now = tree();
  const NaiveOwnerWalk walk = now.owner_walk(label, owner.start, owner.known(), limit);
  NaiveProof proof(now, request.last);
  proof.monitor(known->second.monitor, owner.start);
  proof.monitor_owner(label, walk);
  if (is_given_up(now, proof, proved)) return;
  compare_proof(must(proved).monitor, proof);
  const auto outcome = deliver(user, request, proved);
  if (!outcome) return;
  const bool complete =
      !now.rightmost_distinguished() || walk.reached == *now.rightmost_distinguished();
  EXPECT_EQ(outcome->verified_through, walk.reached);
  EXPECT_EQ(outcome->complete, complete);
  user.expected.monitored_as_owner(now, label, walk);
  count(complete                      ? "owner monitoring: complete"
        : walk.reached == owner.start ? "owner monitoring: stuck"
                                      : "owner monitoring: a page");
}

ModelledLog::UpdateEnd ModelledLog::update(ModelledUser& user, const Label& label,
                                           const std::vector<LabelValue>& values,
                                           const Sequencing& sequencing) {
  const auto made = user.state.update_request(label, values);
  const auto known = user.expected.labels.find(label);
  if (known == user.expected.labels.end() || !known->second.owner) {
    EXPECT_TRUE(fails(made, Errc::not_found));
    return UpdateEnd::not_owner;
  }
  const NaiveOwner owner = *known->second.owner;
  const UpdateRequest request = received(must(made));
  EXPECT_EQ(text(request.greatest_version), text(owner.known()));
  const bool missed_some = tree().next_update(label, owner.known()).has_value();
  const auto proved = answer(request, sequencing);
  if (!missed_some && values.empty()) {
    EXPECT_TRUE(fails(proved, Errc::conflict));
    EXPECT_EQ(log_->size(), model_.size());
    return UpdateEnd::nothing_new;
  }
  if (erased_.contains(label)) {
    EXPECT_TRUE(fails(proved, missed_some ? Errc::not_found : Errc::rejected));
    EXPECT_EQ(log_->size(), model_.size());
    count("updates: of an erased label");
    return UpdateEnd::lost;
  }
  if (sequencing.lose_response) {
    count("updates: response lost");
    return UpdateEnd::lost;
  }

  const NaiveTree now = tree();
  const NaiveUpdate expected = now.next_update(label, owner.known()).value();
  NaiveProof proof(now, request.last);
  proof.update(label, owner, expected);
  if (is_given_up(now, proof, proved)) return UpdateEnd::lost;
  // The entry is expired, and what was new in it may have been given up.
  if (log_->is_stored() && now.is_expired(expected.position) && fails(proved, Errc::not_found)) {
    count("updates: expired");
    return UpdateEnd::lost;
  }
  compare_proof(must(proved).update, proof);
  const auto outcome = deliver(user, request, proved);
  if (!outcome) return UpdateEnd::lost;
  EXPECT_EQ(outcome->created, !missed_some);
  EXPECT_EQ(outcome->position, expected.position);
  EXPECT_EQ(outcome->skipped, expected.skipped);
  EXPECT_EQ(outcome->first.value() + outcome->values.size(), expected.greatest.value() + 1);
  EXPECT_EQ(outcome->values, expected.values);
  user.expected.updated(now, label, expected);
  count(!missed_some     ? "updates: created"
        : values.empty() ? "updates: only told"
                         : "updates: values disregarded");
  return missed_some ? UpdateEnd::told : UpdateEnd::created;
}

// What the log says to `request`. If that creates versions, the model gets them too.
Result<UpdateResponse> ModelledLog::answer(const UpdateRequest& request,
                                           const Sequencing& sequencing) {
  const bool managed = configuration().mode == DeploymentMode::thirdPartyManagement;
  const std::uint32_t skipped = managed ? sequencing.skipped : 0;
  const std::size_t next = model_.version_count(request.label) + skipped;
  // Time passes only for what is made.
  const bool creates = !request.values.empty() && takes_versions(request.label) &&
                       !tree().next_update(request.label, request.greatest_version).has_value();
  const Timestamp timestamp = creates ? sequencing.timestamp : model_.timestamps.back();
  Result<UpdateResponse> proved = fail(Errc::unavailable, "not asked yet");
  if (managed) {
    const ManagerUpdateRequest forwarded =
        must(sign_update_request(log_->third_party_key(), configuration(), request,
                                 Version{static_cast<std::uint32_t>(next)}));
    proved = log_->update(over_the_wire(forwarded, log_->configuration().context()), timestamp);
  } else {
    proved = log_->update(request, timestamp);
  }
  if (log_->size() == model_.size()) return proved;
  EXPECT_TRUE(creates);
  std::vector<std::optional<Bytes>> versions(skipped);
  for (const LabelValue& value : request.values) versions.emplace_back(value.value);
  model_.append(timestamp, {{request.label, versions}});
  count("log entries");
  return proved;
}

// --- Distinguished log entries and credentials --------------------------------------------------

void ModelledLog::walk(ModelledUser& user) {
  const DistinguishedRequest request = received(user.state.distinguished_request());
  const auto& before = user.expected.distinguished;
  const auto stop = before.empty() ? std::nullopt : std::optional(before.back());
  EXPECT_EQ(text(request.stop), text(stop));
  const NaiveTree now = tree();
  std::vector<EntryIndex> learned = now.recent(user.expected.recent);
  std::erase_if(learned, [&stop](EntryIndex entry) { return stop && entry <= *stop; });

  const auto proved = prove_distinguished(log_->source(), request, user.state.recent_policy());
  if (!proved) {  // a definition of "recent" that includes more than a proof has room for
    EXPECT_TRUE(fails(proved, Errc::rejected));
    EXPECT_GT(learned.size(), kOctetVector - 32);
    count("distinguished walks: too long");
    return;
  }
  NaiveProof proof(now, request.last);
  proof.walk(user.expected.recent, stop);
  compare_proof(proved->distinguished, proof);
  const auto outcome = deliver(user, request, proved);
  if (!outcome) return;
  EXPECT_EQ(text(outcome->entries), text(learned));
  user.expected.walked(now);
  user.head = distinguished_head(user.state.distinguished());
  user.walked = user.expected.distinguished;
  count("distinguished walks");
}

// Nobody forks this log.
void ModelledLog::exchange_heads(const ModelledUser& a, const ModelledUser& b) {
  if (!a.head || !b.head || !(a.expected.recent == b.expected.recent)) return;
  const bool overlap = std::any_of(a.walked.begin(), a.walked.end(),
                                   [&b](EntryIndex entry) { return contains(b.walked, entry); });
  const DistinguishedHead received_head = received(*b.head);
  EXPECT_EQ(compare_heads(*a.head, received_head) == HeadComparison::consistent, overlap);
  count(overlap ? "heads compared: overlapping" : "heads compared: disjoint");

  const auto answer = prove_distinguished(log_->source(), {}, a.state.recent_policy());
  if (!answer) return;
  if (witness_ && witness_->first == a.state.recent_policy()) {
    const auto fork =
        must(find_fork(log_->configuration(), witness_->second, *answer, witness_->first));
    EXPECT_FALSE(fork.has_value());
    count("forks looked for");
  } else {
    witness_.emplace(a.state.recent_policy(), *answer);
  }
}

std::optional<PendingCredential> ModelledLog::receive_credential(const ModelledUser& user,
                                                                 const Label& label,
                                                                 EntryIndex position) {
  const NaiveTree now = tree();
  const auto& known = user.expected.distinguished;
  const auto proved = prove_credential(log_->source(), label, position);
  if (position > rightmost(now.size())) {
    EXPECT_TRUE(fails(proved, Errc::rejected));
    return std::nullopt;
  }
  const auto greatest = now.greatest(label);
  if (!greatest) {
    EXPECT_TRUE(fails(proved, Errc::not_found));
    return std::nullopt;
  }
  if (!now.may_start_at(position)) {
    EXPECT_TRUE(fails(proved, Errc::rejected));
    count("credentials: no unexpired distinguished entry");
    return std::nullopt;
  }
  if (is_erased(label, proved)) return std::nullopt;
  const Credential credential = over_the_wire(must(proved), log_->configuration().context());
  EXPECT_TRUE(credential == *proved);
  const bool standard = now.greatest(label, position) == greatest;
  EXPECT_EQ(credential.credential_type == CredentialType::standard, standard);

  const ClientState before = user.state;
  const auto verified =
      verify_credential(log_->configuration(), user.state.distinguished(), credential);
  EXPECT_TRUE(user.state == before);
  if (!contains(known, position)) {
    EXPECT_TRUE(fails(verified, Errc::unavailable));
    count("credentials: position not known");
    return std::nullopt;
  }
  const NaiveFound found = now.search_greatest(label).value();
  const CredentialOutcome expected{label, found.version, found.value};
  if (standard) {
    EXPECT_TRUE(std::get<CredentialOutcome>(must(verified)) == expected);
    count("credentials: standard");
    return std::nullopt;
  }
  NaiveProof proof(now, size_through(position));
  proof.search_greatest(label);
  compare_proof(credential.search, proof);
  const auto retained = std::get<RetainedCredential>(must(verified));
  EXPECT_TRUE(retained.outcome == expected);
  EXPECT_EQ(retained.position, position);
  EXPECT_EQ(retained.terminal, found.terminal.entry);
  EXPECT_EQ(retained.view.size, now.size());
  compare_view(retained.view);
  const auto parsed = must(RetainedCredential::parse(must(retained.serialize())));
  EXPECT_TRUE(parsed == retained);
  count("credentials: provisional");
  return PendingCredential{parsed, std::nullopt};
}

bool ModelledLog::settle_credential(const ModelledUser& user, PendingCredential& pending) {
  const RetainedCredential& credential = pending.credential;
  const auto& known = user.state.distinguished();
  const auto& expected = user.expected.distinguished;
  const NaiveTree now = tree();
  const ClientState before = user.state;

  const bool terminal_known = contains(expected, credential.terminal);
  EXPECT_EQ(text(finally_verify(credential, known)), terminal_known ? "ok" : "unavailable");
  if (terminal_known) count("credentials: settled by the terminal entry");

  if (!pending.update) {
    const auto proved = prove_credential_update(log_->source(), credential.outcome.label,
                                                credential.outcome.version, credential.terminal,
                                                credential.view.size);
    const auto next = now.first_distinguished_after(credential.terminal);
    if (now.is_distinguished(credential.terminal)) {
      EXPECT_TRUE(fails(proved, Errc::conflict));
    } else if (!next) {
      EXPECT_TRUE(fails(proved, Errc::unavailable));
    } else {
      const NaiveTree then = now.at(size_through(*next));
      NaiveProof proof(then, credential.view.size);
      if (configuration().mode == DeploymentMode::contactMonitoring)
        proof.monitor({{credential.terminal, credential.outcome.version}}, std::nullopt);
      if (is_given_up(now, proof, proved)) return true;
      pending.update = received(must(proved));
      compare_proof(pending.update->monitor, proof);
    }
  }
  bool settled = terminal_known;
  if (pending.update) {
    const EntryIndex next = now.first_distinguished_after(credential.terminal).value();
    const auto verified = finally_verify(log_->configuration(), credential, known, *pending.update);
    if (contains(expected, next)) {
      EXPECT_EQ(text(verified), "ok");
      count("credentials: settled by an update");
      settled = true;
    } else if (expected.empty() || expected.back() <= credential.terminal) {
      EXPECT_TRUE(fails(verified, Errc::unavailable));
      count("credentials: update kept for later");
    } else {
      EXPECT_FALSE(verified.has_value());  // what it leads to is not recent any more
      count("credentials: update too late");
      settled = true;
    }
  }
  EXPECT_TRUE(user.state == before);
  return settled;
}

// --- Storage ------------------------------------------------------------------------------------

void ModelledLog::restore(ModelledUser& user) {
  ClientState parsed = must(ClientState::parse(must(user.state.serialize())));
  EXPECT_TRUE(parsed == user.state);
  user.state = std::move(parsed);
  count("states restored");
}

void ModelledLog::restore_auditor() {
  if (!auditor_) return;
  const Bytes stored = must(auditor_->serialize());
  auditor_ = must(Auditor::parse(stored));
  EXPECT_EQ(must(auditor_->serialize()), stored);
  count("auditors restored");
}

}  // namespace kt::keytrans
