#include "removal.h"

#include "keytrans/auditor.h"
#include "keytrans/ibst.h"

namespace kt::log {
namespace {

using keytrans::PrefixLeaf;

// A leaf that is to leave.
struct Candidate {
  HashValue pseudonym{};
  PrefixLeaf leaf;
  bool is_new = false;  // whether its label was removed with this entry
};

class Removal {
 public:
  Removal(const LogView& view, const Tables& tables, std::size_t most, store::Batch& batch)
      : view_(view), tables_(tables), most_(most), batch_(batch) {}

  Result<std::vector<PrefixLeaf>> remove(Timestamp timestamp) {
    KT_TRY(collect_waiting());
    KT_TRY(const std::vector<PendingErasure> due, find_due(timestamp));
    for (const PendingErasure& erasure : due) {
      if (!has_room()) break;
      KT_TRY(begin(erasure));
    }
    return take();
  }

 private:
  // One more than may leave is collected, so that the last label of those has all its leaves there.
  [[nodiscard]] bool has_room() const { return candidates_.size() <= most_; }

  Result<void> collect_waiting() {
    return view_.snapshot().scan(
        tables_.leaving, {}, [this](const store::Record& record) -> Result<bool> {
          KT_TRY(const LeavingLeaf leaving, parse_leaving_key(record.key));
          KT_TRY(const auto commitment, decode_record<HashValue>(record.value));
          candidates_.push_back({leaving.pseudonym, {leaving.vrf_output, commitment}, false});
          return has_room();
        });
  }

  // Labels that can go now, as many as there may be room for.
  Result<std::vector<PendingErasure>> find_due(Timestamp timestamp) const {
    std::vector<PendingErasure> due;
    std::optional<EntryIndex> publishing;
    KT_TRY(view_.snapshot().scan_keys(tables_.erasures, {}, [&](ByteView key) -> Result<bool> {
      KT_TRY(PendingErasure erasure, parse_erasure_key(key));
      if (due.empty()) {
        KT_TRY(publishing, publishing_entry(timestamp));
      }
      if (!publishing || *publishing < erasure.rightmost) return false;
      due.push_back(std::move(erasure));
      return candidates_.size() + due.size() <= most_;
    }));
    return due;
  }

  Result<std::optional<EntryIndex>> publishing_entry(Timestamp timestamp) const {
    const TreeSize size = view_.state().size();
    std::vector<Timestamp> timestamps;
    for (const EntryIndex index : keytrans::frontier(size)) {
      KT_TRY(const keytrans::LogEntry entry, view_.entry(index));
      timestamps.push_back(entry.timestamp);
    }
    return keytrans::rightmost_publishing_entry(view_.configuration().wire(), size, timestamps,
                                                timestamp);
  }

  // Removes all that has the label's name.
  Result<void> begin(const PendingErasure& erasure) {
    std::optional<HashValue> pseudonym;
    const Label& label = erasure.label;
    KT_TRY(view_.snapshot().scan(
        tables_.versions, version_key(label, Version{0}),
        [&](const store::Record& record) -> Result<bool> {
          const auto version = version_of(label, record.key);
          if (!version) return false;
          KT_TRY(const StoredVersion stored, decode_record<StoredVersion>(record.value));
          if (*version == Version{0}) pseudonym = stored.vrf.output;
          if (!pseudonym) return false;
          batch_.erase(tables_.versions, to_bytes(record.key));
          if (!stored.place) return true;
          batch_.erase(tables_.erased, to_bytes(record.key));
          candidates_.push_back({*pseudonym, {stored.vrf.output, stored.place->commitment}, true});
          return true;
        }));
    if (!pseudonym) return fail(Errc::corrupt, "a version of the log is missing");
    batch_.erase(tables_.erasures, erasure_key(erasure.rightmost, label));
    return {};
  }

  // Decides who leaves now. The leaves of a label stand together.
  std::vector<PrefixLeaf> take() {
    const EntryIndex position{view_.state().size().value()};
    std::vector<PrefixLeaf> leaving;
    for (std::size_t i = 0; i < candidates_.size(); ++i) {
      const Candidate& each = candidates_[i];
      const bool leaves = i < most_;
      if (leaves) leaving.push_back(each.leaf);
      if (leaves && !each.is_new)
        batch_.erase(tables_.leaving, leaving_key(each.pseudonym, each.leaf.vrf_output));
      if (!leaves && each.is_new)
        batch_.put(tables_.leaving, leaving_key(each.pseudonym, each.leaf.vrf_output),
                   encode_record(each.leaf.commitment));
      const bool is_last =
          i + 1 == candidates_.size() || candidates_[i + 1].pseudonym != each.pseudonym;
      if (is_last && (leaves || each.is_new))
        batch_.put(tables_.pseudonyms, to_bytes(each.pseudonym),
                   encode_record(Pseudonym{leaves ? std::optional(position) : std::nullopt}));
    }
    return leaving;
  }

  const LogView& view_;
  const Tables& tables_;
  const std::size_t most_;
  store::Batch& batch_;
  std::vector<Candidate> candidates_;
};

}  // namespace

Result<std::vector<PrefixLeaf>> remove_erased(const LogView& view, const Tables& tables,
                                              Timestamp timestamp, std::size_t most,
                                              store::Batch& batch) {
  if (view.state().size() == TreeSize{0} || most == 0) return std::vector<PrefixLeaf>();
  return Removal(view, tables, most, batch).remove(timestamp);
}

}  // namespace kt::log
