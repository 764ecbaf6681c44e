#include "sequencer.h"

#include <algorithm>
#include <set>

#include "erasure.h"
#include "keytrans/algorithms.h"
#include "keytrans/management.h"
#include "keytrans/prover.h"

namespace kt::log {
namespace {

using keytrans::DeploymentMode;
using keytrans::ManagerUpdateRequest;
using keytrans::UpdateRequest;

// How often a sequencer with nothing to do looks at the clock.
constexpr std::chrono::milliseconds kIdle{250};
// How often it looks while it waits for the clock to catch up.
constexpr std::chrono::milliseconds kClockPoll{5};
constexpr const char* kErased = "the label was erased, and there are unexpired entries with it";

const Label& label_of(const Sequencer::Request& request) {
  return std::visit([](const auto& any) -> const Label& { return any.label; }, request);
}

// The request as far as it is about what the caller knows.
UpdateRequest plain(const Sequencer::Request& request) {
  if (const auto* const update = std::get_if<UpdateRequest>(&request)) return *update;
  const auto& managed = std::get<ManagerUpdateRequest>(request);
  return {managed.last, managed.label, managed.greatest_version, {}};
}

std::size_t value_count(const Sequencer::Request& request) {
  return std::visit([](const auto& any) { return any.values.size(); }, request);
}

const Bytes& value_of(const keytrans::LabelValue& value) { return value.value; }
const Bytes& value_of(const keytrans::UpdateValue& value) { return value.value; }

bool values_fit(const Sequencer::Request& request, std::size_t limit) {
  return std::visit(
      [limit](const auto& any) {
        return std::all_of(any.values.begin(), any.values.end(),
                           [limit](const auto& value) { return value_of(value).size() <= limit; });
      },
      request);
}

// When the first tick is: in an empty log at once, and else an interval after its rightmost entry.
std::chrono::milliseconds first_tick(std::chrono::milliseconds interval, const State& state,
                                     const Clock& clock) {
  if (state.size() == TreeSize{0}) return clock.elapsed();
  const std::uint64_t age = elapsed_ms(state.timestamp, clock.now());
  const auto since = std::min(age, static_cast<std::uint64_t>(interval.count()));
  return clock.elapsed() + interval - std::chrono::milliseconds(since);
}

// The number of versions up to and including `greatest`.
std::uint64_t count_of(std::optional<Version> greatest) {
  return greatest ? std::uint64_t{greatest->value()} + 1 : 0;
}

}  // namespace

Result<std::unique_ptr<LogView>> open_view(const LogParts& parts, const Published& published,
                                           Absence absence, Purpose purpose) {
  while (true) {
    auto state = published.get();
    KT_TRY(auto snapshot, parts.store->snapshot());
    // What is pruned goes by the state that is published. While that is this one, nothing was that
    // this one needs.
    if (published.get() != state) continue;
    return std::make_unique<LogView>(parts.configuration, parts.vrf_key, parts.tables,
                                     std::move(state), std::move(snapshot), absence,
                                     purpose == Purpose::answers ? parts.cache.get() : nullptr);
  }
}

// The entry in work.
struct Sequencer::Entry {
  std::vector<Change> changes;
  std::vector<Accepted> accepted;
  std::deque<Waiting> put_off;  // for the entry after it
  std::set<Label> labels;       // of changes and of what was put off
  std::size_t versions = 0;
};

// --- Queue -----------------------------------------------------------------------------------

Sequencer::Sequencer(const LogParts& parts, Published& published, store::HeadFile head_file,
                     const LogOptions& options, const Clock& clock)
    : parts_(parts),
      published_(published),
      head_file_(std::move(head_file)),
      options_(options),
      clock_(clock),
      clock_watch_(clock, options.clock_patience, options.clock_leap),
      most_versions_(most_versions(parts.configuration.mode(), options.padding)),
      ticks_(options.padding.interval,
             first_tick(options.padding.interval, *published.get(), clock)),
      is_sealed_(options.is_sealed),
      thread_([this] { run(); }) {}

Sequencer::~Sequencer() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Sequencer::seal() {
  const std::lock_guard committing(committing_);
  is_sealed_ = true;
}

Result<void> Sequencer::submit(Request request, Log::Answer answer) {
  const bool managed = parts_.configuration.mode() == DeploymentMode::thirdPartyManagement;
  if (managed != std::holds_alternative<ManagerUpdateRequest>(request))
    return fail(Errc::rejected, managed ? "a manager takes only signed updates"
                                        : "only a manager takes updates that are signed");
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return fail(Errc::unavailable, "the log is closing");
    if (queue_.size() >= options_.queue_limit)
      return fail(Errc::unavailable, "too many updates wait already");
    queue_.push_back({std::move(request), std::move(answer)});
  }
  changed_.notify_all();
  return {};
}

