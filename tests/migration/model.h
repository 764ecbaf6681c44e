// Migrations in a world where everything that can happen between two steps does: users search and
// update, gateways die and start again, logs are away or answer too late, and all of it in an order
// that a seed decides. The code that moves labels is the real one; the logs, the store and the time
// are the model's.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "history.h"
#include "memory_store.h"
#include "migration/policy.h"
#include "migration/runner.h"
#include "names.h"

namespace kt::migration {

class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}
  // Less than `end`.
  std::size_t below(std::size_t end) { return engine_() % end; }
  bool one_in(std::size_t n) { return below(n) == 0; }

 private:
  std::mt19937_64 engine_;
};

// Coroutines of one process that wait until they are chosen to go on.
class Turns {
 public:
  boost::asio::awaitable<void> turn();
  [[nodiscard]] std::size_t waiting() const { return waiting_.size(); }
  void resume(std::size_t which);
  void clear() { waiting_.clear(); }

 private:
  std::vector<std::function<void()>> waiting_;
};

// A log that outlives everybody who asks it.
struct ModelLog {
  std::map<Label, std::vector<Bytes>> labels;
  bool answers_late = false;  // what it was asked may come to it when nobody waits any more
};

class World;

// One gateway, from its start to its end.
class Process {
 public:
  Process(World& world, std::size_t number);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  void search(const Label& label);
  void update(const Label& label);
  // Goes on with the migration, if nothing of that is under way.
  void run();
  // What is hosted is what the record says.
  void host();
  [[nodiscard]] std::size_t waiting() const { return turns_.waiting(); }
  void resume();
  [[nodiscard]] std::optional<Record> record() const { return must(journal_->find(domain())); }
  // No update is left to be finished.
  [[nodiscard]] bool has_nothing_left() const { return must(journal_->left()).empty(); }
  // A person at the admin socket.
  void advance();
  void toggle_pause();
  static federation::Domain domain() { return domain_of("example.com"); }

 private:
  class Log;
  class TurnIntents;
  class ModelSurroundings;

  // Each keeps what it was given until it is done, so that what is older is seen to be.
  boost::asio::awaitable<void> search_one(Label label, std::shared_ptr<const Stage> stage,
                                          Operation operation);
  boost::asio::awaitable<void> update_one(Label label, std::optional<Version> known,
                                          std::shared_ptr<const Stage> stage, Operation operation);
  boost::asio::awaitable<void> run_some();

  World& world_;
  boost::asio::io_context context_;
  Turns turns_;
  std::unique_ptr<Journal> journal_;
  std::unique_ptr<LabelLog> from_;
  std::unique_ptr<LabelLog> to_;
  std::unique_ptr<Intents> intents_;
  std::unique_ptr<Surroundings> surroundings_;
  bool is_running_ = false;
  std::optional<Phase> hosted_;
};

class World {
 public:
  World(Mode mode, std::uint64_t seed);

  // Lets the schedule happen. Throws what went wrong.
  void run();

 private:
  friend class Process;

  void do_something();
  void publish();
  void look_at_logs() const;
  // Everything comes to its end, without mishaps.
  void finish_updates();
  void settle();
  void check_histories();
  [[nodiscard]] bool is_drained() const;
  [[nodiscard]] static LogId from_id() { return log_of(1); }
  [[nodiscard]] static LogId to_id() { return log_of(2); }

  const Mode mode_;
  Random random_;
  ModelLog from_;
  ModelLog to_;
  std::vector<std::function<void()>> late_;
  std::vector<std::unique_ptr<MemoryStore>> stores_;
  std::vector<std::unique_ptr<Process>> processes_;
  // What is published, and what was before, as long as somebody goes by it.
  std::shared_ptr<const Stage> stage_ = std::make_shared<const Stage>(Stage::before);
  std::vector<std::weak_ptr<const Stage>> older_;
  std::map<Label, std::vector<Operation>> histories_;
  int time_ = 0;
  int values_ = 0;
  bool has_mishaps_ = true;
  bool has_late_ = false;  // something came to a log when nobody waited for it any more
};

}  // namespace kt::migration
