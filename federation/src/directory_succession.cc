#include "federation/directory_succession.h"

namespace kt::federation {
namespace {

// Whether a log that was active in `previous` has signed `next`.
Result<bool> is_vouched_for(const DirectoryDocument& previous, const DirectoryDocument& next) {
  bool is_vouched = false;
  for (const DirectoryLog& log : previous.directory().logs) {
    if (log.state != LogState::active) continue;
    KT_TRY(const bool is_signed, next.is_signed_by(log.configuration));
    is_vouched |= is_signed;
  }
  return is_vouched;
}

// Since when `next` is held.
Result<Timestamp> held_since(const std::optional<HeldDirectory>& held,
                             const DirectoryDocument& next, Timestamp now) {
  if (!held) return now;
  if (next.entry() == held->document.entry()) return held->since;
  if (next.directory().epoch <= held->document.directory().epoch) return now;
  KT_TRY(const bool follows, is_vouched_for(held->document, next));
  return follows ? held->since : now;
}

}  // namespace

Result<KnownDirectory> follow(const KnownDirectory& known, const DirectoryDocument& next,
                              Timestamp now) {
  const Directory& current = known.current.directory();
  const Directory& published = next.directory();
  KT_ASSERT(current.domain == published.domain);
  if (!published.is_in_force(now))
    return fail(Errc::rejected, "the directory document is not in force now");
  if (published.epoch < current.epoch)
    return fail(Errc::rejected, "the directory document has a lower epoch than one seen before");
  if (next.entry() == known.current.entry()) return KnownDirectory{known.current, std::nullopt};
  if (published.epoch == current.epoch)
    return fail(Errc::conflict, "there are two directory documents of one epoch");
  KT_TRY(const bool is_vouched, is_vouched_for(known.current, next));
  if (is_vouched) return KnownDirectory{next, std::nullopt};
  KT_TRY(const Timestamp since, held_since(known.held, next, now));
  if (elapsed_ms(since, now) >= kHoldDownMs) return KnownDirectory{next, std::nullopt};
  return KnownDirectory{known.current, HeldDirectory{next, since}};
}

}  // namespace kt::federation
