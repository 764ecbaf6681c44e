#include "migration/runner.h"

#include <utility>

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
  if (!surroundings_.is_in_force(record_)) co_return false;
  if (moves_labels(record_.phase)) {
    if (record_.is_paused) co_return false;
    co_return co_await move_some(limit);
  }
  const Transition* const next = find_transition(record_.mode, record_.phase, Actor::gateway);
  if (next == nullptr) co_return false;
  co_return write(kt::migration::step(record_, *next, surroundings_.now()));
}

asio::awaitable<Result<bool>> Runner::move_some(std::size_t limit) {
  const auto labels = surroundings_.labels(record_.cursor, limit);
  if (!labels) co_return tl::unexpected<Error>(labels.error());
  if (labels->empty()) co_return co_await leave_phase();
  Record after = record_;
  for (const Label& label : *labels) {
    const auto moved = co_await move_one(label, after.progress);
    if (!moved) {
      // What was done before it is not done again.
      auto written = write(after);
      if (!written) co_return written;
      if (may_pass(moved.error())) co_return tl::unexpected<Error>(moved.error());
      co_return stop_at(moved.error());
    }
    after.cursor = label;
  }
  co_return write(after);
}

asio::awaitable<Result<void>> Runner::move_one(Label label, Progress& progress) {
  Mover mover(from_, to_, record_.to, surroundings_.epoch());
  if (record_.phase == Phase::sweeping) {
    const auto swept = co_await mover.sweep(std::move(label));
    if (!swept) co_return tl::unexpected<Error>(swept.error());
    if (*swept == Swept::moved) ++progress.moved;
    if (*swept == Swept::was_moved) ++progress.updated;
    co_return Result<void>();
  }
  const auto copied = co_await mover.copy(std::move(label));
  if (!copied) co_return tl::unexpected<Error>(copied.error());
  if (*copied == Copied::copied) ++progress.moved;
  if (*copied != Copied::skipped && record_.phase == Phase::verifying) ++progress.verified;
  co_return Result<void>();
}

// All labels were gone through.
asio::awaitable<Result<bool>> Runner::leave_phase() {
  const Transition* const next = find_transition(record_.mode, record_.phase, Actor::gateway);
  KT_ASSERT(next != nullptr);
  Record after = kt::migration::step(record_, *next, surroundings_.now());
  if (next->to == Phase::draining) {
    const auto head = surroundings_.head();
    if (!head) co_return tl::unexpected<Error>(head.error());
    const auto put = co_await put_final_head(*head);
    if (!put && may_pass(put.error())) co_return tl::unexpected<Error>(put.error());
    if (!put) co_return stop_at(put.error());
    after.final_head = *head;
  }
  co_return write(after);
}

asio::awaitable<Result<void>> Runner::put_final_head(FinalHead head) {
  auto value = head.encode();
  if (!value) co_return tl::unexpected<Error>(std::move(value).error());
  const Label label = final_head_label(record_.from);
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
