#include "growing_log.h"

#include "keytrans/memory_log.h"
#include "test_log.h"

namespace kt::keytrans {
namespace {

class GrowingMemoryLog final : public GrowingLog {
 public:
  GrowingMemoryLog(const Configuration& configuration, std::uint64_t seed)
      : log_(must(MemoryLog::create(
            configuration, test_keys(configuration.ciphersuite, configuration.mode, seed)))) {}

  [[nodiscard]] const LogConfiguration& configuration() const override {
    return log_.configuration();
  }
  [[nodiscard]] TreeSize size() const override { return log_.size(); }
  [[nodiscard]] const LogSource& source() override { return log_; }

  void append(Timestamp timestamp, const std::vector<Growth>& growth) override {
    std::vector<MemoryLog::Change> changes;
    for (const Growth& grown : growth) {
      MemoryLog::Change change{grown.label, grown.skipped, {}};
      std::uint32_t next = version_count(grown.label) + grown.skipped;
      for (const Bytes& value : grown.values)
        change.values.push_back(must(log_.make_value(grown.label, Version{next++}, value)));
      changes.push_back(std::move(change));
    }
    must(log_.append(timestamp, changes));
  }
  [[nodiscard]] bool may_be_empty(Timestamp) override { return true; }
  [[nodiscard]] bool takes_versions() override { return true; }
  [[nodiscard]] std::optional<Timestamp> grows_until() override { return std::nullopt; }

  Result<UpdateResponse> update(const UpdateRequest& request, Timestamp timestamp) override {
    return log_.update(request, timestamp);
  }
  Result<UpdateResponse> update(const ManagerUpdateRequest& request, Timestamp timestamp) override {
    return log_.update(request, timestamp);
  }
  Result<AuditorUpdate> auditor_update(EntryIndex entry) override {
    return log_.auditor_update(entry);
  }
  void accept_auditor_head(const AuditorTreeHead& head) override {
    log_.set_auditor_tree_head(head);
  }
  [[nodiscard]] const SigningKey& third_party_key() const override {
    const LogKeys& keys = log_.keys();
    return keys.leaf ? *keys.leaf : *keys.auditor;
  }
  void erase(const Label& /*label*/) override { KT_ASSERT(false); }
  [[nodiscard]] bool is_stored() const override { return false; }
  void restart() override { KT_ASSERT(false); }

 private:
  [[nodiscard]] std::uint32_t version_count(const Label& label) const {
    if (log_.size() == TreeSize{0}) return 0;
    const auto greatest = must(log_.greatest_version(label, rightmost(log_.size())));
    return greatest ? greatest->value() + 1 : 0;
  }

  MemoryLog log_;
};

}  // namespace

std::unique_ptr<GrowingLog> make_memory_log(const Configuration& configuration,
                                            std::uint64_t seed) {
  return std::make_unique<GrowingMemoryLog>(configuration, seed);
}

}  // namespace kt::keytrans
