#include "program/command_line.h"

#include <cstdio>
#include <fcntl.h>
#include <stdexcept>
#include <string>
#include <sys/wait.h>
#include <tuple>
#include <unistd.h>
#include <vector>

#include <gtest/gtest.h>

namespace kt::program {
namespace {

enum class Colour { red, green };

const std::map<std::string, Colour> kColours{{"red", Colour::red}, {"green", Colour::green}};

constexpr std::uint64_t kMostTimes = 10;

struct Outcome {
  int code = -1;
  std::string out;
  std::string err;
};

// A program with a command of every kind of option, and what came of the command line.
class CommandLineTest : public testing::Test {
 protected:
  CommandLineTest() : line_("prog", "1.2", "A program for tests.") {
    const Command group = line_.root().add_command("group", "Commands to try");
    const Command paint = group.add_command("paint", "Paints.");
    paint.set_footer("Example:\n  prog group paint FILE");
    paint.add_path("FILE", file_, "What to paint").required();
    paint.add_text("TITLE", title_, "What to call it");
    paint.add_choice("--colour", kColours, colour_, "red or green");
    paint.add_duration("--dry", dry_, "How long it dries").type_name("TIME");
    paint.add_number("--times", times_, kMostTimes, "How often");
    const Option gloss = paint.add_flag("--gloss", gloss_, "Make it shine");
    paint.add_flag("--polish", polish_, "Make it shine more").needs(gloss);
    const Take take = [this](const std::string& text) -> Result<void> {
      if (text != "fine") return fail(Errc::malformed, "is not fine");
      brush_ = text;
      return {};
    };
    const Option brush = paint.add_parsed("--brush", take, "The brush").type_name("BRUSH");
    paint.runs([this] { return act_(); },
               [this, brush]() -> Result<void> {
                 if (brush.is_given() && gloss_)
                   return fail(Errc::malformed, "--brush: does not go with --gloss");
                 return {};
               });
  }

  Outcome run(std::vector<const char*> arguments) {
    arguments.insert(arguments.begin(), "/usr/bin/anything");
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    Outcome outcome;
    outcome.code = line_.run(static_cast<int>(arguments.size()), arguments.data());
    outcome.out = testing::internal::GetCapturedStdout();
    outcome.err = testing::internal::GetCapturedStderr();
    return outcome;
  }

  // Nothing is done, and `complaint` is all that is said.
  void expect_usage(const std::vector<const char*>& arguments, const std::string& complaint) {
    const Outcome outcome = run(arguments);
    EXPECT_EQ(outcome.code, kUsage) << complaint;
    EXPECT_EQ(outcome.out, "");
    EXPECT_EQ(outcome.err, complaint + "\n");
    EXPECT_EQ(acted_, 0);
  }

  CommandLine line_;
  std::filesystem::path file_;
  std::string title_;
  Colour colour_ = Colour::red;
  std::uint64_t dry_ = 5;
  std::uint64_t times_ = 3;
  bool gloss_ = false;
  bool polish_ = false;
  std::string brush_;
  int acted_ = 0;
  Action act_ = [this]() -> Result<int> {
    ++acted_;
    return kDone;
  };
};

TEST_F(CommandLineTest, TakesOptionsOfEveryKind) {
  const Outcome outcome = run({"group", "paint", "wall", "--colour", "green", "--dry", "2h",
                               "--times", "10", "The wall", "--gloss", "--polish"});
  EXPECT_EQ(outcome.code, kDone) << outcome.err;
  EXPECT_EQ(outcome.err, "");
  EXPECT_EQ(acted_, 1);
  EXPECT_EQ(file_, "wall");
  EXPECT_EQ(title_, "The wall");
  EXPECT_EQ(colour_, Colour::green);
  EXPECT_EQ(dry_, 7'200'000U);
  EXPECT_EQ(times_, 10U);
  EXPECT_TRUE(gloss_);
  EXPECT_TRUE(polish_);
}

TEST_F(CommandLineTest, WhatIsNotGivenStaysAsItIs) {
  EXPECT_EQ(run({"group", "paint", "wall", "--brush", "fine"}).code, kDone);
  EXPECT_EQ(acted_, 1);
  EXPECT_EQ(title_, "");
  EXPECT_EQ(colour_, Colour::red);
  EXPECT_EQ(dry_, 5U);
  EXPECT_EQ(times_, 3U);
  EXPECT_FALSE(gloss_);
  EXPECT_EQ(brush_, "fine");
}

TEST_F(CommandLineTest, RefusesANumberThatIsNone) {
  for (const std::string text : {"-1", "+1", "11", "1.5", "0x1", "1 ", " 1", "ten",
                                 "18446744073709551615", "18446744073709551616"})
    expect_usage(
        {"group", "paint", "wall", "--times", text.c_str()},
        "prog group paint: --times: Value " + text + " not in range 0 to 10; --help explains");
  EXPECT_EQ(times_, 3U);
}

TEST_F(CommandLineTest, ANumberIsDecimal) {
  EXPECT_EQ(run({"group", "paint", "wall", "--times", "010"}).code, kDone);
  EXPECT_EQ(times_, 10U);
}

TEST_F(CommandLineTest, RefusesADurationThatIsNone) {
  for (const char* const text : {"soon", "-1h", "5"})
    expect_usage({"group", "paint", "wall", "--dry", text},
                 "prog group paint: --dry: is not a duration like 500ms, 30s, 24h or 90d; --help "
                 "explains");
  expect_usage({"group", "paint", "wall", "--dry", "0s"},
               "prog group paint: --dry: has to be more than nothing; --help explains");
  EXPECT_EQ(dry_, 5U);
}

TEST_F(CommandLineTest, RefusesAChoiceThatIsNone) {
  for (const char* const text : {"blue", "Red", "red "})
    expect_usage({"group", "paint", "wall", "--colour", text},
                 "prog group paint: --colour: is none of those that --help lists; --help explains");
}

TEST_F(CommandLineTest, RefusesWhatItsOwnFunctionRefuses) {
  expect_usage({"group", "paint", "wall", "--brush", "coarse"},
               "prog group paint: --brush: is not fine; --help explains");
}

TEST_F(CommandLineTest, RefusesOptionsThatMakeNoSenseTogether) {
  expect_usage({"group", "paint", "wall", "--brush", "fine", "--gloss"},
               "prog group paint: --brush: does not go with --gloss; --help explains");
  expect_usage({"group", "paint", "wall", "--polish"},
               "prog group paint: --polish requires --gloss; --help explains");
}

TEST_F(CommandLineTest, RefusesWhatIsMissingOrTooMuch) {
  expect_usage({"group", "paint"}, "prog group paint: FILE is required; --help explains");
  expect_usage({"group", "paint", "wall", "--times"},
               "prog group paint: --times: 1 required NUMBER missing; --help explains");
  expect_usage({"group", "paint", "a", "b", "c"},
               "prog group paint: The following argument was not expected: c; --help explains");
  expect_usage({"group", "paint", "a", "--none"},
               "prog group paint: The following argument was not expected: --none; --help "
               "explains");
}

TEST_F(CommandLineTest, RefusesToDoNothing) {
  expect_usage({}, "prog: a command is missing; --help lists them");
  expect_usage({"group"}, "prog group: a command is missing; --help lists them");
  expect_usage({"none"}, "prog: The following argument was not expected: none; --help explains");
}

TEST_F(CommandLineTest, ACommandSaysHowItEnded) {
  act_ = [] { return kInterrupted; };
  EXPECT_EQ(run({"group", "paint", "wall"}).code, kInterrupted);

  act_ = []() -> Result<int> { return fail(Errc::rejected, "the wall is wet"); };
  const Outcome failed = run({"group", "paint", "wall"});
  EXPECT_EQ(failed.code, kFailed);
  EXPECT_EQ(failed.err, "prog group paint: the wall is wet\n");

  act_ = []() -> Result<int> { throw std::runtime_error("the wall is gone"); };
  const Outcome threw = run({"group", "paint", "wall"});
  EXPECT_EQ(threw.code, kFailed);
  EXPECT_EQ(threw.err, "prog group paint: the wall is gone\n");
}

TEST_F(CommandLineTest, OutputThatIsLostIsAFailure) {
  act_ = [] {
    std::printf("painted\n");
    return kDone;
  };
  std::fflush(stdout);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    dup2(open("/dev/full", O_WRONLY | O_CLOEXEC), STDOUT_FILENO);
    const std::vector<const char*> arguments{"prog", "group", "paint", "wall"};
    _exit(line_.run(static_cast<int>(arguments.size()), arguments.data()));
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), kFailed);
}

