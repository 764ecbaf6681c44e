#include "client/home.h"

#include <gtest/gtest.h>

#include "must.h"
#include "names.h"
#include "scratch_directory.h"

namespace kt::client {
namespace {

TEST(Home, IsRememberedUntilThereIsAnother) {
  const ScratchDirectory directory;
  const StateDirectory state = must(StateDirectory::open(directory.path() / "kt"));
  EXPECT_EQ(must(load_home(state)), std::nullopt);
  const Home first{{domain_of("example.com"), "/home/alice/token"}, std::nullopt};
  must(store_home(state, first));
  EXPECT_EQ(must(load_home(state)), first);
  const Home second{{domain_of("example.org"), {}},
                    RelayAccess{domain_of("example.net"), "/home/alice/other"}};
  must(store_home(state, second));
  EXPECT_EQ(must(load_home(state)), second);
  must(store_home(state, std::nullopt));
  EXPECT_EQ(must(load_home(state)), std::nullopt);
  for (const Home& none :
       {Home{{domain_of("example.com"), std::string(70'000, 'a')}, std::nullopt},
        Home{{domain_of("example.com"), {}}, RelayAccess{domain_of("example.com"), {}}}}) {
    const auto stored = store_home(state, none);
    ASSERT_FALSE(stored);
    EXPECT_EQ(stored.error().code, Errc::malformed);
  }
  EXPECT_EQ(must(load_home(state)), std::nullopt);
}

TEST(Home, OfTheFirstFormatIsStillRead) {
  const ScratchDirectory directory;
  const StateDirectory state = must(StateDirectory::open(directory.path() / "kt"));
  Bytes bytes = to_bytes("\1\7home.ex");
  bytes.insert(bytes.end(), {0, 0});
  ASSERT_TRUE(must(state.write({{{"settings", to_bytes("home")}, std::nullopt, bytes}})));
  EXPECT_EQ(must(load_home(state)), (Home{{domain_of("home.ex"), {}}, std::nullopt}));
}

TEST(Home, IsNotItsOwnRelay) {
  Home home{{domain_of("example.com"), "token"}, std::nullopt};
  EXPECT_EQ(must(home.access_to(domain_of("example.net"))), home.own);
  const auto refused = home.access_to(domain_of("example.com"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::rejected);
  home.elsewhere = RelayAccess{domain_of("example.org"), {}};
  EXPECT_EQ(must(home.access_to(domain_of("example.com"))), *home.elsewhere);
  EXPECT_EQ(must(home.access_to(domain_of("example.org"))), home.own);
}

TEST(Home, WhatIsNoneIsNotBelieved) {
  const ScratchDirectory directory;
  const StateDirectory state = must(StateDirectory::open(directory.path() / "kt"));
  const Cell cell{"settings", to_bytes("home")};
  std::optional<Bytes> before;
  for (const Bytes& bytes :
       {Bytes{}, Bytes{1}, Bytes{3, 0, 0, 0}, Bytes{2, 0, 0, 0}, Bytes{2, 3, 'a', '.', 'b', 0, 0},
        Bytes{2, 3, 'a', '.', 'b', 0, 0, 1, 3, 'a', '.', 'b', 0, 0}, Bytes{1, 1, 'a', 0, 0},
        Bytes{1, 0, 0, 0}}) {
    ASSERT_TRUE(must(state.write({{cell, before, bytes}})));
    before = bytes;
    const auto home = load_home(state);
    ASSERT_FALSE(home);
    EXPECT_EQ(home.error().code, Errc::corrupt);
  }
}

}  // namespace
}  // namespace kt::client