std::size_t Sequencer::waiting() const {
  const std::lock_guard lock(mutex_);
  return queue_.size();
}

Trouble Sequencer::trouble() const {
  const std::lock_guard lock(mutex_);
  return trouble_;
}

void Sequencer::set_trouble(Trouble trouble) {
  const std::lock_guard lock(mutex_);
  trouble_ = trouble;
}

tl::unexpected<Error> Sequencer::in_trouble(Trouble trouble, const char* detail) {
  set_trouble(trouble);
  return fail(Errc::unavailable, detail);
}

void Sequencer::run() {
  while (true) {
    Turn turn = wait();
    if (turn.batch.empty()) {
      {
        const std::lock_guard lock(mutex_);
        if (stopping_) return;
      }
      watch_clock();
      if (!turn.at_tick && !heartbeat_is_due()) continue;
    }
    work(std::move(turn));
  }
}

Sequencer::Turn Sequencer::wait() {
  std::unique_lock lock(mutex_);
  Turn turn;
  if (is_padded()) {
    changed_.wait_for(lock, std::min(kIdle, ticks_.left(clock_.elapsed())),
                      [this] { return stopping_; });
    turn.at_tick = ticks_.take(clock_.elapsed());
    if (!stopping_ && !turn.at_tick) return {};
  } else {
    const auto something = [this] { return stopping_ || !queue_.empty(); };
    changed_.wait_for(lock, kIdle, something);
    if (queue_.empty()) return {};
    gather(lock);
  }
  while (!queue_.empty() && turn.batch.size() < options_.commit_limit) {
    turn.batch.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  return turn;
}

// Who comes alone after a pause is sequenced at once, for more are not expected. Batches are a
// window apart in any case, unless they are full.
void Sequencer::gather(std::unique_lock<std::mutex>& lock) {
  const auto full = [this] { return stopping_ || queue_.size() >= options_.commit_limit; };
  const bool alone = queue_.size() == 1;
  if (!alone) {
    changed_.wait_for(lock, options_.commit_window, full);
  } else if (last_batch_) {
    changed_.wait_until(lock, *last_batch_ + options_.commit_window, full);
  }
  last_batch_ = std::chrono::steady_clock::now();
}

// Says so when the clock cannot be believed, though nothing needs it now.
void Sequencer::watch_clock() {
  const std::lock_guard committing(committing_);
  const Trouble seen = clock_watch_.read().trouble;
  const std::lock_guard lock(mutex_);
  const bool about_clock = trouble_ == Trouble::clock_behind || trouble_ == Trouble::clock_ahead;
  if (trouble_ == Trouble::none || about_clock) trouble_ = seen;
}

// Whether the rightmost entry is older than half of what users accept. Ticks are often enough.
bool Sequencer::heartbeat_is_due() const {
  if (is_padded()) return false;
  const auto state = published_.get();
  if (state->size() == TreeSize{0}) return true;
  const std::uint64_t bound = parts_.configuration.wire().max_behind / 2;
  return elapsed_ms(state->timestamp, clock_.now()) > bound;
}

// --- One batch -------------------------------------------------------------------------------

void Sequencer::work(Turn turn) {
  const std::lock_guard committing(committing_);
  if (is_sealed_) {
    for (Waiting& waiting : turn.batch)
      waiting.answer(fail(Errc::unavailable, "the log is sealed"));
    return;
  }
  auto view = open_view(parts_, published_, Absence::believed, Purpose::growth);
  if (!view) {
    for (Waiting& waiting : turn.batch) waiting.answer(tl::unexpected<Error>(view.error()));
    return;
  }
  Entry entry;
  for (Waiting& waiting : turn.batch) consider(**view, std::move(waiting), entry);
  if (!entry.put_off.empty()) {
    const std::lock_guard lock(mutex_);
    queue_.insert(queue_.begin(), std::make_move_iterator(entry.put_off.begin()),
                  std::make_move_iterator(entry.put_off.end()));
  }
  // The log is the same in the next view, as only who holds the lock changes it.
  view->reset();
  if (const auto grown = grow(entry, turn.at_tick); !grown) {
    for (Accepted& accepted : entry.accepted) accepted.answer(tl::unexpected<Error>(grown.error()));
    return;
  }
  auto after = open_view(parts_, published_, Absence::believed, Purpose::answers);
  for (Accepted& accepted : entry.accepted) {
    if (after) {
      accepted.answer(keytrans::prove_update(**after, accepted.request, true));
    } else {
      accepted.answer(tl::unexpected<Error>(after.error()));
    }
  }
}

void Sequencer::consider(const LogView& view, Waiting waiting, Entry& entry) {
  const Label& label = label_of(waiting.request);
  if (entry.labels.contains(label)) {
    entry.put_off.push_back(std::move(waiting));
    return;
  }
  const auto refuse = [&waiting](Error error) {
    waiting.answer(tl::unexpected<Error>(std::move(error)));
  };
  UpdateRequest request = plain(waiting.request);
  const auto greatest = view.state().size() == TreeSize{0}
                            ? Result<std::optional<Version>>(std::nullopt)
                            : view.greatest_version(label, rightmost(view.state().size()));
  if (!greatest) return refuse(greatest.error());
  if (count_of(request.greatest_version) < count_of(*greatest)) {
    waiting.answer(keytrans::prove_update(view, request, false));
    return;
  }
  auto change = change_for(view, waiting.request, *greatest);
  if (!change) return refuse(std::move(change).error());
  if (auto found = find_vrfs(view, *change); !found) return refuse(std::move(found).error());

  entry.labels.insert(label);
  if (entry.versions + change->count() > most_versions_) {
    entry.put_off.push_back(std::move(waiting));
    return;
  }
  entry.versions += change->count();
  entry.changes.push_back(*std::move(change));
  entry.accepted.push_back({std::move(request), std::move(waiting.answer)});
}

Result<Change> Sequencer::change_for(const LogView& view, const Request& request,
                                     std::optional<Version> greatest) const {
  const UpdateRequest known = plain(request);
  if (count_of(known.greatest_version) > count_of(greatest) || value_count(request) == 0)
    return fail(Errc::conflict, "no version of the label follows the advertised one");
  if (known.last && *known.last > view.state().size())
    return fail(Errc::conflict, "the advertised tree is larger than the log's");
  if (known.last == TreeSize{0}) return fail(Errc::malformed, "the advertised tree size is zero");
  if (!values_fit(request, options_.value_limit))
    return fail(Errc::rejected, "a value is longer than this log allows");
  if (greatest) {
    KT_TRY(const bool erased, view.is_erased(known.label, *greatest));
    if (erased) return fail(Errc::rejected, kErased);
  }
  // Without its head nothing can be proved to the caller, so nothing is made durable.
  const bool audited = parts_.configuration.mode() == DeploymentMode::thirdPartyAuditing;
  if (audited && !view.state().auditor_tree_head)
    return fail(Errc::unavailable, "the auditor has not signed yet");

  Change change{known.label, greatest, 0, {}};
  if (const auto* const managed = std::get_if<ManagerUpdateRequest>(&request)) {
    KT_TRY(change.skipped,
           keytrans::check_manager_update(parts_.configuration, *managed, greatest));
    change.values = managed->values;
    return change;
  }
  const auto& values = std::get<UpdateRequest>(request).values;
  const std::uint64_t count = count_of(greatest) + values.size();
  if (count - 1 > 0xffff'ffffU ||
      !keytrans::fits_update_response(greatest, Version{static_cast<std::uint32_t>(count - 1)}))
    return fail(Errc::rejected, "the request makes more versions than one log entry can hold");
  if (values.size() > most_versions_)
    return fail(Errc::rejected, "the request makes more versions than an auditor can be told of");
  for (const keytrans::LabelValue& value : values) change.values.push_back({value.value, {}});
  return change;
}

// Whether a label that has no version was erased is found by its first VRF.
Result<void> Sequencer::refuse_removed(const LogView& view, Entry& entry) {
  KT_TRY(const bool is_any_removed, view.has_pseudonyms());
  if (!is_any_removed) return {};
  std::vector<bool> is_removed(entry.changes.size());
  for (std::size_t i = 0; i < entry.changes.size(); ++i) {
    const Change& change = entry.changes[i];
    if (change.previous) continue;
    KT_TRY(is_removed[i], view.is_removed(change.vrfs.front().vrf->output));
  }
  for (std::size_t i = entry.changes.size(); i-- > 0;) {
    if (!is_removed[i]) continue;
    entry.accepted[i].answer(fail(Errc::rejected, kErased));
    entry.versions -= entry.changes[i].count();
    entry.changes.erase(entry.changes.begin() + static_cast<std::ptrdiff_t>(i));
    entry.accepted.erase(entry.accepted.begin() + static_cast<std::ptrdiff_t>(i));
  }
  return {};
}

// --- One entry -------------------------------------------------------------------------------

// An entry of what was accepted; none when there is nothing to say.
Result<void> Sequencer::grow(Entry& entry, bool at_tick) {
  KT_TRY(compute_vrfs(parts_.vrf_key, entry.changes, options_.vrf_threads));
  KT_TRY(auto view, open_view(parts_, published_, Absence::believed, Purpose::growth));
  KT_TRY(refuse_removed(*view, entry));
  if (entry.changes.empty() && !at_tick && !heartbeat_is_due()) return {};
  return append(std::move(view), entry.changes, fakes_beside(entry.versions, options_.padding));
}

Result<void> Sequencer::pad(std::size_t fakes) {
  const std::lock_guard committing(committing_);
  while (fakes > 0) {
    const std::size_t next = std::min(fakes, most_leaves(parts_.configuration.mode()));
    KT_TRY(auto view, open_view(parts_, published_, Absence::believed, Purpose::growth));
    KT_TRY(append(std::move(view), {}, next));
    fakes -= next;
  }
  return {};
}

Result<void> Sequencer::append(std::unique_ptr<LogView> view, const std::vector<Change>& changes,
                               std::size_t fakes) {
  if (trouble() == Trouble::failed)
    return fail(Errc::unavailable, "the storage failed: the log has to be opened again");
  const State& before = view->state();
  KT_TRY(const Timestamp timestamp, next_timestamp(before));
  KT_TRY(check_auditor(before, timestamp));
  KT_TRY(NextEntry next,
         make_next_entry(*view, parts_.tables, parts_.signature_key, timestamp, changes, fakes));
  view.reset();
  const HashValue root = keytrans::log_root(next.state.size(), next.state.full_subtrees);
  return commit(std::move(next.batch), std::move(next.state), root);
}

// The time of the next entry. A clock that is a little behind the rightmost entry is waited for.
Result<Timestamp> Sequencer::next_timestamp(const State& state) {
  const auto start = clock_.elapsed();
  while (true) {
    const ClockWatch::Reading reading = clock_watch_.read();
    if (reading.trouble == Trouble::clock_behind)
      return in_trouble(reading.trouble, "the clock stepped back or stands still");
    if (reading.trouble == Trouble::clock_ahead)
      return in_trouble(reading.trouble, "the clock leapt forward");
    if (state.size() == TreeSize{0} || reading.now >= state.timestamp) return reading.now;
    if (clock_.elapsed() - start > options_.clock_patience ||
        elapsed_ms(reading.now, state.timestamp) >
            static_cast<std::uint64_t>(options_.clock_patience.count()))
      return in_trouble(Trouble::clock_behind, "the clock is behind the rightmost log entry");
    std::this_thread::sleep_for(kClockPoll);
  }
}

// Growth that users would refuse, because the auditor's head is too old for it, is held back
// ("Auditor Tree Head Signature", step 2): but only as long as the auditor has something to sign. A
// head has the time of the rightmost entry it covers, so when it covers all entries, or none is for
// the auditor yet, another entry is all that can make a newer one possible. Users refuse what is
// proved from that entry until the auditor has signed it, and it is the only one: after it the
// auditor has something to sign.
Result<void> Sequencer::check_auditor(const State& state, Timestamp next) {
  const keytrans::Configuration& configuration = parts_.configuration.wire();
  if (configuration.mode != DeploymentMode::thirdPartyAuditing) return {};
  const auto& head = state.auditor_tree_head;
  const std::uint64_t signed_or_not_audited =
      head ? head->tree_size.value() : configuration.auditor_start_pos.value();
  if (state.size().value() <= signed_or_not_audited) return {};
  const Timestamp audited = head ? head->timestamp : state.first_timestamp;
  if (elapsed_ms(audited, next) <= configuration.max_auditor_lag) return {};
  return in_trouble(Trouble::auditor_lags, "the auditor lags too far behind for another log entry");
}

Result<void> Sequencer::commit(store::Batch batch, State next, const HashValue& root) {
  const auto before = published_.get();
  batch.expect(parts_.tables.state, state_key(), encode_record(*before));
  batch.put(parts_.tables.state, state_key(), encode_record(next));
  at_step("made");
  auto committed = parts_.store->commit(batch);
  if (!committed) {
    set_trouble(Trouble::storage);
    return tl::unexpected<Error>(std::move(committed).error());
  }
  if (*committed != store::Committed::ok)
    return in_trouble(Trouble::failed, "the storage failed: the log has to be opened again");
  at_step("committed");
  if (next.size() > before->size()) {
    // The entry is durable, but must not be seen before its head is noted.
    if (auto noted = head_file_.advance({next.tree_head, root}); !noted) {
      set_trouble(Trouble::failed);
      return noted;
    }
  }
  at_step("noted");
  published_.set(std::make_shared<const State>(std::move(next)));
  set_trouble(Trouble::none);
  return {};
}

Result<void> Sequencer::accept_auditor_head(const keytrans::AuditorTreeHead& head) {
  KT_ASSERT(parts_.configuration.mode() == DeploymentMode::thirdPartyAuditing);
  const std::lock_guard committing(committing_);
  if (trouble() == Trouble::failed)
    return fail(Errc::unavailable, "the storage failed: the log has to be opened again");
  KT_TRY(auto view, open_view(parts_, published_, Absence::believed, Purpose::growth));
  const State& before = view->state();
  if (head.tree_size == TreeSize{0} || head.tree_size > before.size())
    return fail(Errc::verification_failed,
                "AuditorTreeHead.tree_size is not within the log's tree");
  const auto& served = before.auditor_tree_head;
  if (served && (head.tree_size < served->tree_size || head.timestamp < served->timestamp))
    return fail(Errc::conflict, "AuditorTreeHead covers less than the one that is served");
  KT_TRY(const keytrans::LogEntry rightmost_audited, view->entry(rightmost(head.tree_size)));
  if (head.timestamp != rightmost_audited.timestamp)
    return fail(Errc::verification_failed,
                "AuditorTreeHead.timestamp is not that of its rightmost log entry");
  KT_TRY(const HashValue audited, view->root_at(head.tree_size));
  KT_TRY(parts_.configuration.verify_auditor_tree_head(head, audited));
  State next = before;
  next.auditor_tree_head = head;
  view.reset();
  return commit({}, std::move(next));
}

Result<std::uint64_t> Sequencer::erase(const std::vector<Label>& labels) {
  const std::lock_guard committing(committing_);
  if (trouble() == Trouble::failed)
    return fail(Errc::unavailable, "the storage failed: the log has to be opened again");
  const auto state = published_.get();
  {
    KT_TRY(const auto snapshot, parts_.store->snapshot());
    KT_TRY(require_labels(*snapshot, parts_.tables, labels));
  }
  std::uint64_t erased = 0;
  for (const Label& label : labels) {
    Erasure erasure;
    {
      KT_TRY(const auto snapshot, parts_.store->snapshot());
      KT_TRY(erasure, erase_label(*snapshot, parts_.tables, rightmost(state->size()), label));
    }
    if (erasure.values == 0) continue;
    KT_TRY(commit(std::move(erasure.batch), *state));
    erased += erasure.values;
  }
  return erased;
}

}  // namespace kt::log
