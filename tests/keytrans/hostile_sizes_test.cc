// Messages that speak of sizes nobody has: they are refused at once, and nothing is allocated for
// what they only claim.
#include <algorithm>
#include <array>
#include <ctime>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "allocation_meter.h"
#include "deployments.h"
#include "forged_log.h"
#include "keytrans/credential.h"
#include "keytrans/fork_evidence.h"
#include "keytrans/hash.h"
#include "keytrans/ladder.h"
#include "message_fields.h"
#include "story.h"
#include "tamper_kinds.h"

namespace kt::keytrans {
namespace {

constexpr std::uint64_t kMaxSize = std::numeric_limits<std::uint64_t>::max();
constexpr Version kMaxVersion{std::numeric_limits<std::uint32_t>::max()};
constexpr std::uint64_t kHalf = std::uint64_t{1} << 63;

// Processor time, so that a busy machine does not make a test fail.
[[nodiscard]] double seconds_used() {
  std::timespec now{};
  EXPECT_EQ(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now), 0);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

// Runs `work` on a message of `message_size` bytes and expects that it takes half a second at most,
// where fifty milliseconds are plenty, and a mebibyte beside the message.
template <class Work>
auto promptly(std::size_t message_size, Work work) {
  const AllocationMeter meter;
  const double start = seconds_used();
  auto result = work();
  const double taken = seconds_used() - start;
  const std::size_t peak = meter.peak();
  EXPECT_LT(taken, 0.5);
  EXPECT_LT(peak, message_size + (std::size_t{1} << 20));
  return result;
}

// --- Decoding --------------------------------------------------------------------------------

class HostileCounts : public ::testing::TestWithParam<TamperCase> {};

INSTANTIATE_TEST_SUITE_P(, HostileCounts, ::testing::ValuesIn(tamper_cases()), tamper_case_name);

// Each count as great as it can be written, and one more than is there. The bytes of a message may
// by chance be another one when one of its counts is another, and then that is what they are taken
// for; nearly always they are none.
TEST_P(HostileCounts, AreNotBelieved) {
  const auto specimen = GetParam().make();
  const Bytes& honest = specimen->encoding();
  std::size_t tried = 0;
  std::size_t refused = 0;
  for (const FieldPlace& field : specimen->fields()) {
    if (field.kind != FieldKind::length) continue;
    const auto first = static_cast<std::ptrdiff_t>(field.offset);
    const auto last = static_cast<std::ptrdiff_t>(field.offset + field.size);
    Bytes greatest = honest;
    std::fill(greatest.begin() + first, greatest.begin() + last, std::uint8_t{0xff});
    Bytes one_more = honest;
    ++one_more[field.offset + field.size - 1];
    for (const Bytes* const tampered : {&greatest, &one_more}) {
      if (*tampered == honest) continue;
      const auto again =
          promptly(honest.size(), [&] { return specimen->encoded_again(*tampered); });
      ++tried;
      if (again) {
        EXPECT_EQ(*again, *tampered) << field.name;
      } else {
        ++refused;
      }
    }
  }
  EXPECT_GT(tried, 0U);
  EXPECT_GT(2 * refused, tried);
}

// A value's length of 4 GiB in a message of a few bytes.
TEST(HostileSizes, ValueOfFourGibibytes) {
  const WireContext context{kEd25519Suite, DeploymentMode::contactMonitoring, false};
  const Bytes claim{0xff, 0xff, 0xff, 0xff, 'a'};
  const auto value = promptly(claim.size(), [&] { return decode<UpdateValue>(claim, context); });
  expect_error(error_of(value), Errc::malformed, "UpdateValue.value at byte 0 claims more");
  const auto label_value = promptly(claim.size(), [&] { return decode<LabelValue>(claim); });
  expect_error(error_of(label_value), Errc::malformed, "LabelValue.value at byte 0 claims more");
}

// Counts are bounded by what each element takes at least, not by the bytes that are left.
TEST(HostileSizes, ElementsThatCouldNotFit) {
  Bytes update = must(encode(AuditorUpdate{}));
  constexpr std::size_t kAddedCount = 8;
  update[kAddedCount] = 0;
  update[kAddedCount + 1] = 2;
  update.resize(kAddedCount + 2 + 2 * 64 - 1);
  const auto decoded = promptly(update.size(), [&] { return decode<AuditorUpdate>(update); });
  expect_error(error_of(decoded), Errc::malformed,
               "AuditorUpdate.added at byte 8 claims more than the message holds");
}

// --- Prefix proofs ---------------------------------------------------------------------------

// As many lookups as a proof can hold, each as deep as a tree can be.
TEST(HostileSizes, PrefixProofOfTheGreatestDepth) {
  std::vector<PrefixLookup> lookups;
  PrefixProof proof;
  for (unsigned i = 0; i < 255; ++i) {
    const Bytes name{static_cast<std::uint8_t>(i)};
    lookups.push_back({sha256(name), std::nullopt});
    proof.results.push_back({PrefixSearchResultType::nonInclusionParent, std::nullopt, 255});
  }
  proof.elements.resize(65'535, sha256(Bytes{}));
  const std::size_t size = must(encode(proof)).size();
  // Evaluating builds what the proof shows of the tree, some nodes for each element.
  const AllocationMeter meter;
  const double start = seconds_used();
  const auto root = evaluate_prefix_proof(lookups, proof);
  EXPECT_LT(seconds_used() - start, 0.5);
  EXPECT_LT(meter.peak(), 8 * size);
  EXPECT_FALSE(root.has_value());
}

// --- Trees of any size -----------------------------------------------------------------------

// A log that says it goes on for ever. Its proofs are as they should be, for entries that all have
// the prefix tree of its last real one; only the root under its signature is not theirs.
class EndlessLog final : public LogSource {
 public:
  EndlessLog(ForgedLog& beginning, TreeSize size)
      : beginning_(beginning), nodes_(beginning.log_nodes()), size_(size) {
    const HashValue root = beginning.root(beginning.size());
    const LogKeys& keys = beginning.keys()->keys;
    tree_head_ = must(sign_tree_head(keys.signature, beginning.configuration().wire(), size, root));
    if (keys.auditor)
      auditor_head_ = must(sign_auditor_tree_head(*keys.auditor, beginning.configuration().wire(),
                                                  last_entry().timestamp, size, root));
  }

  [[nodiscard]] const LogConfiguration& configuration() const override {
    return beginning_.configuration();
  }
  [[nodiscard]] Result<TreeHead> tree_head() const override { return tree_head_; }
  [[nodiscard]] Result<AuditorTreeHead> auditor_tree_head() const override { return auditor_head_; }
  [[nodiscard]] Result<LogEntry> entry(EntryIndex index) const override {
    return beginning_.entry(real(index));
  }
  [[nodiscard]] const LogNodes& log_nodes() const override { return nodes_; }
  [[nodiscard]] const PrefixNodes& prefix_nodes() const override {
    return beginning_.prefix_nodes();
  }
  [[nodiscard]] Result<PrefixChild> prefix_tree(EntryIndex index) const override {
    return beginning_.prefix_tree(real(index));
  }
  [[nodiscard]] Result<std::optional<Version>> greatest_version(const Label& label,
                                                                EntryIndex at) const override {
    return beginning_.greatest_version(label, real(at));
  }
  [[nodiscard]] Result<EntryIndex> position(const Label& label, Version version) const override {
    return beginning_.position(label, version);
  }
  [[nodiscard]] Result<VrfOutputAndProof> vrf(const Label& label, Version version) const override {
    return beginning_.vrf(label, version);
  }
  [[nodiscard]] Result<HashValue> commitment(const Label& label, Version version) const override {
    return beginning_.commitment(label, version);
  }
  [[nodiscard]] Result<CommittedValue> value(const Label& label, Version version) const override {
    return beginning_.value(label, version);
  }

 private:
  class Nodes final : public LogNodes {
   public:
    explicit Nodes(const LogNodes& real) : real_(real) {}
    Result<HashValue> node(Subtree node) const override {
      auto value = real_.node(node);
      if (value) return value;
      return HashValue{};
    }

   private:
    const LogNodes& real_;
  };

  [[nodiscard]] EntryIndex real(EntryIndex index) const {
    return std::min(index, rightmost(beginning_.size()));
  }
  [[nodiscard]] LogEntry last_entry() const { return must(entry(rightmost(size_))); }

  ForgedLog& beginning_;
  Nodes nodes_;
  TreeSize size_;
  TreeHead tree_head_;
  AuditorTreeHead auditor_head_;
};

// A log with versions 0 and 1 of a label in its last real entry, and users who saw its beginning.
class EndlessLogs : public ::testing::TestWithParam<Deployment> {
 protected:
  EndlessLogs() : EndlessLogs(1'000) {}
  explicit EndlessLogs(std::uint64_t window) : log_(configuration(window)) {
    for (std::uint64_t i = 0; i < 8; ++i) log_.append(Timestamp{1'000 * (i + 1)});
    log_.append(now_, {{label_, Version{0}, Bytes{1}}, {label_, Version{1}, Bytes{2}}});
    perform(user_, user_.search_request(label_), prove_search);
    perform(user_, user_.owner_init_request(label_, EntryIndex{window == 0 ? 8U : 7U}),
            prove_owner_init);
  }

  static Configuration configuration(std::uint64_t window) {
    Configuration configuration = test_configuration(GetParam().suite, GetParam().mode);
    configuration.reasonable_monitoring_window = window;
    return configuration;
  }

  template <class Request, class Prove>
  void perform(ClientState& state, const Request& request, Prove prove) const {
    must(state.apply(must(state.verify(request, must(prove(log_, request)), now_))));
  }

  // Expects that a log of each size answers at once, and that the answer is refused at once.
  template <class Request, class Prove>
  void expect_refused(const ClientState& state, const Request& request, Prove prove) {
    for (const std::uint64_t size :
         {std::uint64_t{1} << 32, kHalf - 1, kHalf, kHalf + 1, kMaxSize - 1, kMaxSize}) {
      SCOPED_TRACE(size);
      const EndlessLog endless(log_, TreeSize{size});
      const auto response = promptly(0, [&] { return prove(endless, request); });
      ASSERT_TRUE(response.has_value()) << response.error().detail;
      const Bytes encoded =
          must(encode_message(*response, log_.configuration().context(is_fixed(request))));
      const auto verified =
          promptly(encoded.size(), [&] { return state.verify(request, *response, now_); });
      expect_error(error_of(verified), Errc::verification_failed, "TreeHead.signature");
    }
  }

  template <class Request>
  static bool is_fixed(const Request& request) {
    if constexpr (std::same_as<Request, SearchRequest>) return request.version.has_value();
    return false;
  }

  static Result<DistinguishedResponse> walk(const LogSource& source,
                                            const DistinguishedRequest& request) {
    return prove_distinguished(source, request, RecentPolicy{});
  }

  void expect_everything_refused() {
    const ClientState newcomer(log_.configuration(), ContactPolicy::always);
    const ClientState& returning = user_;
    for (const ClientState* const state : {&newcomer, &returning}) {
      SCOPED_TRACE(state == &user_ ? "returning" : "new");
      expect_refused(*state, state->search_request(label_), prove_search);
      expect_refused(*state, state->search_request(label_, Version{0}), prove_search);
      expect_refused(*state, state->search_request(label_, Version{1}), prove_search);
      expect_refused(*state, state->owner_init_request(label_, EntryIndex{7}), prove_owner_init);
      expect_refused(*state, state->distinguished_request(), walk);
    }
    const auto monitor = [](const LogSource& source, const OwnerMonitorRequest& request) {
      return prove_owner_monitor(source, request);
    };
    expect_refused(user_, must(user_.owner_monitor_request(label_)), monitor);
  }

  const Label label_ = make_label("alice@example.com");
  const Timestamp now_{8'100};
  ForgedLog log_;
  ClientState user_{log_.configuration(), ContactPolicy::always};
};

class EndlessLogsWithoutAWindow : public EndlessLogs {
 protected:
  EndlessLogsWithoutAWindow() : EndlessLogs(0) {}
};

INSTANTIATE_TEST_SUITE_P(, EndlessLogs, ::testing::ValuesIn(all_deployments()), deployment_name);
INSTANTIATE_TEST_SUITE_P(, EndlessLogsWithoutAWindow, ::testing::ValuesIn(all_deployments()),
                         deployment_name);

TEST_P(EndlessLogs, AreRefused) { expect_everything_refused(); }

// Every entry is distinguished.
TEST_P(EndlessLogsWithoutAWindow, AreRefused) { expect_everything_refused(); }

TEST_P(EndlessLogs, MonitoringThemIsRefused) {
  ASSERT_FALSE(user_.label(label_)->monitor.empty());
  expect_refused(user_, must(user_.contact_monitor_request(label_)), prove_contact_monitor);
}

// A user for whom everything is recent walks as far as the proof goes, and no farther.
TEST_P(EndlessLogsWithoutAWindow, WalkingAllOfThemEndsWithTheProof) {
  const ClientState curious(log_.configuration(), ContactPolicy::always,
                            RecentPolicy::younger_than(kMaxSize));
  const EndlessLog endless(log_, TreeSize{kMaxSize});
  const DistinguishedRequest request = curious.distinguished_request();
  DistinguishedResponse response = must(walk(endless, request));
  response.distinguished.timestamps.resize(255, now_);
  const auto verified = promptly(10'000, [&] { return curious.verify(request, response, now_); });
  expect_error(error_of(verified), Errc::verification_failed, "no timestamp left");
}

TEST_P(EndlessLogs, CredentialsFromThemAreRefused) {
  ClientState state(log_.configuration(), ContactPolicy::always);
  perform(state, state.distinguished_request(), walk);
  for (const std::uint64_t size : {kHalf, kMaxSize}) {
    const EndlessLog endless(log_, TreeSize{size});
    const Credential credential =
        promptly(0, [&] { return must(prove_credential(endless, label_, EntryIndex{7})); });
    EXPECT_EQ(credential.credential_type, CredentialType::provisional);
    const auto verified = promptly(10'000, [&] {
      return verify_credential(log_.configuration(), state.distinguished(), credential);
    });
    expect_error(error_of(verified), Errc::verification_failed, "TreeHead.signature");
  }
}

// --- Versions and positions at the end of their ranges ---------------------------------------

class HostileNumbers : public ::testing::TestWithParam<Deployment> {
 protected:
  HostileNumbers() {
    story_.grow_to(12);
    newcomer_ = story_.newcomer();
  }

  Story story_{GetParam().suite, GetParam().mode};
  std::optional<ClientState> newcomer_;
  const Label& label_ = story_.label();
};

// Only managers skip versions.
class HostileManagement : public HostileNumbers {};

INSTANTIATE_TEST_SUITE_P(, HostileNumbers, ::testing::ValuesIn(all_deployments()), deployment_name);
INSTANTIATE_TEST_SUITE_P(
    , HostileManagement,
    ::testing::Values(Deployment{kP256Suite, DeploymentMode::thirdPartyManagement},
                      Deployment{kEd25519Suite, DeploymentMode::thirdPartyManagement}),
    deployment_name);

TEST_P(HostileNumbers, SearchForTheGreatestVersionThereCanBe) {
  const SearchRequest request = newcomer_->search_request(label_, kMaxVersion);
  const auto none = promptly(0, [&] { return prove_search(story_.log(), request); });
  expect_error(error_of(none), Errc::not_found, "does not exist");

  // An answer to it takes a whole ladder.
  SearchResponse response = must(prove_search(story_.log(), newcomer_->search_request(label_)));
  response.version.reset();
  expect_precise(refusal(*newcomer_, request, response, story_.now()), "short ladder");
  const std::vector<Version> ladder = base_binary_ladder(kMaxVersion);
  EXPECT_EQ(ladder.size(), 33U);
  response.binary_ladder.clear();
  for (const Version version : ladder) {
    BinaryLadderStep step{must(story_.log().vrf(label_, version)).proof, std::nullopt};
    if (version != kMaxVersion) step.commitment.emplace();
    response.binary_ladder.push_back(std::move(step));
  }
  const auto verified =
      promptly(10'000, [&] { return newcomer_->verify(request, response, story_.now()); });
  const Error error = error_of(verified);
  EXPECT_EQ(error.code, Errc::verification_failed) << error.detail;

  response.version = kMaxVersion;
  const SearchRequest greatest = newcomer_->search_request(label_);
  const auto claimed =
      promptly(10'000, [&] { return newcomer_->verify(greatest, response, story_.now()); });
  EXPECT_EQ(error_of(claimed).code, Errc::verification_failed);
}

// It is a version like any other where it exists.
TEST_P(HostileNumbers, TheGreatestVersionThereCanBe) {
  ForgedLog log(test_configuration(GetParam().suite, GetParam().mode));
  std::vector<ForgedLog::Change> changes;
  for (const Version version : base_binary_ladder(kMaxVersion))
    changes.push_back({label_, version, Bytes{1}});
  log.append(Timestamp{1'000});
  log.append(Timestamp{2'000}, changes);
  ClientState state(log.configuration(), ContactPolicy::always);
  for (const std::optional<Version> version : {std::optional<Version>(), {kMaxVersion}}) {
    const SearchRequest request = state.search_request(label_, version);
    const auto response = must(prove_search(log, request));
    EXPECT_EQ(must(state.verify(request, response, Timestamp{2'000})).outcome().version,
              kMaxVersion);
  }
  const OwnerInitRequest init = state.owner_init_request(label_, EntryIndex{1});
  const auto owned = must(
      state.apply(must(state.verify(init, must(prove_owner_init(log, init)), Timestamp{2'000}))));
  EXPECT_EQ(owned.greatest_at_start, kMaxVersion);

  // Nothing can follow it.
  const UpdateRequest update = must(state.update_request(label_, {{Bytes{1}}}));
  expect_error(error_of(prove_update(log, update, false)), Errc::conflict, "no version");
  UpdateResponse response;
  response.position = EntryIndex{2};
  response.info.emplace_back();
  expect_error(refusal(state, update, response, Timestamp{2'000}), Errc::verification_failed,
               "too many new versions");
}

TEST_P(HostileManagement, SkippedVersions) {
  const ClientState owner = story_.owner(12, EntryIndex{7});
  const UpdateRequest request = must(owner.update_request(label_, {{Bytes{1}}}));
  UpdateResponse response = must(story_.log().update(request, Timestamp{story_.now().value() + 1}));
  for (const std::uint32_t skipped : {319U, 0x7fff'ffffU, 0xffff'fffeU, 0xffff'ffffU}) {
    response.skipped_versions = skipped;
    const auto verified =
        promptly(10'000, [&] { return owner.verify(request, response, story_.now()); });
    expect_error(error_of(verified), Errc::verification_failed, "too many new versions");
  }
}

TEST_P(HostileNumbers, OwnerInitOfGreatVersions) {
  const OwnerInitRequest request = newcomer_->owner_init_request(label_, EntryIndex{6});
  const OwnerInitResponse honest = must(prove_owner_init(story_.log(), request));
  OwnerInitResponse response = honest;
  response.greatest_versions.assign(255, kMaxVersion);
  auto verified =
      promptly(10'000, [&] { return newcomer_->verify(request, response, story_.now()); });
  expect_error(error_of(verified), Errc::verification_failed,
               "greatest_versions has too many elements");

  response.greatest_versions.assign(honest.greatest_versions.size(), kMaxVersion);
  verified = promptly(10'000, [&] { return newcomer_->verify(request, response, story_.now()); });
  expect_error(error_of(verified), Errc::verification_failed, "not one step for each version");

  // As many steps as a message can hold, though not one of them is called for.
  response = honest;
  response.binary_ladder.resize(65'535, honest.binary_ladder.front());
  const std::size_t size = 65'535 * honest.binary_ladder.front().proof.size();
  verified = promptly(size, [&] { return newcomer_->verify(request, response, story_.now()); });
  expect_error(error_of(verified), Errc::verification_failed, "not one step for each version");
}

TEST_P(HostileNumbers, PositionsInRequests) {
  MemoryLog& log = story_.log();
  for (const std::uint64_t position : {std::uint64_t{12}, kHalf, kMaxSize}) {
    const EntryIndex far{position};
    const OwnerInitRequest init = newcomer_->owner_init_request(label_, far);
    expect_error(error_of(promptly(0, [&] { return prove_owner_init(log, init); })), Errc::rejected,
                 "beyond the tree");
    const OwnerMonitorRequest start{std::nullopt, label_, {}, far, Version{2}};
    expect_error(error_of(promptly(0, [&] { return prove_owner_monitor(log, start); })),
                 Errc::rejected, "beyond the tree");
    const OwnerMonitorRequest entry{
        std::nullopt, label_, {{far, Version{2}}}, EntryIndex{7}, Version{2}};
    expect_error(error_of(promptly(0, [&] { return prove_owner_monitor(log, entry); })),
                 Errc::rejected, "beyond the tree");
    const ContactMonitorRequest contact{std::nullopt, label_, {{far, Version{2}}}};
    expect_error(error_of(promptly(0, [&] { return prove_contact_monitor(log, contact); })),
                 Errc::rejected, "beyond the tree");
    const DistinguishedRequest walk{std::nullopt, far};
    EXPECT_TRUE(promptly(0, [&] { return prove_distinguished(log, walk, RecentPolicy{}); }));
    expect_error(error_of(promptly(0, [&] { return prove_credential(log, label_, far); })),
                 Errc::rejected, "beyond the tree");
    const auto update = promptly(0, [&] {
      return prove_credential_update(log, label_, Version{2}, far, TreeSize{position});
    });
    EXPECT_FALSE(update.has_value());
    const auto advertised = promptly(0, [&] {
      return prove_search(log, {TreeSize{position + 1}, label_, std::nullopt});
    });
    EXPECT_FALSE(advertised.has_value());
  }
}

// A map as long as a request can be, on a log that could have that many versions.
TEST_P(HostileNumbers, MonitoringMapOfTheGreatestLength) {
  ForgedLog log(test_configuration(GetParam().suite, GetParam().mode));
  ContactMonitorRequest request{std::nullopt, label_, {}};
  LabelVersions versions;
  constexpr std::uint32_t kCount = 255;
  for (std::uint32_t i = 0; i < kCount; ++i) {
    log.append(Timestamp{10'000 + i}, {{label_, Version{i}, Bytes{1}}});
    request.entries.push_back({EntryIndex{i}, Version{i}});
    versions.emplace(Version{i}, PrefixLookup{must(log.vrf(label_, Version{i})).output,
                                              must(log.commitment(label_, Version{i}))});
  }
  const auto response = promptly(0, [&] { return prove_contact_monitor(log, request); });
  ASSERT_TRUE(response.has_value()) << response.error().detail;
  const std::size_t size = must(encode(*response, log.configuration().context())).size();
  const auto remaining = promptly(16 * size, [&]() -> Result<std::vector<MonitoredEntry>> {
    ProofReader reader(response->monitor, nullptr, versions);
    CombinedTree tree(reader, log.configuration().wire(), log.size());
    KT_TRY(update_view(tree, std::nullopt));
    return monitor_contact(tree, request.entries, std::nullopt);
  });
  ASSERT_TRUE(remaining.has_value()) << remaining.error().detail;
  EXPECT_LT(remaining->size(), 16U);

  // The same map in a tree that says it is endless.
  const EndlessLog endless(log, TreeSize{kMaxSize});
  const auto far = promptly(0, [&] { return prove_contact_monitor(endless, request); });
  if (far) {
    const LabelVersions nothing;
    const auto refused = promptly(1 << 20, [&]() -> Result<std::vector<MonitoredEntry>> {
      ProofReader reader(far->monitor, nullptr, nothing);
      CombinedTree tree(reader, log.configuration().wire(), TreeSize{kMaxSize});
      KT_TRY(update_view(tree, std::nullopt));
      return monitor_contact(tree, request.entries, std::nullopt);
    });
    EXPECT_FALSE(refused.has_value());
  }
}

TEST_P(HostileNumbers, EvidenceOfGreatTrees) {
  ForkEvidence evidence;
  evidence.config = story_.configuration().wire();
  for (const std::uint64_t size : {std::uint64_t{0}, kHalf, kMaxSize}) {
    evidence.size = TreeSize{size};
    for (ForkBranch& branch : evidence.branches) {
      branch.tree_head = {TreeSize{kMaxSize}, Bytes(64)};
      branch.full_subtrees.resize(full_subtrees(evidence.size).size());
      branch.consistency.elements.resize(
          size == 0 ? 0 : batch_copath(TreeSize{kMaxSize}, {}, evidence.size, {}).size());
    }
    const auto verified = promptly(10'000, [&] { return verify_fork_evidence(evidence); });
    EXPECT_EQ(error_of(verified).code, Errc::verification_failed);
  }
}

// --- Stored states ---------------------------------------------------------------------------

// Expects that `parse` survives `stored` with any byte changed and any count as great as can be.
template <class Parse>
void expect_survives(const Bytes& stored, Parse parse) {
  ASSERT_TRUE(parse(stored));
  std::size_t refused = 0;
  for (std::size_t i = 0; i < stored.size(); ++i) {
    Bytes flipped = stored;
    flipped[i] ^= static_cast<std::uint8_t>(1U << (i % 8));
    Bytes claims = stored;
    for (std::size_t j = i; j < std::min(i + 4, stored.size()); ++j) claims[j] = 0xff;
    const auto cut = ByteView(stored).first(i);
    for (const Bytes& tampered : std::array{flipped, claims, to_bytes(cut)}) {
      if (!promptly(stored.size(), [&] { return parse(tampered); })) ++refused;
    }
  }
  EXPECT_GE(refused, stored.size());  // what was cut off, at least
}

// What can be parsed can be used.
TEST_P(HostileNumbers, StoredClientState) {
  ClientState state = story_.owner(8, EntryIndex{5});
  story_.perform(state, state.distinguished_request());
  story_.perform(state, state.search_request(label_));
  const DistinguishedRequest request = state.distinguished_request();
  const DistinguishedResponse response = story_.answer(request);
  expect_survives(must(state.serialize()), [&](const Bytes& stored) {
    const auto parsed = ClientState::parse(stored);
    if (!parsed) {
      EXPECT_FALSE(parsed.error().detail.empty());
      return false;
    }
    static_cast<void>(parsed->obligations());
    static_cast<void>(parsed->verify(request, response, story_.now()));
    if (const auto monitor = parsed->contact_monitor_request(label_))
      static_cast<void>(parsed->verify(*monitor, ContactMonitorResponse{}, story_.now()));
    if (const auto monitor = parsed->owner_monitor_request(label_))
      static_cast<void>(parsed->verify(*monitor, OwnerMonitorResponse{}, story_.now()));
    return true;
  });
}

TEST_P(HostileNumbers, StoredCredential) {
  Story story(GetParam().suite, GetParam().mode);
  ClientState state = story.visitor(9);
  story.grow_to(10);
  const auto retained = std::get<RetainedCredential>(
      must(verify_credential(story.configuration(), state.distinguished(),
                             must(prove_credential(story.log(), label_, EntryIndex{7})))));
  story.grow_to(13);
  story.perform(state, state.distinguished_request());
  const CredentialUpdate update = must(prove_credential_update(
      story.log(), label_, retained.outcome.version, retained.terminal, retained.view.size));
  expect_survives(must(retained.serialize()), [&](const Bytes& stored) {
    const auto parsed = RetainedCredential::parse(stored);
    if (!parsed) return false;
    static_cast<void>(finally_verify(*parsed, state.distinguished()));
    static_cast<void>(
        finally_verify(story.configuration(), *parsed, state.distinguished(), update));
    return true;
  });
}

}  // namespace
}  // namespace kt::keytrans
