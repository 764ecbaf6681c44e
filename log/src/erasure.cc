#include "erasure.h"

namespace kt::log {
namespace {

// The greatest version of a label of which there is a record; those above the greatest one that
// exists have no place.
Result<Version> greatest_version(const store::Snapshot& snapshot, const Tables& tables,
                                 const Label& label) {
  Bytes end = after_versions(label);
  while (true) {
    KT_TRY(const auto last, snapshot.last_before(tables.versions, end));
    const auto version = last ? version_of(label, last->key) : std::nullopt;
    if (!version) return fail(Errc::not_found, "the label is not in the log");
    KT_TRY(const StoredVersion stored, decode_record<StoredVersion>(last->value));
    if (stored.place) return *version;
    end = to_bytes(last->key);
  }
}

}  // namespace

Result<void> require_labels(const store::Snapshot& snapshot, const Tables& tables,
                            const std::vector<Label>& labels) {
  for (const Label& label : labels) {
    KT_TRY(greatest_version(snapshot, tables, label));
  }
  return {};
}

Result<Erasure> erase_label(const store::Snapshot& snapshot, const Tables& tables,
                            EntryIndex rightmost, const Label& label) {
  Erasure erasure;
  KT_TRY(const Version greatest, greatest_version(snapshot, tables, label));
  // The greatest version of a label has a value until it is erased: see LogView::is_erased().
  KT_TRY(const auto erased, snapshot.get(tables.erased, version_key(label, greatest)));
  if (erased) return erasure;
  KT_TRY(snapshot.scan(tables.values, version_key(label, Version{0}),
                       [&](const store::Record& record) -> Result<bool> {
                         if (!version_of(label, record.key)) return false;
                         erasure.batch.erase(tables.values, to_bytes(record.key));
                         erasure.batch.put(tables.erased, to_bytes(record.key), {});
                         ++erasure.values;
                         return true;
                       }));
  erasure.batch.put(tables.erasures, erasure_key(rightmost, label), {});
  return erasure;
}

}  // namespace kt::log
