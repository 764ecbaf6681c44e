// The one thread that makes a log grow. Internal.
//
// What holds whenever nobody is inside append(): the published state is the database's, and the
// head file has its head. A head is published, and so answered from, only after it is durable in
// both; nothing is acknowledged before.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <variant>

#include "clock_watch.h"
#include "log/log.h"
#include "log_view.h"
#include "next_entry.h"
#include "padding.h"
#include "store/head_file.h"

namespace kt::log {

// What a sequencer works on and with, and owns together with its log.
struct LogParts {
  keytrans::LogConfiguration configuration;
  keytrans::SigningKey signature_key;
  keytrans::VrfPrivateKey vrf_key;
  std::unique_ptr<store::Store> store;
  Tables tables;
  std::unique_ptr<ReadCache> cache;
};

// The state that is served. Thread rule: any thread.
class Published {
 public:
  explicit Published(std::shared_ptr<const State> state) : state_(std::move(state)) {}

  [[nodiscard]] std::shared_ptr<const State> get() const {
    const std::lock_guard lock(mutex_);
    return state_;
  }
  void set(std::shared_ptr<const State> state) {
    const std::lock_guard lock(mutex_);
    state_ = std::move(state);
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const State> state_;
};

// What a view is for.
enum class Purpose : std::uint8_t {
  answers,  // it reads from the cache as well
  growth,   // what is written follows from what is stored, whose checksums hold, and nothing else
};

// The log as it is served now. Errors: those of a snapshot.
Result<std::unique_ptr<LogView>> open_view(const LogParts& parts, const Published& published,
                                           Absence absence, Purpose purpose);

class Sequencer {
 public:
  // Borrows `parts`, `published` and `clock`; starts its thread.
  Sequencer(const LogParts& parts, Published& published, store::HeadFile head_file,
            const LogOptions& options, const Clock& clock);
  Sequencer(const Sequencer&) = delete;
  Sequencer& operator=(const Sequencer&) = delete;
  // Sequences what waits.
  ~Sequencer();

  using Request = std::variant<keytrans::UpdateRequest, keytrans::ManagerUpdateRequest>;
  Result<void> submit(Request request, Log::Answer answer);
  Result<void> accept_auditor_head(const keytrans::AuditorTreeHead& head);
  Result<std::uint64_t> erase(const std::vector<Label>& labels);
  // Makes as many entries as it takes for `fakes` fake versions. Blocking.
  // Errors: those of append(); the entries before it are made.
  Result<void> pad(std::size_t fakes);

  // Log::seal().
  void seal();
  [[nodiscard]] bool is_sealed() const { return is_sealed_; }

  [[nodiscard]] std::size_t waiting() const;
  [[nodiscard]] Trouble trouble() const;

 private:
  struct Waiting {
    Request request;
    Log::Answer answer;
  };
  // An update that is part of the entry in work.
  struct Accepted {
    keytrans::UpdateRequest request;
    Log::Answer answer;
  };

  void run();
  // What to do: sequence a batch, or at a tick make an entry even if there is none.
  struct Turn {
    std::deque<Waiting> batch;
    bool at_tick = false;
  };
  // Waits until there is something to do, or a while. In a padded log there is only at a tick.
  Turn wait();
  // Waits until what waits shall be a batch. `lock` holds mutex_.
  void gather(std::unique_lock<std::mutex>& lock);
  void watch_clock();
  [[nodiscard]] bool is_padded() const { return options_.padding.pairs > 0; }
  [[nodiscard]] bool heartbeat_is_due() const;
  void work(Turn turn);

  // Decides about one request: answers it, puts it off, or adds it to the entry.
  struct Entry;
  void consider(const LogView& view, Waiting waiting, Entry& entry);
  Result<Change> change_for(const LogView& view, const Request& request,
                            std::optional<Version> greatest) const;

  // Refuses those who would make a label anew that was erased.
  static Result<void> refuse_removed(const LogView& view, Entry& entry);

  // Makes one entry of what `entry` has, or at a tick of nothing. Errors: those of append().
  Result<void> grow(Entry& entry, bool at_tick);
  // Makes one entry of `changes` and `fakes` fake versions. The view is gone before anything is
  // written, for where the database has to become larger, that waits for all snapshots.
  // Errors: unavailable or corrupt; nothing was published then.
  Result<void> append(std::unique_ptr<LogView> view, const std::vector<Change>& changes,
                      std::size_t fakes);
  Result<Timestamp> next_timestamp(const State& state);
  Result<void> check_auditor(const State& state, Timestamp next);
  // `root` is that of `next`, if that has another entry. Requires: this thread has no snapshot.
  Result<void> commit(store::Batch batch, State next, const HashValue& root = {});
  void at_step(std::string_view step) const {
    if (options_.at_step) options_.at_step(step);
  }
  tl::unexpected<Error> in_trouble(Trouble trouble, const char* detail);
  void set_trouble(Trouble trouble);

  const LogParts& parts_;
  Published& published_;
  store::HeadFile head_file_;
  const LogOptions options_;
  const Clock& clock_;
  ClockWatch clock_watch_;           // under committing_
  const std::size_t most_versions_;  // of an entry
  Ticks ticks_;                      // only if is_padded()

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Waiting> queue_;
  bool stopping_ = false;
  Trouble trouble_ = Trouble::none;
  std::optional<std::chrono::steady_clock::time_point> last_batch_;  // when it was complete

  std::atomic<bool> is_sealed_;  // set under committing_

  std::mutex committing_;  // held by whoever changes the state
  std::thread thread_;
};

}  // namespace kt::log
