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
  const Home first{domain_of("example.com"), "/home/alice/token"};
  must(store_home(state, first));
  EXPECT_EQ(must(load_home(state)), first);
  const Home second{domain_of("example.org"), {}};
  must(store_home(state, second));
  EXPECT_EQ(must(load_home(state)), second);
  must(store_home(state, std::nullopt));
  EXPECT_EQ(must(load_home(state)), std::nullopt);
  EXPECT_FALSE(store_home(state, Home{domain_of("example.com"), std::string(70'000, 'a')}));
}

TEST(Home, WhatIsNoneIsNotBelieved) {
  const ScratchDirectory directory;
  const StateDirectory state = must(StateDirectory::open(directory.path() / "kt"));
  const Cell cell{"settings", to_bytes("home")};
  std::optional<Bytes> before;
  for (const Bytes& bytes :
       {Bytes{}, Bytes{1}, Bytes{2, 0, 0, 0}, Bytes{1, 1, 'a', 0, 0}, Bytes{1, 0, 0, 0}}) {
    ASSERT_TRUE(must(state.write({{cell, before, bytes}})));
    before = bytes;
    const auto home = load_home(state);
    ASSERT_FALSE(home);
    EXPECT_EQ(home.error().code, Errc::corrupt);
  }
}

}  // namespace
}  // namespace kt::client
