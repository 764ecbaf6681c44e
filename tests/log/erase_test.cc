// A label whose values were erased, beside one whose were not.
#include "log/erase.h"

#include "log_fixture.h"

namespace kt::log {
namespace {

class ErasedLabel : public ::testing::TestWithParam<Kind> {
 protected:
  LogFixture fixture_{GetParam()};
  const Label alice_ = make_label("alice@example.com");
  const Label bob_ = make_label("bob@example.com");
};

INSTANTIATE_TEST_SUITE_P(Kinds, ErasedLabel, ::testing::ValuesIn(all_kinds()), kind_name);

TEST_P(ErasedLabel, IsMonitoredButNotFound) {
  fixture_.open();
  fixture_.audit();
  must(fixture_.update(alice_, std::nullopt, {Bytes{1}, Bytes{2}}));
  must(fixture_.update(bob_, std::nullopt, {Bytes{3}}));
  fixture_.audit();
  ClientState user = fixture_.newcomer();
  fixture_.search(user, alice_);
  fixture_.search(user, bob_);
  fixture_.close();
  EXPECT_EQ(must(erase_values(fixture_.path(), {alice_})), 2U);
  fixture_.open();

  ClientState other = fixture_.newcomer();
  for (const std::optional<Version> version :
       {std::optional<Version>(), std::optional(Version{0})}) {
    const auto refused =
        keytrans::prove_search(*must(fixture_.log().view()), other.search_request(alice_, version));
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error(), (Error{Errc::not_found, "the value was erased"}));
  }
  EXPECT_EQ(fixture_.search(other, bob_).value, Bytes{3});
  must(fixture_.update(bob_, Version{0}, {Bytes{4}}));
  fixture_.audit();
  fixture_.monitor(user);
  must(fixture_.update(alice_, Version{1}, {Bytes{5}}));
  fixture_.audit();
  EXPECT_EQ(fixture_.search(other, alice_).value, Bytes{5});
}

TEST_P(ErasedLabel, HasToBeInTheLog) {
  fixture_.open();
  fixture_.audit();
  must(fixture_.update(alice_, std::nullopt, {Bytes{1}}));
  fixture_.close();
  const auto refused = erase_values(fixture_.path(), {alice_, bob_});
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Errc::not_found);
  EXPECT_EQ(must(erase_values(fixture_.path(), {alice_})), 1U);
}

}  // namespace
}  // namespace kt::log
