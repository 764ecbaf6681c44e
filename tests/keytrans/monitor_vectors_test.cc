// monitor.json: contact monitoring, owner initialization and owner monitoring of an independent
// log.
//
// Each log has one label, of which each entry inserts one version. Our verifier must accept the
// peer's response; and where the vectors tell every version's search key and commitment, so that
// the log can be built again, our prover must give the same proof byte for byte.

#include <iostream>

#include <gtest/gtest.h>

#include "keytrans/algorithms.h"
#include "keytrans/client_state.h"
#include "keytrans/ibst.h"
#include "keytrans/proof_reader.h"
#include "keytrans/proof_recorder.h"
#include "test_log.h"
#include "vector_cases.h"

namespace kt::keytrans {
namespace {

// The peer's log, as far as the vectors tell of it.
class PeerLog final : public LogSource {
 public:
  PeerLog(LogConfiguration configuration, const nlohmann::json& input)
      : configuration_(std::move(configuration)) {
    for (const auto& known : input.at("known_versions")) {
      PrefixLookup lookup{hash_field(known, "vrf_output"), std::nullopt};
      if (known.contains("commitment")) lookup.commitment = hash_field(known, "commitment");
      versions_.emplace(Version{known.at("version")}, lookup);
    }
    PrefixChild root;
    for (std::uint32_t i = 0; i < input.at("entry_timestamps").size(); ++i) {
      const auto added = versions_.find(Version{i});
      if (added == versions_.end() || !added->second.commitment) break;
      const PrefixLeaf leaf{added->second.vrf_output, *added->second.commitment};
      root = must(prefix_update(nodes_, root, std::span(&leaf, 1), {}));
      roots_.push_back(root);
      const Timestamp timestamp{input.at("entry_timestamps").at(i)};
      entries_.push_back({timestamp, root.hash});
      tree_.append(log_leaf_value(timestamp, root.hash));
    }
  }

  [[nodiscard]] const LabelVersions& versions() const { return versions_; }
  // How many entries could be built again.
  [[nodiscard]] TreeSize size() const { return tree_.size(); }

  [[nodiscard]] TreeView view_at(TreeSize size) const {
    TreeView view{size, {}, {}};
    for (const Subtree& subtree : full_subtrees(size))
      view.full_subtrees.push_back(must(tree_.node(subtree)));
    for (const EntryIndex index : frontier(size))
      view.frontier_entries.push_back(entries_.at(index.value()));
    return view;
  }

  [[nodiscard]] const LogConfiguration& configuration() const override { return configuration_; }
  [[nodiscard]] Result<TreeHead> tree_head() const override {
    return fail(Errc::unavailable, "the peer's key is its own");
  }
  [[nodiscard]] Result<AuditorTreeHead> auditor_tree_head() const override {
    return fail(Errc::unavailable, "there is no auditor");
  }
  [[nodiscard]] Result<LogEntry> entry(EntryIndex index) const override {
    return entries_.at(index.value());
  }
  [[nodiscard]] const LogNodes& log_nodes() const override { return tree_; }
  [[nodiscard]] const PrefixNodes& prefix_nodes() const override { return nodes_; }
  [[nodiscard]] Result<PrefixChild> prefix_tree(EntryIndex index) const override {
    return roots_.at(index.value());
  }
  [[nodiscard]] Result<std::optional<Version>> greatest_version(const Label& /*label*/,
                                                                EntryIndex at) const override {
    return std::optional(Version{static_cast<std::uint32_t>(at.value())});
  }
  [[nodiscard]] Result<EntryIndex> position(const Label& /*label*/,
                                            Version version) const override {
    return EntryIndex{version.value()};
  }
  [[nodiscard]] Result<VrfOutputAndProof> vrf(const Label& /*label*/,
                                              Version version) const override {
    return VrfOutputAndProof{versions_.at(version).vrf_output, {}};
  }
  [[nodiscard]] Result<HashValue> commitment(const Label& /*label*/,
                                             Version version) const override {
    return versions_.at(version).commitment.value();
  }
  [[nodiscard]] Result<CommittedValue> value(const Label& /*label*/,
                                             Version /*version*/) const override {
    return fail(Errc::not_found, "the vectors have no values");
  }

