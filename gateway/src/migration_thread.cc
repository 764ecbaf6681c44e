#include "migration_thread.h"

#include <algorithm>
#include <utility>

#include "migration/runner.h"
#include "wait_for.h"

namespace kt::gateway {
namespace {

using migration::Phase;
using migration::Record;
using migration::Runner;
using migration::Stage;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

// Between looks at whether there is something to do, and after a step that was one of many.
constexpr milliseconds kLook{100};
constexpr milliseconds kAtOnce{0};
constexpr milliseconds kRetry{1000};
constexpr milliseconds kKeep{2000};  // how often what was seen is written down

// Labels that are moved at the same time.
constexpr std::size_t kPage = 256;
// Pages in which a second's labels are moved, where there is a limit.
constexpr std::size_t kPagesInSecond = 1;

// With another gateway as many as there are connections, so that users have room to wait.
std::size_t page_of(const HostedMigration& hosted, const Record& record) {
  std::size_t most = kPage;
  for (const HostedLog* const log : {hosted.from, hosted.to}) {
    if (log->is_remote()) most = std::min(most, log->upstream->connections());
  }
  if (record.rate == 0) return most;
  return std::clamp<std::size_t>(record.rate / kPagesInSecond, 1, most);
}

milliseconds until(steady_clock::time_point due, steady_clock::time_point now) {
  return std::max(kAtOnce, std::chrono::ceil<milliseconds>(due - now));
}

class GatewaySurroundings final : public migration::Surroundings {
 public:
  GatewaySurroundings(const Current<Hosting>& current, std::shared_ptr<const Hosting> hosting,
                      const DirectoryPublisher& publisher, const HostedMigration& hosted,
                      const log::Clock& clock)
      : current_(current),
        hosting_(std::move(hosting)),
        publisher_(publisher),
        hosted_(hosted),
        clock_(clock) {}

  [[nodiscard]] bool is_in_force(const Record& record) const override {
    const auto* const directory = find_directory();
    if (directory == nullptr || hosted_.record.phase != record.phase ||
        directory->find(record.to) == nullptr)
      return false;
    const auto stage = migration::stage_of(directory->policy, record.from, record.to);
    if (!stage || *stage != wanted_stage(record.phase)) return false;
    // Whoever was asked before may still be at it.
    return current_.is_alone() && publisher_.is_alone();
  }
  Result<std::vector<Label>> labels(const std::optional<Label>& after, std::size_t limit) override {
    return hosted_.labels(after, limit);
  }
  Result<migration::FinalHead> head() override {
    // One at another gateway is its operator's to stop.
    if (hosted_.record.is_compromised && !hosted_.from->is_remote()) hosted_.from->log->seal();
    return head_of(*hosted_.from);
  }
  [[nodiscard]] std::uint64_t epoch() const override {
    const auto* const directory = find_directory();
    return directory == nullptr ? 0 : directory->epoch.value();
  }
  [[nodiscard]] Timestamp now() const override { return clock_.now(); }

 private:
  static Stage wanted_stage(Phase phase) {
    if (phase == Phase::dual || phase == Phase::sweeping) return Stage::during;
    if (phase == Phase::draining || phase == Phase::finished) return Stage::after;
    return Stage::before;
  }

  [[nodiscard]] const federation::Directory* find_directory() const {
    const auto found = published_->find(hosted_.record.domain);
    return found == published_->end() ? nullptr : &found->second.directory();
  }

  const Current<Hosting>& current_;
  const std::shared_ptr<const Hosting> hosting_;  // has `hosted_`
  const DirectoryPublisher& publisher_;
  const HostedMigration& hosted_;
  const log::Clock& clock_;
  const std::shared_ptr<const PublishedDirectories> published_ = publisher_.published();
};

}  // namespace

MigrationThread::MigrationThread(Migrations& migrations, const Current<Hosting>& hosting,
                                 const DirectoryPublisher& publisher, Say say,
                                 const log::Clock& clock)
    : migrations_(migrations),
      hosting_(hosting),
      publisher_(publisher),
      say_(std::move(say)),
      clock_(clock),
      thread_([this] { run(); }) {}

void MigrationThread::stop() {
  {
    const std::lock_guard lock(mutex_);
    is_stopped_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
  migrations_.keep_activity();
}

void MigrationThread::run() {
  auto wait = kAtOnce;
  while (true) {
    {
      std::unique_lock lock(mutex_);
      wake_.wait_for(lock, wait, [this] { return is_stopped_; });
      if (is_stopped_) return;
    }
    wait = kLook;
    if (steady_clock::now() >= keep_at_) {
      migrations_.keep_activity();
      keep_at_ = steady_clock::now() + kKeep;
    }
    const auto records = migrations_.records();
    if (!records) {
      say_once("", "the state of migrations cannot be read: " + records.error().detail);
      wait = kRetry;
      continue;
    }
    for (const Record& record : *records) wait = std::min(wait, go_on(record));
  }
}

milliseconds MigrationThread::go_on(const Record& record) {
  const auto begin = steady_clock::now();
  const auto due = due_.find(record.domain.text());
  if (due != due_.end() && due->second > begin) return until(due->second, begin);
  auto hosting = hosting_.snapshot();
  const HostedMigration* const hosted = hosting->migration(record.domain);
  // It is hosted soon, or the past.
  if (hosted == nullptr || hosted->record.phase != record.phase) return kLook;
  const std::string& name = record.domain.text();
  GatewaySurroundings surroundings(hosting_, std::move(hosting), publisher_, *hosted, clock_);
  Runner runner(record, migrations_.journal(), *hosted->from_labels, *hosted->to_labels,
                surroundings);
  if (const auto left = wait_for(runner.finish_left()); !left) {
    say_once(name, "an update of " + name + " is not finished yet: " + left.error().detail);
    return kRetry;
  }
  const std::size_t page = page_of(*hosted, record);
  const auto stepped = wait_for(runner.step(page));
  const Record& now = runner.record();
  if (!stepped) {
    // A command has changed the record.
    if (stepped.error().code == Errc::conflict) return kAtOnce;
    say_once(name, "the migration of " + name + " does not go on: " + stepped.error().detail);
    return kRetry;
  }
  if (now.phase != record.phase) {
    migrations_.note_change();
    say_(true, "the migration of " + name + " is " + std::string(to_string(now.phase)) + " now");
  } else if (!now.fault.empty() && now.fault != record.fault) {
    say_(false, "the migration of " + name + " has stopped: " + now.fault);
  }
  if (*stepped) said_.erase(name);
  if (!*stepped || now.phase != record.phase) return kLook;
  if (record.rate == 0) return kAtOnce;
  // What took longer than it might is not made up for.
  const auto next = begin + microseconds(1'000'000 * page / record.rate);
  due_[name] = next;
  return until(next, steady_clock::now());
}

void MigrationThread::say_once(const std::string& domain, const std::string& what) {
  std::string& said = said_[domain];
  if (said == what) return;
  said = what;
  say_(false, what);
}

}  // namespace kt::gateway
