#include "reserved_entry.h"

#include <chrono>
#include <future>
#include <memory>
#include <utility>

#include "keytrans/prover.h"

namespace kt::gateway {
namespace {

constexpr std::chrono::milliseconds kPatience{50};  // between looks at whether to stop

}  // namespace

Result<std::optional<LoggedValue>> read_reserved(const log::Log& log, const Label& label) {
  KT_TRY(const auto view, log.view());
  const auto found = keytrans::prove_search(*view, {std::nullopt, label, std::nullopt});
  if (!found) {
    if (found.error().code == Errc::not_found) return std::nullopt;
    return tl::unexpected<Error>(found.error());
  }
  KT_ASSERT(found->version.has_value());
  return LoggedValue{*found->version, found->value.value};
}

Result<void> put_reserved(log::Log& log, const Label& label, const Bytes& value,
                          const std::atomic<bool>& is_stopped) {
  KT_TRY(const auto logged, read_reserved(log, label));
  if (logged && logged->value == value) return {};
  keytrans::UpdateRequest request{std::nullopt, label, std::nullopt, {{value}}};
  if (logged) request.greatest_version = logged->version;

  using Answered = Result<keytrans::UpdateResponse>;
  // The log may answer when nobody waits any more.
  const auto promise = std::make_shared<std::promise<Answered>>();
  auto answered = promise->get_future();
  KT_TRY(log.submit(std::move(request),
                    [promise](Answered answer) { promise->set_value(std::move(answer)); }));
  while (answered.wait_for(kPatience) != std::future_status::ready) {
    if (is_stopped) return fail(Errc::unavailable, "the gateway ends");
  }
  KT_TRY(answered.get());
  // Whoever was faster has published something else.
  KT_TRY(const auto now, read_reserved(log, label));
  if (!now || now->value != value)
    return fail(Errc::conflict, "somebody else publishes for the domain");
  return {};
}

}  // namespace kt::gateway
