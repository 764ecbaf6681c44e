// `ktgate log stat`.
#include <nlohmann/json.hpp>

#include "keytrans/log_configuration.h"
#include "log_program.h"
#include "must.h"

namespace kt::gateway {
namespace {

class LogStat : public LogProgram {
 protected:
  [[nodiscard]] nlohmann::json stat(std::string_view name) const {
    const Outcome outcome = run({"log", "stat", path(name), "--json"});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return nlohmann::json::parse(outcome.out);
  }
};

TEST_F(LogStat, CountsWhatIsThere) {
  create("log");
  const nlohmann::json empty = stat("log");
  EXPECT_EQ(empty["tree_head"]["tree_size"], 0);
  EXPECT_EQ(empty["counts"]["labels"], 0);
  EXPECT_TRUE(empty["tree_head"]["root"].is_null());
  EXPECT_TRUE(empty["rightmost_timestamp"].is_null());
  EXPECT_EQ(empty["highest_head"], 0);

  import("log", line_of("alice", 0, "0") + line_of("alice", 1, "1") + line_of("bob", 0, "b"));
  const nlohmann::json json = stat("log");
  EXPECT_EQ(json["counts"]["labels"], 2);
  EXPECT_EQ(json["counts"]["versions"], 3);
  EXPECT_EQ(json["counts"]["values"], 3);
  EXPECT_EQ(json["counts"]["entries"], json["tree_head"]["tree_size"]);
  EXPECT_GE(json["counts"]["entries"], 1);
  EXPECT_EQ(json["highest_head"], json["tree_head"]["tree_size"]);
  EXPECT_GT(json["database"]["bytes_used"], 0);
  EXPECT_LE(json["first_timestamp"], json["rightmost_timestamp"]);
  EXPECT_EQ(json["configuration"]["suite"], "ed25519");
  EXPECT_EQ(json["configuration"]["mode"], "contact-monitoring");
  EXPECT_EQ(json["configuration"]["max_behind"], 3'600'000);
}

// Somebody who has the configuration can verify what is printed.
TEST_F(LogStat, TheHeadThatItPrintsIsTheLogs) {
  create("log");
  import("log", line_of("alice", 0, "0"));
  const auto configuration = must(keytrans::LogConfiguration::create(must(
      keytrans::decode<keytrans::Configuration>(to_bytes(read_file(path("log/configuration")))))));
  const nlohmann::json json = stat("log");
  EXPECT_EQ(json["log_id"], configuration.id().hex());
  HashValue root{};
  const Bytes bytes = from_hex(json["tree_head"]["root"].get<std::string>()).value();
  ASSERT_EQ(bytes.size(), root.size());
  std::copy(bytes.begin(), bytes.end(), root.begin());
  const keytrans::TreeHead head{
      TreeSize{json["tree_head"]["tree_size"].get<std::uint64_t>()},
      from_hex(json["tree_head"]["signature"].get<std::string>()).value()};
  EXPECT_TRUE(configuration.verify_tree_head(head, root).has_value());
}

TEST_F(LogStat, PrintsForPeopleWithoutIdentities) {
  create("log");
  import("log", line_of("alice", 0, "her value"));
  const Outcome outcome = run({"log", "stat", path("log")});
  EXPECT_EQ(outcome.code, 0);
  for (const char* const about :
       {"LogId  ", "suite              ed25519\n", "labels             1\n",
        "monitoring window  1d\n", " ago\n", " of 1.0 TiB\n"})
    EXPECT_NE(outcome.out.find(about), std::string::npos) << outcome.out;
  EXPECT_EQ(outcome.out.find("alice"), std::string::npos);
  EXPECT_EQ(outcome.out.find("her value"), std::string::npos);
}

TEST_F(LogStat, ChangesNothing) {
  create("log");
  import("log", line_of("alice", 0, "0"));
  const std::string before = read_file(path("log/database/data.mdb"));
  EXPECT_EQ(stat("log")["counts"]["labels"], 1);
  EXPECT_EQ(read_file(path("log/database/data.mdb")), before);
}

TEST_F(LogStat, SaysWhatIsWrongWithTheHeadFile) {
  create("log");
  std::filesystem::remove(path("log/head"));
  EXPECT_TRUE(stat("log")["highest_head"].is_null());
  EXPECT_NE(run({"log", "stat", path("log")}).out.find("missing or damaged"), std::string::npos);
}

TEST_F(LogStat, RefusesWhatIsNoLog) {
  expect_failure(run({"log", "stat", path("nowhere")}), 1, "log stat", "there is no log");
  EXPECT_FALSE(std::filesystem::exists(path("nowhere")));
  // A directory that looks like one.
  std::filesystem::create_directories(path("other/database"));
  expect_failure(run({"log", "stat", path("other")}), 1, "log stat", "there is no log");
  EXPECT_TRUE(std::filesystem::is_empty(path("other/database")));
  write_file(path("other/database/data.mdb"), "not a database");
  expect_failure(run({"log", "stat", path("other")}), 1, "log stat", "");
  EXPECT_EQ(read_file(path("other/database/data.mdb")), "not a database");
  expect_failure(run({"log", "stat"}), 2, "log stat", "DIR");
}

}  // namespace
}  // namespace kt::gateway
