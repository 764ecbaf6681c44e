// A log on disk for tests, its clock, and someone who updates and looks up labels in it.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <vector>

#include <gtest/gtest.h>

#include "keytrans/auditor.h"
#include "keytrans/client_state.h"
#include "keytrans/management.h"
#include "keytrans/prover.h"
#include "log/log.h"
#include "must.h"
#include "scratch_directory.h"

namespace kt::log {

using keytrans::CipherSuite;
using keytrans::ClientState;
using keytrans::Configuration;
using keytrans::DeploymentMode;

// A clock that a test sets. Thread rule: any thread.
class FakeClock final : public Clock {
 public:
  [[nodiscard]] Timestamp now() const override { return Timestamp{now_}; }
  [[nodiscard]] std::chrono::milliseconds elapsed() const override {
    return std::chrono::milliseconds(elapsed_);
  }
  // Lets time pass.
  void pass(std::uint64_t milliseconds) {
    elapsed_ += static_cast<std::int64_t>(milliseconds);
    now_ += milliseconds;
  }
  // Lets time pass that the time of day does not show.
  void stand_still(std::uint64_t milliseconds) {
    elapsed_ += static_cast<std::int64_t>(milliseconds);
  }
  // Moves the time of day alone.
  void set(std::uint64_t now) { now_ = now; }

 private:
  std::atomic<std::uint64_t> now_ = 1'700'000'000'000;
  std::atomic<std::int64_t> elapsed_ = 0;
};

// Bytes of a cache in which records give way to others all the time.
inline constexpr std::size_t kSmallCache = 4'000;

[[nodiscard]] inline Label make_label(std::string_view text) { return must(Label::create(text)); }

// The detail of the error has `about` in it.
void expect_error(const auto& result, Errc code, std::string_view about) {
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, code) << result.error().detail;
  EXPECT_NE(result.error().detail.find(about), std::string::npos) << result.error().detail;
}

// A mode under a suite.
struct Kind {
  CipherSuite suite = CipherSuite::KT_128_SHA256_Ed25519;
  DeploymentMode mode = DeploymentMode::contactMonitoring;
  std::optional<std::uint64_t> lifetime = {};  // milliseconds
};
[[nodiscard]] std::vector<Kind> all_kinds();
[[nodiscard]] std::string kind_name(const ::testing::TestParamInfo<Kind>& kind);

class LogFixture {
 public:
  // The log is made in a scratch directory below `parent`.
  explicit LogFixture(Kind kind = {},
                      const std::filesystem::path& parent = std::filesystem::temp_directory_path());
  // With a configuration that `adjust` had its way with. If that gives it the key of another
  // auditor, the one of the fixture does nothing.
  LogFixture(Kind kind, const std::function<void(Configuration&)>& adjust,
             const std::filesystem::path& parent = std::filesystem::temp_directory_path());

  void open();
  void close() { log_.reset(); }
  [[nodiscard]] Result<std::unique_ptr<Log>> try_open() {
    return Log::open(path(), options, clock);
  }
  [[nodiscard]] Log& log() { return *log_; }
  [[nodiscard]] std::filesystem::path path() const { return directory_.path() / "log"; }
  [[nodiscard]] const Configuration& configuration() const { return configuration_; }

  // Waits until the log has `size` entries. Throws when that takes too long.
  void wait_for_size(std::uint64_t size);
  void wait_for_trouble(Trouble trouble);

  // Submits new values for a label and waits for the answer. In third-party management mode they
  // are signed for the versions from `signed_version` on, or else for those after `greatest`.
  Result<keytrans::UpdateResponse> update(const Label& label, std::optional<Version> greatest,
                                          const std::vector<Bytes>& values,
                                          std::optional<Version> signed_version = {});
  std::future<Result<keytrans::UpdateResponse>> submit(const Label& label,
                                                       std::optional<Version> greatest,
                                                       const std::vector<Bytes>& values,
                                                       std::optional<Version> signed_version = {});
  // Has the log refuse a request for nothing. What is submitted within the commit window then waits
  // until it is over.
  void open_window();
  // Has the auditor, if there is one, process and sign all there is.
  void audit();

  // --- Users

  [[nodiscard]] ClientState newcomer() const;
  // Looks a version up and applies what was verified. Throws when it is refused.
  keytrans::SearchOutcome search(ClientState& user, const Label& label,
                                 std::optional<Version> version = {});
  // Fulfils all obligations to monitor labels.
  void monitor(ClientState& user);

  FakeClock clock;
  LogOptions options;

 private:
  ScratchDirectory directory_;
  Configuration configuration_;
  std::optional<keytrans::SigningKey> third_party_;
  std::optional<keytrans::Auditor> auditor_;
  keytrans::MemoryAuditedLeaves leaves_;
  std::unique_ptr<Log> log_;
};

}  // namespace kt::log
