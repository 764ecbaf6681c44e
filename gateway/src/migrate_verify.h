// Verifies what both logs of a migration say of its labels, as their users would. Internal.
//
// Nothing that the gateway says is believed but which labels there are: every proof is checked
// against the logs' own keys, and every tree that is shown has to continue the one before.
//
// Thread rule: one thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "keytrans/client_state.h"
#include "migration_page.h"

namespace kt::gateway {

struct MigrationReport {
  std::uint64_t moved = 0;    // the first value in the new log is the last one in the old log
  std::uint64_t updated = 0;  // the first value in the new log is one of its owner's
  std::uint64_t waiting = 0;  // without a tombstone, and without a version that differs; once the
                              // old log has its final head these are faults
  std::uint64_t faults = 0;
  // The first of them, with the label as JSON.
  std::vector<std::string> shown;
};

class MigrationVerifier {
 public:
  static constexpr std::size_t kMaxShown = 20;

  // Of logs with these ids.
  MigrationVerifier(bool is_gradual, const LogId& from, const LogId& to)
      : is_gradual_(is_gradual), from_id_(from), to_id_(to) {}

  // What the next page is to be made for.
  [[nodiscard]] PageRequest next() const;
  // Result: whether there is more. Errors: verification_failed when the page is none.
  Result<bool> take(const nlohmann::json& page, Timestamp now);

  [[nodiscard]] const MigrationReport& report() const { return report_; }

 private:
  struct Found;

  Result<void> prepare(const nlohmann::json& page);
  Result<std::optional<Found>> find(const nlohmann::json& json, const char* name,
                                    keytrans::ClientState& state, const Label& label,
                                    std::optional<Version> version, Timestamp now);
  Result<void> judge(const nlohmann::json& json, const Label& label, Timestamp now);
  void note_fault(const std::string& about, const std::string& what);
  void note_waiting(const Label& label);
  // Of the last page, once labels have moved: `recorded` is the final head by the gateway's record.
  void judge_end(const nlohmann::json& page, const Bytes& recorded, Timestamp now);
  Result<void> judge_final_head(const nlohmann::json& page, const Bytes& recorded, Timestamp now);

  const bool is_gradual_;
  const LogId from_id_;
  const LogId to_id_;
  std::optional<keytrans::ClientState> from_;
  std::optional<keytrans::ClientState> to_;
  // As they are after the page.
  std::optional<keytrans::ClientState> from_after_;
  std::optional<keytrans::ClientState> to_after_;
  std::optional<Label> after_;
  MigrationReport report_;
  std::vector<std::string> waiting_;  // the first of them
};

}  // namespace kt::gateway
