#include "store/copy.h"

#include "store/pages.h"

namespace kt::store {
namespace {

Result<std::uint64_t> count_of(const Store& store, Table table) {
  KT_TRY(const auto snapshot, store.snapshot());
  return snapshot->count(table);
}

Result<std::uint64_t> copy_table(Store& from, Store& to, const TableName& name) {
  KT_TRY(const Table source, from.table(name.space, name.name));
  KT_TRY(const Table target, to.table(name.space, name.name));
  KT_TRY(const std::uint64_t expected, count_of(from, source));
  Bytes last;
  std::uint64_t copied = 0;
  while (true) {
    KT_TRY(auto page, read_page(from, source, last));
    if (page.empty()) break;
    copied += page.size();
    last = page.back().key;
    Batch batch;
    for (OwnedRecord& record : page)
      batch.put(target, std::move(record.key), std::move(record.value));
    KT_TRY(const Committed committed, to.commit(batch));
    if (committed != Committed::ok) return fail(Errc::unavailable, "the copy cannot be written");
  }
  KT_TRY(const std::uint64_t arrived, count_of(to, target));
  if (copied != expected || arrived != expected)
    return fail(Errc::corrupt, "table " + name.space + "." + name.name +
                                   " is damaged: it has not as many records as it says");
  return copied;
}

}  // namespace

Result<std::uint64_t> copy_store(Store& from, Store& to) {
  KT_TRY(const auto occupied, to.tables());
  if (!occupied.empty()) return fail(Errc::conflict, "the store to copy to is not empty");
  KT_TRY(const auto names, from.tables());
  std::uint64_t copied = 0;
  for (const TableName& name : names) {
    KT_TRY(const std::uint64_t records, copy_table(from, to, name));
    copied += records;
  }
  return copied;
}

}  // namespace kt::store
