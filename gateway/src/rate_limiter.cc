#include "rate_limiter.h"

#include <algorithm>
#include <cstring>

#include <sodium.h>

#include "keytrans/result.h"

namespace kt::gateway {

static_assert(std::tuple_size_v<std::array<unsigned char, 16>> == crypto_shorthash_KEYBYTES);

RateLimiter::RateLimiter() : slots_(std::make_unique<Slots>()) {
  KT_ASSERT(sodium_init() >= 0);
  crypto_shorthash_keygen(key_.data());
}

std::optional<std::chrono::nanoseconds> RateLimiter::take(std::string_view caller, Rate rate,
                                                          Time now) {
  using std::chrono::nanoseconds;
  if (rate.per_second == 0) return std::nullopt;
  std::array<unsigned char, crypto_shorthash_BYTES> hash{};
  crypto_shorthash(hash.data(), reinterpret_cast<const unsigned char*>(caller.data()),
                   caller.size(), key_.data());
  std::uint64_t number = 0;
  std::memcpy(&number, hash.data(), sizeof number);
  std::atomic<std::int64_t>& slot = (*slots_)[number % kSlots];

  const std::int64_t cost = nanoseconds(std::chrono::seconds(1)).count() / rate.per_second;
  const std::int64_t allowed = cost * (rate.burst - 1);
  const std::int64_t at = std::chrono::duration_cast<nanoseconds>(now.time_since_epoch()).count();
  std::int64_t paid = slot.load(std::memory_order_relaxed);
  while (true) {
    const std::int64_t begins = std::max(paid, at);
    if (begins - at > allowed) return nanoseconds(begins - at - allowed);
    if (slot.compare_exchange_weak(paid, begins + cost, std::memory_order_relaxed))
      return std::nullopt;
  }
}

}  // namespace kt::gateway