 private:
  LogConfiguration configuration_;
  LabelVersions versions_;
  MemoryPrefixNodes nodes_;
  MemoryLogTree tree_;
  std::vector<LogEntry> entries_;
  std::vector<PrefixChild> roots_;
};

LogConfiguration configuration_of(const nlohmann::json& input) {
  Configuration configuration;
  configuration.ciphersuite = CipherSuite::KT_128_SHA256_Ed25519;
  configuration.mode = static_cast<DeploymentMode>(input.at("mode").get<int>());
  configuration.max_ahead = 10'000;
  configuration.max_behind = 10'000;
  configuration.signature_public_key = hex_field(input, "signature_public_key");
  configuration.vrf_public_key = hex_field(input, "vrf_public_key");
  configuration.reasonable_monitoring_window = input.at("monitoring_window");
  if (const std::uint64_t lifetime = input.at("maximum_lifetime"); lifetime != 0)
    configuration.maximum_lifetime = lifetime;
  return must(LogConfiguration::create(configuration));
}

std::vector<MonitorMapEntry> entries_of(const nlohmann::json& input) {
  std::vector<MonitorMapEntry> entries;
  for (const auto& entry : input.at("entries"))
    entries.push_back({EntryIndex{entry.at("position")}, Version{entry.at("version")}});
  return entries;
}

std::optional<Version> version_at(EntryIndex entry) {
  return Version{static_cast<std::uint32_t>(entry.value())};
}

// Runs the operation of `input` on `tree`. `stop` ends owner monitoring.
Result<void> run(CombinedTree& tree, const nlohmann::json& input,
                 const std::function<Result<bool>(EntryIndex)>& stop) {
  if (input.at("operation") == "contact") {
    KT_TRY(monitor_contact(tree, entries_of(input), std::nullopt));
    return {};
  }
  const EntryIndex start{input.at("start")};
  KT_TRY(monitor_contact(tree, entries_of(input), start));
  const GreatestAt expected = [](EntryIndex entry) -> Result<std::optional<Version>> {
    return version_at(entry);
  };
  KT_TRY(monitor_owner(tree, start, expected, stop));
  return {};
}

// The peer's response, and what becomes of it when it is encoded again.
struct PeerResponse {
  FullTreeHead head;
  CombinedTreeProof proof;
  Bytes encoded_again;
};

PeerResponse decode_response(const nlohmann::json& input, ByteView encoded,
                             const WireContext& context) {
  if (input.at("operation") == "contact") {
    const auto response = must(decode<ContactMonitorResponse>(encoded, context));
    return {response.full_tree_head, response.monitor, must(encode(response, context))};
  }
  const auto response = must(decode<OwnerMonitorResponse>(encoded, context));
  return {response.full_tree_head, response.monitor, must(encode(response, context))};
}

// Owner initialization needs nothing that the response does not say.
void check_owner_init(const nlohmann::json& input, const nlohmann::json& expect) {
  const LogConfiguration configuration = configuration_of(input);
  const Bytes encoded = hex_field(expect, "response");
  const auto response = must(decode<OwnerInitResponse>(encoded, configuration.context()));
  EXPECT_EQ(must(encode(response, configuration.context())), encoded);
  ClientState user(configuration);
  const Label label = must(Label::create(hex_field(input, "label")));
  const auto request = user.owner_init_request(label, EntryIndex{input.at("start")});
  const Timestamp now{input.at("entry_timestamps").back()};
  const OwnerInitOutcome outcome = must(user.apply(must(user.verify(request, response, now))));
  EXPECT_EQ(outcome.greatest_at_start,
            Version{expect.at("greatest_versions").front().get<std::uint32_t>()});
}

class MonitorVectors : public ::testing::TestWithParam<VectorCase> {};

TEST_P(MonitorVectors, VerifiesAndProvesTheSameBytes) {
  const auto& input = GetParam().input();
  if (input.at("operation") == "owner-init") return check_owner_init(input, GetParam().expect());
  const LogConfiguration configuration = configuration_of(input);
  const PeerLog log(configuration, input);
  std::optional<TreeSize> last;
  if (input.contains("last")) last = TreeSize{input.at("last")};

  const Bytes encoded = hex_field(GetParam().expect(), "response");
  const PeerResponse peer = decode_response(input, encoded, configuration.context());
  EXPECT_EQ(peer.encoded_again, encoded);
  const TreeSize size = peer.head.tree_head.tree_size;
  ASSERT_EQ(size, TreeSize{input.at("entry_timestamps").size()});

  std::optional<TreeView> retained;
  if (last) retained = log.view_at(*last);
  ProofReader reader(peer.proof, retained ? &*retained : nullptr, log.versions());
  CombinedTree theirs(reader, configuration.wire(), size);
  must(update_view(theirs, last));
  must(run(theirs, input,
           [&reader](EntryIndex) -> Result<bool> { return reader.prefix_proofs_consumed(); }));
  const CandidateTree candidate = must(reader.finish(size, std::nullopt));
  must(configuration.verify_tree_head(peer.head.tree_head, candidate.root()));

  if (log.size() != size) return;  // not every version is known
  EXPECT_EQ(candidate.view_at(size), log.view_at(size));
  const Label label = must(Label::create(hex_field(input, "label")));
  ProofRecorder recorder(log, &label, last);
  CombinedTree ours(recorder, configuration.wire(), size);
  must(update_view(ours, last));
  must(run(ours, input, [](EntryIndex) -> Result<bool> { return false; }));
  EXPECT_EQ(must(encode(must(recorder.finish(size, std::nullopt)))), must(encode(peer.proof)));
}

INSTANTIATE_TEST_SUITE_P(MonitorJson, MonitorVectors,
                         ::testing::ValuesIn(vector_cases("keytrans/monitor.json")), case_name);

TEST(MonitorVectors, Counts) {
  const auto count = vector_cases("keytrans/monitor.json").size();
  std::cout << "monitor.json: " << count << " cases\n";
  EXPECT_EQ(count, 8U);
  std::size_t rebuilt = 0;
  for (const auto& vector : vector_cases("keytrans/monitor.json")) {
    const auto& input = vector.input();
    if (input.at("operation") == "owner-init") continue;
    if (PeerLog(configuration_of(input), input).size() ==
        TreeSize{input.at("entry_timestamps").size()})
      ++rebuilt;
  }
  std::cout << "  of which the whole log is known, and proved again: " << rebuilt << "\n";
  EXPECT_EQ(rebuilt, 3U);
}

}  // namespace
}  // namespace kt::keytrans
