#include "client/state_directory.h"

#include <sys/stat.h>
#include <thread>

#include <gtest/gtest.h>

#include "must.h"
#include "scratch_directory.h"

namespace kt::client {
namespace {

const Cell kCell{"logs", {1, 2, 3}};

TEST(StateDirectory, IsItsOwnersAlone) {
  const ScratchDirectory scratch;
  const auto path = scratch.path() / "state" / "kt";
  const StateDirectory state = must(StateDirectory::open(path));
  EXPECT_TRUE(must(state.write({{kCell, std::nullopt, Bytes{1}}})));
  for (const auto& each : {path, path / "database"}) {
    struct stat status {};
    ASSERT_EQ(stat(each.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0700U) << each;
  }
  EXPECT_EQ(StateDirectory::open("/proc/none/kt").error().code, Errc::unavailable);
}

TEST(StateDirectory, WritesAllChangesOrNone) {
  const ScratchDirectory scratch;
  const StateDirectory state = must(StateDirectory::open(scratch.path() / "kt"));
  const Cell other{"domains", {7}};
  EXPECT_EQ(must(state.read(kCell)), std::nullopt);
  EXPECT_TRUE(must(state.write({{kCell, std::nullopt, Bytes{1}}, {other, {}, Bytes{}}})));
  EXPECT_EQ(must(state.read(kCell)), Bytes{1});
  EXPECT_EQ(must(state.read(other)), Bytes{});
  // Somebody who has not seen what was written.
  EXPECT_FALSE(must(state.write({{other, Bytes{}, Bytes{5}}, {kCell, std::nullopt, Bytes{2}}})));
  EXPECT_FALSE(must(state.write({{kCell, Bytes{9}, std::nullopt}})));
  EXPECT_EQ(must(state.read(kCell)), Bytes{1});
  EXPECT_EQ(must(state.read(other)), Bytes{});
  EXPECT_TRUE(must(state.write({{kCell, Bytes{1}, std::nullopt}})));
  EXPECT_EQ(must(state.read(kCell)), std::nullopt);
  using All = std::vector<std::pair<Bytes, Bytes>>;
  EXPECT_EQ(must(state.read_all("domains")), (All{{{7}, {}}}));
  EXPECT_EQ(must(state.read_all("logs")), All{});
}

// Each adds to a counter what it can; none is lost.
TEST(StateDirectory, ManyAtOnceLoseNothing) {
  const ScratchDirectory scratch;
  constexpr int kThreads = 4;
  constexpr int kEach = 10;
  const auto count = [&] {
    const StateDirectory state = must(StateDirectory::open(scratch.path() / "kt"));
    for (int done = 0; done < kEach;) {
      const auto before = must(state.read(kCell));
      Bytes after = before.value_or(Bytes{0});
      ++after[0];
      if (must(state.write({{kCell, before, after}}))) ++done;
    }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) threads.emplace_back(count);
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(must(must(StateDirectory::open(scratch.path() / "kt")).read(kCell)),
            Bytes{kThreads * kEach});
}

}  // namespace
}  // namespace kt::client
