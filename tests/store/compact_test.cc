// A store's file written anew: what leaves it, and what does not whenever the process dies.
#include "store/compact.h"

#include <fstream>
#include <iterator>
#include <string>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "must.h"
#include "scratch_directory.h"
#include "store/files.h"
#include "store/lmdb_store.h"

namespace kt::store {
namespace {

namespace fs = std::filesystem;

constexpr int kRecords = 2'000;

Bytes key_of(int number) { return to_bytes("key " + std::to_string(number)); }
Bytes secret_of(int number) {
  return to_bytes("the secret of number " + std::to_string(number) + std::string(100, '.'));
}

class CompactTest : public ::testing::Test {
 protected:
  CompactTest() {
    const auto store = must(open_lmdb_store(path_));
    const Table table = must(store->table("space", "table"));
    Batch batch;
    for (int i = 0; i < kRecords; ++i) batch.put(table, key_of(i), secret_of(i));
    batch.put(table, to_bytes("large"), Bytes(100'000, 0x5a));
    must(store->commit(batch));
    Batch erasing;
    for (int i = 0; i < kRecords; i += 2) erasing.erase(table, key_of(i));
    must(store->commit(erasing));
  }

  // The odd numbers are there and nothing else is.
  void expect_its_records() const {
    const auto store = must(open_lmdb_store(path_));
    const Table table = must(store->table("space", "table"));
    const auto snapshot = must(store->snapshot());
    EXPECT_EQ(must(snapshot->count(table)), kRecords / 2 + 1U);
    for (int i = 0; i < kRecords; ++i) {
      const auto value = must(snapshot->get(table, key_of(i)));
      ASSERT_EQ(value.has_value(), i % 2 == 1);
      if (value) {
        EXPECT_EQ(to_bytes(*value), secret_of(i));
      }
    }
  }

  // How often the secret of an even number stands in any file of the store.
  [[nodiscard]] int erased_secrets() const {
    int found = 0;
    for (const auto& entry : fs::recursive_directory_iterator(path_)) {
      if (!entry.is_regular_file()) continue;
      std::ifstream file(entry.path(), std::ios::binary);
      const std::string bytes{std::istreambuf_iterator<char>(file), {}};
      for (int i = 0; i < kRecords; i += 2) {
        if (bytes.find("the secret of number " + std::to_string(i) + ".") != std::string::npos)
          ++found;
      }
    }
    return found;
  }

  ScratchDirectory directory_;
  fs::path path_ = directory_.path() / "store";
};

TEST_F(CompactTest, NothingOfTheErasedRemains) {
  EXPECT_GT(erased_secrets(), 0);
  const Compacted done = must(compact_lmdb_store(path_));
  EXPECT_EQ(done.records, kRecords / 2 + 1U);
  EXPECT_LT(done.bytes_after, done.bytes_before);
  EXPECT_EQ(done.bytes_after, fs::file_size(path_ / "data.mdb"));
  EXPECT_EQ(erased_secrets(), 0);
  expect_its_records();
  EXPECT_FALSE(fs::exists(path_ / "compacted.new"));
}

TEST_F(CompactTest, ASecondTimeThereIsNothingToGain) {
  const Compacted first = must(compact_lmdb_store(path_));
  const Compacted second = must(compact_lmdb_store(path_));
  EXPECT_EQ(second.bytes_before, first.bytes_after);
  EXPECT_EQ(second.bytes_after, first.bytes_after);
  expect_its_records();
}

TEST_F(CompactTest, WheneverTheProcessDiesAllIsThere) {
  for (const char* const step : {"copied", "replaced"}) {
    SCOPED_TRACE(step);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      static_cast<void>(compact_lmdb_store(path_, [&](std::string_view reached) {
        if (reached == step) _exit(42);
      }));
      _exit(1);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status));
    ASSERT_EQ(WEXITSTATUS(status), 42);
    expect_its_records();
    EXPECT_EQ(erased_secrets() == 0, std::string_view(step) == "replaced");
  }
  // What the dead left goes.
  EXPECT_TRUE(fs::exists(path_ / "compacted.new"));
  must(compact_lmdb_store(path_));
  EXPECT_FALSE(fs::exists(path_ / "compacted.new"));
  expect_its_records();
}

TEST_F(CompactTest, AStoreThatIsOpenIsLeftAlone) {
  const auto store = must(open_lmdb_store(path_));
  const auto refused = compact_lmdb_store(path_);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Errc::conflict);
}

TEST_F(CompactTest, NobodyElseOpensTheStoreMeanwhile) {
  int steps = 0;
  must(compact_lmdb_store(path_, [&](std::string_view) {
    ++steps;
    const auto refused = open_lmdb_store(path_);
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, Errc::conflict);
  }));
  EXPECT_EQ(steps, 2);
}

TEST_F(CompactTest, WhereThereIsNoStoreNothingIsMade) {
  const fs::path nowhere = directory_.path() / "nowhere";
  const auto refused = compact_lmdb_store(nowhere);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Errc::not_found);
  EXPECT_FALSE(fs::exists(nowhere));
}

TEST_F(CompactTest, ADamagedStoreIsLeftAsItWas) {
  const std::string file = path_ / "data.mdb";
  std::ifstream in(file, std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(in), {}};
  // Every place of it, for the page may be there in older versions as well.
  for (std::size_t at = bytes.find("number 1999"); at != std::string::npos;
       at = bytes.find("number 1999", at + 1))
    bytes[at] = 'N';
  std::ofstream(file, std::ios::binary | std::ios::trunc) << bytes;
  const auto refused = compact_lmdb_store(path_);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Errc::corrupt);
  EXPECT_FALSE(fs::exists(path_ / "compacted.new"));
  std::ifstream after(file, std::ios::binary);
  EXPECT_EQ((std::string{std::istreambuf_iterator<char>(after), {}}), bytes);
}

// --- Files beside a store --------------------------------------------------------------------

TEST_F(CompactTest, ANewFileReplacesNothing) {
  const fs::path file = directory_.path() / "file";
  must(write_new_file(file, to_bytes("contents"), 0640));
  EXPECT_EQ(fs::status(file).permissions(),
            fs::perms::owner_read | fs::perms::owner_write | fs::perms::group_read);
  const auto refused = write_new_file(file, to_bytes("others"), 0640);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Errc::conflict);
  std::ifstream in(file);
  EXPECT_EQ((std::string{std::istreambuf_iterator<char>(in), {}}), "contents");
}

TEST_F(CompactTest, AFileIsReadWithinABound) {
  const fs::path file = directory_.path() / "file";
  EXPECT_EQ(read_small_file(file, 8).error().code, Errc::not_found);
  must(write_new_file(file, to_bytes("contents"), 0600));
  EXPECT_EQ(must(read_small_file(file, 8)), to_bytes("contents"));
  EXPECT_EQ(read_small_file(file, 7).error().code, Errc::malformed);
  EXPECT_EQ(read_small_file(directory_.path(), 8).error().code, Errc::rejected);
  // Nobody writes into this one, and nobody waits for that.
  ASSERT_EQ(mkfifo((directory_.path() / "fifo").c_str(), 0600), 0);
  EXPECT_EQ(read_small_file(directory_.path() / "fifo", 8).error().code, Errc::rejected);
}

}  // namespace
}  // namespace kt::store
