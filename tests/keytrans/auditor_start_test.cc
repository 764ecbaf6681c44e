#include "keytrans/auditor_start.h"

#include <string>

#include <gtest/gtest.h>

#include "keytrans/auditor.h"
#include "keytrans/ibst.h"
#include "suites.h"
#include "test_log.h"

namespace kt::keytrans {
namespace {

constexpr CipherSuite kSuite = kEd25519Suite;

// A log whose auditor starts with entry `start`. Entry i was made at 1'000 * (i + 1).
MemoryLog make_log(std::uint64_t start, std::uint64_t entries,
                   DeploymentMode mode = DeploymentMode::thirdPartyAuditing) {
  Configuration configuration = test_configuration(kSuite, mode);
  configuration.auditor_start_pos = EntryIndex{start};
  MemoryLog log = must(MemoryLog::create(configuration, test_keys(kSuite, mode, 0)));
  for (std::uint64_t i = 0; i < entries; ++i) must(log.append(Timestamp{1'000 * (i + 1)}, {}, 2));
  return log;
}

HashValue root_of(const MemoryLog& log) {
  std::vector<HashValue> heads;
  for (const Subtree& subtree : full_subtrees(log.size()))
    heads.push_back(must(log.log_nodes().node(subtree)));
  return log_root(log.size(), heads);
}

// The head that an auditor signs that starts with `start` and follows the log to its end.
Result<AuditorTreeHead> audit(const MemoryLog& log, const AuditorStart& start) {
  KT_TRY(const TreeView view, verify_auditor_start(log.configuration(), start));
  KT_TRY(Auditor auditor, Auditor::from_view(log.configuration(), view));
  MemoryAuditedLeaves leaves;
  while (auditor.size() < log.size()) {
    KT_TRY(const AuditorUpdate update, log.auditor_update(EntryIndex{auditor.size().value()}));
    KT_TRY(auditor.process(update, leaves));
  }
  return auditor.sign(*log.keys().auditor);
}

void expect_error(const auto& result, Errc code, const std::string& detail) {
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, code);
  EXPECT_NE(result.error().detail.find(detail), std::string::npos) << result.error().detail;
}

TEST(AuditorStart, AnAuditorGoesOnFromAnyPosition) {
  for (std::uint64_t position = 1; position <= 33; ++position) {
    SCOPED_TRACE(position);
    // Whether the log has just these entries or more, the start is the same.
    MemoryLog log = make_log(position, position);
    const AuditorStart start = must(prove_auditor_start(log));
    must(log.append(Timestamp{100'000}, {}));
    must(log.append(Timestamp{100'001}, {}));
    EXPECT_EQ(must(prove_auditor_start(log)), start);
    EXPECT_EQ(must(decode<AuditorStart>(must(encode(start)))), start);

    const TreeView view = must(verify_auditor_start(log.configuration(), start));
    EXPECT_TRUE(view.is_well_formed());
    EXPECT_EQ(view.size, TreeSize{position});
    EXPECT_EQ(view.rightmost_entry(), must(log.entry(EntryIndex{position - 1})));
    const AuditorTreeHead head = must(audit(log, start));
    EXPECT_TRUE(log.configuration().verify_auditor_tree_head(head, root_of(log)));
  }
}

TEST(AuditorStart, NotBeforeTheLogHasTheEntries) {
  for (const std::uint64_t entries : {0U, 4U})
    expect_error(prove_auditor_start(make_log(5, entries)), Errc::not_found, "no such log entry");
  EXPECT_TRUE(prove_auditor_start(make_log(5, 5)).has_value());
}

TEST(AuditorStart, OnlyForAnAuditorThatStartsLater) {
  const AuditorStart start = must(prove_auditor_start(make_log(3, 3)));
  const MemoryLog from_genesis = make_log(0, 3);
  expect_error(prove_auditor_start(from_genesis), Errc::rejected, "first entry");
  expect_error(verify_auditor_start(from_genesis.configuration(), start), Errc::rejected,
               "first entry");
  const MemoryLog unaudited = make_log(3, 3, DeploymentMode::contactMonitoring);
  expect_error(prove_auditor_start(unaudited), Errc::rejected, "third-party auditor");
  expect_error(verify_auditor_start(unaudited.configuration(), start), Errc::rejected,
               "third-party auditor");
}

TEST(AuditorStart, RefusesTooFewOrTooManyParts) {
  const MemoryLog log = make_log(13, 13);
  const AuditorStart honest = must(prove_auditor_start(log));
  ASSERT_FALSE(honest.inclusion.elements.empty());
  const auto expect_refused = [&](const AuditorStart& start, const std::string& detail) {
    expect_error(verify_auditor_start(log.configuration(), start), Errc::verification_failed,
                 detail);
  };
  AuditorStart start = honest;
  start.frontier_entries.pop_back();
  expect_refused(start, "one entry for each of the frontier");
  start = honest;
  start.frontier_entries.push_back(start.frontier_entries.back());
  expect_refused(start, "one entry for each of the frontier");
  start = honest;
  start.inclusion.elements.pop_back();
  expect_refused(start, "the auditor's start: ");
  start = honest;
  start.inclusion.elements.emplace_back();
  expect_refused(start, "the auditor's start: ");
  // That of another position.
  expect_refused(must(prove_auditor_start(make_log(12, 13))), "");
}

TEST(AuditorStart, RefusesEntriesThatGoBackInTime) {
  const MemoryLog log = make_log(6, 6);
  AuditorStart start = must(prove_auditor_start(log));
  start.frontier_entries.back().timestamp = Timestamp{1};
  expect_error(verify_auditor_start(log.configuration(), start), Errc::verification_failed,
               "back in time");
}

// The start is not signed. Each change to it is refused, there or with the next entry, or leads to
// a root that is not the log's, so that no user accepts what is signed.
TEST(AuditorStart, AForgedOneIsWorthNothing) {
  MemoryLog log = make_log(13, 13);
  const Bytes honest = must(encode(must(prove_auditor_start(log))));
  must(log.append(Timestamp{100'000}, {}));
  const HashValue root = root_of(log);
  std::size_t accepted = 0;
  for (std::size_t i = 0; i < honest.size(); ++i) {
    SCOPED_TRACE(i);
    Bytes forged = honest;
    forged[i] ^= 1U;
    const auto start = decode<AuditorStart>(forged);
    if (!start) continue;
    const auto head = audit(log, *start);
    if (!head) continue;
    ++accepted;
    EXPECT_FALSE(log.configuration().verify_auditor_tree_head(*head, root));
  }
  EXPECT_GT(accepted, 0U);
}

// A log cannot get there, but its configuration can say that it has.
TEST(AuditorStart, AtTheGreatestPosition) {
  const TreeSize greatest{~std::uint64_t{0}};
  const auto configuration = make_log(greatest.value(), 0).configuration();
  const std::vector<EntryIndex> leaves = frontier(greatest);
  AuditorStart start{std::vector<LogEntry>(leaves.size()), {}};
  expect_error(verify_auditor_start(configuration, start), Errc::verification_failed,
               "the auditor's start: ");
  start.inclusion.elements.resize(
      batch_copath(greatest, leaves, std::nullopt, std::nullopt).size());
  const TreeView view = must(verify_auditor_start(configuration, start));
  Auditor auditor = must(Auditor::from_view(configuration, view));
  MemoryAuditedLeaves leaves_of_log;
  MemoryLog other = make_log(0, 1);
  expect_error(auditor.process(must(other.auditor_update(EntryIndex{0})), leaves_of_log),
               Errc::verification_failed, "no room for another entry");
}

}  // namespace
}  // namespace kt::keytrans
