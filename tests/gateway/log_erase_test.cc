// `ktgate log erase`: values go, and nothing else does. And `ktgate log prune`, as a command.
#include <filesystem>
#include <fstream>

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
  [[nodiscard]] bool files_contain(std::string_view text) const {
    std::ifstream file(path("log/database/data.mdb"), std::ios::binary);
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
  // Again there is nothing to erase; and the label goes on with its next version.
  EXPECT_EQ(erase("\"alice\"\n").out, "1 labels: 0 values erased\n");
  import("log", line_of("alice", 2, "a2"));
  EXPECT_EQ(exported("log"), bob_ + line_of("alice", 2, "a2"));
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
  EXPECT_EQ(pruned.out, "given up: 0 nodes of the prefix tree, 0 values, 0 auditor updates\n");
  expect_failure(run({"log", "prune", path("nowhere")}), 1, "log prune", "there is no log");
  expect_failure(run({"log", "prune"}), 2, "log prune", "DIR");
}

}  // namespace
}  // namespace kt::gateway
