// Versions and values: VRFs, commitments, and the leaves that the prefix trees have of them.
#include <algorithm>
#include <thread>

#include "fsck_run.h"
#include "keytrans/commitment.h"
#include "keytrans/ladder.h"
#include "parallel.h"
#include "stored_versions.h"

namespace kt::log {
namespace {

// Versions of which the VRFs are computed at a time.
constexpr std::size_t kBatch = 1024;

// "versions record 12 (version 0)"
std::string name_of(const std::string& table, std::uint64_t number, Version version) {
  return table + " record " + std::to_string(number) + " (version " +
         std::to_string(version.value()) + ")";
}

struct FoundVersion {
  std::string name;
  LabelVersion about;
  std::optional<StoredVersion> stored;           // nothing for one that cannot be read
  Result<keytrans::VrfOutputAndProof> vrf = {};  // computed again
};

class VersionsCheck {
 public:
  VersionsCheck(FsckRun& run, const keytrans::VrfPrivateKey* vrf_key)
      : run_(run), vrf_key_(vrf_key) {}

  Result<void> check() {
    KT_TRY(run_.visit(run_.log().tables.versions, "versions",
                      [this](const FoundRecord& record) { return collect(record); }));
    KT_TRY(check_batch());
    end_label();
    return {};
  }

 private:
  Result<void> collect(const FoundRecord& record) {
    auto about = parse_version_key(record.key);
    if (!about) {
      run_.fault("versions record " + std::to_string(record.number), about.error().detail);
      return {};
    }
    std::string name = name_of("versions", record.number, about->version);
    auto stored = run_.decode<StoredVersion>(name, record.value);
    batch_.push_back({std::move(name), *std::move(about), std::move(stored)});
    return batch_.size() < kBatch ? Result<void>() : check_batch();
  }

  Result<void> check_batch() {
    if (vrf_key_ != nullptr) {
      parallel_for(batch_.size(), std::thread::hardware_concurrency(), [this](std::size_t i) {
        FoundVersion& found = batch_[i];
        if (found.stored)
          found.vrf = vrf_key_->prove(keytrans::vrf_input(found.about.label, found.about.version));
      });
    }
    for (const FoundVersion& found : batch_) {
      KT_TRY(check_version(found));
    }
    batch_.clear();
    return {};
  }

  Result<void> check_version(const FoundVersion& found) {
    if (!label_ || *label_ != found.about.label) {
      end_label();
      label_ = found.about.label;
    }
    if (!found.stored) {
      // It may be of either kind, so nothing is said of those it should stand between.
      is_label_known_ = false;
      next_ = std::uint64_t{found.about.version.value()} + 1;
      return {};
    }
    KT_TRY(check_vrf(found));
    if (!found.stored->place) {
      ++run_.report.ladder_versions;
      ladder_.push_back(found.about.version);
      KT_TRY(const auto leaf, look_up(found, run_.log().state.prefix_tree));
      if (leaf.is_known && leaf.commitment)
        run_.fault(found.name, "it has no place, and the prefix tree has a leaf of it");
      if (!has_versions_) name_ = found.name;
      return {};
    }
    return check_place(found, *found.stored->place);
  }

  Result<void> check_vrf(const FoundVersion& found) {
    if (vrf_key_ == nullptr) return {};
    if (!found.vrf) return tl::unexpected<Error>(found.vrf.error());
    if (found.vrf->output != found.stored->vrf.output)
      run_.fault(found.name, "its VRF output is not the one of the key");
    if (found.vrf->proof != found.stored->vrf.proof)
      run_.fault(found.name, "its VRF proof is not the one of the key");
    return {};
  }

  Result<void> check_place(const FoundVersion& found, const VersionPlace& place) {
    const std::uint64_t version = found.about.version.value();
    ++run_.report.versions;
    if (!has_versions_) ++run_.report.labels;
    has_versions_ = true;
    if (version != next_) run_.fault(found.name, "a version before it is missing");
    next_ = version + 1;
    name_ = found.name;
    if (place.commitment != keytrans::kSkippedCommitment) {
      ++run_.report.versions_without_value;  // until its value is met
    } else if (run_.log().configuration.mode() != keytrans::DeploymentMode::thirdPartyManagement) {
      run_.fault(found.name, "it was skipped, which only a third-party manager does");
    }
    if (place.position.value() >= run_.log().state.size().value()) {
      run_.fault(found.name, "its position is beyond the end of the log");
      return {};
    }
    if (place.position < position_)
      run_.fault(found.name, "its position is before that of an earlier version");
    position_ = place.position;
    KT_TRY(const auto leaf, look_up(found, run_.log().state.prefix_tree));
    if (leaf.is_known && leaf.commitment != place.commitment)
      run_.fault(found.name, leaf.commitment
                                 ? "its commitment is not that of its leaf in the prefix tree"
                                 : "the prefix tree has no leaf of it");
    return check_insertion(found, place);
  }

