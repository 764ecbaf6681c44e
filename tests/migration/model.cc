#include "model.h"

#include <stdexcept>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "federation/reserved.h"
#include "federation/tombstone.h"

namespace kt::migration {
namespace {

namespace asio = boost::asio;

constexpr auto kRethrow = [](const std::exception_ptr& thrown) {
  if (thrown) std::rethrow_exception(thrown);
};

constexpr std::size_t kOperations = 18;  // of one label

[[noreturn]] void broken(const std::string& what) { throw std::logic_error(what); }

std::string text_of(const Bytes& value) { return {value.begin(), value.end()}; }

std::string text_of(const std::vector<Operation>& history) {
  std::string text;
  for (const Operation& each : history)
    text += "\n  " + std::to_string(each.begin) + " to " +
            (each.end == Operation::kNever ? "?" : std::to_string(each.end)) +
            (each.is_update ? ": update to '" : ": search finds '") + each.value + "'";
  return text;
}

const std::vector<Label>& user_labels() {
  static const std::vector<Label> labels{label_of("a@example.com"), label_of("b@example.com"),
                                         label_of("c@example.com")};
  return labels;
}

}  // namespace

// --- Turns -----------------------------------------------------------------------------------

asio::awaitable<void> Turns::turn() {
  return asio::async_initiate<const asio::use_awaitable_t<>&, void()>(
      [this](auto handler) {
        const auto shared = std::make_shared<decltype(handler)>(std::move(handler));
        waiting_.push_back([shared] { (*shared)(); });
      },
      asio::use_awaitable);
}

void Turns::resume(std::size_t which) {
  const auto go_on = std::move(waiting_.at(which));
  waiting_.erase(waiting_.begin() + static_cast<std::ptrdiff_t>(which));
  go_on();
}

// --- What a process sees ---------------------------------------------------------------------

class Process::Log final : public LabelLog {
 public:
  Log(World& world, Turns& turns, ModelLog& log) : world_(world), turns_(turns), log_(log) {}

  asio::awaitable<Result<std::optional<GreatestVersion>>> read(Label label) override {
    using Read = Result<std::optional<GreatestVersion>>;
    co_await turns_.turn();
    if (is_mishap()) co_return fail(Errc::unavailable, "the log is away");
    std::optional<GreatestVersion> found;
    const auto versions = log_.labels.find(label);
    if (versions != log_.labels.end()) {
      found.emplace();
      found->version = Version{static_cast<std::uint32_t>(versions->second.size() - 1)};
      found->value = versions->second.back();
    }
    co_await turns_.turn();
    co_return Read(std::move(found));
  }

  asio::awaitable<Result<bool>> add(Label label, std::optional<Version> known,
                                    Bytes value) override {
    co_await turns_.turn();
    if (is_mishap()) co_return fail(Errc::unavailable, "the log is away");
    if (log_.answers_late && is_mishap()) {
      world_.late_.push_back([&log = log_, label, known, value] {
        static_cast<void>(apply(log, label, known, value));
      });
      co_return fail(Errc::unavailable, "the log does not answer in time");
    }
    const Result<bool> added = apply(log_, label, known, value);
    co_await turns_.turn();
    if (is_mishap()) co_return fail(Errc::unavailable, "the answer is lost");
    co_return added;
  }

 private:
  static Result<bool> apply(ModelLog& log, const Label& label, std::optional<Version> known,
                            const Bytes& value) {
    auto& versions = log.labels[label];
    const std::size_t expected = known ? std::size_t{known->value()} + 1 : 0;
    if (expected > versions.size()) {
      if (versions.empty()) log.labels.erase(label);
      return fail(Errc::conflict, "the caller is ahead of the log");
    }
    if (expected < versions.size()) return false;
    versions.push_back(value);
    return true;
  }

  bool is_mishap() { return world_.has_mishaps_ && world_.random_.one_in(12); }

  World& world_;
  Turns& turns_;
  ModelLog& log_;
};

class Process::TurnIntents final : public Intents {
 public:
  TurnIntents(Journal& journal, Turns& turns) : journal_(journal), turns_(turns) {}

  asio::awaitable<Result<std::uint64_t>> add(Label label) override {
    co_await turns_.turn();
    auto added = journal_.add(domain(), label);
    co_await turns_.turn();
    co_return added;
  }
  asio::awaitable<void> drop(std::uint64_t intent) override {
    co_await turns_.turn();
    must(journal_.drop(intent));
  }
  void leave(std::uint64_t intent) override { journal_.leave(intent); }

