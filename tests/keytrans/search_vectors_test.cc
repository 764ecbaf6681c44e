// search.json: responses of an independent log, verified as a first-time user would; and our own
// log, given the same history, must lay its proofs out the same way.

#include <iostream>

#include <gtest/gtest.h>

#include "keytrans/client_state.h"
#include "test_log.h"
#include "vector_cases.h"

namespace kt::keytrans {
namespace {

Configuration configuration_of(const nlohmann::json& input) {
  Configuration configuration;
  configuration.ciphersuite = CipherSuite::KT_128_SHA256_Ed25519;
  configuration.mode = static_cast<DeploymentMode>(input.at("mode").get<int>());
  configuration.max_ahead = input.at("max_ahead");
  configuration.max_behind = input.at("max_behind");
  configuration.reasonable_monitoring_window = input.at("monitoring_window");
  if (const std::uint64_t lifetime = input.at("maximum_lifetime"); lifetime != 0)
    configuration.maximum_lifetime = lifetime;
  return configuration;
}

// A log of ours with the history of `input`.
TestLog log_of(const nlohmann::json& input) {
  TestLog log(configuration_of(input));
  for (std::size_t i = 0; i < input.at("mutations").size(); ++i) {
    std::vector<TestLog::Update> updates;
    for (const auto& added : input.at("mutations").at(i).at("add"))
      updates.push_back({must(Label::create(hex_field(added, "label"))), 1, 0});
    log.append(Timestamp{input.at("entry_timestamps").at(i)}, updates);
  }
  return log;
}

std::vector<std::size_t> results_per_proof(const CombinedTreeProof& proof) {
  std::vector<std::size_t> counts;
  for (const PrefixProof& prefix_proof : proof.prefix_proofs)
    counts.push_back(prefix_proof.results.size());
  return counts;
}

class SearchVectors : public ::testing::TestWithParam<VectorCase> {};

TEST_P(SearchVectors, VerifiesAndIsLaidOutTheSame) {
  const auto& input = GetParam().input();
  const auto& expect = GetParam().expect();
  const Label label = must(Label::create(hex_field(input, "label")));
  std::optional<Version> version;
  if (input.contains("version")) version = Version{input.at("version")};
  TestLog ours = log_of(input);
  const Timestamp now{input.at("entry_timestamps").back()};
  const SearchRequest request{std::nullopt, label, version};
  const auto our_response = prove_search(ours.log(), request);

  // A search that has no answer: the peer reports an error, or answers with a negative result,
  // which no client may accept.
  if (expect.contains("error")) {
    ASSERT_FALSE(our_response.has_value());
    EXPECT_EQ(our_response.error().code, Errc::not_found);
    return;
  }

  Configuration configuration = configuration_of(input);
  configuration.signature_public_key = hex_field(input, "signature_public_key");
  configuration.vrf_public_key = hex_field(input, "vrf_public_key");
  const LogConfiguration log = must(LogConfiguration::create(configuration));
  const Bytes encoded = hex_field(expect, "response");
  const WireContext context = log.context(version.has_value());
  const auto response = must(decode<SearchResponse>(encoded, context));
  EXPECT_EQ(must(encode(response, context)), encoded);

  ClientState user(log);
  auto verified = user.verify(request, response, now);
  const bool exists = !version || version->value() < input.at("mutations").size();
  if (!exists) {
    ASSERT_FALSE(verified.has_value());
    EXPECT_EQ(verified.error().code, Errc::verification_failed);
    EXPECT_FALSE(our_response.has_value());
    return;
  }
  ASSERT_TRUE(verified.has_value()) << verified.error().detail;
  const SearchOutcome outcome = must(user.apply(*std::move(verified)));
  const Version target = version.value_or(Version{expect.value("version", std::uint32_t{0})});
  EXPECT_EQ(outcome.version, target);
  EXPECT_EQ(user.last(), TreeSize{expect.at("tree_size")});

  ASSERT_TRUE(our_response.has_value()) << our_response.error().detail;
  EXPECT_EQ(our_response->search.timestamps, response.search.timestamps);
  EXPECT_EQ(results_per_proof(our_response->search), results_per_proof(response.search));
  EXPECT_EQ(our_response->search.prefix_roots.size(), response.search.prefix_roots.size());
  EXPECT_EQ(our_response->search.inclusion.elements.size(),
            response.search.inclusion.elements.size());
  EXPECT_EQ(our_response->binary_ladder.size(), response.binary_ladder.size());
}

INSTANTIATE_TEST_SUITE_P(SearchJson, SearchVectors,
                         ::testing::ValuesIn(vector_cases("keytrans/search.json")), case_name);

TEST(SearchVectors, Counts) {
  const auto count = vector_cases("keytrans/search.json").size();
  std::cout << "search.json: " << count << " cases\n";
  EXPECT_EQ(count, 10U);
}

}  // namespace
}  // namespace kt::keytrans
