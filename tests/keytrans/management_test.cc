#include "keytrans/management.h"

#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "keytrans/algorithms.h"
#include "keytrans/client_state.h"
#include "keytrans/commitment.h"
#include "suites.h"
#include "test_log.h"

namespace kt::keytrans {
namespace {

constexpr Version kMaxVersion{std::numeric_limits<std::uint32_t>::max()};

std::vector<LabelValue> values(std::size_t count) {
  std::vector<LabelValue> values;
  for (std::size_t i = 0; i < count; ++i)
    values.push_back({to_bytes("value " + std::to_string(i))});
  return values;
}

// A Service Operator's keys and a manager's log.
class Management : public ::testing::TestWithParam<CipherSuite> {
 protected:
  Management()
      : log_(test_configuration(GetParam(), DeploymentMode::thirdPartyManagement)),
        leaf_key_(*log_.log().keys().leaf) {
    log_.append(Timestamp{1'000}, {{label_, 2}});
    log_.append(Timestamp{2'000}, {{other_}});
  }

  // A request for `count` values after version `greatest`, signed for `signed_version`.
  [[nodiscard]] ManagerUpdateRequest signed_request(std::optional<Version> greatest,
                                                    std::size_t count,
                                                    Version signed_version) const {
    const UpdateRequest request{std::nullopt, label_, greatest, values(count)};
    return must(
        sign_update_request(leaf_key_, log_.configuration().wire(), request, signed_version));
  }

  [[nodiscard]] Result<std::uint32_t> check(const ManagerUpdateRequest& request,
                                            std::optional<Version> greatest) const {
    return check_manager_update(log_.configuration(), request, greatest);
  }

  template <class T>
  static void expect_error(const Result<T>& result, Errc code, std::string_view about) {
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().code, code) << result.error().detail;
    EXPECT_NE(result.error().detail.find(about), std::string::npos) << result.error().detail;
  }

  const Label label_ = make_label("alice@example.com");
  const Label other_ = make_label("bob@example.com");
  TestLog log_;
  const SigningKey& leaf_key_;
};

INSTANTIATE_TEST_SUITE_P(, Management, ::testing::Values(kP256Suite, kEd25519Suite), suite_name);

// --- The Service Operator's side -------------------------------------------------------------

TEST_P(Management, SignsEachValueForItsVersion) {
  const ManagerUpdateRequest request = signed_request(Version{1}, 3, Version{5});
  EXPECT_EQ(request.label, label_);
  EXPECT_EQ(request.greatest_version, Version{1});
  EXPECT_EQ(request.signed_version, Version{5});
  ASSERT_EQ(request.values.size(), 3U);
  for (std::uint32_t i = 0; i < 3; ++i) {
    EXPECT_EQ(request.values[i].value, values(3)[i].value);
    for (std::uint32_t version = 0; version < 10; ++version) {
      const auto verified =
          log_.configuration().verify_update_value(label_, Version{version}, request.values[i]);
      EXPECT_EQ(verified.has_value(), version == 5 + i);
    }
  }
}

TEST_P(Management, SignsNothingWithoutValues) {
  const ManagerUpdateRequest request = signed_request(Version{1}, 0, Version{7});
  EXPECT_TRUE(request.values.empty());
  EXPECT_EQ(request.signed_version, Version{0});
  EXPECT_EQ(must(check(request, Version{1})), 0U);
}

TEST_P(Management, DoesNotSignBeyondTheGreatestVersion) {
  const UpdateRequest request{std::nullopt, label_, std::nullopt, values(2)};
  const Configuration& configuration = log_.configuration().wire();
  expect_error(sign_update_request(leaf_key_, configuration, request, kMaxVersion), Errc::rejected,
               "no version counters left");
  EXPECT_TRUE(
      sign_update_request(leaf_key_, configuration, request, Version{kMaxVersion.value() - 1})
          .has_value());
}

// --- The manager's side ----------------------------------------------------------------------

TEST_P(Management, CountsTheSkippedVersions) {
  EXPECT_EQ(must(check(signed_request(std::nullopt, 1, Version{0}), std::nullopt)), 0U);
  EXPECT_EQ(must(check(signed_request(std::nullopt, 2, Version{3}), std::nullopt)), 3U);
  EXPECT_EQ(must(check(signed_request(Version{1}, 1, Version{2}), Version{1})), 0U);
  EXPECT_EQ(must(check(signed_request(Version{1}, 1, Version{9}), Version{1})), 7U);
}

TEST_P(Management, RefusesASignedVersionWithoutValues) {
  ManagerUpdateRequest request = signed_request(Version{1}, 0, Version{0});
  request.signed_version = Version{2};
  expect_error(check(request, Version{1}), Errc::malformed, "signed_version is not zero");
}

TEST_P(Management, RefusesAVersionThatExists) {
  for (const std::uint32_t version : {0U, 1U}) {
    expect_error(check(signed_request(Version{1}, 1, Version{version}), Version{1}), Errc::rejected,
                 "less than the next version");
  }
  expect_error(check(signed_request(kMaxVersion, 1, kMaxVersion), kMaxVersion), Errc::rejected,
               "less than the next version");
}

TEST_P(Management, RefusesVersionsBeyondTheGreatest) {
  const Version before{kMaxVersion.value() - 1};
  EXPECT_EQ(must(check(signed_request(before, 1, kMaxVersion), before)), 0U);
  ManagerUpdateRequest request = signed_request(before, 1, kMaxVersion);
  request.values.push_back(request.values.front());
  expect_error(check(request, before), Errc::rejected, "no version counters left");
}

TEST_P(Management, RefusesToSkipMoreThanAnEntryCanHold) {
  for (const std::uint32_t version : {10'000U, kMaxVersion.value()}) {
    expect_error(check(signed_request(Version{1}, 1, Version{version}), Version{1}), Errc::rejected,
                 "skips more versions");
  }
}

TEST_P(Management, RefusesSignaturesThatDoNotHold) {
  const ManagerUpdateRequest honest = signed_request(Version{1}, 2, Version{2});
  ASSERT_TRUE(check(honest, Version{1}).has_value());
  const auto expect_refused = [this](const ManagerUpdateRequest& request) {
    expect_error(check(request, Version{1}), Errc::verification_failed, "UpdateSuffix.signature");
  };

  ManagerUpdateRequest request = honest;
  request.label = other_;
  expect_refused(request);
  request = honest;
  request.signed_version = Version{3};
  expect_refused(request);
  request = honest;
  std::swap(request.values[0], request.values[1]);
  expect_refused(request);
  request = honest;
  request.values[1].value.push_back('!');
  expect_refused(request);
  request = honest;
  request.values[1].suffix = request.values[0].suffix;
  expect_refused(request);
  request = honest;
  for (std::size_t i = 0; i < honest.values[0].suffix.signature.size(); ++i) {
    request.values[0].suffix.signature[i] ^= 1;
    expect_refused(request);
    request.values[0].suffix.signature[i] ^= 1;
  }

  request = honest;
  request.values[0].suffix.signature.pop_back();
  EXPECT_FALSE(check(request, Version{1}).has_value());
  request.values[0].suffix.signature.clear();
  EXPECT_FALSE(check(request, Version{1}).has_value());
}

TEST_P(Management, RefusesAnotherKeyOrConfiguration) {
  const UpdateRequest plain{std::nullopt, label_, Version{1}, values(1)};
  const SigningKey stranger = must(SigningKey::generate(GetParam()));
  const auto by_stranger =
      must(sign_update_request(stranger, log_.configuration().wire(), plain, Version{2}));
  expect_error(check(by_stranger, Version{1}), Errc::verification_failed, "UpdateSuffix.signature");
  const auto by_manager = must(sign_update_request(log_.log().keys().signature,
                                                   log_.configuration().wire(), plain, Version{2}));
  expect_error(check(by_manager, Version{1}), Errc::verification_failed, "UpdateSuffix.signature");
  Configuration other = log_.configuration().wire();
  ++other.max_behind;
  const auto for_other = must(sign_update_request(leaf_key_, other, plain, Version{2}));
  expect_error(check(for_other, Version{1}), Errc::verification_failed, "UpdateSuffix.signature");
}

// --- End to end ------------------------------------------------------------------------------

// The label's owner, whose requests go through the Service Operator to the manager.
class ManagedUpdate : public Management {
 protected:
  static constexpr Timestamp kNow{10'000};

  ManagedUpdate() : owner_(log_.configuration()) {
    log_.append(Timestamp{9'500}, {{other_}});
    const OwnerInitRequest request = owner_.owner_init_request(label_, EntryIndex{1});
    must(owner_.apply(
        must(owner_.verify(request, must(prove_owner_init(log_.log(), request)), kNow))));
  }

  // The response to the owner's request for `count` values, which the operator signs for
  // `signed_version`.
  [[nodiscard]] Result<UpdateResponse> update(const UpdateRequest& request,
                                              std::uint32_t signed_version) {
    const auto forwarded = must(sign_update_request(leaf_key_, log_.configuration().wire(), request,
                                                    Version{signed_version}));
    return log_.log().update(forwarded, kNow);
  }

  [[nodiscard]] UpdateOutcome apply(const UpdateRequest& request, const UpdateResponse& response) {
    const UpdateResponse received = over_the_wire(response, log_.configuration().context());
    return must(owner_.apply(must(owner_.verify(request, received, kNow))));
  }

  ClientState owner_;
};

INSTANTIATE_TEST_SUITE_P(, ManagedUpdate, ::testing::Values(kP256Suite, kEd25519Suite), suite_name);

TEST_P(ManagedUpdate, WithoutSkippedVersions) {
  const UpdateRequest request = must(owner_.update_request(label_, values(2)));
  const UpdateOutcome outcome = apply(request, must(update(request, 2)));
  EXPECT_EQ(outcome.skipped, 0U);
  EXPECT_EQ(outcome.first, Version{2});
  EXPECT_TRUE(outcome.created);
  EXPECT_EQ(outcome.values, (std::vector<Bytes>{values(2)[0].value, values(2)[1].value}));
}

TEST_P(ManagedUpdate, WithSkippedVersions) {
  const UpdateRequest request = must(owner_.update_request(label_, values(2)));
  const UpdateOutcome outcome = apply(request, must(update(request, 6)));
  EXPECT_EQ(outcome.skipped, 4U);
  EXPECT_EQ(outcome.first, Version{6});
  EXPECT_TRUE(outcome.created);
  for (std::uint32_t version = 2; version < 6; ++version) {
    EXPECT_EQ(must(log_.log().commitment(label_, Version{version})), kSkippedCommitment);
    EXPECT_FALSE(log_.log().value(label_, Version{version}).has_value());
  }
  // The label goes on from there, for its owner and for those who look it up.
  const UpdateRequest next = must(owner_.update_request(label_, values(1)));
  EXPECT_EQ(next.greatest_version, Version{7});
  EXPECT_EQ(apply(next, must(update(next, 8))).first, Version{8});
  ClientState user(log_.configuration());
  const SearchRequest search = user.search_request(label_);
  const SearchResponse found =
      over_the_wire(must(prove_search(log_.log(), search)), log_.configuration().context());
  EXPECT_EQ(must(user.verify(search, found, kNow)).outcome().version, Version{8});
  EXPECT_FALSE(prove_search(log_.log(), user.search_request(label_, Version{3})).has_value());
}

TEST_P(ManagedUpdate, ASkippedVersionIsNotPassedOffAsAValue) {
  const UpdateRequest request = must(owner_.update_request(label_, values(2)));
  UpdateResponse response = must(update(request, 3));
  ASSERT_EQ(response.skipped_versions, 1U);
  const Bytes before = must(owner_.serialize());
  response.skipped_versions = 0;
  EXPECT_FALSE(owner_.verify(request, response, kNow).has_value());
  response.skipped_versions = 2;
  EXPECT_FALSE(owner_.verify(request, response, kNow).has_value());
  EXPECT_EQ(must(owner_.serialize()), before);
}

TEST_P(ManagedUpdate, RefusedRequestsChangeNothing) {
  const TreeSize before = log_.log().size();
  const UpdateRequest request = must(owner_.update_request(label_, values(1)));
  expect_error(update(request, 1), Errc::rejected, "less than the next version");
  expect_error(update(request, 5'000), Errc::rejected, "skips more versions");
  UpdateRequest ahead = request;
  ahead.greatest_version = Version{7};
  expect_error(update(ahead, 8), Errc::conflict, "");
  UpdateRequest empty = request;
  empty.values.clear();
  expect_error(update(empty, 0), Errc::conflict, "");
  EXPECT_EQ(log_.log().size(), before);
}

TEST_P(ManagedUpdate, ALostRaceAnswersWithWhatWasMadeBefore) {
  log_.append(Timestamp{9'600}, {{label_}});
  const UpdateRequest request = must(owner_.update_request(label_, values(1)));
  const UpdateOutcome outcome = apply(request, must(update(request, 2)));
  EXPECT_FALSE(outcome.created);
  EXPECT_EQ(outcome.values, std::vector<Bytes>{TestLog::value_of(label_, Version{2})});
}

// Whatever is sequenced, the owner has to be told of: a request for more than an UpdateResponse can
// describe has to be refused before it is part of the log.
TEST_P(ManagedUpdate, WhatIsAcceptedCanBeReported) {
  struct Size {
    std::uint32_t skipped;
    std::size_t count;
  };
  for (const Size size : {Size{0, 200},
                          {0, 255},
                          {200, 1},
                          {250, 1},
                          {254, 1},
                          {255, 1},
                          {256, 1},
                          {100, 200},
                          {300, 1}}) {
    SCOPED_TRACE(std::to_string(size.skipped) + " skipped, " + std::to_string(size.count) + " new");
    const UpdateRequest request = must(owner_.update_request(label_, values(size.count)));
    const TreeSize before = log_.log().size();
    const auto response = update(request, request.greatest_version->value() + 1 + size.skipped);
    if (!response) {
      EXPECT_EQ(response.error().code, Errc::rejected);
      EXPECT_EQ(log_.log().size(), before) << "refused, and made all the same";
      continue;
    }
    const auto encoded = encode(*response, log_.configuration().context());
    ASSERT_TRUE(encoded.has_value()) << encoded.error().detail;
    EXPECT_EQ(apply(request, *response).skipped, size.skipped);
  }
}

}  // namespace
}  // namespace kt::keytrans