 private:
  Journal& journal_;
  Turns& turns_;
};

class Process::ModelSurroundings final : public Surroundings {
 public:
  ModelSurroundings(World& world, const Process& process) : world_(world), process_(process) {}

  [[nodiscard]] bool is_in_force(const Record& record) const override {
    switch (record.phase) {
      case Phase::prepared: return true;
      case Phase::dual:
      case Phase::sweeping: return *world_.stage_ == Stage::during && world_.is_drained();
      case Phase::frozen:
      case Phase::populating:
      case Phase::verifying:
        return process_.hosted_ && *process_.hosted_ != Phase::prepared && world_.is_drained();
      case Phase::draining:
      case Phase::finished: break;
    }
    return *world_.stage_ == Stage::after;
  }
  Result<std::vector<Label>> labels(const std::optional<Label>& after, std::size_t limit) override {
    std::vector<Label> page;
    auto each = after ? world_.from_.labels.upper_bound(*after) : world_.from_.labels.begin();
    for (; each != world_.from_.labels.end() && page.size() < limit; ++each)
      page.push_back(each->first);
    return page;
  }
  Result<FinalHead> head() override { return FinalHead{TreeSize{1}, {}}; }
  [[nodiscard]] std::uint64_t epoch() const override { return 2; }
  [[nodiscard]] Timestamp now() const override { return Timestamp{1}; }

