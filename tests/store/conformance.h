// What every Store has to do. An implementation passes by instantiating this suite with a way to
// make stores:
//
//   INSTANTIATE_TEST_SUITE_P(Lmdb, StoreConformance, ::testing::Values(make_factory));
#pragma once

#include <functional>
#include <memory>

#include <gtest/gtest.h>

#include "store/store.h"

namespace kt::store {

// One place where stores can be kept, empty at first and gone with this object.
class StoreFactory {
 public:
  virtual ~StoreFactory() = default;

  // Opens what is kept there.
  virtual Result<std::unique_ptr<Store>> open() = 0;
};

class StoreConformance
    : public ::testing::TestWithParam<std::function<std::unique_ptr<StoreFactory>()>> {
 protected:
  StoreConformance();

  void reopen();
  [[nodiscard]] Store& store() { return *store_; }
  [[nodiscard]] Table table() const { return *table_; }
  [[nodiscard]] StoreFactory& factory() { return *factory_; }

  // Commits one put and expects that it worked.
  void put(Table table, std::string_view key, std::string_view value);
  void put(std::string_view key, std::string_view value) { put(table(), key, value); }
  void close() { store_.reset(); }

 private:
  std::unique_ptr<StoreFactory> factory_;
  std::unique_ptr<Store> store_;
  std::optional<Table> table_;
};

// What is stored under `key`, as text, or nothing. Throws when it cannot be read.
std::optional<std::string> text_at(const Snapshot& snapshot, Table table, std::string_view key);

}  // namespace kt::store
