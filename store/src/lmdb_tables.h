// The tables of one open environment, by number. Internal.
//
// Thread rule: at() from any thread; add() by one thread at a time. Tables are never closed, so a
// number that was handed out stays valid.
#pragma once

#include <atomic>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <lmdb.h>

#include "store/store.h"

namespace kt::store {

struct LmdbTable {
  MDB_dbi handle = 0;
  std::string name;        // "<space>.<name>", as in the environment
  std::uint64_t seed = 0;  // of its records' checksums
};

class LmdbTables {
 public:
  explicit LmdbTables(unsigned limit) : tables_(limit) {}

  [[nodiscard]] std::optional<Table> find(std::string_view name) const;
  [[nodiscard]] bool is_full() const { return count_ == tables_.size(); }
  // Requires: !is_full().
  Table add(LmdbTable table);

  // Requires: `table` is one of this store's.
  [[nodiscard]] const LmdbTable& at(Table table) const {
    KT_ASSERT(table.number() < count_);
    return tables_[table.number()];
  }

 private:
  std::vector<LmdbTable> tables_;  // of which the first count_ are there
  std::atomic<std::uint32_t> count_ = 0;
};

}  // namespace kt::store
