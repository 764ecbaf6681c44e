// A migration as requests see it: the record when the hosting was made, and what answers by it.
// Internal.
//
// Thread rule: that of Hosting; the logs' that of routing/log_service.h.
#pragma once

#include <map>
#include <memory>

#include "federation/directory_document.h"
#include "migration/journal.h"
#include "migration/policy.h"
#include "migration_activity.h"

namespace kt::gateway {

struct HostedLog;

struct HostedMigration {
  migration::Record record;
  const HostedLog* from;
  const HostedLog* to;
  std::map<migration::Stage, std::unique_ptr<const routing::Policy>> policies;  // of every stage
  std::unique_ptr<migration::LabelLog> from_labels;
  std::unique_ptr<migration::LabelLog> to_labels;
  std::unique_ptr<migration::Intents> intents;
  std::shared_ptr<MigrationActivity> activity;
  const migration::Journal* journal = nullptr;  // where `from` does not tell its labels

  // Labels of `from` after that one, at most `limit`. Errors: those of the log and of the journal.
  Result<std::vector<Label>> labels(const std::optional<Label>& after, std::size_t limit) const;

  // What a document says of where labels are. Nothing when it is of other logs.
  [[nodiscard]] std::optional<migration::Stage> stage(
      const federation::DirectoryDocument& document) const {
    return migration::stage_of(document.directory().policy, record.from, record.to);
  }
  // Whether all labels are in `to`.
  [[nodiscard]] bool has_moved() const {
    return record.phase == migration::Phase::draining || record.phase == migration::Phase::finished;
  }
  // That `log` was asked this, if it is monitoring of `from` after its labels have moved.
  void note(const HostedLog& log, const routing::LogRequest& request) const;
  // Whether users' updates have to wait: there is one log whose values are being copied.
  [[nodiscard]] bool is_frozen(migration::Stage stage) const {
    return stage == migration::Stage::before && record.phase != migration::Phase::prepared &&
           record.mode == migration::Mode::immediate;
  }
};

}  // namespace kt::gateway
