// A store in memory. What is committed stays when those who use it go.
#pragma once

#include <map>
#include <utility>

#include "must.h"
#include "store/store.h"

namespace kt::migration {

class MemoryStore final : public store::Store {
 public:
  using Records = std::map<std::pair<std::uint32_t, Bytes>, Bytes>;

  Result<store::Table> table(std::string_view space, std::string_view name) override {
    const store::TableName key{std::string(space), std::string(name)};
    const auto found = names_.emplace(key, static_cast<std::uint32_t>(names_.size())).first;
    return store::Table(found->second);
  }
  Result<std::vector<store::TableName>> tables() const override {
    std::vector<store::TableName> all;
    for (const auto& [name, number] : names_) all.push_back(name);
    return all;
  }
  Result<std::unique_ptr<store::Snapshot>> snapshot() const override {
    return std::make_unique<MemorySnapshot>(records_);
  }
  Result<store::Committed> commit(const store::Batch& batch) override {
    for (const auto& expected : batch.expectations()) {
      const auto found = records_.find({expected.table.number(), expected.key});
      const bool holds = found == records_.end()
                             ? !expected.value.has_value()
                             : expected.value.has_value() && *expected.value == found->second;
      if (!holds) return store::Committed::conflict;
    }
    for (const auto& each : batch.erasures()) records_.erase({each.table.number(), each.key});
    for (const auto& each : batch.puts())
      records_.insert_or_assign({each.table.number(), each.key}, each.value);
    return store::Committed::ok;
  }
  [[nodiscard]] store::Usage usage() const override { return {}; }

 private:
  class MemorySnapshot final : public store::Snapshot {
   public:
    explicit MemorySnapshot(Records records) : records_(std::move(records)) {}

    Result<std::optional<ByteView>> get(store::Table table, ByteView key) const override {
      const auto found = records_.find({table.number(), to_bytes(key)});
      if (found == records_.end()) return std::nullopt;
      return std::optional<ByteView>(found->second);
    }
    Result<void> scan(store::Table table, ByteView from, const Visitor& visit) const override {
      for (auto each = records_.lower_bound({table.number(), to_bytes(from)});
           each != records_.end() && each->first.first == table.number(); ++each) {
        KT_TRY(const bool more, visit({each->first.second, each->second}));
        if (!more) break;
      }
      return {};
    }
    Result<void> scan_keys(store::Table table, ByteView from,
                           const KeyVisitor& visit) const override {
      return scan(table, from, [&visit](const store::Record& each) { return visit(each.key); });
    }
    Result<std::optional<store::Record>> last_before(store::Table table,
                                                     ByteView end) const override {
      auto after = end.empty() ? records_.lower_bound({table.number() + 1, {}})
                               : records_.lower_bound({table.number(), to_bytes(end)});
      if (after == records_.begin()) return std::nullopt;
      const auto last = std::prev(after);
      if (last->first.first != table.number()) return std::nullopt;
      return store::Record{last->first.second, last->second};
    }
    Result<std::uint64_t> count(store::Table table) const override {
      std::uint64_t count = 0;
      for (const auto& [key, value] : records_) count += key.first == table.number() ? 1U : 0U;
      return count;
    }

   private:
    const Records records_;
  };

  std::map<store::TableName, std::uint32_t> names_;
  Records records_;
};

}  // namespace kt::migration
