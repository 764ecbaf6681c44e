// What a domain says of its logs: where they are, which of them has a label, and how labels are
// spelled. docs/directory-document.md has every member and its bounds; directory_document.h is how
// a domain signs it.
//
// Thread rule: plain values.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "federation/domain.h"
#include "federation/label_rule.h"
#include "federation/url.h"
#include "keytrans/log_configuration.h"

namespace kt::federation {

// Counts a domain's directory documents, from 1.
using Epoch = Strong<struct EpochTag, std::uint64_t>;

enum class LogState : std::uint8_t {
  active,    // signs the document, and may be in the policy
  draining,  // takes no update, and is there for searches and monitoring
  retired,   // does not answer any more
};

struct DirectoryLog {
  keytrans::LogConfiguration configuration;
  std::string alias;
  LogState state;
  Url url;  // of its endpoints

  [[nodiscard]] const LogId& id() const { return configuration.id(); }
  friend bool operator==(const DirectoryLog&, const DirectoryLog&) = default;
};

struct SinglePolicy {
  LogId log;

  friend bool operator==(const SinglePolicy&, const SinglePolicy&) = default;
};

struct ShardedPolicy {
  std::vector<LogId> logs;  // as of make_shards()

  friend bool operator==(const ShardedPolicy&, const ShardedPolicy&) = default;
};

// Labels move from one log to the other one by one: a label is in `to` when its greatest version in
// `from` is a tombstone (tombstone.h), and in `from` otherwise.
struct GradualPolicy {
  LogId from;
  LogId to;

  friend bool operator==(const GradualPolicy&, const GradualPolicy&) = default;
};

using DirectoryPolicy = std::variant<SinglePolicy, ShardedPolicy, GradualPolicy>;

struct Directory {
  Domain domain;
  Epoch epoch;
  Timestamp not_before;
  Timestamp expires;
  LabelRule label_rule;
  Url url;  // of the gateway that routes
  DirectoryPolicy policy;
  std::vector<DirectoryLog> logs;

  // From `not_before` on, until `expires`.
  [[nodiscard]] bool is_in_force(Timestamp now) const { return not_before <= now && now < expires; }

  // Null when there is none.
  [[nodiscard]] const DirectoryLog* find(const LogId& id) const;

  friend bool operator==(const Directory&, const Directory&) = default;
};

}  // namespace kt::federation
