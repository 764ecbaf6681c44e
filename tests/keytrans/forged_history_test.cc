// Logs that sign what did not happen. Each lie is told as consistently as it can be: heads, proofs
// and prefix trees agree with each other, and what is wrong is the history they tell. The operation
// that the draft says finds the lie has to find it.
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "deployments.h"
#include "forged_log.h"
#include "keytrans/ladder.h"
#include "keytrans/proof_recorder.h"

namespace kt::keytrans {
namespace {

// A log of one label: version 0 in entry 2, version 1 in entry 5, and a window between the first
// eight entries, so that they are distinguished. What follows is up to the test.
class ForgedHistory : public ::testing::TestWithParam<Deployment> {
 protected:
  ForgedHistory() { tell_beginning(log_); }

  void tell_beginning(ForgedLog& log) const {
    for (std::uint64_t i = 0; i < 8; ++i) {
      std::vector<ForgedLog::Change> changes;
      if (i == 2) changes.push_back(put(0));
      if (i == 5) changes.push_back(put(1));
      log.append(Timestamp{1'000 * (i + 1)}, changes);
    }
  }

  [[nodiscard]] ForgedLog::Change put(std::uint32_t version, const char* value = "value") const {
    return {label_, Version{version}, to_bytes(value)};
  }
  [[nodiscard]] ForgedLog::Change take_out(std::uint32_t version) const {
    return {label_, Version{version}, std::nullopt};
  }
  // Appends one entry for each list of changes, 100 milliseconds after each other.
  void append(const std::vector<std::vector<ForgedLog::Change>>& entries) {
    for (const auto& changes : entries) log_.append(Timestamp{now().value() + 100}, changes);
  }

  [[nodiscard]] Timestamp now() const { return now_of(log_); }
  [[nodiscard]] static Timestamp now_of(const ForgedLog& log) {
    return must(log.entry(rightmost(must(log.tree_head()).tree_size))).timestamp;
  }

  // --- Users ---------------------------------------------------------------------------------

  template <class Request, class Response>
  auto apply(ClientState& state, const Request& request, const Response& response) const {
    return must(state.apply(must(state.verify(request, response, now()))));
  }

  [[nodiscard]] ClientState newcomer() const {
    return ClientState(log_.configuration(), ContactPolicy::always, RecentPolicy::rightmost(4));
  }

  // Someone who looked the greatest version up and now has to monitor it.
  [[nodiscard]] ClientState contact() const {
    ClientState state = newcomer();
    const SearchRequest request = state.search_request(label_);
    apply(state, request, must(prove_search(log_, request)));
    EXPECT_EQ(state.label(label_)->monitor.size(), 1U);
    return state;
  }

  // The label's owner from entry 5 on, who knows of version 1.
  [[nodiscard]] ClientState owner() const {
    ClientState state = newcomer();
    const OwnerInitRequest request = state.owner_init_request(label_, EntryIndex{5});
    apply(state, request, must(prove_owner_init(log_, request)));
    return state;
  }

  // --- Lies ----------------------------------------------------------------------------------

  [[nodiscard]] FullTreeHead head(std::optional<TreeSize> last) const {
    FullTreeHead head;
    head.tree_head = must(log_.tree_head());
    if (last == head.tree_head.tree_size) return FullTreeHead{};
    head.head_type = FullTreeHeadType::updated;
    head.auditor_tree_head = must(log_.auditor_tree_head());
    return head;
  }

  // The proof for `algorithm`, true to the log's entries, as far as the algorithm runs: to its end,
  // or to where it finds the lie.
  template <class Algorithm>
  [[nodiscard]] CombinedTreeProof proof(std::optional<TreeSize> last, Algorithm algorithm) const {
    const TreeSize size = must(log_.tree_head()).tree_size;
    ProofRecorder recorder(log_, &label_, last);
    CombinedTree tree(recorder, log_.configuration().wire(), size);
    if (update_view(tree, last)) static_cast<void>(algorithm(tree));
    std::optional<TreeSize> auditor;
    if (GetParam().is_audited() && last != size) auditor = must(log_.auditor_tree_head()).tree_size;
    return must(recorder.finish(size, auditor));
  }

  // That `claimed` is the greatest version.
  [[nodiscard]] SearchResponse claim_greatest(const SearchRequest& request,
                                              std::uint32_t claimed) const {
    SearchResponse response;
    response.full_tree_head = head(request.last);
    response.version = Version{claimed};
    const CommittedValue committed = must(log_.value(label_, Version{claimed}));
    response.opening = committed.opening;
    response.value = committed.update;
    for (const Version version : base_binary_ladder(Version{claimed})) {
      BinaryLadderStep step{must(log_.vrf(label_, version)).proof, std::nullopt};
      if (version < Version{claimed}) step.commitment = must(log_.commitment(label_, version));
      response.binary_ladder.push_back(std::move(step));
    }
    response.search = proof(request.last, [claimed](CombinedTree& tree) {
      return search_greatest_version(tree, Version{claimed});
    });
    return response;
  }

  [[nodiscard]] ContactMonitorResponse monitor(const ContactMonitorRequest& request) const {
    return {head(request.last), proof(request.last, [&request](CombinedTree& tree) {
              return monitor_contact(tree, request.entries, std::nullopt);
            })};
  }

  // Inspects everything the owner wants to see.
  [[nodiscard]] OwnerMonitorResponse monitor(const ClientState& state,
                                             const OwnerMonitorRequest& request) const {
    const OwnerState& owner = *state.label(label_)->owner;
    const auto expected = [&owner](EntryIndex entry) -> Result<std::optional<Version>> {
      return owner.greatest_at(entry);
    };
    return {head(request.last), proof(request.last, [&](CombinedTree& tree) -> Result<void> {
              KT_TRY(monitor_contact(tree, request.entries, request.start));
              KT_TRY(monitor_owner(tree, request.start, expected,
                                   [](EntryIndex) -> Result<bool> { return false; }));
              return {};
            })};
  }

  // That entry `position` made the versions from `first` on, with what opens their commitments.
  [[nodiscard]] UpdateResponse claim_update(const ClientState& state, const UpdateRequest& request,
                                            std::uint64_t position,
                                            const std::vector<CommittedValue>& told) const {
    const OwnerState& owner = *state.label(label_)->owner;
    const std::optional<Version> previous = owner.greatest();
    const std::uint32_t first = previous ? previous->value() + 1 : 0;
    NewVersions update{EntryIndex{position}, previous, std::nullopt,
                       Version{first + static_cast<std::uint32_t>(told.size()) - 1}};
    if (!owner.updates.empty()) update.previous_position = owner.updates.back().position;

    UpdateResponse response;
    response.full_tree_head = head(request.last);
    response.position = update.position;
    for (const CommittedValue& value : told) {
      response.values.push_back({value.update.value});
      response.info.push_back({value.opening, value.update.suffix});
    }
    for (const Version version : update_ladder(previous, update.greatest)) {
      BinaryLadderStep step{must(log_.vrf(label_, version)).proof, std::nullopt};
      if (previous && version <= *previous)
        step.commitment = must(log_.commitment(label_, version));
      response.binary_ladder.push_back(std::move(step));
    }
    response.update = proof(request.last, [&](CombinedTree& tree) {
      return verify_new_versions(tree, update, [&owner](EntryIndex entry) {
        return Result<std::optional<Version>>(owner.greatest_at(entry));
      });
    });
    return response;
  }
  [[nodiscard]] UpdateResponse claim_update(const ClientState& state, const UpdateRequest& request,
                                            std::uint64_t position) const {
    const std::uint32_t next = state.label(label_)->owner->greatest()->value() + 1;
    return claim_update(state, request, position, {must(log_.value(label_, Version{next}))});
  }

  // --- Findings ------------------------------------------------------------------------------

  [[nodiscard]] Error refusal_of_contact_monitoring(const ClientState& state) const {
    const ContactMonitorRequest request = must(state.contact_monitor_request(label_));
    return refusal(state, request, monitor(request), now());
  }
  [[nodiscard]] Error refusal_of_owner_monitoring(const ClientState& state) const {
    const OwnerMonitorRequest request = must(state.owner_monitor_request(label_));
    return refusal(state, request, monitor(state, request), now());
  }
  void expect_found_by_contact_monitoring(const ClientState& state, std::string_view about) const {
    expect_error(refusal_of_contact_monitoring(state), Errc::verification_failed, about);
  }
  void expect_found_by_owner_monitoring(const ClientState& state, std::string_view about) const {
    expect_error(refusal_of_owner_monitoring(state), Errc::verification_failed, about);
  }

  // Expects that a version was found to have another commitment than the user knows. Its prefix
  // proof leads to another root than the log signed or the user retained, or shows the version's
  // leaf once more where another search ends, depending on where the search keys happen to lie.
  static void expect_other_commitment(const Error& error) {
    EXPECT_EQ(error.code, Errc::verification_failed);
    const auto speaks_of = [&error](std::string_view about) {
      return error.detail.find(about) != std::string::npos;
    };
    EXPECT_TRUE(speaks_of("TreeHead.signature") || speaks_of("retained subtree differs") ||
                speaks_of("prefix searches disagree on a terminal node"))
        << error.detail;
  }

  const Label label_ = make_label("alice@example.com");
  ForgedLog log_{test_configuration(GetParam().suite, GetParam().mode)};
};

INSTANTIATE_TEST_SUITE_P(, ForgedHistory, ::testing::ValuesIn(all_deployments()), deployment_name);

// The helpers tell the truth when the log does, and then are believed.
TEST_P(ForgedHistory, TheTruthIsAccepted) {
  append({{}, {put(2)}});
  ClientState contact = this->contact();
  ClientState owner = this->owner();
  const UpdateRequest update = must(owner.update_request(label_, {}));
  apply(owner, update, claim_update(owner, update, 9));
  append({{}, {}});
  const ContactMonitorRequest monitored = must(contact.contact_monitor_request(label_));
  EXPECT_EQ(apply(contact, monitored, monitor(monitored)).remaining, 1U);
  const OwnerMonitorRequest owned = must(owner.owner_monitor_request(label_));
  EXPECT_EQ(apply(owner, owned, monitor(owner, owned)).verified_through, EntryIndex{7});
  ClientState state = newcomer();
  const SearchRequest search = state.search_request(label_);
  EXPECT_EQ(apply(state, search, claim_greatest(search, 2)).version, Version{2});
}

// --- Versions that vanish --------------------------------------------------------------------

TEST_P(ForgedHistory, VersionTakenOutAgain) {
  append({{}, {put(2)}});
  const ClientState contact = this->contact();
  ClientState owner = this->owner();
  const UpdateRequest update = must(owner.update_request(label_, {}));
  apply(owner, update, claim_update(owner, update, 9));
  append({{}, {take_out(2)}});
  expect_found_by_contact_monitoring(contact, "log entry 11 lacks a version");
  expect_found_by_owner_monitoring(owner, "log entry 11 lacks a version");
}

TEST_P(ForgedHistory, VersionTakenOutBeforeTheNextDistinguishedEntry) {
  append({{}, {put(2)}});
  const ClientState contact = this->contact();
  append({{}, {take_out(2)}});
  log_.append(Timestamp{9'300});  // makes entry 11 distinguished
  expect_found_by_contact_monitoring(contact, "log entry 11 lacks a version");
}

TEST_P(ForgedHistory, DistinguishedEntryWithoutAnOlderVersion) {
  log_.append(Timestamp{9'000}, {take_out(1)});
  const ClientState owner = this->owner();
  expect_found_by_owner_monitoring(owner, "distinguished log entry 8");
}

TEST_P(ForgedHistory, PrefixTreeEmptiedForOneEntry) {
  append({{}, {put(2)}});
  const ClientState contact = this->contact();
  append({{}, {take_out(0), take_out(1), take_out(2)}, {put(0), put(1), put(2)}});
  expect_found_by_contact_monitoring(contact, "log entry 11 lacks a version");
}

// --- Versions that appear --------------------------------------------------------------------

TEST_P(ForgedHistory, OlderVersionClaimedToBeTheGreatest) {
  append({{}, {put(2)}});
  const ClientState state = newcomer();
  const SearchRequest request = state.search_request(label_);
  expect_error(refusal(state, request, claim_greatest(request, 1), now()),
               Errc::verification_failed,
               "log entry 9: inclusion of a key without a known commitment");
}

// The frontier no longer shows the entry that had it: only who looked it up then can tell.
TEST_P(ForgedHistory, GreaterVersionInAnOlderEntry) {
  append({{put(2)}});
  const ClientState contact = this->contact();
  append({{}, {}, {take_out(2)}});
  const ClientState state = newcomer();
  const SearchRequest request = state.search_request(label_);
  EXPECT_TRUE(state.verify(request, claim_greatest(request, 1), now()).has_value());
  expect_found_by_contact_monitoring(contact, "log entry 11 lacks a version");
}

// In the middle of the frontier it shows.
TEST_P(ForgedHistory, GreaterVersionOnTheFrontier) {
  append({{put(2)}, {}, {take_out(2)}});
  const ClientState state = newcomer();
  const SearchRequest request = state.search_request(label_);
  expect_error(refusal(state, request, claim_greatest(request, 1), now()),
               Errc::verification_failed,
               "log entry 9: inclusion of a key without a known commitment");
}

TEST_P(ForgedHistory, UnknownVersionInADistinguishedEntry) {
  const ClientState owner = this->owner();
  append({{put(2)}, {}, {}, {}});
  log_.append(Timestamp{20'000});
  expect_found_by_owner_monitoring(owner,
                                   "log entry 11: inclusion of a key without a known commitment");
  // Or the log ends before it, and the owner knows that this was not all.
  const OwnerMonitorRequest request = must(owner.owner_monitor_request(label_));
  const auto honest = must(owner.verify(request, must(prove_owner_monitor(log_, request)), now()));
  EXPECT_EQ(honest.outcome().verified_through, EntryIndex{7});
  EXPECT_FALSE(honest.outcome().complete);
}

// --- Values that change ----------------------------------------------------------------------

TEST_P(ForgedHistory, CommitmentChangedLater) {
  append({{}, {put(2, "the owner's")}});
  const ClientState contact = this->contact();
  ClientState owner = this->owner();
  const UpdateRequest update = must(owner.update_request(label_, {}));
  apply(owner, update, claim_update(owner, update, 9));
  append({{}, {put(2, "someone else's")}});
  expect_other_commitment(refusal_of_contact_monitoring(contact));
  expect_other_commitment(refusal_of_owner_monitoring(owner));
}

TEST_P(ForgedHistory, CommitmentChangedInADistinguishedEntry) {
  ClientState owner = this->owner();
  append({{put(1, "someone else's")}, {}, {}, {}});
  log_.append(Timestamp{20'000});
  expect_other_commitment(refusal_of_owner_monitoring(owner));
}

// A malicious version that users could see, replaced before the owner was told of it.
TEST_P(ForgedHistory, VersionInsertedAndReplaced) {
  const ClientState owner = this->owner();
  const UpdateRequest request = must(owner.update_request(label_, {}));
  append({{}, {put(2, "malicious")}, {put(2, "the owner's")}});
  // Said to be made where it was replaced: entry 9 has it already.
  expect_error(refusal(owner, request, claim_update(owner, request, 10), now()),
               Errc::verification_failed, "log entry 9 contradicts the previous greatest version");
  // Said to be made where the malicious one was: that is another value.
  expect_other_commitment(refusal(owner, request, claim_update(owner, request, 9), now()));
}

// Where both entries are distinguished, an update shows nothing, and owner monitoring shows all.
TEST_P(ForgedHistory, VersionInsertedAndReplacedInDistinguishedEntries) {
  ClientState owner = this->owner();
  for (const char* value : {"malicious", "the owner's"})
    log_.append(Timestamp{now().value() + 1'000}, {put(2, value)});
  const UpdateRequest request = must(owner.update_request(label_, {}));
  for (const std::uint64_t claimed : {8U, 9U}) {
    ClientState state = owner;
    apply(state, request, claim_update(state, request, claimed));
    const Error error = refusal_of_owner_monitoring(state);
    if (claimed == 8) {
      expect_other_commitment(error);
    } else {
      expect_error(error, Errc::verification_failed, "distinguished log entry 8");
    }
  }
}

// An update in a distinguished entry is only told, so another value can be inserted. What the owner
// was told stands: nothing that the log says later makes the owner monitor the other value.
TEST_P(ForgedHistory, AnotherValueInADistinguishedEntryThanTold) {
  ForgedLog as_told(log_.configuration().wire(), log_.keys());
  tell_beginning(as_told);
  as_told.append(Timestamp{9'000}, {put(2, "the owner's")});
  ClientState owner = this->owner();
  const UpdateRequest update = must(owner.update_request(label_, {}));
  log_.append(Timestamp{9'000}, {put(2, "somebody else's")});
  apply(owner, update, claim_update(owner, update, 8, {must(as_told.value(label_, Version{2}))}));
  const SearchRequest search = owner.search_request(label_, Version{2});
  expect_error(refusal(owner, search, must(prove_search(log_, search)), now()),
               Errc::verification_failed, "a version's commitment is not the one known");
  expect_found_by_owner_monitoring(owner, "log entry 8");
}

// --- Updates that are not as told ------------------------------------------------------------

TEST_P(ForgedHistory, UpdateInAnotherEntryThanTold) {
  const ClientState owner = this->owner();
  const UpdateRequest request = must(owner.update_request(label_, {}));
  append({{}, {put(2)}, {}, {}});
  expect_error(refusal(owner, request, claim_update(owner, request, 8), now()),
               Errc::verification_failed, "log entry 8 contradicts the new greatest version");
  for (const std::uint64_t later : {10U, 11U}) {
    expect_error(refusal(owner, request, claim_update(owner, request, later), now()),
                 Errc::verification_failed,
                 "log entry 9 contradicts the previous greatest version");
  }
  UpdateResponse beyond = claim_update(owner, request, 9);
  for (const std::uint64_t position :
       {std::uint64_t{12}, std::uint64_t{1} << 63, ~std::uint64_t{0}}) {
    beyond.position = EntryIndex{position};
    expect_error(refusal(owner, request, beyond, now()), Errc::verification_failed,
                 "beyond the tree");
  }
  for (const std::uint64_t position : {0U, 5U}) {
    beyond.position = EntryIndex{position};
    expect_error(refusal(owner, request, beyond, now()), Errc::verification_failed,
                 "not to the right of the previous version");
  }
}

TEST_P(ForgedHistory, MoreVersionsInTheEntryThanTold) {
  const ClientState owner = this->owner();
  const UpdateRequest request = must(owner.update_request(label_, {}));
  append({{}, {put(2), put(3)}});
  expect_error(refusal(owner, request, claim_update(owner, request, 9), now()),
               Errc::verification_failed,
               "log entry 9: inclusion of a key without a known commitment");
}

TEST_P(ForgedHistory, MoreVersionsInADistinguishedEntryThanTold) {
  ClientState owner = this->owner();
  log_.append(Timestamp{now().value() + 1'000}, {put(2), put(3)});
  const UpdateRequest request = must(owner.update_request(label_, {}));
  apply(owner, request, claim_update(owner, request, 8));
  expect_found_by_owner_monitoring(owner,
                                   "log entry 8: inclusion of a key without a known commitment");
}

TEST_P(ForgedHistory, FewerVersionsInTheEntryThanTold) {
  const ClientState owner = this->owner();
  const UpdateRequest request = must(owner.update_request(label_, {}));
  append({{}, {put(2)}, {put(3)}});
  const std::vector<CommittedValue> both{must(log_.value(label_, Version{2})),
                                         must(log_.value(label_, Version{3}))};
  expect_error(refusal(owner, request, claim_update(owner, request, 9, both), now()),
               Errc::verification_failed, "log entry 9 contradicts the new greatest version");
}

// --- Timestamps that run backwards -----------------------------------------------------------

TEST_P(ForgedHistory, FrontierBackInTime) {
  append({{}, {}, {}});
  log_.append(Timestamp{7'999}, {put(2)});
  const ClientState state = newcomer();
  const SearchRequest search = state.search_request(label_);
  expect_error(refusal(state, search, claim_greatest(search, 2), now()), Errc::verification_failed,
               "log entry 11 is older than one to its left");
}

TEST_P(ForgedHistory, EntryOlderThanTheUsersView) {
  append({{}, {put(2)}});
  const ClientState contact = this->contact();
  const Timestamp seen = now();
  append({{}});
  log_.append(Timestamp{seen.value() - 1});
  expect_found_by_contact_monitoring(contact, "log entry 11 is older than one to its left");
}

TEST_P(ForgedHistory, EntryBesideTheFrontierOutOfTime) {
  ForgedLog log(log_.configuration().wire(), log_.keys());
  for (std::uint64_t i = 0; i < 8; ++i) {
    std::vector<ForgedLog::Change> changes;
    if (i == 2) changes.push_back(put(0));
    if (i == 5) changes.push_back(put(1));
    log.append(Timestamp{i == 3 ? 8'001 : 1'000 * (i + 1)}, changes);
  }
  const ClientState state = newcomer();
  // A greatest-version search has no reason to look at entry 3; one for version 0 does.
  const SearchRequest greatest = state.search_request(label_);
  EXPECT_TRUE(state.verify(greatest, must(prove_search(log, greatest)), now_of(log)).has_value());
  const SearchRequest fixed = state.search_request(label_, Version{0});
  expect_error(refusal(state, fixed, must(prove_search(log, fixed)), now_of(log)),
               Errc::verification_failed, "log entry 7: it is older than one to its left");
}

TEST_P(ForgedHistory, EqualTimestampsAreInOrder) {
  for (int i = 0; i < 3; ++i) log_.append(Timestamp{8'000});
  const ClientState state = newcomer();
  const SearchRequest request = state.search_request(label_);
  EXPECT_TRUE(state.verify(request, must(prove_search(log_, request)), now()).has_value());
}

// --- Forks -----------------------------------------------------------------------------------

// What `common` entries of one log went on to be in another: both branches have 14 entries, and
// versions 0 to 2 of the label.
class Fork : public ForgedHistory {
 protected:
  [[nodiscard]] ForgedLog branch(std::uint64_t common, const char* name) const {
    ForgedLog log(log_.configuration().wire(), log_.keys());
    const Label beside = make_label("bob@example.com");
    for (std::uint64_t i = 0; i < 14; ++i) {
      std::vector<ForgedLog::Change> changes;
      if (i == 2) changes.push_back(put(0));
      if (i == 5) changes.push_back(put(1));
      if (i == 9) changes.push_back(put(2));
      const auto version = Version{static_cast<std::uint32_t>(i)};
      changes.push_back({beside, version, to_bytes(i < common ? "common" : name)});
      log.append(Timestamp{i < 8 ? 1'000 * (i + 1) : 7'200 + 100 * i}, changes);
    }
    return log;
  }
};

INSTANTIATE_TEST_SUITE_P(, Fork, ::testing::ValuesIn(all_deployments()), deployment_name);

// Whoever has seen one branch accepts nothing from the other; whoever has seen what they share
// accepts either.
TEST_P(Fork, OfOneBranchNothingIsAcceptedFromTheOther) {
  for (const std::uint64_t common : {0U, 3U, 6U, 9U, 10U, 11U}) {
    SCOPED_TRACE(common);
    ForgedLog first = branch(common, "first");
    ForgedLog second = branch(common, "second");
    for (const std::uint64_t seen : {10U, 11U, 12U}) {
      SCOPED_TRACE(seen);
      first.show(TreeSize{seen});
      ClientState state = newcomer();
      const SearchRequest begin = state.search_request(label_);
      must(state.apply(must(state.verify(begin, must(prove_search(first, begin)), now_of(first)))));

      // `answer(log)` is what a log says to a request. Where two say the same, there is no fork.
      const auto expect_fork_found = [&](ForgedLog& log, const auto& request, const auto& answer) {
        const auto response = must(answer(log, request));
        const bool agrees =
            &log == &first || seen <= common || response == must(answer(first, request));
        const auto verified = state.verify(request, response, now_of(log));
        EXPECT_EQ(verified.has_value(), agrees);
        if (!verified) expect_precise(verified.error(), "fork");
      };
      const std::uint64_t sizes[] = {seen, 13, 14};
      for (ForgedLog* const log : {&first, &second}) {
        for (const std::uint64_t size : sizes) {
          SCOPED_TRACE(size);
          first.show(TreeSize{size});
          log->show(TreeSize{size});
          expect_fork_found(*log, state.search_request(label_), prove_search);
          expect_fork_found(*log, state.owner_init_request(label_, EntryIndex{5}),
                            prove_owner_init);
          expect_fork_found(*log, must(state.contact_monitor_request(label_)),
                            prove_contact_monitor);
          expect_fork_found(*log, state.distinguished_request(),
                            [](const LogSource& source, const DistinguishedRequest& request) {
                              return prove_distinguished(source, request,
                                                         RecentPolicy::rightmost(4));
                            });
        }
      }
    }
  }
}

// --- The auditor's heads ---------------------------------------------------------------------

// A log of 10 entries and the auditor's head that goes with it.
class ForgedAuditorHead : public ::testing::TestWithParam<CipherSuite> {
 protected:
  ForgedAuditorHead() { grow(log_, 10); }

  static Configuration configuration() {
    Configuration configuration =
        test_configuration(GetParam(), DeploymentMode::thirdPartyAuditing);
    configuration.max_auditor_lag = 2'000;
    return configuration;
  }
  void grow(ForgedLog& log, std::uint64_t size) const {
    while (log.size().value() < size) {
      const std::uint64_t next = log.size().value();
      log.append(Timestamp{1'000 * (next + 1)},
                 {{label_, Version{static_cast<std::uint32_t>(next)}, Bytes{1}}});
    }
  }

  // Has `key` sign the root of the tree of `root_size` as that of `size` entries.
  [[nodiscard]] AuditorTreeHead sign(const SigningKey& key, std::uint64_t timestamp,
                                     std::uint64_t size, std::uint64_t root_size) const {
    return must(sign_auditor_tree_head(key, log_.configuration().wire(), Timestamp{timestamp},
                                       TreeSize{size}, log_.root(TreeSize{root_size})));
  }

  [[nodiscard]] bool is_accepted(const AuditorTreeHead& head) {
    log_.shown_auditor_head() = head;
    return newcomer_.verify(request_, must(prove_search(log_, request_)), Timestamp{10'000})
        .has_value();
  }
  void expect_refused(const AuditorTreeHead& head, std::string_view about) {
    // A size that no proof can be made for is only said, not proven.
    const bool is_provable = head.tree_size > TreeSize{0} && head.tree_size <= log_.size();
    if (is_provable) log_.shown_auditor_head() = head;
    SearchResponse response = must(prove_search(log_, request_));
    response.full_tree_head.auditor_tree_head = head;
    expect_error(refusal(newcomer_, request_, response, Timestamp{10'000}),
                 Errc::verification_failed, about);
  }

  const Label label_ = make_label("alice@example.com");
  ForgedLog log_{configuration()};
  const SigningKey& key_ = *log_.keys()->keys.auditor;
  const ClientState newcomer_{log_.configuration()};
  const SearchRequest request_ = newcomer_.search_request(label_);
};

INSTANTIATE_TEST_SUITE_P(, ForgedAuditorHead, ::testing::Values(kP256Suite, kEd25519Suite),
                         suite_name);

TEST_P(ForgedAuditorHead, OfAnyPartOfTheLogIsAccepted) {
  for (std::uint64_t size = 1; size <= 10; ++size)
    EXPECT_TRUE(is_accepted(sign(key_, 8'000, size, size))) << size;
}

TEST_P(ForgedAuditorHead, ByAnotherKey) {
  expect_refused(sign(must(SigningKey::generate(GetParam())), 10'000, 10, 10),
                 "AuditorTreeHead.signature");
  expect_refused(sign(log_.keys()->keys.signature, 10'000, 10, 10), "AuditorTreeHead.signature");
}

TEST_P(ForgedAuditorHead, OverAnotherRoot) {
  expect_refused(sign(key_, 10'000, 9, 10), "AuditorTreeHead.signature");
  expect_refused(sign(key_, 10'000, 10, 9), "AuditorTreeHead.signature");
}

TEST_P(ForgedAuditorHead, WithAnotherTimestampThanSigned) {
  AuditorTreeHead head = sign(key_, 9'000, 9, 9);
  head.timestamp = Timestamp{9'001};
  expect_refused(head, "AuditorTreeHead.signature");
}

TEST_P(ForgedAuditorHead, LaggingTooFar) {
  EXPECT_TRUE(is_accepted(sign(key_, 8'000, 8, 8)));
  expect_refused(sign(key_, 7'999, 8, 8), "lags too far behind");
  expect_refused(sign(key_, 0, 10, 10), "lags too far behind");
}

TEST_P(ForgedAuditorHead, AheadOfTheLog) {
  expect_refused(sign(key_, 10'001, 10, 10), "after the rightmost log entry");
  for (const std::uint64_t size :
       {std::uint64_t{0}, std::uint64_t{11}, std::uint64_t{1} << 63, ~std::uint64_t{0}})
    expect_refused(sign(key_, 10'000, size, 10), "AuditorTreeHead.tree_size is not within");
}

// The auditor was replaced by one that started later than the user's last audited head reaches:
// nobody audited what lies between.
TEST_P(ForgedAuditorHead, OfAnAuditorThatLeftAGap) {
  for (const std::uint64_t start : {8U, 9U}) {
    Configuration wire = configuration();
    wire.auditor_start_pos = EntryIndex{start};
    ForgedLog log(wire, log_.keys());
    grow(log, 9);
    log.shown_auditor_head() = must(sign_auditor_tree_head(
        key_, log.configuration().wire(), Timestamp{9'000}, TreeSize{8}, log.root(TreeSize{8})));
    ClientState state(log.configuration());
    const SearchRequest first = state.search_request(label_);
    must(state.apply(must(state.verify(first, must(prove_search(log, first)), Timestamp{9'000}))));

    grow(log, 10);
    const SearchRequest next = state.search_request(label_);
    const SearchResponse response = must(prove_search(log, next));
    if (start == 8) {
      EXPECT_TRUE(state.verify(next, response, Timestamp{10'000}).has_value());
    } else {
      expect_error(refusal(state, next, response, Timestamp{10'000}), Errc::verification_failed,
                   "the auditor started after");
    }
  }
}

}  // namespace
}  // namespace kt::keytrans
