// What an auditor is sent: each update leads from the entry before to its own.
#include "fsck_run.h"

namespace kt::log {
namespace {

class AuditorUpdatesCheck {
 public:
  explicit AuditorUpdatesCheck(FsckRun& run) : run_(run) {}

  Result<void> check() {
    KT_TRY(run_.visit(run_.log().tables.audit, "audit",
                      [this](const FoundRecord& record) { return check_update(record); }));
    return is_audited() ? find_missing() : Result<void>();
  }

 private:
  [[nodiscard]] bool is_audited() const {
    return run_.log().configuration.mode() == keytrans::DeploymentMode::thirdPartyAuditing;
  }

  static std::string name_of(std::uint64_t index) {
    return "auditor's update of entry " + std::to_string(index);
  }

  // Those of expired entries may have been pruned.
  Result<void> find_missing() {
    return run_.visit_entries([this](EntryIndex index, const StoredEntry& entry) -> Result<void> {
      if (run_.is_expired(entry)) return {};
      const auto update = run_.snapshot().value(run_.log().tables.audit, number_key(index.value()));
      if (!update && update.error().code != Errc::corrupt)
        return tl::unexpected<Error>(update.error());
      if (update && !*update) run_.fault(name_of(index.value()), "missing");
      return {};
    });
  }

  Result<void> check_update(const FoundRecord& record) {
    ++run_.report.auditor_updates;
    const auto index = parse_number_key(record.key);
    if (!index || *index >= run_.log().state.size().value() || !is_audited()) {
      run_.fault("audit record " + std::to_string(record.number),
                 "it is not of an entry that an auditor is sent");
      return {};
    }
    const std::string name = name_of(*index);
    if (!record.value) {
      run_.fault(name, record.value.error().detail);
      return {};
    }
    const auto update = keytrans::decode<keytrans::AuditorUpdate>(*record.value);
    if (!update) {
      run_.fault(name, update.error().detail);
      return {};
    }
    return compare(name, EntryIndex{*index}, *update);
  }

  Result<void> compare(const std::string& name, EntryIndex index,
                       const keytrans::AuditorUpdate& update) {
    const auto roots = keytrans::evaluate_prefix_update(update.added, update.removed, update.proof);
    if (!roots) run_.fault(name, roots.error().detail);
    KT_TRY(const auto entry, run_.entry(index));
    if (entry && entry->timestamp != update.timestamp)
      run_.fault(name, "its timestamp is not the entry's");
    if (entry && roots && entry->prefix_tree.hash != roots->after)
      run_.fault(name, "it does not lead to the entry's prefix tree");
    std::optional<HashValue> before = keytrans::kMissingPrefixNode;
    if (index > EntryIndex{0}) {
      KT_TRY(const auto previous, run_.entry(EntryIndex{index.value() - 1}));
      before = previous ? std::optional<HashValue>(previous->prefix_tree.hash) : std::nullopt;
    }
    if (before && roots && *before != roots->before)
      run_.fault(name, "it does not start from the previous entry's prefix tree");
    return {};
  }

  FsckRun& run_;
};

}  // namespace

Result<void> check_auditor_updates(FsckRun& run) { return AuditorUpdatesCheck(run).check(); }

}  // namespace kt::log
