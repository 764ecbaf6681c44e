#include "migration/mover.h"

#include <utility>

#include "federation/reserved.h"
#include "federation/tombstone.h"

namespace kt::migration {
namespace {

namespace asio = boost::asio;

using Read = Result<std::optional<GreatestVersion>>;

// How often a label is read again that others add versions to.
constexpr int kAttempts = 16;

// Whether the label has moved. What is no tombstone of this migration is nobody's to bury.
Result<bool> is_buried(const std::optional<GreatestVersion>& greatest, const LogId& successor) {
  if (!greatest) return false;
  auto moved = federation::has_moved(greatest->value, successor);
  if (!moved) return fail(Errc::corrupt, std::move(moved).error().detail);
  return moved;
}

std::optional<Version> version_of(const std::optional<GreatestVersion>& greatest) {
  if (!greatest) return std::nullopt;
  return greatest->version;
}

Result<Copied> compare(const std::optional<GreatestVersion>& there, const Bytes& value) {
  if (!there || there->value != value)
    return fail(Errc::conflict, "the new log has another value of a label");
  return Copied::was_there;
}

tl::unexpected<Error> busy() {
  return fail(Errc::unavailable, "others update the label again and again");
}

}  // namespace

// Adds the tombstone, unless there is one. Requires: `to` has the label.
asio::awaitable<Result<void>> Mover::bury(Label label) {
  const federation::Tombstone tombstone{to_id_.hash(), epoch_};
  auto value = tombstone.encode();
  if (!value) co_return tl::unexpected<Error>(std::move(value).error());
  for (int i = 0; i < kAttempts; ++i) {
    Read greatest = co_await from_.read(label);
    if (!greatest) co_return tl::unexpected<Error>(std::move(greatest).error());
    const auto buried = is_buried(*greatest, to_id_);
    if (!buried) co_return tl::unexpected<Error>(buried.error());
    if (*buried) co_return Result<void>();
    const auto added = co_await from_.add(label, version_of(*greatest), *value);
    if (!added) co_return tl::unexpected<Error>(added.error());
    if (!*added) continue;
    if (buried_) buried_();
    co_return Result<void>();
  }
  co_return busy();
}

asio::awaitable<Result<Bytes>> Mover::update(Intents& intents, Label label, Insert insert) {
  const auto intent = co_await intents.add(label);
  if (!intent) co_return tl::unexpected<Error>(intent.error());
  auto inserted = co_await insert();
  if (!inserted) {
    // A refusal has changed nothing. Of anything else nobody knows.
    const Errc code = inserted.error().code;
    if (code == Errc::unavailable || code == Errc::corrupt) {
      intents.leave(*intent);
    } else {
      co_await intents.drop(*intent);
    }
    co_return tl::unexpected<Error>(std::move(inserted).error());
  }
  auto buried = co_await bury(label);
  if (!buried) {
    intents.leave(*intent);
    // It was added, so this is nothing that the caller could have asked otherwise.
    Error error = std::move(buried).error();
    if (error.code != Errc::corrupt) error.code = Errc::unavailable;
    co_return tl::unexpected<Error>(std::move(error));
  }
  co_await intents.drop(*intent);
  co_return std::move(inserted);
}

asio::awaitable<Result<void>> Mover::finish(Label label) {
  Read added = co_await to_.read(label);
  if (!added) co_return tl::unexpected<Error>(std::move(added).error());
  if (!*added) co_return Result<void>();
  co_return co_await bury(std::move(label));
}

asio::awaitable<Result<Swept>> Mover::sweep(Label label) {
  if (federation::is_reserved(label)) co_return Swept::skipped;
  Read greatest = co_await from_.read(label);
  if (!greatest) co_return tl::unexpected<Error>(std::move(greatest).error());
  const auto buried = is_buried(*greatest, to_id_);
  if (!buried) co_return tl::unexpected<Error>(buried.error());
  if (*buried) co_return Swept::was_moved;
  if (!*greatest) co_return Swept::skipped;  // it was erased

  // When somebody else has added one, the value is theirs. To ask first whether there is one would
  // cost a proof that there is none, and so one more VRF.
  const auto copied = co_await to_.add(label, std::nullopt, (*greatest)->value);
  if (!copied) co_return tl::unexpected<Error>(copied.error());
  const federation::Tombstone tombstone{to_id_.hash(), epoch_};
  auto value = tombstone.encode();
  if (!value) co_return tl::unexpected<Error>(std::move(value).error());
  const auto moved = co_await from_.add(label, (*greatest)->version, *std::move(value));
  if (!moved) co_return tl::unexpected<Error>(moved.error());
  if (*moved) co_return Swept::moved;

  Read now = co_await from_.read(label);
  if (!now) co_return tl::unexpected<Error>(std::move(now).error());
  const auto by_other = is_buried(*now, to_id_);
  if (!by_other) co_return tl::unexpected<Error>(by_other.error());
  if (*by_other) co_return Swept::was_moved;
  co_return fail(Errc::conflict,
                 "the old log was updated by somebody who does not know that its "
                 "labels are moving");
}

// What is to be copied, if there is anything of a user's.
asio::awaitable<Read> Mover::read_to_copy(Label label) {
  if (federation::is_reserved(label)) co_return Read(std::nullopt);
  Read greatest = co_await from_.read(std::move(label));
  if (greatest && *greatest && federation::is_like_a_tombstone((*greatest)->value))
    co_return fail(Errc::conflict, "a label of the old log has moved already");
  co_return greatest;
}

asio::awaitable<Result<Copied>> Mover::copy(Label label) {
  Read greatest = co_await read_to_copy(label);
  if (!greatest) co_return tl::unexpected<Error>(std::move(greatest).error());
  if (!*greatest) co_return Copied::skipped;
  const Bytes value = std::move((*greatest)->value);
  // As in sweep(), it is not asked for first.
  const auto added = co_await to_.add(label, std::nullopt, value);
  if (!added) co_return tl::unexpected<Error>(added.error());
  if (*added) co_return Copied::copied;
  Read there = co_await to_.read(std::move(label));
  if (!there) co_return tl::unexpected<Error>(std::move(there).error());
  co_return compare(*there, value);
}

asio::awaitable<Result<Copied>> Mover::check(Label label) {
  Read greatest = co_await read_to_copy(label);
  if (!greatest) co_return tl::unexpected<Error>(std::move(greatest).error());
  if (!*greatest) co_return Copied::skipped;
  const Bytes value = std::move((*greatest)->value);
  Read there = co_await to_.read(label);
  if (!there) co_return tl::unexpected<Error>(std::move(there).error());
  if (*there) co_return compare(*there, value);
  co_return co_await copy(std::move(label));
}

}  // namespace kt::migration
