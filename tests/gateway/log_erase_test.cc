// `ktgate log erase`: values go at once, and all else in time. And `ktgate log prune`, as a
// command.
#include <filesystem>
#include <fstream>

#include <nlohmann/json.hpp>

#include "log_program.h"

namespace kt::gateway {
namespace {

class LogErase : public LogProgram {
 protected:
  LogErase() {
    create("log");
    import("log", bob_ + line_of("alice", 0, "a secret to be recognised") +
                      line_of("alice", 1, "another secret"));
  }
  [[nodiscard]] Outcome erase(std::string_view lines) const {
    return run({"log", "erase", path("log"), "-"}, lines);
  }
  [[nodiscard]] bool files_contain(std::string_view text, const std::string& log = "log") const {
    std::ifstream file(path(log + "/database/data.mdb"), std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    return bytes.find(text) != std::string::npos;
  }

  const std::string bob_ = line_of("bob", 0, "b0");
};

TEST_F(LogErase, RemovesTheValuesOfALabelAndNoOthers) {
  ASSERT_TRUE(files_contain("a secret to be recognised"));
  const Outcome erased = erase("\"alice\"\n");
  EXPECT_EQ(erased.code, 0) << erased.err;
  EXPECT_EQ(erased.out, "1 labels: 2 values erased\n");
  EXPECT_EQ(exported("log"), bob_);
  ASSERT_EQ(run({"log", "compact", path("log")}).code, 0);
  EXPECT_FALSE(files_contain("a secret to be recognised"));
  EXPECT_FALSE(files_contain("another secret"));
  // Again there is nothing to erase; and the label takes no versions.
  EXPECT_EQ(erase("\"alice\"\n").out, "1 labels: 0 values erased\n");
  const Outcome refused = run({"log", "import", path("log"), "-"}, line_of("alice", 2, "a2"));
  EXPECT_EQ(refused.code, 1);
  EXPECT_NE(refused.err.find("the label was erased"), std::string::npos) << refused.err;
  EXPECT_EQ(exported("log"), bob_);
}

// From the request to the day on which nothing is left of it, as docs/operating-logs.md says.
TEST_F(LogErase, ALabelIsForgottenInTheEnd) {
  create("short", {"--suite", "ed25519", "--reasonable-monitoring-window", "1ms",
                   "--maximum-lifetime", "1s"});
  import("short", bob_ + line_of("alice@example.com", 0, "a secret to be recognised"));
  const auto counts = [this] {
    return nlohmann::json::parse(run({"log", "stat", path("short"), "--json"}).out)["counts"];
  };
  const Outcome erased = run({"log", "erase", path("short"), "-"}, "\"alice@example.com\"\n");
  EXPECT_EQ(erased.out, "1 labels: 1 values erased\n") << erased.err;
  EXPECT_EQ(counts()["erased_labels"], 1);

  int bobs = 1;
  const auto next_entry = [&] {
    import("short", line_of("bob", bobs, "b"));
    ++bobs;
  };
  wait_until(
      [&] {
        next_entry();
        return counts()["erased_labels"] == 0;
      },
      "the label is not removed");
  EXPECT_EQ(counts()["labels"], 1);
  EXPECT_EQ(counts()["leaving_leaves"], 0);
  EXPECT_EQ(counts()["pseudonyms"], 1);
  const Outcome refused =
      run({"log", "import", path("short"), "-"}, line_of("alice@example.com", 0, "a"));
  EXPECT_NE(refused.err.find("the label was erased"), std::string::npos) << refused.err;

  wait_until(
      [&] {
        next_entry();
        EXPECT_EQ(run({"log", "prune", path("short")}).code, 0);
        return counts()["pseudonyms"] == 0;
      },
      "the label is not forgotten");
  ASSERT_EQ(run({"log", "compact", path("short")}).code, 0);
  for (const char* const trace : {"alice@example.com", "a secret to be recognised"})
    EXPECT_FALSE(files_contain(trace, "short"));
  EXPECT_EQ(run({"log", "fsck", path("short")}).code, 0);
  import("short", line_of("alice@example.com", 0, "anew"));
}

TEST_F(LogErase, ErasesNothingUnlessEveryLineIsALabelOfTheLog) {
  const std::string before = exported("log");
  expect_failure(erase("\"alice\"\n\"nobody\"\n"), 1, "log erase", "not in the log");
  expect_failure(erase("\"alice\"\nalice\n"), 1, "log erase", "line 2");
  expect_failure(erase("\"alice\"\n{\"label\":\"bob\"}\n"), 1, "log erase", "line 2");
  expect_failure(erase("\"" + std::string(256, 'x') + "\"\n"), 1, "log erase", "line 1");
  expect_failure(erase("\"\"\n"), 1, "log erase", "line 1");
  expect_failure(run({"log", "erase", path("nowhere"), "-"}, "\"a\"\n"), 1, "log erase",
                 "there is no log");
  expect_failure(run({"log", "erase", path("log"), path("nothing")}), 1, "log erase",
                 "cannot be opened");
  expect_failure(run({"log", "erase", path("log")}), 2, "log erase", "FILE");
  EXPECT_EQ(exported("log"), before);
}

TEST_F(LogErase, ALabelThatIsNoTextIsErased) {
  import("log", "{\"label\":{\"base64url\":\"_w\"},\"value\":\"AA\"}\n");
  EXPECT_EQ(erase("{\"base64url\":\"_w\"}\n").out, "1 labels: 1 values erased\n");
}

TEST_F(LogErase, PruningWithoutALifetimeGivesNothingUp) {
  const Outcome pruned = run({"log", "prune", path("log")});
  EXPECT_EQ(pruned.code, 0) << pruned.err;
  EXPECT_EQ(pruned.out,
            "given up: 0 nodes of the prefix tree, 0 values, 0 auditor updates, "
            "0 pseudonyms\n");
  expect_failure(run({"log", "prune", path("nowhere")}), 1, "log prune", "there is no log");
  expect_failure(run({"log", "prune"}), 2, "log prune", "DIR");
}

}  // namespace
}  // namespace kt::gateway
