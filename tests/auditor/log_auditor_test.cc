// What an auditor takes from a log and what it refuses, and what it signs.
#include "auditor/log_auditor.h"

#include <fstream>
#include <sys/stat.h>

#include "auditor_fixture.h"
#include "refusal.h"
#include "suites.h"

namespace kt::auditor {
namespace {

namespace fs = std::filesystem;

class LogAuditorOfEachSuite : public ::testing::TestWithParam<CipherSuite> {
 protected:
  LogAuditorOfEachSuite() : fixture_(GetParam()) { fixture_.open(); }
  AuditorFixture fixture_;
};

INSTANTIATE_TEST_SUITE_P(, LogAuditorOfEachSuite,
                         ::testing::Values(keytrans::kP256Suite, keytrans::kEd25519Suite),
                         keytrans::suite_name);

TEST_P(LogAuditorOfEachSuite, FollowsTheLogAndSigns) {
  expect_error(fixture_.auditor().sign(), Errc::unavailable, "no log entry");
  fixture_.grow(5);
  must(fixture_.follow());
  const auto head = must(fixture_.auditor().sign());
  EXPECT_EQ(head.tree_size, TreeSize{5});
  EXPECT_EQ(head.timestamp, Timestamp{5'000});
  fixture_.expect_good(head);
  // The same again, also after a restart.
  EXPECT_EQ(must(fixture_.auditor().sign()), head);
  must(fixture_.auditor().note_pushed(head.tree_size));
  fixture_.open();
  EXPECT_EQ(must(fixture_.auditor().sign()), head);

  const AuditorState state = fixture_.auditor().state();
  EXPECT_FALSE(state.needs_start);
  EXPECT_EQ(state.size, TreeSize{5});
  EXPECT_EQ(state.rightmost_timestamp, Timestamp{5'000});
  EXPECT_EQ(state.signed_size, TreeSize{5});
  EXPECT_EQ(state.signed_timestamp, Timestamp{5'000});
  EXPECT_EQ(state.pushed, TreeSize{5});
  EXPECT_EQ(state.behind, std::nullopt);
  EXPECT_EQ(state.refused, std::nullopt);

  fixture_.grow(3);
  must(fixture_.follow());
  fixture_.expect_good(must(fixture_.auditor().sign()));
  EXPECT_EQ(fixture_.auditor().state().signed_size, TreeSize{8});
  EXPECT_EQ(fixture_.auditor().state().pushed, TreeSize{5});
}

// Within one batch and across a restart.
TEST_P(LogAuditorOfEachSuite, KnowsWhenEachLeafWasAdded) {
  fixture_.grow(6);
  fixture_.grow_by({successor_of(AuditorFixture::leaf(2))}, {AuditorFixture::leaf(2)});
  must(fixture_.follow());
  fixture_.open();
  fixture_.grow_by({successor_of(AuditorFixture::leaf(3))}, {AuditorFixture::leaf(3)});
  must(fixture_.follow());
  // A leaf that comes back counts from then on.
  fixture_.open();
  fixture_.grow_by({AuditorFixture::leaf(2)}, {}, Timestamp{8'050});
  must(fixture_.follow());
  fixture_.open();
  fixture_.grow_by({named_leaf("leaf 2", "another value")}, {AuditorFixture::leaf(2)},
                   Timestamp{8'100});
  expect_error(fixture_.follow(), Errc::verification_failed, "step 5");
}

TEST_P(LogAuditorOfEachSuite, RefusesAPrematureRemovalWithinABatch) {
  fixture_.grow(8);
  const PrefixLeaf hidden = named_leaf("hidden");
  fixture_.grow_by({hidden}, {}, Timestamp{8'100});
  fixture_.grow_by({successor_of(hidden)}, {hidden}, Timestamp{8'200});
  expect_error(fixture_.follow(), Errc::verification_failed,
               "the log's entry 9 was refused: step 5");
  EXPECT_EQ(fixture_.auditor().state().size, TreeSize{0});
}

// --- Where it starts -------------------------------------------------------------------------

TEST(LogAuditor, StartsAtAnyPosition) {
  for (const std::uint64_t start : {1U, 5U, 12U}) {
    SCOPED_TRACE(start);
    AuditorFixture fixture(keytrans::kEd25519Suite, start);
    fixture.open();
    EXPECT_TRUE(fixture.auditor().state().needs_start);
    EXPECT_EQ(fixture.auditor().state().size, TreeSize{0});
    expect_error(fixture.auditor().process(EntryIndex{0}, {}), Errc::conflict, "starts from");
    expect_error(fixture.auditor().sign(), Errc::unavailable, "not started");
    auto wrong = fixture.log().start();
    wrong.frontier_entries.pop_back();
    expect_error(fixture.auditor().start(wrong), Errc::verification_failed, "frontier");

    must(fixture.auditor().start(fixture.log().start()));
    expect_error(fixture.auditor().start(fixture.log().start()), Errc::conflict, "started");
    fixture.open();
    EXPECT_FALSE(fixture.auditor().state().needs_start);
    EXPECT_EQ(fixture.auditor().state().next_entry(), EntryIndex{start});
    expect_error(fixture.auditor().sign(), Errc::unavailable, "no log entry");
    fixture.grow(3);
    must(fixture.follow());
    fixture.expect_good(must(fixture.auditor().sign()));
  }
}

TEST(LogAuditor, NeedsNoStartForTheFirstEntry) {
  AuditorFixture fixture;
  fixture.open();
  EXPECT_FALSE(fixture.auditor().state().needs_start);
  expect_error(fixture.auditor().start({}), Errc::conflict, "started");
}

// --- What is no evidence ---------------------------------------------------------------------

TEST(LogAuditor, TakesTheNextEntryOnly) {
  AuditorFixture fixture;
  fixture.open();
  fixture.grow(4);
  must(fixture.auditor().process(EntryIndex{0}, fixture.updates(0, 2)));
  for (const std::uint64_t first : {0U, 1U, 3U})
    expect_error(fixture.auditor().process(EntryIndex{first}, fixture.updates(first, first + 1)),
                 Errc::conflict, "next entry is 2");
  must(fixture.follow());
  fixture.expect_good(must(fixture.auditor().sign()));
}

TEST(LogAuditor, TakesSoMuchAtOnce) {
  AuditorFixture fixture;
  fixture.open();
  fixture.grow(1);
  expect_error(fixture.auditor().process(EntryIndex{0},
                                         std::vector<Bytes>(kMaxUpdates + 1, fixture.update(0))),
               Errc::rejected, "more than 1000");
  expect_error(fixture.auditor().process(
                   EntryIndex{0}, std::vector<Bytes>{fixture.update(0), Bytes(kMaxUpdateBytes)}),
               Errc::rejected, "bytes at once");
  EXPECT_EQ(fixture.auditor().state().refused, std::nullopt);
  must(fixture.follow());
  fixture.grow(kMaxUpdates);
  must(fixture.follow());
  fixture.expect_good(must(fixture.auditor().sign()));
}

TEST(LogAuditor, BytesThatAreNoUpdateAreNotKept) {
  AuditorFixture fixture;
  fixture.open();
  fixture.grow(2);
  std::vector<Bytes> updates = fixture.updates(0, 2);
  updates[1].push_back(0);
  expect_error(fixture.auditor().process(EntryIndex{0}, updates), Errc::malformed, "entry 1");
  EXPECT_EQ(fixture.auditor().state().size, TreeSize{0});
  must(fixture.follow());
}

// --- What is evidence ------------------------------------------------------------------------

class RefusingAuditor : public ::testing::Test {
 protected:
  RefusingAuditor() {
    fixture_.grow(3);
    fixture_.open();
    must(fixture_.follow());
    head_ = must(fixture_.auditor().sign());
    fixture_.grow(3);
  }

  [[nodiscard]] fs::path evidence(std::uint64_t entry) const {
    return fixture_.path() / ("rejected-" + std::to_string(entry) + ".bin");
  }
  [[nodiscard]] static Bytes read(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }
  void expect_stopped(std::string_view about) {
    ASSERT_TRUE(fixture_.auditor().state().refused.has_value());
    EXPECT_NE(fixture_.auditor().state().refused->find(about), std::string::npos)
        << *fixture_.auditor().state().refused;
    EXPECT_EQ(fixture_.auditor().state().size, TreeSize{3});
    expect_error(fixture_.auditor().sign(), Errc::rejected, about);
    expect_error(fixture_.follow(), Errc::rejected, about);
  }

  AuditorFixture fixture_;
  keytrans::AuditorTreeHead head_;
};

TEST_F(RefusingAuditor, KeepsTheEvidenceAndStops) {
  // Entries 4 and 5 change places.
  const std::vector<Bytes> swapped{fixture_.update(3), fixture_.update(5), fixture_.update(4)};
  const auto before = must(keytrans::Auditor::from_genesis(fixture_.log().configuration()));
  expect_error(fixture_.auditor().process(EntryIndex{3}, swapped), Errc::verification_failed,
               "the log's entry 4 was refused: step 6");
  expect_stopped("the log's entry 4 was refused: step 6");
  fixture_.open();
  expect_stopped("the log's entry 4 was refused: step 6");

  struct stat status {};
  ASSERT_EQ(::stat(evidence(4).c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777U, 0600U);
  const Refusal kept = must(parse_refusal(read(evidence(4))));
  EXPECT_EQ(kept.entry, EntryIndex{4});
  EXPECT_EQ(kept.update, fixture_.update(5));
  // Whoever has the evidence verifies the update as the auditor did.
  auto auditor = must(keytrans::Auditor::parse(kept.auditor));
  EXPECT_EQ(auditor.size(), TreeSize{4});
  keytrans::MemoryAuditedLeaves leaves;
  const auto again =
      auditor.process(must(keytrans::decode<keytrans::AuditorUpdate>(kept.update)), leaves);
  ASSERT_FALSE(again.has_value());
  EXPECT_EQ(again.error().detail, kept.reason);
}

// An operator who has looked at it may have the entry verified again, and no more than that.
TEST_F(RefusingAuditor, WithoutTheEvidenceItVerifiesTheEntryAgain) {
  const std::vector<Bytes> replayed{fixture_.update(2)};
  expect_error(fixture_.auditor().process(EntryIndex{3}, replayed), Errc::verification_failed,
               "entry 3");
  fixture_.close();
  fs::rename(evidence(3), fixture_.path() / "looked-at.bin");
  fixture_.open();
  expect_error(fixture_.auditor().process(EntryIndex{3}, replayed), Errc::verification_failed,
               "entry 3");
  fixture_.close();
  fs::remove(evidence(3));
  fixture_.open();
  EXPECT_EQ(must(fixture_.auditor().sign()), head_);
  must(fixture_.follow());
  fixture_.expect_good(must(fixture_.auditor().sign()));
}

TEST_F(RefusingAuditor, EvidenceThatCannotBeReadIsEvidence) {
  fixture_.close();
  std::ofstream(evidence(3)) << "not what was written";
  fixture_.open();
  expect_stopped("cannot be read");
}

TEST_F(RefusingAuditor, StopsAlsoWhenNothingCanBeKept) {
  const fs::path in_the_way = evidence(3);
  fs::create_directory(in_the_way);
  expect_error(fixture_.auditor().process(EntryIndex{3}, fixture_.updates(4, 5)),
               Errc::verification_failed, "nothing could be kept");
  expect_stopped("nothing could be kept");
}

TEST_F(RefusingAuditor, UpdatesOfAnotherLog) {
  AuditorFixture other;
  other.grow_by({named_leaf("of another log")}, {});
  other.grow(4);
  expect_error(fixture_.auditor().process(EntryIndex{3}, other.updates(3, 5)),
               Errc::verification_failed, "entry 3");
  expect_stopped("entry 3");
}

// Each changed byte of an update is refused, or leads to a tree that is not the log's, so that no
// user accepts what is signed.
TEST(LogAuditor, ChangedBytesOfAnUpdateAreRefusedOrOfNoUse) {
  AuditorFixture fixture;
  fixture.grow(4);
  fixture.open();
  must(fixture.auditor().process(EntryIndex{0}, fixture.updates(0, 3)));
  fixture.close();
  fixture.back_up("before");
  const fs::path head = fixture.path() / "head";
  fs::copy(head, fixture.path() / "head.before");
  const auto configuration = fixture.log().configuration();
  const HashValue root = fixture.log().view().root();
  std::size_t refused = 0;
  std::size_t signed_in_vain = 0;
  for (std::size_t i = 0; i < fixture.update(3).size(); ++i) {
    SCOPED_TRACE(i);
    Bytes changed = fixture.update(3);
    changed[i] ^= 1U;
    fixture.open();
    const auto processed = fixture.auditor().process(EntryIndex{3}, std::vector<Bytes>{changed});
    if (processed) {
      ++signed_in_vain;
      const auto made = must(fixture.auditor().sign());
      EXPECT_FALSE(configuration.verify_auditor_tree_head(made, root));
    } else {
      ++refused;
      EXPECT_EQ(fixture.auditor().state().size, TreeSize{3});
      EXPECT_EQ(fixture.auditor().sign().has_value(), processed.error().code == Errc::malformed);
    }
    fixture.close();
    fixture.restore("before");
    fs::remove(fixture.path() / "rejected-3.bin");
    fs::copy_file(fixture.path() / "head.before", head, fs::copy_options::overwrite_existing);
  }
  EXPECT_GT(refused, 0U);
  EXPECT_GT(signed_in_vain, 0U);
}

}  // namespace
}  // namespace kt::auditor
