#include "migration/runner.h"

#include <memory>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>

#include "federation/reserved.h"
#include "routing/await.h"

namespace kt::migration {
namespace {

namespace asio = boost::asio;

// Whether labels of `from` are gone through.
bool moves_labels(Phase phase) {
  return phase == Phase::sweeping || phase == Phase::populating || phase == Phase::verifying;
}

// Whether it may be another time.
bool may_pass(const Error& error) { return error.code == Errc::unavailable; }

}  // namespace

Result<bool> Runner::write(const Record& next) {
  KT_TRY(journal_.change(record_.domain, record_, next));
  record_ = next;
  return true;
}

Result<bool> Runner::stop_at(const Error& error) {
  Record stopped = record_;
  stopped.is_paused = true;
  stopped.fault = error.detail;
  return write(stopped);
}

asio::awaitable<Result<bool>> Runner::step(std::size_t limit) {
  // A step would begin a phase in which it is not.
  if (record_.is_paused || !surroundings_.is_in_force(record_)) co_return false;
  const bool is_to_check = record_.phase == Phase::prepared && !record_.is_checked;
  if (is_to_check || moves_labels(record_.phase)) co_return co_await move_some(limit);
  const Transition* const next = find_transition(record_.mode, record_.phase, Actor::gateway);
  if (next == nullptr) co_return false;
  co_return write(kt::migration::step(record_, *next, surroundings_.now()));
}

asio::awaitable<Result<bool>> Runner::move_some(std::size_t limit) {
  const auto labels = surroundings_.labels(record_.cursor, limit);
  if (!labels) co_return tl::unexpected<Error>(labels.error());
  if (labels->empty()) {
    auto left = co_await leave_phase();
    co_return left;
  }
  // The progress of a page that fails is not counted; its labels are looked at again.
  Record after = record_;
  const auto moved = co_await move_all(*labels, after.progress);
  if (!moved && may_pass(moved.error())) co_return tl::unexpected<Error>(moved.error());
  if (!moved) co_return stop_at(moved.error());
  after.cursor = labels->back();
  co_return write(after);
}

// At the same time, so that a log makes few entries for all of them. Waits for all.
asio::awaitable<Result<void>> Runner::move_all(std::vector<Label> labels, Progress& progress) {
  struct Group {
    std::size_t left;
    Result<void> result{};
  };
  const auto group = std::make_shared<Group>(Group{labels.size()});
  const auto executor = co_await asio::this_coro::executor;
  auto start = [this, executor, group, labels = std::move(labels), &progress](auto done) {
    for (const Label& label : labels) {
      asio::co_spawn(executor, move_one(label, progress),
                     [group, done](const std::exception_ptr& thrown, Result<void> moved) {
                       if (thrown) std::rethrow_exception(thrown);
                       // A fault that does not pass is the one to be told of.
                       if (!moved && (group->result || may_pass(group->result.error())))
                         group->result = std::move(moved);
                       if (--group->left == 0) done(group->result);
                     });
    }
  };
  co_return co_await routing::await_callback<Result<void>>(std::move(start));
}

asio::awaitable<Result<void>> Runner::move_one(Label label, Progress& progress) {
  if (record_.phase == Phase::prepared) co_return co_await check_one(std::move(label));
  Mover mover(from_, to_, record_.to, surroundings_.epoch());
  if (record_.phase == Phase::sweeping) {
    const auto swept = co_await mover.sweep(std::move(label));
    if (!swept) co_return tl::unexpected<Error>(swept.error());
    if (*swept == Swept::moved) ++progress.moved;
    if (*swept == Swept::was_moved) ++progress.updated;
    co_return Result<void>();
  }
  if (record_.phase == Phase::verifying) {
    const auto checked = co_await mover.check(std::move(label));
    if (!checked) co_return tl::unexpected<Error>(checked.error());
    if (*checked == Copied::copied) ++progress.moved;
    if (*checked != Copied::skipped) ++progress.verified;
    co_return Result<void>();
  }
  const auto copied = co_await mover.copy(std::move(label));
  if (!copied) co_return tl::unexpected<Error>(copied.error());
  if (*copied == Copied::copied) ++progress.moved;
  co_return Result<void>();
}

// Before anything is moved.
asio::awaitable<Result<void>> Runner::check_one(Label label) {
  if (federation::is_reserved(label)) co_return Result<void>();
  if (record_.is_listed) {
    const auto there = co_await from_.read(label);
    if (!there) co_return tl::unexpected<Error>(there.error());
    if (!*there)
      co_return fail(Errc::conflict, "the list has a label that the old log does not have");
  }
  const auto there = co_await to_.read(std::move(label));
  if (!there) co_return tl::unexpected<Error>(there.error());
  if (*there) co_return fail(Errc::conflict, "the new log has a label already that is to move");
  co_return Result<void>();
}

// All labels were gone through.
asio::awaitable<Result<bool>> Runner::leave_phase() {
  if (record_.phase == Phase::prepared) {
    Record checked = record_;
    checked.cursor.reset();
    checked.is_checked = true;
    co_return write(checked);
  }
  const Transition* const next = find_transition(record_.mode, record_.phase, Actor::gateway);
  KT_ASSERT(next != nullptr);
  Record after = kt::migration::step(record_, *next, surroundings_.now());
  if (next->to == Phase::draining) {
    // Which head it is, is decided once: whoever goes on after a crash puts the same one.
    if (!record_.final_head) co_return note_final_head();
    const auto put = co_await put_final_head(*record_.final_head);
    if (!put && may_pass(put.error())) co_return tl::unexpected<Error>(put.error());
    if (!put) co_return stop_at(put.error());
  }
  co_return write(after);
}

Result<bool> Runner::note_final_head() {
  Record noted = record_;
  KT_TRY(noted.final_head, surroundings_.head());
  noted.final_head->is_compromised = record_.is_compromised;
  return write(noted);
}

asio::awaitable<Result<void>> Runner::put_final_head(FinalHead head) {
  auto value = head.encode();
  if (!value) co_return tl::unexpected<Error>(std::move(value).error());
  const Label label = federation::final_head_label(record_.from);
  const auto there = co_await to_.read(label);
  if (!there) co_return tl::unexpected<Error>(there.error());
  std::optional<Version> known;
  if (*there) {
    if ((*there)->value == *value) co_return Result<void>();
    known = (*there)->version;
  }
  const auto added = co_await to_.add(label, known, *std::move(value));
  if (!added) co_return tl::unexpected<Error>(added.error());
  if (!*added) co_return fail(Errc::unavailable, "somebody else writes the final head");
  co_return Result<void>();
}

asio::awaitable<Result<void>> Runner::finish_left() {
  const auto left = journal_.left();
  if (!left) co_return tl::unexpected<Error>(left.error());
  Mover mover(from_, to_, record_.to, surroundings_.epoch());
  for (const Intent& intent : *left) {
    if (intent.domain != record_.domain) continue;
    // Once all labels have moved, there is nothing to be finished.
    if (record_.phase == Phase::dual || record_.phase == Phase::sweeping) {
      const auto finished = co_await mover.finish(intent.label);
      if (!finished) co_return tl::unexpected<Error>(finished.error());
    }
    auto dropped = journal_.drop(intent.number);
    if (!dropped) co_return dropped;
  }
  co_return Result<void>();
}

}  // namespace kt::migration
