// requests.json, commitment.json and tree-head.json: encodings byte for byte, commitments, and
// signatures over tree heads.

#include <iostream>

#include <gtest/gtest.h>

#include "keytrans/commitment.h"
#include "keytrans/log_configuration.h"
#include "vector_cases.h"

namespace kt::keytrans {
namespace {

constexpr WireContext kContactMonitoring{CipherSuite::KT_128_SHA256_Ed25519,
                                         DeploymentMode::contactMonitoring};

template <class T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().detail);
  return *std::move(result);
}

Label label_of(const nlohmann::json& input) {
  return must(Label::create(hex_field(input, "label")));
}

template <class Number>
std::optional<Number> number_of(const nlohmann::json& input, const char* key) {
  if (!input.contains(key)) return std::nullopt;
  return Number(input.at(key));
}

std::vector<MonitorMapEntry> entries_of(const nlohmann::json& input) {
  std::vector<MonitorMapEntry> entries;
  for (const auto& entry : input.at("entries"))
    entries.push_back({EntryIndex{entry.at("position")}, Version{entry.at("version")}});
  return entries;
}

template <class T, class... Context>
void expect_encoding(const T& message, const nlohmann::json& expect, const Context&... context) {
  const Bytes encoding = hex_field(expect, "encoding");
  EXPECT_EQ(to_hex(must(encode(message, context...))), to_hex(encoding));
  EXPECT_EQ(must(decode<T>(encoding, context...)), message);
}

UpdateRequest update_request_of(const nlohmann::json& input) {
  UpdateRequest request{number_of<TreeSize>(input, "last"),
                        label_of(input),
                        number_of<Version>(input, "greatest_version"),
                        {}};
  for (const auto& value : input.at("values"))
    request.values.push_back({*from_hex(value.get<std::string>())});
  return request;
}

class RequestVectors : public ::testing::TestWithParam<VectorCase> {};

TEST_P(RequestVectors, EncodesAndDecodes) {
  const auto& input = GetParam().input();
  const auto& expect = GetParam().expect();
  const std::string kind = input.at("kind");
  const auto last = number_of<TreeSize>(input, "last");
  if (kind == "search-request") {
    expect_encoding(SearchRequest{last, label_of(input), number_of<Version>(input, "version")},
                    expect);
  } else if (kind == "binary-ladder-step") {
    BinaryLadderStep step{hex_field(input, "proof"), std::nullopt};
    if (input.contains("commitment")) step.commitment = hash_field(input, "commitment");
    expect_encoding(step, expect, kContactMonitoring);
  } else if (kind == "monitor-map-entry") {
    expect_encoding(MonitorMapEntry{EntryIndex{input.at("position")}, Version{input.at("version")}},
                    expect);
  } else if (kind == "contact-monitor-request") {
    expect_encoding(ContactMonitorRequest{last, label_of(input), entries_of(input)}, expect);
  } else if (kind == "owner-init-request") {
    expect_encoding(OwnerInitRequest{last, label_of(input), EntryIndex{input.at("start")}}, expect);
  } else if (kind == "owner-monitor-request") {
    expect_encoding(
        OwnerMonitorRequest{last, label_of(input), entries_of(input), EntryIndex{input.at("start")},
                            number_of<Version>(input, "greatest_version")},
        expect);
  } else if (kind == "label-value") {
    expect_encoding(LabelValue{hex_field(input, "value")}, expect);
  } else if (kind == "update-info") {
    UpdateInfo info;
    const Bytes opening = hex_field(input, "opening");
    std::copy(opening.begin(), opening.end(), info.opening.begin());
    expect_encoding(info, expect, kContactMonitoring);
  } else if (kind == "update-request") {
    expect_encoding(update_request_of(input), expect);
  } else {
    ASSERT_EQ(kind, "update-tbs");
    const auto configuration = must(decode<Configuration>(hex_field(input, "configuration")));
    expect_encoding(UpdateTBS{configuration, label_of(input), Version{input.at("version")},
                              hex_field(input, "value")},
                    expect);
  }
}

INSTANTIATE_TEST_SUITE_P(RequestsJson, RequestVectors,
                         ::testing::ValuesIn(vector_cases("keytrans/requests.json")), case_name);

class CommitmentVectors : public ::testing::TestWithParam<VectorCase> {};

TEST_P(CommitmentVectors, CommitsToTheSameValue) {
  const auto& input = GetParam().input();
  const auto& expect = GetParam().expect();
  CommitmentValue value{{}, label_of(input), Version{input.at("version")}, {}};
  const Bytes opening = hex_field(input, "opening");
  std::copy(opening.begin(), opening.end(), value.opening.begin());
  value.update.value = hex_field(input.at("update"), "value");
  WireContext context = kContactMonitoring;
  if (input.at("update").contains("signature")) {
    context.mode = DeploymentMode::thirdPartyManagement;
    value.update.suffix.signature = hex_field(input.at("update"), "signature");
  }
  if (expect.contains("error")) {
    EXPECT_NE(must(commit(value, context)), hash_field(input, "commitment"));
    return;
  }
  EXPECT_EQ(to_hex(must(encode(value, context))), expect.at("commitment_value").get<std::string>());
  EXPECT_EQ(must(commit(value, context)), hash_field(expect, "commitment"));
}

