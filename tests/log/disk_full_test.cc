// A log on a file system without room: a real one, small, of a child process's own.
#include <algorithm>
#include <functional>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include <gtest/gtest.h>

#include "log_fixture.h"
#include "small_disk.h"

namespace kt::log {
namespace {

constexpr std::uint64_t kSmall = std::uint64_t{3} << 20U;
constexpr std::size_t kValueSize = 100'000;

// How a child ends.
enum Outcome : int { passed = 10, failed = 11, no_mounts = 12 };

Label label_of(std::uint32_t number) { return make_label("user" + std::to_string(number)); }
Bytes value_of(std::uint32_t number) {
  return Bytes(kValueSize, static_cast<std::uint8_t>(number));
}

// A log and what it acknowledged.
class FilledLog {
 public:
  explicit FilledLog(const SmallDisk& disk) : fixture_({}, disk.path()) { fixture_.open(); }

  [[nodiscard]] LogFixture& fixture() { return fixture_; }
  [[nodiscard]] Trouble trouble() { return fixture_.log().state().trouble; }

  // Adds a label. The error if it was refused.
  std::optional<Error> add() {
    fixture_.clock.pass(1'000);
    const auto answer =
        fixture_.update(label_of(acknowledged_), std::nullopt, {value_of(acknowledged_)});
    if (!answer) return answer.error();
    ++acknowledged_;
    return std::nullopt;
  }

  // Adds labels until one is refused, as one has to be without room.
  void fill() {
    while (acknowledged_ < 10 * kSmall / kValueSize) {
      const auto refused = add();
      if (!refused) continue;
      expect_no_room(*refused);
      return;
    }
    ADD_FAILURE() << "there is room for " << acknowledged_ << " labels";
  }
  void expect_refused() {
    const auto refused = add();
    ASSERT_TRUE(refused.has_value());
    expect_no_room(*refused);
  }

  // Whether new users, and one who follows the log throughout, find what was acknowledged, and
  // nothing else.
  void expect_served() {
    EXPECT_GT(acknowledged_, 0U);
    ClientState newcomer = fixture_.newcomer();
    if (!follower_) follower_.emplace(fixture_.newcomer());
    for (std::uint32_t i = 0; i < acknowledged_; ++i) {
      EXPECT_EQ(fixture_.search(newcomer, label_of(i)).value, value_of(i));
      EXPECT_EQ(fixture_.search(*follower_, label_of(i)).value, value_of(i));
    }
    const auto beyond = keytrans::prove_search(*must(fixture_.log().view()),
                                               newcomer.search_request(label_of(acknowledged_)));
    ASSERT_FALSE(beyond.has_value());
    EXPECT_EQ(beyond.error().code, Errc::not_found);
  }

 private:
  void expect_no_room(const Error& error) {
    EXPECT_EQ(error.code, Errc::unavailable) << error.detail;
    EXPECT_TRUE(error.detail.find("No space left") != std::string::npos ||
                error.detail.find("disk is full") != std::string::npos)
        << error.detail;
    EXPECT_EQ(trouble(), Trouble::storage);
  }

  LogFixture fixture_;
  std::uint32_t acknowledged_ = 0;
  std::optional<ClientState> follower_;
};

// Runs `test` in a child, on a small disk of its own.
void run_on_small_disk(const std::function<void(const SmallDisk&)>& test) {
  const ScratchDirectory mount_point;
  int channel[2] = {-1, -1};
  ASSERT_EQ(pipe(channel), 0);
  std::cout.flush();
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const auto disk = SmallDisk::mount(mount_point.path(), kSmall);
    if (!disk) {
      const std::string& reason = disk.error().detail;
      const bool told = write(channel[1], reason.data(), reason.size()) > 0;
      _exit(told ? no_mounts : failed);
    }
    try {
      test(*disk);
    } catch (const std::exception& error) {
      ADD_FAILURE() << error.what();
    }
    std::cout.flush();
    _exit(::testing::Test::HasFailure() ? failed : passed);
  }
  close(channel[1]);
  std::string reason(256, '\0');
  reason.resize(static_cast<std::size_t>(
      std::max<ssize_t>(0, read(channel[0], reason.data(), reason.size()))));
  close(channel[0]);
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status)) << "ended by signal " << WTERMSIG(status);
  if (WEXITSTATUS(status) == no_mounts) GTEST_SKIP() << reason;
  EXPECT_EQ(WEXITSTATUS(status), passed) << "see above";
}

TEST(LogOnAFullDisk, ServesOnAndGrowsWhenTheDiskDoes) {
  run_on_small_disk([](const SmallDisk& disk) {
    FilledLog log(disk);
    log.fill();
    log.expect_served();
    log.expect_refused();
    disk.resize(2 * kSmall);
    EXPECT_EQ(log.add(), std::nullopt);
    EXPECT_EQ(log.trouble(), Trouble::none);
    log.expect_served();
    log.fixture().open();
    log.expect_served();
    EXPECT_EQ(log.add(), std::nullopt);
  });
}

// Somebody else took the room, and gives it back.
TEST(LogOnAFullDisk, ServesOnAndGrowsWhenSpaceReturns) {
  run_on_small_disk([](const SmallDisk& disk) {
    FilledLog log(disk);
    for (int i = 0; i < 5; ++i) EXPECT_EQ(log.add(), std::nullopt);
    disk.fill();
    log.expect_refused();
    log.expect_served();
    disk.clear();
    EXPECT_EQ(log.add(), std::nullopt);
    EXPECT_EQ(log.trouble(), Trouble::none);
    log.expect_served();
  });
}

// To open a log takes no room that it did not have before.
TEST(LogOnAFullDisk, IsOpenedAndServed) {
  run_on_small_disk([](const SmallDisk& disk) {
    FilledLog log(disk);
    for (int i = 0; i < 5; ++i) EXPECT_EQ(log.add(), std::nullopt);
    disk.fill();
    log.expect_refused();
    log.fixture().open();
    log.expect_served();
    log.expect_refused();
    disk.clear();
    EXPECT_EQ(log.add(), std::nullopt);
    log.expect_served();
  });
}

// Nor does it take room to be read by more at a time than ever before.
TEST(LogOnAFullDisk, ServesAsManyReadersAsEver) {
  run_on_small_disk([](const SmallDisk& disk) {
    FilledLog log(disk);
    EXPECT_EQ(log.add(), std::nullopt);
    disk.fill();
    std::vector<std::unique_ptr<keytrans::LogSource>> views;
    for (int i = 0; i < 400; ++i) views.push_back(must(log.fixture().log().view()));
    log.expect_served();
  });
}

}  // namespace
}  // namespace kt::log
