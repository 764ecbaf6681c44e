// Answers that are read from the cache, and what the cache must not hide.
#include <fstream>
#include <string>

#include <gtest/gtest.h>

#include "log_fixture.h"
#include "prefix_store.h"

namespace kt::log {
namespace {

using keytrans::PrefixLeaf;
using keytrans::PrefixNodeRef;

class CachedView : public ::testing::TestWithParam<Kind> {};

INSTANTIATE_TEST_SUITE_P(Kinds, CachedView, ::testing::ValuesIn(all_kinds()), kind_name);

// Everything a new user is answered about each label, twice.
std::vector<keytrans::SearchResponse> answers(Log& log, const std::vector<Label>& labels) {
  std::vector<keytrans::SearchResponse> all;
  for (int round = 0; round < 2; ++round) {
    for (const Label& label : labels) {
      const auto view = must(log.view());
      for (const auto version : {std::optional<Version>(), std::optional(Version{0})})
        all.push_back(must(keytrans::prove_search(*view, {std::nullopt, label, version})));
    }
  }
  return all;
}

TEST_P(CachedView, AnswersAreThoseOfTheStore) {
  LogFixture fixture(GetParam());
  fixture.options.read_cache = 0;
  fixture.open();
  fixture.audit();
  std::vector<Label> labels;
  for (int i = 0; i < 40; ++i) {
    labels.push_back(make_label("user" + std::to_string(i)));
    must(fixture.update(labels.back(), std::nullopt, {Bytes{0}, Bytes{1}}));
  }
  fixture.audit();
  const auto stored = answers(fixture.log(), labels);
  for (const std::size_t bytes : {kSmallCache, LogOptions().read_cache}) {
    fixture.close();
    fixture.options.read_cache = bytes;
    fixture.open();
    EXPECT_TRUE(answers(fixture.log(), labels) == stored) << bytes;
  }
}

// --- Damage ----------------------------------------------------------------------------------

PrefixLeaf leaf(std::uint8_t number) {
  PrefixLeaf leaf;
  leaf.vrf_output.fill(number);
  leaf.commitment.fill(static_cast<std::uint8_t>(number + 100));
  return leaf;
}

// Flips a bit of each place where the commitment of `leaf` is in `file`, and says how many.
std::size_t damage(const std::filesystem::path& file, const PrefixLeaf& leaf) {
  std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(stream)), {});
  const std::string wanted(leaf.commitment.begin(), leaf.commitment.end());
  std::size_t places = 0;
  for (auto at = bytes.find(wanted); at != std::string::npos; at = bytes.find(wanted, at + 1)) {
    stream.clear();
    stream.seekp(static_cast<std::streamoff>(at));
    stream.put(static_cast<char>(wanted[0] ^ 1));
    ++places;
  }
  return places;
}

// Two chunks of two nodes each, in a store.
class CachedNodes : public ::testing::Test {
 protected:
  CachedNodes() {
    store::Batch batch;
    for (std::uint64_t chunk = 1; chunk <= 2; ++chunk) {
      Bytes bytes;
      for (const std::uint64_t place : {0U, 1U})
        append_node(bytes, leaf_at(node_ref(chunk, place)));
      batch.put(table_, number_key(chunk), bytes);
    }
    EXPECT_EQ(must(store_->commit(batch)), store::Committed::ok);
  }

  static PrefixLeaf leaf_at(PrefixNodeRef ref) { return leaf(static_cast<std::uint8_t>(ref)); }
  // As a new view reads it.
  Result<keytrans::PrefixNode> read(PrefixNodeRef ref) {
    const auto snapshot = must(store_->snapshot());
    return StoredPrefixNodes(*snapshot, table_, &cache_).get(ref);
  }
  [[nodiscard]] bool is_cached(PrefixNodeRef ref) const {
    return cache_.find({ReadCache::Kind::prefix_node, ref}).has_value();
  }

  ScratchDirectory directory_;
  std::unique_ptr<store::Store> store_ = must(store::open_lmdb_store(directory_.path() / "store"));
  store::Table table_ = must(store_->table("space", "prefix"));
  ReadCache cache_{std::size_t{1} << 20};
};

TEST_F(CachedNodes, ADamagedChunkIsFoundBesideCachedNodes) {
  const PrefixNodeRef known = node_ref(1, 0);
  EXPECT_EQ(must(read(known)), keytrans::PrefixNode(leaf_at(known)));
  EXPECT_TRUE(is_cached(known));
  for (const PrefixNodeRef damaged : {node_ref(1, 1), node_ref(2, 0)}) {
    ASSERT_EQ(damage(directory_.path() / "store" / "data.mdb", leaf_at(damaged)), 1U);
    const auto node = read(damaged);
    ASSERT_FALSE(node.has_value());
    EXPECT_EQ(node.error().code, Errc::corrupt);
    EXPECT_NE(node.error().detail.find("prefix"), std::string::npos) << node.error().detail;
    EXPECT_FALSE(is_cached(damaged));
  }
  EXPECT_EQ(must(read(known)), keytrans::PrefixNode(leaf_at(known)));
}

TEST_F(CachedNodes, WhatIsNotThereIsNotCached) {
  for (const PrefixNodeRef missing : {node_ref(1, 2), node_ref(3, 0), PrefixNodeRef{0}}) {
    const auto node = read(missing);
    ASSERT_FALSE(node.has_value());
    EXPECT_EQ(node.error().code, Errc::corrupt);
    EXPECT_FALSE(is_cached(missing));
  }
}

}  // namespace
}  // namespace kt::log
