#include "random_world.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <iostream>
#include <sstream>
#include <utility>

#include <gtest/gtest.h>

#include "keytrans/prover.h"
#include "test_log.h"

namespace kt::keytrans {
namespace {

constexpr std::uint64_t kMost = 300;     // log entries
constexpr std::size_t kShortLabel = 40;  // versions
constexpr std::size_t kLongLabel = 400;  // versions

// Some step went wrong in a way that makes the next ones meaningless.
bool failed() { return ::testing::Test::HasFailure(); }

}  // namespace

// --- Shape
// -------------------------------------------------------------------------------------

WorldShape WorldShape::draw(std::uint64_t seed, RandomSource& random) {
  constexpr std::array<std::uint64_t, 24> kSizes{
      1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 96, 97, 127, 128, 129, 255, 256};
  WorldShape shape{};
  shape.suite =
      seed % 2 == 0 ? CipherSuite::KT_128_SHA256_P256 : CipherSuite::KT_128_SHA256_Ed25519;
  shape.mode = static_cast<DeploymentMode>(1 + seed / 2 % 3);
  switch (random.below(4)) {
    case 0: shape.size = kSizes[random.below(kSizes.size())]; break;
    case 1: shape.size = 1 + random.below(kMost); break;
    default: shape.size = 1 + random.below(80); break;
  }
  shape.unit = 1 + random.below(1000);
  shape.gap = std::array<std::uint64_t, 4>{1, 2, 5, 50}[random.below(4)];
  shape.burst = std::array<std::uint64_t, 4>{1, 1, 3, 12}[random.below(4)];
  switch (random.below(8)) {
    case 0: shape.window = 0; break;
    case 1: shape.window = 1; break;
    case 2: shape.window = shape.gap * shape.size * 4; break;
    case 3:
    case 4: shape.window = shape.gap * (1 + random.below(4)); break;
    default: shape.window = shape.gap * (4 + random.below(20)); break;
  }
  if (random.coin()) {
    const std::array<std::uint64_t, 4> most{1, 8, 40, shape.size * 4};
    shape.lifetime = shape.window + 1 + shape.gap * random.below(most[random.below(4)]);
  }
  switch (random.below(3)) {
    case 0: shape.start = 0; break;
    case 1: shape.start = random.below(shape.gap * 10); break;
    default: shape.start = 1'755'000'000'000; break;
  }
  shape.labels = 1 + random.below(4);
  shape.has_long_label = random.below(10) == 0 && shape.size > 8;
  if (shape.mode == DeploymentMode::thirdPartyAuditing && random.below(3) == 0)
    shape.auditor_start = random.below(std::min<std::uint64_t>(shape.size, 20));
  shape.max_auditor_lag = shape.gap * std::array<std::uint64_t, 3>{0, 12, 4000}[random.below(3)];
  shape.max_ahead = std::array<std::uint64_t, 3>{0, 100, 10'000}[random.below(3)];
  shape.max_behind = std::array<std::uint64_t, 3>{0, 100, 10'000}[random.below(3)];
  shape.steps = 30 + random.below(60) + std::min<std::uint64_t>(shape.size, 60);
  return shape;
}

std::string WorldShape::describe() const {
  std::ostringstream out;
  out << (suite == CipherSuite::KT_128_SHA256_P256 ? "P256" : "Ed25519") << " mode "
      << static_cast<int>(mode) << " size " << size << " unit " << unit << " start " << start
      << " gap " << gap << " burst " << burst << " window " << window << " lifetime "
      << (lifetime ? std::to_string(*lifetime) : "none") << " labels " << labels
      << (has_long_label ? " (one long)" : "") << " auditor_start " << auditor_start << " lag "
      << max_auditor_lag << " ahead " << max_ahead << " behind " << max_behind;
  return out.str();
}

namespace {

Configuration make_configuration(const WorldShape& shape) {
  Configuration configuration = test_configuration(shape.suite, shape.mode);
  configuration.reasonable_monitoring_window = shape.window * shape.unit;
  if (shape.lifetime) configuration.maximum_lifetime = *shape.lifetime * shape.unit;
  configuration.max_auditor_lag = shape.max_auditor_lag * shape.unit;
  configuration.auditor_start_pos = EntryIndex{shape.auditor_start};
  configuration.max_ahead = shape.max_ahead;
  configuration.max_behind = shape.max_behind;
  return configuration;
}

RecentPolicy random_policy(const WorldShape& shape, RandomSource& random) {
  if (random.coin()) return RecentPolicy::rightmost(random.below(11));
  return RecentPolicy::younger_than(shape.unit * random.below(shape.window * 8 + shape.gap * 8));
}

}  // namespace

// --- A world
// -------------------------------------------------------------------------------------

RandomWorld::RandomWorld(std::uint64_t seed, const LogFactory& make_log,
                         ModelledLog::Counts& counts)
    : seed_(seed),
      random_(seed),
      shape_(WorldShape::draw(seed, random_)),
      log_(make_log(make_configuration(shape_), seed, Timestamp{shape_.start * shape_.unit}),
           random_, counts) {
  ++counts["worlds"];
  // An empty label and one of the greatest length are labels like any others.
  const std::array<std::string, 5> names{"alice", "", std::string(Label::kMaxSize, 'x'), "bob",
                                         "carol"};
  for (std::size_t i = 0; i <= shape_.labels; ++i) labels_.push_back(make_label(names[i]));

  // Before there are users, who need an auditor that has signed.
  log_.audit(0);
  while (size() <= shape_.auditor_start) {
    append();
    log_.audit(0);
  }
  const std::array<RecentPolicy, 2> policies{random_policy(shape_, random_),
                                             random_policy(shape_, random_)};
  const std::size_t users = 3 + random_.below(4);
  for (std::size_t i = 0; i < users; ++i) {
    const auto policy = random_.coin() ? ContactPolicy::always : ContactPolicy::as_required;
    users_.push_back(log_.new_user(policy, policies[i % policies.size()]));
  }
}

Timestamp RandomWorld::next_timestamp() {
  if (size() == 0) return Timestamp{shape_.start * shape_.unit};
  const Timestamp latest = log_.model().timestamps.back();
  if (!one_in(shape_.burst)) return held_back(latest);
  const std::uint64_t pause = random_.below(2 * shape_.gap + 1) * shape_.burst;
  return held_back(Timestamp{latest.value() + shape_.unit * pause * (one_in(20) ? 20 : 1)});
}

// `timestamp`, at which the log grows, if necessary because its auditor has signed everything.
Timestamp RandomWorld::held_back(Timestamp timestamp) {
  const auto bound = log_.grows_until();
  if (bound && timestamp > *bound) log_.audit(0);
  return timestamp;
}

// A number of skipped versions, which only a Third-Party Manager knows.
std::uint32_t RandomWorld::random_skips() {
  if (shape_.mode != DeploymentMode::thirdPartyManagement || !one_in(5)) return 0;
  return static_cast<std::uint32_t>(1 + random_.below(4));
}

// Values for the next versions of `label`; none once it has enough of them.
std::vector<Bytes> RandomWorld::random_values(const Label& label) {
  const bool is_long = shape_.has_long_label && label == labels_.front();
  const std::size_t most = is_long ? kLongLabel : kShortLabel;
  std::size_t count = 1;
  if (is_long && one_in(3)) {
    count = 1 + random_.below(100);
  } else if (one_in(3)) {
    count = 1 + random_.below(4);
  }
  count = std::min(count, most - std::min(most, log_.model().version_count(label)));
  std::vector<Bytes> values(count);
  for (Bytes& value : values) {
    value.resize(random_.below(20));
    for (auto& octet : value) octet = static_cast<std::uint8_t>(random_.below(256));
  }
  return values;
}

void RandomWorld::append() {
  if (!log_.takes_versions()) return append_nothing();
  const Timestamp timestamp = next_timestamp();
  std::vector<ModelledLog::Growth> growth;
  for (std::size_t i = 0; i < shape_.labels; ++i) {
    if (!one_in(1 + shape_.labels) || !log_.takes_versions(labels_[i])) continue;
    const std::uint32_t skipped = random_skips();
    std::vector<Bytes> values = random_values(labels_[i]);
    if (!values.empty()) growth.push_back({labels_[i], skipped, std::move(values)});
  }
  if (growth.empty() && !log_.may_be_empty(timestamp)) {
    const auto end = labels_.begin() + static_cast<std::ptrdiff_t>(shape_.labels);
    const auto label = std::find_if(
        labels_.begin(), end, [this](const Label& each) { return log_.takes_versions(each); });
    if (label == end) return append_nothing();
    growth.push_back({*label, 0, {Bytes()}});
  }
  log_.append(timestamp, growth);
  forget_removed();
}

// An entry without versions, as soon as it may be.
void RandomWorld::append_nothing() {
  Timestamp timestamp = next_timestamp();
  if (!log_.may_be_empty(timestamp))
    timestamp =
        held_back(Timestamp{log_.model().timestamps.back().value() + shape_.max_behind / 2 + 1});
  log_.append(timestamp, {});
  forget_removed();
}

// At some instants a label, if the log can do that.
void RandomWorld::erase() {
  const Label& label = labels_[random_.below(shape_.labels)];
  if (!log_.is_stored() || !one_in(30)) return;
  if (!log_.takes_versions(label)) {
    log_.try_to_make_anew(label);
  } else if (log_.model().version_count(label) > 0) {
    log_.erase(label);
  }
}

// Users give up labels that are gone.
void RandomWorld::forget_removed() {
  for (const Label& label : log_.take_removed()) {
    for (ModelledUser& user : users_) {
      user.state.forget(label);
      user.expected.labels.erase(label);
    }
    std::erase_if(pending_, [&label](const auto& pending) {
      return pending.second.credential.outcome.label == label;
    });
  }
}

// At some instants, if the log stores anything.
void RandomWorld::restart() {
  if (log_.is_stored() && one_in(6)) log_.restart();
}

void RandomWorld::search_fixed(ModelledUser& user, const Label& label) {
  const std::size_t versions = log_.model().version_count(label);
  const std::size_t target = one_in(6) ? versions + random_.below(2) : random_.below(versions + 1);
  log_.search_fixed(user, label, Version{static_cast<std::uint32_t>(target)});
}

void RandomWorld::become_owner(ModelledUser& user, const Label& label) {
  const auto distinguished = log_.tree().distinguished();
  EntryIndex start{random_.below(size() + 1)};
  if (!distinguished.empty() && !one_in(4))
    start = distinguished[random_.below(distinguished.size())];
  log_.become_owner(user, label, start);
}

// Asks for new versions, or only for what is new, until nothing is left to be
// told. Now and then another party's versions are first, or a response is lost.
void RandomWorld::update(ModelledUser& user, const Label& label) {
  std::vector<LabelValue> values;
  if (may_grow() && !one_in(3)) {
    for (Bytes& value : random_values(label)) values.push_back({std::move(value)});
    if (one_in(4)) append();
    if (!may_grow()) values.clear();
  }
  auto end = ModelledLog::UpdateEnd::told;
  while (end == ModelledLog::UpdateEnd::told && !failed()) {
    const Timestamp timestamp = next_timestamp();
    const std::uint32_t skipped = random_skips();
    end = log_.update(user, label, values, {timestamp, skipped, one_in(8)});
    forget_removed();
    restart();
    log_.compare(user);
  }
}

void RandomWorld::receive_credential(std::size_t user) {
  const Label& label = pick(labels_);
  EntryIndex position{random_.below(size() + 1)};
  const auto& known = users_[user].expected.distinguished;
  if (!known.empty() && !one_in(6)) position = pick(known);
  auto pending = log_.receive_credential(users_[user], label, position);
  if (pending) pending_.emplace_back(user, *std::move(pending));
}

void RandomWorld::settle_credential() {
  if (pending_.empty()) return;
  const auto pending =
      pending_.begin() + static_cast<std::ptrdiff_t>(random_.below(pending_.size()));
  if (log_.settle_credential(users_[pending->first], pending->second)) pending_.erase(pending);
}

void RandomWorld::step_of(std::size_t index) {
  ModelledUser& user = users_[index];
  const Label label = pick(labels_);
  // Of the labels there is something to do about, if any.
  std::vector<Label> tracked;
  for (const auto& [known, state] : user.expected.labels) tracked.push_back(known);
  const Label tracked_label = tracked.empty() ? label : pick(tracked);

  switch (random_.below(24)) {
    case 0:
    case 1:
    case 2: log_.search_greatest(user, label); break;
    case 3:
    case 4:
    case 5: search_fixed(user, label); break;
    case 6:
    case 7:
    case 8: log_.monitor(user, tracked_label); break;
    case 9: become_owner(user, label); break;
    case 10:
    case 11:
    case 12: update(user, tracked_label); break;
    case 13:
    case 14:
    case 15:
      log_.monitor_as_owner(user, tracked_label,
                            one_in(2) ? 1 + random_.below(3) : kDefaultOwnerMonitorLimit);
      break;
    case 16:
    case 17: log_.walk(user); break;
    case 18:
    case 19:
    case 20: receive_credential(index); break;
    case 21: log_.exchange_heads(user, users_[random_.below(users_.size())]); break;
    case 22: log_.restore(user); break;
    default:
      if (!one_in(4)) {
        log_.restore_auditor();
        break;
      }
      user.state.forget(label);
      user.expected.labels.erase(label);
      break;
  }
  log_.compare(user);
}

void RandomWorld::run() {
  for (std::uint64_t step = 0; step < shape_.steps && !failed(); ++step) {
    const ::testing::ScopedTrace trace(__FILE__, __LINE__,
                                       "KT_SEED=" + std::to_string(seed_) + " KT_WORLDS=1, step " +
                                           std::to_string(step) + " at size " +
                                           std::to_string(size()) + ": " + shape_.describe());
    try {
      // Grows with the steps, in leaps, and leaves room for what the users add.
      const bool is_late = step >= shape_.steps * 9 / 10;
      const std::uint64_t due =
          is_late ? shape_.size : shape_.size * 3 * (step + 1) / (4 * shape_.steps);
      if (is_late || random_.coin()) {
        while (size() < due) append();
      }
      if (random_.coin()) log_.audit(random_.coin() ? 0 : random_.below(6));
      restart();
      erase();
      if (one_in(4)) settle_credential();
      step_of(random_.below(users_.size()));
      if (step + 1 == shape_.steps) log_.compare_prefix_tree();
    } catch (const std::exception& error) {
      ADD_FAILURE() << error.what();
    }
  }
}

// --- Many worlds
// -------------------------------------------------------------------------------------

ModelledLog::Counts run_worlds(std::uint64_t usual, const LogFactory& make_log) {
  const char* const given = std::getenv("KT_WORLDS");
  const std::uint64_t worlds = given != nullptr ? std::strtoull(given, nullptr, 10) : usual;
  const std::uint64_t seed = RandomSource::pick_seed();
  ModelledLog::Counts counts;
  for (std::uint64_t i = 0; i < worlds && !failed(); ++i) {
    SCOPED_TRACE("KT_SEED=" + std::to_string(seed + i) + " KT_WORLDS=1");
    try {
      RandomWorld(seed + i, make_log, counts).run();
    } catch (const std::exception& error) {
      ADD_FAILURE() << "in setting up: " << error.what();
    }
  }
  return counts;
}

void expect_all_met(const ModelledLog::Counts& counts, std::vector<std::string> besides) {
  for (const auto& [what, count] : counts) std::cout << "  " << count << " " << what << '\n';
  if (std::getenv("KT_WORLDS") != nullptr) return;
  for (const char* const what : {"auditors restored",
                                 "auditors started mid-log",
                                 "contact monitoring of several entries",
                                 "contact monitoring",
                                 "credentials: no unexpired distinguished entry",
                                 "credentials: position not known",
                                 "credentials: provisional",
                                 "credentials: settled by an update",
                                 "credentials: settled by the terminal entry",
                                 "credentials: standard",
                                 "credentials: update kept for later",
                                 "distinguished walks",
                                 "fixed-version searches: expired",
                                 "fixed-version searches: found",
                                 "fixed-version searches: nonexistent",
                                 "fixed-version searches: skipped",
                                 "forks looked for",
                                 "greatest-version searches",
                                 "heads compared: disjoint",
                                 "heads compared: overlapping",
                                 "owner initialisation",
                                 "owner initialisation: refused",
                                 "owner monitoring: a page",
                                 "owner monitoring: complete",
                                 "owner monitoring: stuck",
                                 "owner monitoring with several entries",
                                 "refused: log too far ahead of the clock",
                                 "refused: log too far behind the clock",
                                 "responses with a new head",
                                 "responses with the same head",
                                 "searches that oblige to monitor",
                                 "states restored",
                                 "updates: created",
                                 "updates: only told",
                                 "updates: response lost",
                                 "updates: values disregarded"})
    besides.emplace_back(what);
  for (const std::string& what : besides)
    EXPECT_TRUE(counts.contains(what)) << "the worlds have become too narrow: never " << what;
}

}  // namespace kt::keytrans
