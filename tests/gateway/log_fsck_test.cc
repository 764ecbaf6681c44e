// `ktgate log fsck`. What it finds is shown in tests/log/fsck_test.cc.
#include <nlohmann/json.hpp>

#include "log_program.h"
#include "must.h"
#include "store/lmdb_store.h"

namespace kt::gateway {
namespace {

class LogFsck : public LogProgram {
 protected:
  LogFsck() {
    create("log");
    import("log", line_of("alice", 0, "a0") + line_of("alice", 1, "a1") + line_of("bob", 0, "b0"));
  }
  // Takes the rightmost log entry away.
  void lose_an_entry() const {
    const Outcome stat = run({"log", "stat", path("log"), "--json"});
    const auto json = nlohmann::json::parse(stat.out);
    const auto store = must(store::open_lmdb_store(path("log/database")));
    const auto entries = must(store->table(json["log_id"].get<std::string>(), "entries"));
    Bytes key(8, 0);
    key.back() = static_cast<std::uint8_t>(json["tree_head"]["tree_size"].get<unsigned>() - 1);
    ASSERT_TRUE(must(must(store->snapshot())->get(entries, key)).has_value());
    store::Batch batch;
    batch.erase(entries, std::move(key));
    ASSERT_EQ(must(store->commit(batch)), store::Committed::ok);
  }
};

TEST_F(LogFsck, ASoundLogHasNoFaultsAndIsNotChanged) {
  const std::string before = read_file(path("log/database/data.mdb"));
  const Outcome outcome = run({"log", "fsck", path("log")});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.err, "");
  for (const char* const about :
       {"versions           3\n", "values             3\n", "without value      0\n",
        "VRFs               computed again\n", "no faults in the log of tree size "})
    EXPECT_NE(outcome.out.find(about), std::string::npos) << outcome.out;
  EXPECT_EQ(outcome.out.find("alice"), std::string::npos);
  EXPECT_EQ(read_file(path("log/database/data.mdb")), before);
}

TEST_F(LogFsck, PrintsJson) {
  const Outcome outcome = run({"log", "fsck", path("log"), "--json"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  const auto json = nlohmann::json::parse(outcome.out);
  EXPECT_EQ(json["clean"], true);
  EXPECT_EQ(json["fault_count"], 0);
  EXPECT_EQ(json["faults"], nlohmann::json::array());
  EXPECT_EQ(json["vrfs_recomputed"], true);
  EXPECT_EQ(json["checked"]["labels"], 2);
  EXPECT_EQ(json["checked"]["versions"], 3);
  EXPECT_EQ(json["checked"]["entries"], json["tree_size"]);
}

TEST_F(LogFsck, FaultsArePrintedAndMakeItFail) {
  lose_an_entry();
  const Outcome outcome = run({"log", "fsck", path("log")});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(outcome.out.find("fault: entry "), 0U) << outcome.out;
  EXPECT_EQ(outcome.out.find("no faults"), std::string::npos) << outcome.out;
  EXPECT_EQ(outcome.err, "ktgate log fsck: 1 fault was found\n");

  const Outcome as_json = run({"log", "fsck", path("log"), "--json"});
  EXPECT_EQ(as_json.code, 1);
  const auto json = nlohmann::json::parse(as_json.out);
  EXPECT_EQ(json["clean"], false);
  EXPECT_EQ(json["fault_count"], 1);
  EXPECT_EQ(json["faults"].size(), 1U);
}

TEST_F(LogFsck, WithoutVrfsItSaysSo) {
  std::filesystem::remove(path("log/vrf.pem"));
  expect_failure(run({"log", "fsck", path("log")}), 1, "log fsck", "key file");
  const Outcome outcome = run({"log", "fsck", path("log"), "--no-vrf"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("believed (--no-vrf)\n"), std::string::npos) << outcome.out;
  EXPECT_EQ(nlohmann::json::parse(
                run({"log", "fsck", path("log"), "--no-vrf", "--json"}).out)["vrfs_recomputed"],
            false);
}

TEST_F(LogFsck, RefusesWhatItCannotCheck) {
  expect_failure(run({"log", "fsck", path("nowhere")}), 1, "log fsck", "there is no log");
  expect_failure(run({"log", "fsck"}), 2, "log fsck", "DIR");
  const auto store = must(store::open_lmdb_store(path("log/database")));
  expect_failure(run({"log", "fsck", path("log")}), 1, "log fsck", "open already");
}

}  // namespace
}  // namespace kt::gateway