  // The tree of the entry at its position has the leaf, and the tree before has not.
  Result<void> check_insertion(const FoundVersion& found, const VersionPlace& place) {
    KT_TRY(const bool is_there, is_leaf_of(found, place.position, true));
    if (!is_there) run_.fault(found.name, "the prefix tree at its position has no leaf of it");
    if (place.position == EntryIndex{0}) return {};
    KT_TRY(const bool was_there, is_leaf_of(found, EntryIndex{place.position.value() - 1}, false));
    if (was_there) run_.fault(found.name, "the prefix tree before its position has a leaf of it");
    return {};
  }

  // Whether an entry's tree has the leaf of a version; `otherwise` if that cannot be found out.
  Result<bool> is_leaf_of(const FoundVersion& found, EntryIndex index, bool otherwise) {
    KT_TRY(const auto entry, run_.entry(index));
    if (!entry || run_.is_expired(*entry)) return otherwise;
    KT_TRY(const Leaf leaf, look_up(found, entry->prefix_tree));
    return leaf.is_known ? leaf.commitment.has_value() : otherwise;
  }

  struct Leaf {
    bool is_known = false;  // whether the way to it is whole: the prefix tree's check says if not
    std::optional<HashValue> commitment;
  };
  Result<Leaf> look_up(const FoundVersion& found, const keytrans::PrefixChild& root) {
    const auto answer =
        keytrans::prefix_search(run_.snapshot(), root, std::span(&found.stored->vrf.output, 1));
    if (!answer && answer.error().code != Errc::corrupt)
      return tl::unexpected<Error>(answer.error());
    return answer ? Leaf{true, answer->commitments.front()} : Leaf{};
  }

  // What is stored above the greatest version is its ladder.
  void end_label() {
    if (label_ && is_label_known_) {
      std::vector<Version> ladder;
      if (has_versions_) {
        const Version greatest{static_cast<std::uint32_t>(next_ - 1)};
        for (const Version version : keytrans::base_binary_ladder(greatest)) {
          if (version > greatest) ladder.push_back(version);
        }
        std::sort(ladder.begin(), ladder.end());
      }
      if (!has_versions_) {
        run_.fault(name_, "its label has no version that exists");
      } else if (ladder != ladder_) {
        run_.fault(name_, "what is stored above it is not its ladder: a record is missing");
      }
    }
    label_.reset();
    is_label_known_ = true;
    has_versions_ = false;
    next_ = 0;
    position_ = EntryIndex{0};
    ladder_.clear();
  }

  FsckRun& run_;
  const keytrans::VrfPrivateKey* vrf_key_;
  std::vector<FoundVersion> batch_;
  // Of the label whose versions are looked at:
  std::optional<Label> label_;
  bool is_label_known_ = true;  // whether every record could be read
  bool has_versions_ = false;
  std::uint64_t next_ = 0;
  EntryIndex position_;
  std::vector<Version> ladder_;  // versions without a place
  std::string name_;             // of its greatest version's record
};

Result<void> check_value(FsckRun& run, const FoundRecord& record) {
  ++run.report.values;
  const auto about = parse_version_key(record.key);
  if (!about) {
    run.fault("values record " + std::to_string(record.number), about.error().detail);
    return {};
  }
  const std::string name = name_of("values", record.number, about->version);
  const auto value = run.decode<keytrans::CommittedValue>(name, record.value);
  const auto bytes = run.snapshot().value(run.log().tables.versions, record.key);
  if (!bytes && bytes.error().code != Errc::corrupt) return tl::unexpected<Error>(bytes.error());
  if (!bytes) return {};  // which was said when versions were checked
  if (!*bytes) {
    run.fault(name, "the log has no such version");
    return {};
  }
  const auto version = decode_record<StoredVersion>(**bytes);
  if (!version) return {};
  if (!version->place || version->place->commitment == keytrans::kSkippedCommitment) {
    run.fault(name, "its version has none");
    return {};
  }
  if (run.report.versions_without_value > 0) --run.report.versions_without_value;
  if (!value) return {};
  const auto commitment =
      keytrans::commit({value->opening, about->label, about->version, value->update},
                       run.log().configuration.context());
  if (!commitment) {
    run.fault(name, commitment.error().detail);
  } else if (*commitment != version->place->commitment) {
    run.fault(name, "it is not what its version is committed to");
  }
  return {};
}

}  // namespace

Result<void> check_versions(FsckRun& run, const keytrans::VrfPrivateKey* vrf_key) {
  return VersionsCheck(run, vrf_key).check();
}

Result<void> check_values(FsckRun& run) {
  return run.visit(run.log().tables.values, "values",
                   [&run](const FoundRecord& record) { return check_value(run, record); });
}

}  // namespace kt::log
