// A directory for logs, and what the tests of `ktgate log` expect of it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "program.h"

namespace kt::gateway {

class LogProgram : public ::testing::Test {
 protected:
  [[nodiscard]] std::string path(std::string_view name) const { return directory_.path() / name; }

  // Makes a log, of the quicker suite unless `options` say otherwise.
  void create(std::string_view name, const std::vector<std::string>& options = {}) const {
    std::vector<std::string> arguments{"log", "create", path(name)};
    arguments.insert(arguments.end(), options.begin(), options.end());
    if (options.empty()) arguments.insert(arguments.end(), {"--suite", "ed25519"});
    const Outcome made = run(arguments);
    ASSERT_EQ(made.code, 0) << made.err;
  }

  // One line on stderr that names the command and says `about`; nothing on stdout.
  static void expect_failure(const Outcome& outcome, int code, std::string_view command,
                             std::string_view about) {
    EXPECT_EQ(outcome.code, code);
    EXPECT_EQ(outcome.out, "");
    EXPECT_EQ(outcome.err.find("ktgate " + std::string(command) + ": "), 0U) << outcome.err;
    EXPECT_NE(outcome.err.find(about), std::string::npos) << outcome.err;
    EXPECT_EQ(outcome.err.find('\n'), outcome.err.size() - 1) << outcome.err;
  }

 private:
  ScratchDirectory directory_;
};

}  // namespace kt::gateway
