// `ktgate log backup`, `recover` and `compact`: a log's database in another place, an older one,
// and one written anew.
#include <nlohmann/json.hpp>

#include "log/log.h"
#include "log_program.h"
#include "must.h"
#include "store/lmdb_store.h"

namespace kt::gateway {
namespace {

namespace fs = std::filesystem;

class LogBackup : public LogProgram {
 protected:
  LogBackup() {
    create("log");
    import("log", lines_);
  }

  // The database of one directory in the place of another's.
  void restore(std::string_view from, std::string_view to) const {
    fs::remove_all(path(std::string(to) + "/database"));
    fs::copy(path(std::string(from) + "/database"), path(std::string(to) + "/database"),
             fs::copy_options::recursive);
  }
  void expect_opens(std::string_view name) const {
    const auto log = log::Log::open(path(name));
    EXPECT_TRUE(log.has_value()) << log.error().detail;
  }
  void expect_refused(std::string_view name, std::string_view about) const {
    const auto log = log::Log::open(path(name));
    ASSERT_FALSE(log.has_value());
    EXPECT_EQ(log.error().code, Errc::rejected);
    EXPECT_NE(log.error().detail.find(about), std::string::npos) << log.error().detail;
  }
  [[nodiscard]] Outcome back_up(std::string_view to,
                                const std::vector<std::string>& options = {}) const {
    std::vector<std::string> arguments{"log", "backup", path("log"), path(to)};
    arguments.insert(arguments.end(), options.begin(), options.end());
    return run(arguments);
  }
  [[nodiscard]] Outcome recover(const std::vector<std::string>& options = {}) const {
    std::vector<std::string> arguments{"log", "recover", path("log")};
    arguments.insert(arguments.end(), options.begin(), options.end());
    return run(arguments);
  }
  // Removes the value of version 0 of a label from the log's records.
  void erase_value(std::string_view name, const std::string& label) const {
    const Outcome stat = run({"log", "stat", path(name), "--json"});
    const auto store = must(store::open_lmdb_store(path(std::string(name) + "/database")));
    const auto id = nlohmann::json::parse(stat.out)["log_id"].get<std::string>();
    const auto values = must(store->table(id, "values"));
    Bytes key{static_cast<std::uint8_t>(label.size())};
    key.insert(key.end(), label.begin(), label.end());
    key.insert(key.end(), 4, 0);
    ASSERT_TRUE(must(must(store->snapshot())->get(values, key)).has_value());
    store::Batch batch;
    batch.erase(values, std::move(key));
    ASSERT_EQ(must(store->commit(batch)), store::Committed::ok);
  }
  [[nodiscard]] bool files_contain(std::string_view name, std::string_view text) const {
    for (const auto& [file, contents] : read_tree(path(name))) {
      if (contents.find(text) != std::string::npos) return true;
    }
    return false;
  }

