// What a person orders of a migration, as JSON. Internal. docs/migration.md is the manual.
//
// A member that is not known is nothing; what is missing has its default. Thread rule: pure
// functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "keytrans/bytes.h"
#include "keytrans/result.h"
#include "migration/record.h"

namespace kt::gateway {

// What is to be moved, and how.
struct MigrationOrder {
  static constexpr std::uint64_t kMaxRate = 1'000'000;
  static constexpr std::uint64_t kMaxGrace = std::uint64_t{3650} * 24 * 60 * 60 * 1000;

  migration::Mode mode = migration::Mode::gradual;
  std::string to;               // the alias or LogId of the new log
  std::uint32_t rate = 0;       // labels a second that the gateway moves at most; 0 for no limit
  std::uint64_t grace_ms = 0;   // that the old log drains at least
  std::uint64_t quiet_ms = 0;   // for which nobody may have monitored it before it retires
  bool is_compromised = false;  // others may have the old log's keys; in immediate mode alone
};

// Errors of all: malformed, with what is wrong.

Result<MigrationOrder> parse_migration_order(ByteView body);
// Whether it is to be finished although the old log is monitored.
Result<bool> parse_finish_order(ByteView body);
// The new rate, if there is one.
Result<std::optional<std::uint32_t>> parse_resume_order(ByteView body);
// How many labels the list has that is complete; at most as many as a list can have.
Result<std::uint64_t> parse_list_end(ByteView body);

}  // namespace kt::gateway
