#include "reserved_entry.h"

#include <chrono>
#include <future>
#include <memory>
#include <utility>

#include "wait_for.h"

namespace kt::gateway {
namespace {

constexpr std::chrono::milliseconds kPatience{50};  // between looks at whether to stop

using Answered = Result<keytrans::UpdateResponse>;

Result<void> submit(log::Log& log, keytrans::UpdateRequest request,
                    const std::atomic<bool>& is_stopped) {
  // The log may answer when nobody waits any more.
  const auto promise = std::make_shared<std::promise<Answered>>();
  auto answered = promise->get_future();
  KT_TRY(log.submit(std::move(request),
                    [promise](Answered answer) { promise->set_value(std::move(answer)); }));
  while (answered.wait_for(kPatience) != std::future_status::ready) {
    if (is_stopped) return fail(Errc::unavailable, "the gateway ends");
  }
  KT_TRY(answered.get());
  return {};
}

std::unique_ptr<migration::LabelLog> labels_of(const HostedLog& log) {
  return migration::make_label_log(*log.service, log.configuration());
}

}  // namespace

Result<std::optional<migration::GreatestVersion>> read_reserved(const HostedLog& log,
                                                                const Label& label) {
  const auto labels = labels_of(log);
  return wait_for(labels->read(label));
}

Result<void> put_reserved(const HostedLog& log, const Label& label, const Bytes& value,
                          const std::atomic<bool>& is_stopped) {
  KT_TRY(const auto logged, read_reserved(log, label));
  if (logged && logged->value == value) return {};
  std::optional<Version> greatest;
  if (logged) greatest = logged->version;
  if (log.is_remote()) {
    const auto labels = labels_of(log);
    KT_TRY(wait_for(labels->add(label, greatest, value)));
  } else {
    KT_TRY(submit(*log.log, {std::nullopt, label, greatest, {{value}}}, is_stopped));
  }
  // Whoever was faster has published something else.
  KT_TRY(const auto now, read_reserved(log, label));
  if (!now || now->value != value)
    return fail(Errc::conflict, "somebody else publishes for the domain");
  return {};
}

}  // namespace kt::gateway
