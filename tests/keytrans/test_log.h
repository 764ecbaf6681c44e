// A log for tests, with the auditor it may need. Everything throws on failure, so that a test
// that cannot be set up fails.
#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "keytrans/auditor.h"
#include "keytrans/memory_log.h"
#include "keytrans/prover.h"
#include "must.h"

namespace kt::keytrans {

[[nodiscard]] inline Label make_label(std::string_view text) { return must(Label::create(text)); }

[[nodiscard]] inline Configuration test_configuration(CipherSuite suite, DeploymentMode mode) {
  Configuration configuration;
  configuration.ciphersuite = suite;
  configuration.mode = mode;
  configuration.max_auditor_lag = 1'000'000;
  configuration.max_ahead = 10'000;
  configuration.max_behind = 10'000;
  configuration.reasonable_monitoring_window = 1'000;
  return configuration;
}

// Keys of which the VRF key follows from `seed`, so that the shape of the prefix tree does too.
[[nodiscard]] inline LogKeys test_keys(CipherSuite suite, DeploymentMode mode, std::uint64_t seed) {
  LogKeys keys = must(LogKeys::generate(suite, mode));
  HashValue secret{};
  secret[0] = 1;
  for (std::size_t i = 0; i < 8; ++i) secret[24 + i] = static_cast<std::uint8_t>(seed >> (8 * i));
  keys.vrf = must(VrfPrivateKey::from_secret(suite, secret));
  return keys;
}

class TestLog {
 public:
  // One label and how many new versions it gets.
  struct Update {
    Label label;
    std::size_t versions = 1;
    std::uint32_t skipped = 0;
  };

  explicit TestLog(const Configuration& configuration, std::uint64_t seed = 0)
      : log_(must(MemoryLog::create(
            configuration, test_keys(configuration.ciphersuite, configuration.mode, seed)))) {
    if (configuration.mode == DeploymentMode::thirdPartyAuditing)
      auditor_ = must(Auditor::from_genesis(log_.configuration()));
  }

  [[nodiscard]] MemoryLog& log() { return log_; }
  [[nodiscard]] const MemoryLog& log() const { return log_; }
  [[nodiscard]] const LogConfiguration& configuration() const { return log_.configuration(); }
  [[nodiscard]] Timestamp now() const { return now_; }

  // The value that `append` gives a version: derived from both, so a model need not keep it.
  [[nodiscard]] static Bytes value_of(const Label& label, Version version) {
    Bytes value = to_bytes(label.bytes());
    const Bytes suffix = to_bytes("/" + std::to_string(version.value()));
    value.insert(value.end(), suffix.begin(), suffix.end());
    return value;
  }

  // One log entry at `timestamp`. In third-party auditing mode the auditor follows at once.
  void append(Timestamp timestamp, const std::vector<Update>& updates) {
    std::vector<MemoryLog::Change> changes;
    for (const Update& update : updates) {
      MemoryLog::Change change{update.label, update.skipped, {}};
      std::uint32_t next = next_version(update.label) + update.skipped;
      for (std::size_t i = 0; i < update.versions; ++i, ++next) {
        const Version version{next};
        change.values.push_back(
            must(log_.make_value(update.label, version, value_of(update.label, version))));
      }
      changes.push_back(std::move(change));
    }
    must(log_.append(timestamp, changes));
    now_ = timestamp;
    audit();
  }

  // Lets the auditor process what it has not yet, but for the last `lag` entries, and sign.
  void audit(std::uint64_t lag = 0) {
    if (!auditor_) return;
    while (auditor_->size().value() + lag < log_.size().value()) {
      const EntryIndex next{auditor_->size().value()};
      must(auditor_->process(must(log_.auditor_update(next)), leaves_));
    }
    log_.set_auditor_tree_head(must(auditor_->sign(*log_.keys().auditor)));
  }

 private:
  [[nodiscard]] std::uint32_t next_version(const Label& label) const {
    if (log_.size() == TreeSize{0}) return 0;
    const auto greatest = must(log_.greatest_version(label, rightmost(log_.size())));
    return greatest ? greatest->value() + 1 : 0;
  }

  MemoryLog log_;
  std::optional<Auditor> auditor_;
  MemoryAuditedLeaves leaves_;
  Timestamp now_;
};

// `message` after a trip over the wire.
template <class T>
[[nodiscard]] T over_the_wire(const T& message, const WireContext& context) {
  return must(decode<T>(must(encode(message, context)), context));
}

}  // namespace kt::keytrans
