// Honest answers to something else: another question, another time, another log.
#include <algorithm>
#include <functional>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "deployments.h"
#include "forged_log.h"
#include "keytrans/ladder.h"
#include "story.h"

namespace kt::keytrans {
namespace {

// A user who owns the label, knows of versions 0 to 2, has one of them to monitor, and saw the log
// when it had 10 entries. It has 12 now; entry 10 has version 3.
class WrongContext : public ::testing::TestWithParam<Deployment> {
 protected:
  WrongContext() : user_(story_.owner(8, EntryIndex{5})) {
    story_.grow_to(10);
    learn_next_version(user_);
    later_user_ = user_;
    story_.append(Timestamp{8'300});
    story_.perform(*later_user_, later_user_->distinguished_request());
    story_.grow_to(12);
  }

  void learn_next_version(ClientState& state) {
    const UpdateRequest request = must(state.update_request(story_.label(), {}));
    must(state.apply(must(state.verify(request, answer(request), story_.now()))));
  }

  template <class Request>
  [[nodiscard]] auto answer(const Request& request) {
    return story_.answer(request);
  }
  [[nodiscard]] UpdateResponse answer(const UpdateRequest& request) {
    return must(prove_update(story_.log(), request, false));
  }

  // Calls `visit` with a request of each operation that `state` can make.
  template <class Visit>
  void for_each_request(const ClientState& state, Visit visit) {
    const Label& label = story_.label();
    const auto trace = [](const char* operation) {
      return ::testing::ScopedTrace(__FILE__, __LINE__, operation);
    };
    {
      const auto t = trace("greatest");
      visit(state.search_request(label));
    }
    {
      const auto t = trace("fixed");
      visit(state.search_request(label, Version{1}));
    }
    {
      const auto t = trace("contact monitor");
      visit(must(state.contact_monitor_request(label)));
    }
    {
      const auto t = trace("owner init");
      visit(state.owner_init_request(label, EntryIndex{6}));
    }
    {
      const auto t = trace("owner monitor");
      visit(must(state.owner_monitor_request(label)));
    }
    {
      const auto t = trace("update");
      visit(must(state.update_request(label, {})));
    }
    {
      const auto t = trace("distinguished");
      visit(state.distinguished_request());
    }
  }

  Story story_{GetParam().suite, GetParam().mode};
  ClientState user_;
  std::optional<ClientState> later_user_;  // saw 11 entries
};

INSTANTIATE_TEST_SUITE_P(, WrongContext, ::testing::ValuesIn(all_deployments()), deployment_name);

// Without this, the other tests would pass for the wrong reasons.
TEST_P(WrongContext, TheRightOneIsAccepted) {
  for (const ClientState* const state : {&user_, &*later_user_}) {
    for_each_request(*state, [&](const auto& request) {
      const auto verified = state->verify(request, answer(request), story_.now());
      EXPECT_TRUE(verified.has_value()) << verified.error().detail;
    });
  }
}

// --- Another question ------------------------------------------------------------------------

TEST_P(WrongContext, AnswerAboutAnotherLabel) {
  const Label other = make_label("bob@example.com");
  const SearchRequest request = user_.search_request(story_.label());
  const SearchResponse response = answer(user_.search_request(other));
  expect_precise(refusal(user_, request, response, story_.now()), "greatest version");

  const SearchRequest fixed = user_.search_request(story_.label(), Version{0});
  const SearchResponse of_other = answer(user_.search_request(other, Version{0}));
  const Error error = refusal(user_, fixed, of_other, story_.now());
  if (GetParam().is_managed()) {
    expect_error(error, Errc::verification_failed, "UpdateSuffix.signature");
  } else {
    expect_error(error, Errc::verification_failed, "binary_ladder step 0");
  }

  const OwnerInitRequest init = user_.owner_init_request(story_.label(), EntryIndex{6});
  const OwnerInitResponse init_of_other = answer(user_.owner_init_request(other, EntryIndex{6}));
  expect_precise(refusal(user_, init, init_of_other, story_.now()), "owner init");
}

TEST_P(WrongContext, AnswerAboutAnotherVersion) {
  for (std::uint32_t asked = 0; asked <= 3; ++asked) {
    for (std::uint32_t answered = 0; answered <= 3; ++answered) {
      if (asked == answered) continue;
      const SearchRequest request = user_.search_request(story_.label(), Version{asked});
      const SearchResponse response =
          answer(user_.search_request(story_.label(), Version{answered}));
      expect_precise(refusal(user_, request, response, story_.now()), "fixed version");
    }
  }
}

TEST_P(WrongContext, FixedAnswerToAGreatestVersionSearch) {
  const SearchRequest greatest = user_.search_request(story_.label());
  const SearchRequest fixed = user_.search_request(story_.label(), Version{3});
  expect_error(refusal(user_, greatest, answer(fixed), story_.now()), Errc::malformed,
               "SearchResponse.version");
  expect_error(refusal(user_, fixed, answer(greatest), story_.now()), Errc::malformed,
               "SearchResponse.version");

  // The same with a version that fits the request: an older one is not the greatest.
  for (std::uint32_t version = 0; version < 3; ++version) {
    SearchResponse response = answer(user_.search_request(story_.label(), Version{version}));
    response.version = Version{version};
    expect_precise(refusal(user_, greatest, response, story_.now()), "older version");
  }
}

// Each response with the proof of each other one.
TEST_P(WrongContext, ProofOfAnotherOperation) {
  std::vector<CombinedTreeProof> proofs;
  const auto proof_of = [](auto& response) -> CombinedTreeProof& {
    if constexpr (requires { response.search; }) {
      return response.search;
    } else if constexpr (requires { response.monitor; }) {
      return response.monitor;
    } else if constexpr (requires { response.init; }) {
      return response.init;
    } else if constexpr (requires { response.update; }) {
      return response.update;
    } else {
      return response.distinguished;
    }
  };
  for_each_request(user_, [&](const auto& request) {
    auto response = answer(request);
    proofs.push_back(proof_of(response));
  });
  std::size_t tried = 0;
  for_each_request(user_, [&](const auto& request) {
    auto response = answer(request);
    const CombinedTreeProof own = proof_of(response);
    for (const CombinedTreeProof& proof : proofs) {
      if (proof == own) continue;
      proof_of(response) = proof;
      expect_precise(refusal(user_, request, response, story_.now()), "another proof");
      ++tried;
    }
  });
  EXPECT_GE(tried, 6U * 6U);
}

// --- Another time ----------------------------------------------------------------------------

// A response for a view of 10 entries, to a user with one of 11, and the other way round.
TEST_P(WrongContext, AnswerForAnotherView) {
  const std::pair<const ClientState*, const ClientState*> pairs[] = {{&user_, &*later_user_},
                                                                     {&*later_user_, &user_}};
  for (const auto& [asked, verifier] : pairs) {
    for_each_request(*asked, [&, verifier = verifier](auto request) {
      const auto response = answer(request);
      expect_error(refusal(*verifier, request, response, story_.now()), Errc::conflict,
                   "not made from this state");
      request.last = verifier->last();
      const Error error = refusal(*verifier, request, response, story_.now());
      EXPECT_TRUE(error.code == Errc::verification_failed || error.code == Errc::conflict)
          << error.detail;
    });
  }
}

TEST_P(WrongContext, AnswerForAUserWithoutAView) {
  const ClientState newcomer = story_.newcomer();
  const Label& label = story_.label();
  const SearchRequest first = newcomer.search_request(label);
  const SearchRequest returning = user_.search_request(label);
  expect_precise(refusal(user_, returning, answer(first), story_.now()), "returning user");
  expect_precise(refusal(newcomer, first, answer(returning), story_.now()), "new user");
  const DistinguishedRequest walk = newcomer.distinguished_request();
  expect_precise(refusal(user_, user_.distinguished_request(), answer(walk), story_.now()),
                 "returning user");
}

TEST_P(WrongContext, ReplayedAnswer) {
  for_each_request(user_, [&](const auto& request) {
    const auto response = answer(request);
    ClientState state = user_;
    must(state.apply(must(state.verify(request, response, story_.now()))));
    expect_error(refusal(state, request, response, story_.now()), Errc::conflict,
                 "not made from this state");
    auto current = request;
    current.last = state.last();
    const Error error = refusal(state, current, response, story_.now());
    if (error.code != Errc::conflict)
      expect_error(error, Errc::verification_failed, "TreeHead.tree_size is not greater");
  });
}

// What was true of 11 entries is not accepted by a user who knows 12, even as a new answer.
TEST_P(WrongContext, OlderHead) {
  Story past(GetParam().suite, GetParam().mode);
  past.grow_to(11);
  ClientState present = past.visitor(11);
  const SearchRequest first = past.newcomer().search_request(past.label());
  const SearchResponse old = past.answer(first);
  past.grow_to(12);
  past.perform(present, present.search_request(past.label()));
  const SearchRequest request = present.search_request(past.label());
  expect_error(refusal(present, request, old, past.now()), Errc::verification_failed,
               "TreeHead.tree_size is not greater");
}

TEST_P(WrongContext, SameHeadForAUserWithoutAView) {
  ClientState current = user_;
  story_.perform(current, current.distinguished_request());
  const SearchRequest request = current.search_request(story_.label());
  const SearchResponse same = answer(request);
  ASSERT_EQ(same.full_tree_head.head_type, FullTreeHeadType::same);
  const ClientState newcomer = story_.newcomer();
  expect_error(refusal(newcomer, newcomer.search_request(story_.label()), same, story_.now()),
               Errc::verification_failed, "same as none");
  // To a user with an older view it would mean that this one was still current.
  expect_precise(refusal(user_, user_.search_request(story_.label()), same, story_.now()),
                 "same as another");
}

TEST_P(WrongContext, ClockOutsideTheBounds) {
  const Configuration& configuration = story_.configuration().wire();
  const Timestamp early{story_.now().value() - configuration.max_ahead};
  const Timestamp late{story_.now().value() + configuration.max_behind};
  for_each_request(user_, [&](const auto& request) {
    const auto response = answer(request);
    EXPECT_TRUE(user_.verify(request, response, early).has_value());
    EXPECT_TRUE(user_.verify(request, response, late).has_value());
    expect_error(refusal(user_, request, response, Timestamp{early.value() - 1}),
                 Errc::verification_failed, "too far ahead of the clock");
    expect_error(refusal(user_, request, response, Timestamp{late.value() + 1}),
                 Errc::verification_failed, "too far behind the clock");
  });
}

TEST_P(WrongContext, SameHeadOutsideTheBounds) {
  ClientState current = user_;
  story_.perform(current, current.distinguished_request());
  const SearchRequest request = current.search_request(story_.label());
  const SearchResponse same = answer(request);
  ASSERT_EQ(same.full_tree_head.head_type, FullTreeHeadType::same);
  const std::uint64_t max_behind = story_.configuration().wire().max_behind;
  const Timestamp last_moment{story_.now().value() + max_behind};
  EXPECT_TRUE(current.verify(request, same, last_moment).has_value());
  expect_error(refusal(current, request, same, Timestamp{last_moment.value() + 1}),
               Errc::verification_failed, "too far behind the clock");
}

// --- Another log -----------------------------------------------------------------------------

// The configuration is part of everything that is signed: keys alone do not make a log.
TEST_P(WrongContext, AnotherConfigurationWithTheSameKeys) {
  using Change = std::function<void(Configuration&)>;
  std::vector<Change> changes{
      [](Configuration& c) { ++c.reasonable_monitoring_window; },
      [](Configuration& c) { c.reasonable_monitoring_window = 0; },
      [](Configuration& c) { c.maximum_lifetime = 1'000'000; },
      [](Configuration& c) { ++c.max_ahead; },
      [](Configuration& c) { ++c.max_behind; },
  };
  if (GetParam().is_audited()) {
    changes.push_back([](Configuration& c) { ++c.max_auditor_lag; });
    changes.push_back([](Configuration& c) { c.auditor_start_pos = EntryIndex{1}; });
    changes.push_back([](Configuration& c) { c.auditor_public_key = c.signature_public_key; });
    changes.push_back([](Configuration& c) { c.mode = DeploymentMode::contactMonitoring; });
  }
  if (GetParam().is_managed()) {
    changes.push_back([](Configuration& c) { c.leaf_public_key = c.signature_public_key; });
    changes.push_back([](Configuration& c) { c.mode = DeploymentMode::contactMonitoring; });
  }
  const ClientState newcomer = story_.newcomer();
  const SearchRequest search = newcomer.search_request(story_.label());
  const OwnerInitRequest init = newcomer.owner_init_request(story_.label(), EntryIndex{6});
  const DistinguishedRequest walk = newcomer.distinguished_request();
  for (std::size_t i = 0; i < changes.size(); ++i) {
    SCOPED_TRACE(i);
    Configuration configuration = story_.configuration().wire();
    changes[i](configuration);
    const ClientState mistaken(must(LogConfiguration::create(configuration)), ContactPolicy::always,
                               RecentPolicy::rightmost(4));
    EXPECT_NE(mistaken.configuration().id(), story_.configuration().id());
    expect_precise(refusal(mistaken, search, answer(search), story_.now()), "search");
    expect_precise(refusal(mistaken, init, answer(init), story_.now()), "owner init");
    expect_precise(refusal(mistaken, walk, answer(walk), story_.now()), "walk");
  }
}

// Nothing but the tree head's signature tells two logs with the same contents apart.
TEST_P(WrongContext, AnotherSigningKey) {
  ForgedLog log(test_configuration(GetParam().suite, GetParam().mode));
  LogKeys keys = copy_of(log.keys()->keys);
  keys.signature = must(SigningKey::generate(GetParam().suite));
  ForgedLog impostor(log.configuration().wire(),
                     std::make_shared<const ForgersKeys>(std::move(keys)));
  for (ForgedLog* const each : {&log, &impostor}) {
    for (std::uint64_t i = 1; i <= 8; ++i)
      each->append(Timestamp{1'000 * i},
                   {{story_.label(), Version{static_cast<std::uint32_t>(i - 1)}, Bytes{1}}});
  }
  const ClientState newcomer(log.configuration());
  const SearchRequest request = newcomer.search_request(story_.label());
  EXPECT_TRUE(
      newcomer.verify(request, must(prove_search(log, request)), Timestamp{8'000}).has_value());
  const Error error =
      refusal(newcomer, request, must(prove_search(impostor, request)), Timestamp{8'000});
  EXPECT_EQ(error.code, Errc::verification_failed);
}

TEST_P(WrongContext, AnotherLogWithTheSameLabel) {
  Story other(GetParam().suite, GetParam().mode);
  other.grow_to(12);
  const ClientState newcomer = story_.newcomer();
  const SearchRequest first = newcomer.search_request(story_.label());
  expect_precise(refusal(newcomer, first, other.answer(first), other.now()), "new user");
  const SearchRequest returning = user_.search_request(story_.label());
  expect_precise(refusal(user_, returning, other.answer(returning), other.now()), "returning user");
}

// --- What no proof shows ---------------------------------------------------------------------

// A user who has to monitor version 6, found by step 6 of its search. Of the versions that takes,
// the search does not need to show that version 5 is included: its commitment is only claimed.
class ClaimedCommitment : public ::testing::TestWithParam<Deployment> {
 protected:
  ClaimedCommitment() {
    story_.grow_to(12);
    honest_ = story_.answer(request());
    tampered_ = honest_;
    claim_falsely(tampered_);
  }

  static void claim_falsely(SearchResponse& response) {
    const std::vector<Version> ladder = base_binary_ladder(Version{6});
    const auto step = std::find(ladder.begin(), ladder.end(), Version{5}) - ladder.begin();
    (*response.binary_ladder.at(static_cast<std::size_t>(step)).commitment)[0] ^= 1;
  }

  [[nodiscard]] SearchRequest request() const {
    return user_.search_request(story_.label(), Version{6});
  }

  Story story_{GetParam().suite, GetParam().mode, Plot::crowded};
  ClientState user_ = story_.newcomer();
  SearchResponse honest_;
  SearchResponse tampered_;
};

INSTANTIATE_TEST_SUITE_P(, ClaimedCommitment, ::testing::ValuesIn(all_deployments()),
                         deployment_name);

TEST_P(ClaimedCommitment, IsMonitoredWhereItIsTrue) {
  const SearchOutcome found =
      must(user_.apply(must(user_.verify(request(), honest_, story_.now()))));
  EXPECT_TRUE(found.must_monitor);
  story_.grow_to(13);
  story_.perform(user_, must(user_.contact_monitor_request(story_.label())));
}

// It changes nothing about what was found, and monitoring finds out that it was wrong.
TEST_P(ClaimedCommitment, IsFoundOutByMonitoringWhereItIsNot) {
  ClientState deceived = user_;
  const SearchOutcome found =
      must(deceived.apply(must(deceived.verify(request(), tampered_, story_.now()))));
  must(user_.apply(must(user_.verify(request(), honest_, story_.now()))));
  EXPECT_EQ(found.version, Version{6});
  EXPECT_EQ(found.value, TestLog::value_of(story_.label(), Version{6}));
  EXPECT_EQ(deceived.view(), user_.view());
  EXPECT_EQ(deceived.label(story_.label())->monitor, user_.label(story_.label())->monitor);
  story_.grow_to(13);
  const ContactMonitorRequest monitor = must(deceived.contact_monitor_request(story_.label()));
  const Error error = refusal(deceived, monitor, story_.answer(monitor), story_.now());
  EXPECT_EQ(error.code, Errc::verification_failed);
}

TEST_P(ClaimedCommitment, DoesNotStandAgainstTheNextAnswer) {
  must(user_.apply(must(user_.verify(request(), tampered_, story_.now()))));
  ASSERT_TRUE(user_.label(story_.label())->claimed.contains(Version{5}));
  story_.perform(user_, request());
  story_.grow_to(13);
  story_.perform(user_, must(user_.contact_monitor_request(story_.label())));
}

TEST_P(ClaimedCommitment, IsStoredAsAClaim) {
  must(user_.apply(must(user_.verify(request(), tampered_, story_.now()))));
  ClientState restored = must(ClientState::parse(must(user_.serialize())));
  EXPECT_EQ(restored, user_);
  story_.perform(restored, request());
  story_.grow_to(13);
  story_.perform(restored, must(restored.contact_monitor_request(story_.label())));
}

// States that were stored before openings were kept.
TEST_P(ClaimedCommitment, AStateOfTheFirstFormatHasNoOpenings) {
  must(user_.apply(must(user_.verify(request(), honest_, story_.now()))));
  const std::map<Version, Opening> known = user_.label(story_.label())->openings;
  EXPECT_EQ(known, (std::map<Version, Opening>{{Version{6}, honest_.opening}}));
  Bytes stored = must(user_.serialize());
  // They are the end of the one label there is: their number, and the one.
  stored.resize(stored.size() - (4 + kOpeningSize));
  ASSERT_EQ(Bytes(stored.end() - 2, stored.end()), (Bytes{0, 1}));
  stored.resize(stored.size() - 2);
  ASSERT_EQ(Bytes(stored.begin(), stored.begin() + 2), (Bytes{0, 2}));
  stored[1] = 1;
  ClientState restored = must(ClientState::parse(stored));
  EXPECT_TRUE(restored.label(story_.label())->openings.empty());
  EXPECT_EQ(restored.label(story_.label())->monitor, user_.label(story_.label())->monitor);
  EXPECT_EQ(must(ClientState::parse(must(restored.serialize()))), restored);
  story_.grow_to(13);
  story_.perform(restored, must(restored.contact_monitor_request(story_.label())));
  stored[1] = 3;
  EXPECT_FALSE(ClientState::parse(stored));
}

// What a proof has covered stands against any later claim.
TEST_P(ClaimedCommitment, IsRefusedAgainstAProvenOne) {
  story_.perform(user_, request());
  ASSERT_TRUE(user_.label(story_.label())->claimed.contains(Version{5}));
  story_.perform(user_, must(user_.contact_monitor_request(story_.label())));
  const LabelState* const known = user_.label(story_.label());
  ASSERT_NE(known, nullptr);
  ASSERT_TRUE(known->versions.contains(Version{5}));
  ASSERT_FALSE(known->claimed.contains(Version{5}));
  const SearchRequest request = this->request();
  SearchResponse tampered = story_.answer(request);
  claim_falsely(tampered);
  expect_error(error_of(user_.verify(request, tampered, story_.now())), Errc::verification_failed,
               "a version's commitment is not the one known");
}

// --- A state that has moved on ---------------------------------------------------------------

// The state of a user who verified a response and then did something else first.
class MovedOn : public WrongContext {
 protected:
  // Expects that what was verified before `move` cannot be applied after it.
  template <class Move>
  void expect_conflict_after(Move move) {
    for_each_request(user_, [&](const auto& request) {
      auto verified = must(user_.verify(request, answer(request), story_.now()));
      ClientState state = user_;
      move(state);
      const ClientState before = state;
      const auto applied = state.apply(std::move(verified));
      expect_error(error_of(applied), Errc::conflict, "the state has changed");
      EXPECT_EQ(state, before);
    });
  }
};

INSTANTIATE_TEST_SUITE_P(, MovedOn, ::testing::ValuesIn(all_deployments()), deployment_name);

TEST_P(MovedOn, ByAnotherResponse) {
  expect_conflict_after(
      [&](ClientState& state) { story_.perform(state, state.distinguished_request()); });
}

TEST_P(MovedOn, ByTheSameResponse) {
  for_each_request(user_, [&](const auto& request) {
    const auto verified = must(user_.verify(request, answer(request), story_.now()));
    ClientState state = user_;
    must(state.apply(verified));
    const ClientState before = state;
    expect_error(error_of(state.apply(verified)), Errc::conflict, "the state has changed");
    EXPECT_EQ(state, before);
  });
}

TEST_P(MovedOn, ByForgettingTheLabel) {
  expect_conflict_after([&](ClientState& state) { state.forget(story_.label()); });
}

// A state that went through storage is not told apart from others by how often it changed.
TEST_P(MovedOn, ByAnotherProgramThatStoredIt) {
  const ClientState loaded = must(ClientState::parse(must(user_.serialize())));
  const ClientState moved_on = must(ClientState::parse(must(later_user_->serialize())));
  for_each_request(loaded, [&](const auto& request) {
    auto verified = must(loaded.verify(request, answer(request), story_.now()));
    ClientState state = moved_on;
    const auto applied = state.apply(std::move(verified));
    expect_error(error_of(applied), Errc::conflict, "the state has changed");
    EXPECT_EQ(state, moved_on);
  });
}

TEST_P(MovedOn, ToTheStateOfAnotherLog) {
  Story other(GetParam().suite, GetParam().mode);
  other.grow_to(12);
  const ClientState newcomer = story_.newcomer();
  const SearchRequest request = newcomer.search_request(story_.label());
  auto verified = must(newcomer.verify(request, answer(request), story_.now()));
  ClientState state = other.newcomer();
  const ClientState before = state;
  expect_error(error_of(state.apply(std::move(verified))), Errc::conflict, "the state has changed");
  EXPECT_EQ(state, before);
}

}  // namespace
}  // namespace kt::keytrans