INSTANTIATE_TEST_SUITE_P(CommitmentJson, CommitmentVectors,
                         ::testing::ValuesIn(vector_cases("keytrans/commitment.json")), case_name);

class TreeHeadVectors : public ::testing::TestWithParam<VectorCase> {};

TEST_P(TreeHeadVectors, EncodesAndVerifies) {
  const auto& input = GetParam().input();
  const auto& expect = GetParam().expect();
  Configuration configuration;
  configuration.ciphersuite = CipherSuite::KT_128_SHA256_Ed25519;
  configuration.mode = static_cast<DeploymentMode>(input.at("mode").get<int>());
  configuration.signature_public_key = hex_field(input, "signature_public_key");
  configuration.vrf_public_key = hex_field(input, "vrf_public_key");
  configuration.max_ahead = input.at("max_ahead");
  configuration.max_behind = input.at("max_behind");
  configuration.reasonable_monitoring_window = input.at("reasonable_monitoring_window");
  const bool audited = configuration.mode == DeploymentMode::thirdPartyAuditing;
  if (configuration.mode == DeploymentMode::thirdPartyManagement)
    configuration.leaf_public_key = hex_field(input, "leaf_public_key");
  if (audited) {
    configuration.max_auditor_lag = input.at("max_auditor_lag");
    configuration.auditor_start_pos = EntryIndex{input.at("auditor_start_pos")};
    configuration.auditor_public_key = hex_field(input, "auditor_public_key");
  }
  const auto hex_of = [&expect](const char* key) { return expect.at(key).get<std::string>(); };
  EXPECT_EQ(to_hex(must(encode(configuration))), hex_of("configuration"));
  const LogConfiguration log = must(LogConfiguration::create(configuration));

  const HashValue root = hash_field(input, "root");
  const TreeSize size{input.at("tree_size")};
  EXPECT_EQ(to_hex(must(encode(TreeHeadTBS{configuration, size, root}))), hex_of("tree_head_tbs"));
  TreeHead head{size, hex_field(expect, "signature")};
  EXPECT_EQ(to_hex(must(encode(head))), hex_of("tree_head"));
  EXPECT_TRUE(log.verify_tree_head(head, root).has_value());

  FullTreeHead updated{FullTreeHeadType::updated, head, {}};
  if (audited) {
    updated.auditor_tree_head =
        must(decode<AuditorTreeHead>(hex_field(expect, "auditor_tree_head")));
    const AuditorTreeHead& auditor = updated.auditor_tree_head;
    EXPECT_EQ(to_hex(must(encode(
                  AuditorTreeHeadTBS{configuration, auditor.timestamp, auditor.tree_size, root}))),
              hex_of("auditor_tree_head_tbs"));
    EXPECT_TRUE(log.verify_auditor_tree_head(auditor, root).has_value());
  }
  EXPECT_EQ(to_hex(must(encode(updated, log.context()))), hex_of("full_tree_head_updated"));
  EXPECT_EQ(to_hex(must(encode(FullTreeHead{}, log.context()))), hex_of("full_tree_head_same"));

  // What must not verify: another root, another size, another configuration, a changed signature.
  HashValue other_root = root;
  other_root[0] ^= 1;
  EXPECT_FALSE(log.verify_tree_head(head, other_root).has_value());
  EXPECT_FALSE(
      log.verify_tree_head({TreeSize{size.value() + 1}, head.signature}, root).has_value());
  configuration.max_behind += 1;
  EXPECT_FALSE(
      must(LogConfiguration::create(configuration)).verify_tree_head(head, root).has_value());
  head.signature[0] ^= 1;
  EXPECT_FALSE(log.verify_tree_head(head, root).has_value());
}

INSTANTIATE_TEST_SUITE_P(TreeHeadJson, TreeHeadVectors,
                         ::testing::ValuesIn(vector_cases("keytrans/tree-head.json")), case_name);

TEST(MessageVectors, Counts) {
  const auto requests = vector_cases("keytrans/requests.json").size();
  const auto commitments = vector_cases("keytrans/commitment.json").size();
  const auto heads = vector_cases("keytrans/tree-head.json").size();
  std::cout << "requests.json: " << requests << " cases\ncommitment.json: " << commitments
            << " cases\ntree-head.json: " << heads << " cases\n";
  EXPECT_EQ(requests, 22U);
  EXPECT_EQ(commitments, 7U);
  EXPECT_EQ(heads, 9U);
}

}  // namespace
}  // namespace kt::keytrans