  const std::string lines_ = line_of("bob", 0, "b0") + line_of("alice", 0, "a0");
  const std::string more_ = line_of("carol", 0, "c0");
};

// --- Backup ----------------------------------------------------------------------------------

TEST_F(LogBackup, ABackupIsAWholeLog) {
  const Outcome done = back_up("backup");
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_NE(done.out.find(" records, "), std::string::npos) << done.out;
  EXPECT_NE(done.out.find(", with the private keys\n"), std::string::npos) << done.out;
  EXPECT_FALSE(fs::exists(path("backup.new")));
  EXPECT_EQ(exported("backup"), lines_);
  expect_opens("backup");
  for (const char* const file : {"configuration", "signature.pem", "vrf.pem"})
    EXPECT_EQ(read_file(path("backup/" + std::string(file))),
              read_file(path("log/" + std::string(file))))
        << file;
  for (const char* const key : {"backup/signature.pem", "backup/vrf.pem", "backup/head"})
    EXPECT_EQ(fs::status(path(key)).permissions(), fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_EQ(fs::status(path("backup")).permissions(), fs::perms::owner_all);
}

TEST_F(LogBackup, ABackupCanDoWithoutTheKeys) {
  const Outcome done = back_up("backup", {"--no-keys"});
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_NE(done.out.find("without the private keys"), std::string::npos) << done.out;
  EXPECT_FALSE(files_contain("backup", "PRIVATE KEY"));
  EXPECT_EQ(log::Log::open(path("backup")).error().code, Errc::not_found);
  // Nothing but the keys is missing.
  for (const char* const key : {"signature.pem", "vrf.pem"})
    fs::copy_file(path("log/" + std::string(key)), path("backup/" + std::string(key)));
  expect_opens("backup");
}

TEST_F(LogBackup, ABackupLeavesTheLogAsItIs) {
  const std::string database = read_file(path("log/database/data.mdb"));
  const std::string head = read_file(path("log/head"));
  ASSERT_EQ(back_up("backup").code, 0);
  EXPECT_EQ(read_file(path("log/database/data.mdb")), database);
  EXPECT_EQ(read_file(path("log/head")), head);
}

TEST_F(LogBackup, ABackupReplacesNothing) {
  ASSERT_EQ(back_up("backup").code, 0);
  const auto before = read_tree(path("backup"));
  expect_failure(back_up("backup"), 1, "log backup", "already");
  EXPECT_EQ(read_tree(path("backup")), before);
  fs::create_directory(path("other.new"));
  expect_failure(back_up("other"), 1, "log backup", ".new");
  EXPECT_TRUE(fs::is_empty(path("other.new")));
  expect_failure(back_up("not/there"), 1, "log backup", "No such file");
  expect_failure(run({"log", "backup", path("nowhere"), path("b")}), 1, "log backup",
                 "there is no log");
  EXPECT_FALSE(fs::exists(path("b")));
  expect_failure(run({"log", "backup", path("log")}), 2, "log backup", "DEST");
}

TEST_F(LogBackup, ABackupHasNothingOfWhatWasErased) {
  import("log", line_of("dave", 0, "a value to be recognised"));
  ASSERT_TRUE(files_contain("log", "a value to be recognised"));
  erase_value("log", "dave");
  ASSERT_EQ(back_up("backup").code, 0);
  EXPECT_TRUE(files_contain("log", "a value to be recognised"));
  EXPECT_FALSE(files_contain("backup", "a value to be recognised"));
}

TEST_F(LogBackup, ADamagedLogIsNotBackedUp) {
  std::string bytes = read_file(path("log/database/data.mdb"));
  for (std::size_t at = bytes.find("\x05"
                                   "alice");
       at != std::string::npos; at = bytes.find("\x05"
                                                "alice",
                                                at + 1))
    bytes[at + 1] = 'A';
  write_file(path("log/database/data.mdb"), bytes);
  expect_failure(back_up("backup"), 1, "log backup", "damaged");
  EXPECT_FALSE(fs::exists(path("backup")));
  EXPECT_FALSE(fs::exists(path("backup.new")));
  // Nor is it compacted.
  expect_failure(run({"log", "compact", path("log")}), 1, "log compact", "damaged");
  EXPECT_EQ(read_file(path("log/database/data.mdb")), bytes);
}

TEST_F(LogBackup, ABackupWithAKeyThatIsNotTheLogsIsNotMade) {
  create("other");
  fs::copy_file(path("other/vrf.pem"), path("log/vrf.pem"), fs::copy_options::overwrite_existing);
  expect_failure(back_up("backup"), 1, "log backup", "vrf.pem is not the key of this log");
  EXPECT_FALSE(fs::exists(path("backup")));
  EXPECT_FALSE(fs::exists(path("backup.new")));
}

// --- Recovery --------------------------------------------------------------------------------

TEST_F(LogBackup, ARestoredBackupRefusesToServeUntilItIsRecovered) {
  ASSERT_EQ(back_up("backup").code, 0);
  import("log", more_);
  restore("backup", "log");
  expect_refused("log", "it is an old copy");
  const std::string head = read_file(path("log/head"));

  expect_failure(recover(), 1, "log recover", "but a head of ");
  EXPECT_EQ(read_file(path("log/head")), head);
  expect_refused("log", "it is an old copy");

  const Outcome done = recover({"--yes-fork-the-log"});
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_NE(done.out.find("but a head of "), std::string::npos) << done.out;
  EXPECT_NE(done.out.find("recovered: the log goes on from the "), std::string::npos) << done.out;
  EXPECT_FALSE(fs::exists(path("log/head.new")));
  EXPECT_EQ(exported("log"), lines_);
  import("log", more_);
  EXPECT_EQ(exported("log"), line_of("bob", 0, "b0") + line_of("alice", 0, "a0") + more_);
}

// A backup of the day itself is no old copy.
TEST_F(LogBackup, ARestoredBackupServesIfNothingWasSignedSince) {
  ASSERT_EQ(back_up("backup").code, 0);
  restore("backup", "log");
  expect_opens("log");
}

TEST_F(LogBackup, AnotherHistoryIsRefusedUntilItIsRecovered) {
  ASSERT_EQ(back_up("backup").code, 0);
  import("log", more_);
  import("log", line_of("dave", 0, "d0"));
  // The copy is updated in the log's place, which it must not be.
  import("backup", line_of("erin", 0, "e0"));
  for (int i = 0; i < 5; ++i) import("backup", line_of("erin" + std::to_string(i), 0, "e0"));
  restore("backup", "log");
  expect_refused("log", "another history");
  expect_failure(recover(), 1, "log recover", "which are not those of the head");
  EXPECT_EQ(recover({"--yes-fork-the-log"}).code, 0);
  expect_opens("log");
}

TEST_F(LogBackup, ALogWithoutItsHeadFileIsRecovered) {
  fs::remove(path("log/head"));
  expect_failure(recover(), 1, "log recover", "the head file is missing");
  EXPECT_FALSE(fs::exists(path("log/head")));
  EXPECT_EQ(recover({"--yes-fork-the-log"}).code, 0);
  EXPECT_EQ(fs::status(path("log/head")).permissions(),
            fs::perms::owner_read | fs::perms::owner_write);
  expect_opens("log");

  write_file(path("log/head"), "no head");
  write_file(path("log/head.new"), "left by a process that died");
  expect_failure(recover(), 1, "log recover", "the head file is damaged");
  EXPECT_EQ(read_file(path("log/head")), "no head");
  EXPECT_EQ(recover({"--yes-fork-the-log"}).code, 0);
  EXPECT_FALSE(fs::exists(path("log/head.new")));
  expect_opens("log");
}

// A backup of a log in trouble is in the same trouble.
TEST_F(LogBackup, ABackupOfAnOldCopyIsRefusedAsWell) {
  ASSERT_EQ(back_up("old").code, 0);
  import("log", more_);
  restore("old", "log");
  ASSERT_EQ(back_up("backup").code, 0);
  expect_refused("backup", "it is an old copy");
  fs::remove(path("log/head"));
  ASSERT_EQ(back_up("another").code, 0);
  expect_refused("another", "the head file is missing");
}

TEST_F(LogBackup, AnEmptyLogIsRecovered) {
  create("empty");
  fs::remove(path("empty/head"));
  const Outcome done = run({"log", "recover", path("empty"), "--yes-fork-the-log"});
  EXPECT_EQ(done.code, 0) << done.err;
  expect_opens("empty");
}

TEST_F(LogBackup, ALogThatNeedsNoRecoveryIsLeftAlone) {
  const std::string head = read_file(path("log/head"));
  const auto written = fs::last_write_time(path("log/head"));
  for (const std::vector<std::string>& options :
       {std::vector<std::string>{}, {"--yes-fork-the-log"}}) {
    const Outcome outcome = recover(options);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_NE(outcome.out.find("nothing to recover"), std::string::npos) << outcome.out;
  }
  EXPECT_EQ(read_file(path("log/head")), head);
  EXPECT_EQ(fs::last_write_time(path("log/head")), written);
}

TEST_F(LogBackup, RecoveryRefusesWhatItCannotMakeOpen) {
  expect_failure(run({"log", "recover", path("nowhere")}), 1, "log recover", "there is no log");
  fs::remove(path("log/head"));
  fs::remove(path("log/signature.pem"));
  expect_failure(recover({"--yes-fork-the-log"}), 1, "log recover", "key file");
  EXPECT_FALSE(fs::exists(path("log/head")));
}

// --- Compaction ------------------------------------------------------------------------------

TEST_F(LogBackup, CompactingLeavesNothingOfWhatWasErased) {
  import("log", line_of("dave", 0, "a value to be recognised"));
  erase_value("log", "dave");
  ASSERT_TRUE(files_contain("log", "a value to be recognised"));
  const Outcome done = run({"log", "compact", path("log")});
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_NE(done.out.find(" before, "), std::string::npos) << done.out;
  EXPECT_FALSE(files_contain("log", "a value to be recognised"));
  EXPECT_EQ(exported("log"), lines_);
  // It goes on as the same log.
  import("log", more_);
  EXPECT_EQ(exported("log"), line_of("bob", 0, "b0") + line_of("alice", 0, "a0") + more_);
}

TEST_F(LogBackup, CompactingRefusesWhatIsNoLog) {
  expect_failure(run({"log", "compact", path("nowhere")}), 1, "log compact", "there is no log");
  EXPECT_FALSE(fs::exists(path("nowhere")));
  expect_failure(run({"log", "compact"}), 2, "log compact", "DIR");
}

}  // namespace
}  // namespace kt::gateway
