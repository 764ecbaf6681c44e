#include "fsck_run.h"

#include "keytrans/codec.h"

namespace kt::log {
namespace {

// Far below the age that a snapshot may have, for a single read may wait for a disk.
constexpr std::chrono::seconds kSnapshotTime{1};

}  // namespace

// --- FreshSnapshot ---------------------------------------------------------------------------

Result<const FreshSnapshot::Taken*> FreshSnapshot::take() const {
  const auto now = std::chrono::steady_clock::now();
  if (!taken_ || now >= taken_->until) {
    taken_.reset();
    KT_TRY(auto snapshot, store_.snapshot());
    const store::Snapshot& borrowed = *snapshot;
    taken_.emplace(Taken{std::move(snapshot), StoredPrefixNodes(borrowed, tables_.prefix),
                         now + kSnapshotTime});
  }
  return &*taken_;
}

Result<std::optional<ByteView>> FreshSnapshot::value(store::Table table, ByteView key) const {
  KT_TRY(const Taken* const taken, take());
  return taken->snapshot->get(table, key);
}

Result<keytrans::PrefixNode> FreshSnapshot::get(keytrans::PrefixNodeRef ref) const {
  KT_TRY(const Taken* const taken, take());
  return taken->nodes.get(ref);
}

// --- FsckRun ---------------------------------------------------------------------------------

void FsckRun::fault(const std::string& record, const std::string& what) {
  ++report.fault_count;
  if (report.faults.size() < options_.fault_limit) report.faults.push_back(record + ": " + what);
}

Result<void> FsckRun::visit(store::Table table, const std::string& name, const Visitor& visit) {
  Bytes last;
  std::uint64_t number = 0;
  while (true) {
    const auto page = store::read_checked_page(*log_.store, table, last);
    if (!page) {
      if (page.error().code != Errc::corrupt) return tl::unexpected<Error>(page.error());
      fault("table " + name, "it cannot be read to its end: " + page.error().detail);
      return {};
    }
    if (page->empty()) return {};
    for (const store::CheckedRecord& record : *page) {
      if (record.key <= last) {
        fault("table " + name, "its keys do not ascend; it was not read to its end");
        return {};
      }
      KT_TRY(visit({++number, record.key, record.value}));
      last = record.key;
      ++done_;
      if (progress_) progress_(done_, total_);
    }
  }
}

Result<void> FsckRun::visit_entries(const EntryVisitor& visit) {
  Bytes last;
  while (true) {
    const auto page = store::read_checked_page(*log_.store, log_.tables.entries, last);
    if (!page && page.error().code == Errc::corrupt) return {};
    if (!page) return tl::unexpected<Error>(page.error());
    if (page->empty()) return {};
    for (const store::CheckedRecord& record : *page) {
      if (record.key <= last) return {};
      last = record.key;
      const auto index = parse_number_key(record.key);
      if (!index || *index >= log_.state.size().value() || !record.value) continue;
      const auto entry = decode_record<StoredEntry>(*record.value);
      if (!entry) continue;
      KT_TRY(visit(EntryIndex{*index}, *entry));
    }
  }
}

Result<std::optional<StoredEntry>> FsckRun::entry(EntryIndex index) const {
  if (index.value() >= log_.state.size().value()) return std::optional<StoredEntry>();
  const auto value = snapshot_.value(log_.tables.entries, number_key(index.value()));
  if (!value && value.error().code != Errc::corrupt) return tl::unexpected<Error>(value.error());
  if (!value || !*value) return std::optional<StoredEntry>();
  const auto entry = decode_record<StoredEntry>(**value);
  return entry ? std::optional<StoredEntry>(*entry) : std::nullopt;
}

std::optional<std::uint64_t> parse_number_key(ByteView key) {
  std::uint64_t number = 0;
  keytrans::Decoder io(key);
  io.number("number", number);
  if (!std::move(io).finish()) return std::nullopt;
  return number;
}

}  // namespace kt::log
