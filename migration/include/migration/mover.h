// How one label moves from a log to another, with users at it all the time.
//
// In a gradual migration a label's value is in `from` until its greatest version there is a
// tombstone, and in `to` from then on. Whatever is in `to` before that nobody has seen and nobody
// was told of, so the one commit of the tombstone is what moves the label:
//
//  - an update adds its value to `to`, then the tombstone to `from`, and is acknowledged then;
//  - a sweep copies the greatest value to `to` if that has none, and adds the tombstone.
//
// A tombstone is added after the version that was read, by compare-and-set, so there is one however
// many try, and none hides a version that nobody has looked at. An update whose process dies
// between the two steps is found by its intent, and finished: finish().
//
// In an immediate migration `from` takes no updates while its values are copied, copy(), and
// compared, check().
//
// Thread rule: that of routing/log_service.h.
#pragma once

#include <cstdint>
#include <functional>
#include <utility>

#include "migration/label_log.h"

namespace kt::migration {

// What updates are under way, durably.
class Intents {
 public:
  Intents() = default;
  Intents(const Intents&) = delete;
  Intents& operator=(const Intents&) = delete;
  virtual ~Intents() = default;

  // Durable when it is awaited. Errors: those of the store.
  virtual boost::asio::awaitable<Result<std::uint64_t>> add(Label label) = 0;
  // The update is as it shall be: nothing is left to be finished. One that stays does no harm.
  virtual boost::asio::awaitable<void> drop(std::uint64_t intent) = 0;
  // Nobody knows what became of it: it is to be finished.
  virtual void leave(std::uint64_t intent) = 0;
};

enum class Swept : std::uint8_t {
  moved,      // by this call
  was_moved,  // before it
  skipped,    // there is nothing of a user's under the label
};

enum class Copied : std::uint8_t {
  copied,     // by this call
  was_there,  // with the same value
  skipped,
};

class Mover {
 public:
  // Borrows both logs. `epoch` is for the tombstones; `to_id` is the successor.
  // `buried` is called when an update has made a label's tombstone.
  Mover(LabelLog& from, LabelLog& to, const LogId& to_id, std::uint64_t epoch,
        std::function<void()> buried = {})
      : from_(from), to_(to), to_id_(to_id), epoch_(epoch), buried_(std::move(buried)) {}

  // Adds to `to` with `insert`, and then moves the label. Result: what `insert` gave.
  // Errors: those of `insert`, after which the label is where it was; and unavailable, after which
  // nobody knows, and the intent stays. Of a label that `to` has a greater version of than `insert`
  // knows, nothing is added, but it is moved.
  using Insert = std::function<boost::asio::awaitable<Result<Bytes>>()>;
  boost::asio::awaitable<Result<Bytes>> update(Intents& intents, Label label, Insert insert);

  // Finishes what an update has begun that nobody has heard of: moves the label if `to` has it.
  boost::asio::awaitable<Result<void>> finish(Label label);

  // Moves a label that nobody has updated.
  // Errors: conflict when `from` has got another version since it was read: somebody updates it
  // who does not know that its labels are moving. Nothing is moved then, and it must not go on.
  boost::asio::awaitable<Result<Swept>> sweep(Label label);

  // Copies the greatest value. Errors: conflict when `to` has another one.
  boost::asio::awaitable<Result<Copied>> copy(Label label);
  // The same, of a label that has been copied: only looks, unless it is missing after all.
  boost::asio::awaitable<Result<Copied>> check(Label label);

 private:
  // The greatest value in `from`. Errors: conflict when it is a tombstone.
  boost::asio::awaitable<Result<std::optional<GreatestVersion>>> read_to_copy(Label label);
  boost::asio::awaitable<Result<void>> bury(Label label);

  LabelLog& from_;
  LabelLog& to_;
  const LogId to_id_;
  const std::uint64_t epoch_;
  const std::function<void()> buried_;
};

}  // namespace kt::migration
