#include "keytrans/consistency.h"

#include <gtest/gtest.h>

#include "keytrans/ibst.h"
#include "suites.h"
#include "test_log.h"

namespace kt::keytrans {
namespace {

class Consistency : public ::testing::TestWithParam<CipherSuite> {
 protected:
  static constexpr std::uint64_t kEntries = 21;

  Consistency() : log_(test_configuration(GetParam(), DeploymentMode::contactMonitoring)) {
    for (std::uint64_t i = 1; i <= kEntries; ++i) {
      log_.append(Timestamp{1'000 * i}, {{make_label("alice")}});
      roots_.push_back(root_of(TreeSize{i}));
    }
  }

  [[nodiscard]] std::vector<HashValue> heads_of(TreeSize size) const {
    std::vector<HashValue> heads;
    for (const Subtree& each : full_subtrees(size))
      heads.push_back(must(log_.log().log_nodes().node(each)));
    return heads;
  }
  [[nodiscard]] HashValue root_of(TreeSize size) const { return log_root(size, heads_of(size)); }
  // What somebody keeps who has seen that tree. Entries do not matter here.
  [[nodiscard]] TreeView view_of(TreeSize size) const {
    return {size, heads_of(size), std::vector<LogEntry>(frontier(size).size())};
  }
  [[nodiscard]] Result<HashValue> ask(const ConsistencyRequest& request) const {
    std::optional<TreeView> seen;
    if (request.last) seen = view_of(*request.last);
    KT_TRY(const auto response, prove_consistency(log_.log(), request));
    return verify_consistency(log_.configuration(), seen, request, response);
  }

  TestLog log_;
  std::vector<HashValue> roots_;
};

TEST_P(Consistency, ShowsTheRootOfEveryEarlierTree) {
  for (std::uint64_t size = 1; size <= kEntries; ++size) {
    EXPECT_EQ(must(ask({std::nullopt, TreeSize{size}})), roots_[size - 1]) << size;
    for (std::uint64_t last = 1; last <= kEntries; ++last)
      EXPECT_EQ(must(ask({TreeSize{last}, TreeSize{size}})), roots_[size - 1])
          << size << " after " << last;
  }
}

TEST_P(Consistency, TreesThatAreNotThereAreRefused) {
  EXPECT_EQ(ask({std::nullopt, TreeSize{0}}).error().code, Errc::malformed);
  EXPECT_EQ(ask({std::nullopt, TreeSize{kEntries + 1}}).error().code, Errc::conflict);
  const auto ahead = prove_consistency(log_.log(), {TreeSize{kEntries + 1}, TreeSize{kEntries}});
  EXPECT_EQ(ahead.error().code, Errc::conflict);
  const auto empty = prove_consistency(log_.log(), {TreeSize{0}, TreeSize{kEntries}});
  EXPECT_EQ(empty.error().code, Errc::malformed);
}

// A log cannot lead from another beginning to the head it has signed, nor from another tree than
// the one that was seen.
TEST_P(Consistency, AnotherHistoryIsRefused) {
  const ConsistencyRequest request{TreeSize{5}, TreeSize{13}};
  const auto honest = must(prove_consistency(log_.log(), request));
  for (std::size_t i = 0; i < honest.consistency.elements.size(); ++i) {
    auto forged = honest;
    forged.consistency.elements[i][7] ^= 1;
    EXPECT_EQ(verify_consistency(log_.configuration(), view_of(TreeSize{5}), request, forged)
                  .error()
                  .code,
              Errc::verification_failed)
        << i;
  }
  TreeView other = view_of(TreeSize{5});
  other.full_subtrees.front()[0] ^= 1;
  EXPECT_EQ(verify_consistency(log_.configuration(), other, request, honest).error().code,
            Errc::verification_failed);
  auto shorter = honest;
  shorter.consistency.elements.pop_back();
  EXPECT_EQ(
      verify_consistency(log_.configuration(), view_of(TreeSize{5}), request, shorter).error().code,
      Errc::verification_failed);
  auto smaller = honest;
  smaller.tree_head = must(log_.log().sign_head_at(TreeSize{7}));
  EXPECT_EQ(
      verify_consistency(log_.configuration(), view_of(TreeSize{5}), request, smaller).error().code,
      Errc::verification_failed);
}

TEST_P(Consistency, NoChangedByteIsBelieved) {
  const ConsistencyRequest request{std::nullopt, TreeSize{13}};
  const Bytes honest = must(encode(must(prove_consistency(log_.log(), request))));
  for (std::size_t at = 0; at < honest.size(); ++at) {
    Bytes changed = honest;
    changed[at] ^= 1;
    const auto response = decode_consistency_response(changed);
    if (!response) continue;
    EXPECT_FALSE(
        verify_consistency(log_.configuration(), std::nullopt, request, *response).has_value())
        << "byte " << at;
  }
  for (std::size_t size = 0; size < honest.size(); ++size)
    EXPECT_FALSE(decode_consistency_response(ByteView(honest).first(size)).has_value()) << size;
}

TEST_P(Consistency, RequestsAreReadAsTheyWereWritten) {
  for (const ConsistencyRequest& request : {ConsistencyRequest{std::nullopt, TreeSize{13}},
                                            ConsistencyRequest{TreeSize{5}, TreeSize{13}}}) {
    const Bytes bytes = must(encode(request));
    EXPECT_EQ(must(decode_consistency_request(bytes)), request);
    EXPECT_FALSE(decode_consistency_request(ByteView(bytes).first(bytes.size() - 1)).has_value());
    Bytes longer = bytes;
    longer.push_back(0);
    EXPECT_FALSE(decode_consistency_request(longer).has_value());
  }
}

INSTANTIATE_TEST_SUITE_P(Suites, Consistency, ::testing::Values(kP256Suite, kEd25519Suite),
                         suite_name);

}  // namespace
}  // namespace kt::keytrans