TEST_F(CommandLineTest, ExplainsEachCommand) {
  const Outcome paint = run({"group", "paint", "--help"});
  EXPECT_EQ(paint.code, kDone);
  EXPECT_EQ(paint.err, "");
  EXPECT_EQ(acted_, 0);
  for (const char* const text :
       {"Paints.\n", "Usage: prog group paint [OPTIONS] FILE [TITLE]\n", "What to paint\n",
        "--colour NAME ", "--dry TIME ", "--times NUMBER ", "--brush BRUSH ", "--gloss ",
        "\nExample:\n  prog group paint FILE\n"})
    EXPECT_NE(paint.out.find(text), std::string::npos) << text << paint.out;
  EXPECT_EQ(paint.out.find("Exit codes"), std::string::npos) << paint.out;

  for (const std::vector<const char*>& arguments :
       {std::vector<const char*>{"--help"}, std::vector<const char*>{"group", "--help"}}) {
    const Outcome outcome = run(arguments);
    EXPECT_EQ(outcome.code, kDone);
    EXPECT_NE(outcome.out.find("Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted.\n"),
              std::string::npos)
        << outcome.out;
  }
}

TEST_F(CommandLineTest, SaysItsVersion) {
  const Outcome outcome = run({"--version"});
  EXPECT_EQ(outcome.code, kDone);
  EXPECT_EQ(outcome.out, "prog 1.2\n");
}

TEST(CommandLine, ErrorsHaveTheExitCodesThatTheProgramGivesThem) {
  Errc error = Errc::not_found;
  CommandLine line("prog", "1.2", "A program for tests.");
  line.set_exit_codes([](Errc code) { return code == Errc::not_found ? 3 : 4; }, "Codes: 3, 4.");
  const Command command = line.root().add_command("go", "Goes.");
  command.runs([&error]() -> Result<int> { return fail(error, "not today"); });
  const auto run = [&line](std::vector<const char*> arguments) {
    arguments.insert(arguments.begin(), "prog");
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    const int code = line.run(static_cast<int>(arguments.size()), arguments.data());
    const std::string err = testing::internal::GetCapturedStderr();
    return std::tuple(code, testing::internal::GetCapturedStdout(), err);
  };
  EXPECT_EQ(run({"go"}), std::tuple(3, "", "prog go: not today\n"));
  error = Errc::unavailable;
  EXPECT_EQ(run({"go"}), std::tuple(4, "", "prog go: not today\n"));
  EXPECT_EQ(std::get<0>(run({"stop"})), kUsage);
  const auto help = run({"go", "--help"});
  EXPECT_EQ(std::get<0>(help), kDone);
  EXPECT_NE(std::get<1>(help).find("Codes: 3, 4."), std::string::npos) << std::get<1>(help);
}

}  // namespace
}  // namespace kt::program
