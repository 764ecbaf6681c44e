// A directory for logs, and what the tests of `ktgate log` expect of it.
#pragma once

#include <chrono>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "keytrans/base64url.h"
#include "program.h"

namespace kt::gateway {

// Waits for something that another process brings about. Throws when that takes too long.
template <class Condition>
void wait_until(Condition condition, const char* what) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) throw std::runtime_error(what);
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

// A line of an import. `label` has to need no escapes.
inline std::string line_of(const std::string& label, int version, std::string_view value) {
  return R"({"label":")" + label + R"(","version":)" + std::to_string(version) + R"(,"value":")" +
         to_base64url(to_bytes(value)) + "\"}\n";
}

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

  // Imports `lines` and expects that it worked.
  void import(std::string_view name, std::string_view lines) const {
    const Outcome imported = run({"log", "import", path(name), "-"}, lines);
    ASSERT_EQ(imported.code, 0) << imported.err;
  }
  // The log as JSON Lines.
  [[nodiscard]] std::string exported(std::string_view name) const {
    const Outcome outcome = run({"log", "export", path(name)});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return outcome.out;
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
