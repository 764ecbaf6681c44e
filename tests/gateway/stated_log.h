// A log and a clock that say of themselves what a test wants.
#pragma once

#include <utility>

#include "log/log.h"

namespace kt::gateway {

class StatedLog final : public log::Log {
 public:
  explicit StatedLog(keytrans::LogConfiguration configuration)
      : configuration_(std::move(configuration)) {}

  log::LogState now_state;
  Result<std::uint64_t> erasure = std::uint64_t{0};
  std::vector<Label> erased;

  [[nodiscard]] const keytrans::LogConfiguration& configuration() const override {
    return configuration_;
  }
  [[nodiscard]] log::LogState state() const override { return now_state; }
  Result<std::unique_ptr<keytrans::LogSource>> view() const override { return nothing(); }
  Result<void> submit(keytrans::UpdateRequest /*request*/, Answer /*answer*/) override {
    return nothing();
  }
  Result<void> submit(keytrans::ManagerUpdateRequest /*request*/, Answer /*answer*/) override {
    return nothing();
  }
  Result<keytrans::AuditorUpdate> auditor_update(EntryIndex /*entry*/) const override {
    return nothing();
  }
  Result<void> accept_auditor_head(const keytrans::AuditorTreeHead& /*head*/) override {
    return nothing();
  }
  Result<std::vector<Label>> labels(const std::optional<Label>& /*after*/,
                                    std::size_t /*limit*/) const override {
    return nothing();
  }
  void seal() override { now_state.is_sealed = true; }
  Result<std::uint64_t> erase(const std::vector<Label>& labels) override {
    erased = labels;
    return erasure;
  }

 private:
  static tl::unexpected<Error> nothing() { return fail(Errc::unavailable, "it is not there"); }

  keytrans::LogConfiguration configuration_;
};

class StatedClock final : public log::Clock {
 public:
  Timestamp time{1'000'000'000};

  [[nodiscard]] Timestamp now() const override { return time; }
  [[nodiscard]] std::chrono::milliseconds elapsed() const override { return {}; }
};

}  // namespace kt::gateway
