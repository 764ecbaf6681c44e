#include "lmdb_tables.h"

namespace kt::store {

std::optional<Table> LmdbTables::find(std::string_view name) const {
  for (std::uint32_t i = 0; i < count_; ++i) {
    if (tables_[i].name == name) return Table(i);
  }
  return std::nullopt;
}

Table LmdbTables::add(LmdbTable table) {
  KT_ASSERT(!is_full());
  const std::uint32_t number = count_;
  tables_[number] = std::move(table);
  ++count_;
  return Table(number);
}

}  // namespace kt::store
