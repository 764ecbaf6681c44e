// When the directory document that is believed is gone by, and when another one is looked for.
#include "memory_world.h"

namespace kt::client {
namespace {

constexpr std::uint64_t kDay = 86'400'000;

class Documents : public MemoryWorld {
 protected:
  Documents() : MemoryWorld(keytrans::DeploymentMode::contactMonitoring) {
    session_.on_news = [this](const DomainNews& news) { news_.push_back(news.change); };
  }
  [[nodiscard]] std::uint64_t believed() const {
    return must(trusted_domains(session_)).at(0).current().epoch.value();
  }
  std::vector<DomainChange> news_;
};

TEST_F(Documents, OneThatIsInForceIsGoneByWithoutAskingAgain) {
  EXPECT_TRUE(look_up().has_value());
  EXPECT_EQ(transport_.fetches(), 0);
}

TEST_F(Documents, ANewerOneThatTheGatewayNamesIsFollowedFirst) {
  transport_.renew(true);
  const auto found = must(look_up());
  EXPECT_EQ(found.epoch, federation::Epoch{2});
  EXPECT_EQ(transport_.fetches(), 1);
  EXPECT_EQ(news_, std::vector<DomainChange>{DomainChange::followed});
  must(look_up());
  EXPECT_EQ(transport_.fetches(), 1);
}

// A migration publishes documents one right after the other. Who had followed the first of them
// took an answer by the second for misbehaviour.
TEST_F(Documents, SeveralInARowAreFollowed) {
  transport_.renew(true);
  transport_.renew_after_fetches(2);
  EXPECT_EQ(must(look_up()).epoch, federation::Epoch{4});
  EXPECT_EQ(transport_.fetches(), 3);
  EXPECT_EQ(news_, std::vector<DomainChange>(3, DomainChange::followed));
}

TEST_F(Documents, OneThatIsNotInTheLogIsNotFollowed) {
  transport_.renew(false);
  const auto found = look_up();
  ASSERT_FALSE(found.has_value());
  EXPECT_EQ(found.error().code, Errc::verification_failed);
  EXPECT_EQ(believed(), 1U);
  EXPECT_TRUE(news_.empty());
}

TEST_F(Documents, AGatewayThatOnlySaysThatThereIsANewerOneIsAsked) {
  transport_.say(99);
  EXPECT_EQ(must(look_up()).epoch, federation::Epoch{1});
  EXPECT_EQ(transport_.fetches(), 1);
  EXPECT_TRUE(news_.empty());
}

TEST_F(Documents, AnAnswerOfAnotherLogIsRefused) {
  transport_.say(log_of(7));
  const auto found = look_up();
  ASSERT_FALSE(found.has_value());
  EXPECT_EQ(found.error().code, Errc::verification_failed);
  EXPECT_NE(found.error().detail.find("has not asked the log"), std::string::npos);
}

TEST_F(Documents, OneThatHasExpiredIsNotGoneBy) {
  later_ = 2 * kDay;
  const auto found = look_up();
  ASSERT_FALSE(found.has_value());
  EXPECT_EQ(found.error().code, Errc::rejected) << found.error().detail;
  EXPECT_EQ(transport_.fetches(), 1);
}

TEST_F(Documents, WhatIsTooOldIsRefused) {
  // More than max_behind of the log.
  later_ = 60'000;
  const auto found = look_up();
  ASSERT_FALSE(found.has_value());
  EXPECT_EQ(found.error().code, Errc::verification_failed);
  EXPECT_NE(found.error().detail.find("too far behind the clock"), std::string::npos);
}

}  // namespace
}  // namespace kt::client