 private:
  World& world_;
  const Process& process_;
};

// --- Process ---------------------------------------------------------------------------------

Process::Process(World& world, std::size_t number)
    : world_(world),
      journal_(must(Journal::open(*world.stores_.at(number)))),
      from_(std::make_unique<Log>(world, turns_, world.from_)),
      to_(std::make_unique<Log>(world, turns_, world.to_)),
      intents_(std::make_unique<TurnIntents>(*journal_, turns_)),
      surroundings_(std::make_unique<ModelSurroundings>(world, *this)) {
  host();
}

Process::~Process() { turns_.clear(); }

void Process::host() {
  const auto now = record();
  const std::optional<Phase> phase = now ? std::optional<Phase>(now->phase) : std::nullopt;
  if (hosted_ == phase) return;
  hosted_ = phase;
  // Who was asked before goes by what was hosted then.
  world_.older_.push_back(world_.stage_);
  world_.stage_ = std::make_shared<const Stage>(*world_.stage_);
}

void Process::search(const Label& label) {
  Operation operation;
  operation.begin = ++world_.time_;
  asio::co_spawn(context_, search_one(label, world_.stage_, operation), kRethrow);
  context_.restart();
  context_.poll();
}

asio::awaitable<void> Process::search_one(Label label, std::shared_ptr<const Stage> stage,
                                          Operation operation) {
  const auto policy = make_policy(*stage, World::from_id(), World::to_id());
  const routing::Route route = policy->route(routing::Operation::search, label);
  std::optional<GreatestVersion> last;
  for (const routing::RoutedLog& each : route) {
    if (last) {
      const bool asked = must(is_asked(each, last->value));
      if (!asked) break;
    } else if (&each != &route.front()) {
      break;
    }
    LabelLog& log = each.log == World::from_id() ? *from_ : *to_;
    auto answer = co_await log.read(label);
    if (!answer) co_return;
    last = *std::move(answer);
  }
  // Its labels began to move while it was asked: the user is told to ask again.
  if (last && federation::is_like_a_tombstone(last->value)) co_return;
  operation.end = ++world_.time_;
  if (last) operation.value = migration::text_of(last->value);
  world_.histories_[label].push_back(operation);
}

void Process::update(const Label& label) {
  Operation operation;
  operation.is_update = true;
  operation.value = "value " + std::to_string(++world_.values_);
  operation.begin = ++world_.time_;
  // What the owner knows of the log that the update goes to, which is too little at times.
  const auto& labels = *world_.stage_ == Stage::before ? world_.from_.labels : world_.to_.labels;
  const auto found = labels.find(label);
  std::optional<Version> known;
  if (found != labels.end() && !world_.random_.one_in(8))
    known = Version{static_cast<std::uint32_t>(found->second.size() - 1)};
  asio::co_spawn(context_, update_one(label, known, world_.stage_, operation), kRethrow);
  context_.restart();
  context_.poll();
}

asio::awaitable<void> Process::update_one(Label label, std::optional<Version> known,
                                          std::shared_ptr<const Stage> stage, Operation operation) {
  if (*stage == Stage::before && world_.mode_ == Mode::immediate && hosted_ != Phase::prepared)
    co_return;  // it is told to come back
  // Who knows that it was not made takes it out again.
  auto& history = world_.histories_[label];
  const std::string value = operation.value;
  history.push_back(std::move(operation));
  Result<bool> added = false;
  if (*stage == Stage::during) {
    Mover mover(*from_, *to_, World::to_id(), 2);
    Mover::Insert insert = [this, label, known, value]() -> asio::awaitable<Result<Bytes>> {
      const auto inserted = co_await to_->add(label, known, to_bytes(value));
      if (!inserted) co_return tl::unexpected<Error>(inserted.error());
      co_return Bytes(*inserted ? 1 : 0);
    };
    const auto updated = co_await mover.update(*intents_, label, std::move(insert));
    if (updated) {
      added = !updated->empty();
    } else {
      added = tl::unexpected<Error>(updated.error());
    }
  } else {
    LabelLog& log = *stage == Stage::before ? *from_ : *to_;
    added = co_await log.add(label, known, to_bytes(value));
  }
  const bool is_unknown = !added && added.error().code == Errc::unavailable;
  if (is_unknown) co_return;
  if (!added && added.error().code != Errc::conflict) broken(added.error().detail);
  for (auto each = history.begin(); each != history.end(); ++each) {
    if (!each->is_update || each->value != value) continue;
    if (added && *added) {
      each->end = ++world_.time_;
    } else {
      history.erase(each);
    }
    break;
  }
}

void Process::run() {
  if (is_running_) return;
  is_running_ = true;
  asio::co_spawn(context_, run_some(), kRethrow);
  context_.restart();
  context_.poll();
}

asio::awaitable<void> Process::run_some() {
  auto found = record();
  if (found) {
    Runner runner(*std::move(found), *journal_, *from_, *to_, *surroundings_);
    const auto left = co_await runner.finish_left();
    if (!left && left.error().code != Errc::unavailable) broken(left.error().detail);
    co_await turns_.turn();
    const auto done = co_await runner.step(1 + world_.random_.below(3));
    if (!done && done.error().code != Errc::unavailable && done.error().code != Errc::conflict)
      broken(done.error().detail);
    if (!runner.record().fault.empty()) broken(runner.record().fault);
  }
  is_running_ = false;
}

void Process::resume() {
  turns_.resume(world_.random_.below(turns_.waiting()));
  context_.restart();
  context_.poll();
}

void Process::advance() {
  const auto now = record();
  if (!now) {
    const Record first{domain(), world_.mode_, World::from_id(), World::to_id()};
    must(journal_->change(domain(), std::nullopt, first));
    return;
  }
  const Transition* const next = find_transition(now->mode, now->phase, Actor::person);
  if (next == nullptr || next->to == Phase::finished) return;
  if (next->to == Phase::sweeping && *world_.stage_ != Stage::during) return;
  must(journal_->change(domain(), *now, step(*now, *next, Timestamp{1})));
}

void Process::toggle_pause() {
  const auto now = record();
  if (!now) return;
  Record next = *now;
  next.is_paused = !next.is_paused;
  must(journal_->change(domain(), *now, next));
}

// --- World -----------------------------------------------------------------------------------

World::World(Mode mode, std::uint64_t seed) : mode_(mode), random_(seed) {
  to_.answers_late = mode == Mode::gradual;
  // Every label but the last one is there from the beginning.
  for (std::size_t i = 0; i + 1 < user_labels().size(); ++i)
    from_.labels[user_labels()[i]] = {to_bytes(std::string_view("initial"))};
  from_.labels[label_of("kt:directory")] = {to_bytes(std::string_view("an entry"))};
  // Two gateways only where neither has to know what the other one hosts.
  const std::size_t gateways = mode == Mode::gradual ? 1 + random_.below(2) : 1;
  for (std::size_t i = 0; i < gateways; ++i) stores_.push_back(std::make_unique<MemoryStore>());
  for (std::size_t i = 0; i < gateways; ++i)
    processes_.push_back(std::make_unique<Process>(*this, i));
}

bool World::is_drained() const {
  for (const auto& each : older_) {
    if (!each.expired()) return false;
  }
  return true;
}

// The first gateway's, to the world.
void World::publish() {
  const auto record = processes_.front()->record();
  if (!record) return;
  Stage stage = Stage::before;
  if (record->phase == Phase::dual || record->phase == Phase::sweeping) stage = Stage::during;
  if (record->phase == Phase::draining) stage = Stage::after;
  if (stage == *stage_) return;
  older_.push_back(stage_);
  stage_ = std::make_shared<const Stage>(stage);
}

void World::do_something() {
  const Label& label = user_labels()[random_.below(user_labels().size())];
  const std::size_t number = random_.below(processes_.size());
  Process& process = *processes_[number];
  const std::size_t choice = random_.below(100);
  if (choice < 55) {
    if (process.waiting() > 0) process.resume();
  } else if (choice < 65) {
    if (histories_[label].size() < kOperations) process.search(label);
  } else if (choice < 73) {
    if (histories_[label].size() < kOperations) process.update(label);
  } else if (choice < 83) {
    processes_.front()->run();
  } else if (choice < 87) {
    publish();
    processes_.front()->host();
  } else if (choice < 91) {
    processes_.front()->advance();
  } else if (choice < 92) {
    processes_.front()->toggle_pause();
  } else if (choice < 96) {
    if (!late_.empty()) {
      const std::size_t which = random_.below(late_.size());
      const auto arrive = std::move(late_[which]);
      late_.erase(late_.begin() + static_cast<std::ptrdiff_t>(which));
      arrive();
      has_late_ = true;
    }
  } else if (choice < 98) {
    processes_[number].reset();
    processes_[number] = std::make_unique<Process>(*this, number);
  }
}

void World::look_at_logs() const {
  for (const auto& [label, versions] : from_.labels) {
    for (std::size_t i = 0; i < versions.size(); ++i) {
      if (!must(federation::has_moved(versions[i], to_id()))) continue;
      if (i + 1 != versions.size()) broken("there is a version after a tombstone");
      if (!to_.labels.contains(label)) broken("a label has moved to where it is not");
    }
  }
}

// Whatever an update has begun while labels move is finished, without a sweep.
void World::finish_updates() {
  late_.clear();
  // What came to the new log after it was looked for there stays hidden until the label moves.
  if (has_late_) return;
  Process& only = *processes_.front();
  const auto record = only.record();
  if (processes_.size() > 1 || !record || record->phase != Phase::dual) return;
  for (int i = 0; i < 2; ++i) {
    while (only.waiting() > 0) only.resume();
    only.run();
  }
  while (only.waiting() > 0) only.resume();
  if (!only.has_nothing_left()) broken("an update is not finished");
  for (const auto& [label, versions] : to_.labels) {
    const auto found = from_.labels.find(label);
    if (found == from_.labels.end() || !must(federation::has_moved(found->second.back(), to_id())))
      broken("an update is half done");
  }
}

void World::settle() {
  has_mishaps_ = false;
  finish_updates();
  for (int i = 0; i < 20'000; ++i) {
    const auto record = processes_.front()->record();
    if (record && record->phase == Phase::draining && *stage_ == Stage::after) break;
    for (const auto& process : processes_) {
      while (process->waiting() > 0) process->resume();
    }
    if (record && record->is_paused) processes_.front()->toggle_pause();
    publish();
    processes_.front()->host();
    processes_.front()->advance();
    processes_.front()->run();
    look_at_logs();
  }
  const auto record = processes_.front()->record();
  if (!record || record->phase != Phase::draining) broken("the migration does not come to its end");
  for (const auto& process : processes_) {
    while (process->waiting() > 0) process->resume();
  }
  for (const Label& label : user_labels()) {
    processes_.back()->search(label);
    while (processes_.back()->waiting() > 0) processes_.back()->resume();
  }
  look_at_logs();
  if (!to_.labels.contains(federation::final_head_label(from_id())))
    broken("there is no final head");
  if (to_.labels.contains(label_of("kt:directory"))) broken("a gateway's own label was moved");
  for (const auto& [label, versions] : from_.labels) {
    const bool moved = must(federation::has_moved(versions.back(), to_id()));
    if (!federation::is_reserved(label) && moved != (mode_ == Mode::gradual))
      broken("a label has no tombstone, or one that it should not have");
    if (!federation::is_reserved(label) && !to_.labels.contains(label))
      broken("a label was left behind");
  }
}

void World::check_histories() {
  for (const Label& label : user_labels()) {
    const std::string initial = label == user_labels().back() ? "" : "initial";
    if (!History(histories_[label]).is_linearizable(initial))
      broken("what users saw of " + kt::text_of(label) +
             " is no history of one value:" + text_of(histories_[label]));
  }
}

void World::run() {
  const std::size_t steps = 100 + random_.below(300);
  for (std::size_t i = 0; i < steps; ++i) {
    do_something();
    look_at_logs();
  }
  settle();
  check_histories();
}

}  // namespace kt::migration
