// An auditor on disk for tests, and the log that it follows.
#pragma once

#include <filesystem>
#include <memory>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "audited_log.h"
#include "auditor/log_auditor.h"
#include "auditor/setup.h"
#include "must.h"
#include "scratch_directory.h"

namespace kt::auditor {

using keytrans::CipherSuite;
using keytrans::named_leaf;
using keytrans::PrefixLeaf;

void expect_error(const auto& result, Errc code, std::string_view about) {
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, code) << result.error().detail;
  EXPECT_NE(result.error().detail.find(about), std::string::npos) << result.error().detail;
}

class AuditorFixture {
 public:
  // The auditor is bound to the log, starts with entry `start`, and is not open yet. The log has
  // `start` entries. Entry i is made at (i + 1) seconds and adds leaf(i) and another one; the
  // Reasonable Monitoring Window is a second.
  explicit AuditorFixture(CipherSuite suite = CipherSuite::KT_128_SHA256_Ed25519,
                          std::uint64_t start = 0);

  [[nodiscard]] static PrefixLeaf leaf(std::uint64_t entry) {
    return named_leaf("leaf " + std::to_string(entry));
  }
  [[nodiscard]] std::filesystem::path path() const { return directory_.path() / "auditor"; }

  // The log makes `count` entries.
  void grow(std::uint64_t count = 1);
  // The log makes an entry that removes `removed` too. Its time is `timestamp`, or the usual one.
  void grow_by(const std::vector<PrefixLeaf>& added, const std::vector<PrefixLeaf>& removed,
               std::optional<Timestamp> timestamp = {});
  [[nodiscard]] std::uint64_t size() const { return log_.size().value(); }
  [[nodiscard]] keytrans::AuditedLog& log() { return log_; }
  // The encoded update of an entry.
  [[nodiscard]] const Bytes& update(std::uint64_t entry) const { return updates_.at(entry); }
  [[nodiscard]] std::vector<Bytes> updates(std::uint64_t from, std::uint64_t to) const;

  void open() {
    close();
    auditor_ = must(try_open());
  }
  [[nodiscard]] Result<std::unique_ptr<LogAuditor>> try_open() const {
    return LogAuditor::open(path(), options);
  }
  void close() { auditor_.reset(); }
  [[nodiscard]] LogAuditor& auditor() { return *auditor_; }

  // Has the auditor process all there is in one batch.
  Result<void> follow();
  // Throws unless `head` is the auditor's over the log as it was with head.tree_size entries.
  void expect_good(const keytrans::AuditorTreeHead& head) const;

  // Copies the database to `name`, or back from there, while the auditor is closed.
  void back_up(const std::string& name) const;
  void restore(const std::string& name) const;

  AuditorOptions options;

 private:
  ScratchDirectory directory_;
  Bytes public_key_;
  keytrans::AuditedLog log_;
  std::vector<Bytes> updates_;
  std::vector<HashValue> roots_;  // after each entry
  std::unique_ptr<LogAuditor> auditor_;
};

}  // namespace kt::auditor
