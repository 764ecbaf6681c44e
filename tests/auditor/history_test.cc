// An auditor whose process dies, whose backup is restored, or whose files are damaged.
#include <sys/wait.h>
#include <unistd.h>

#include "auditor_fixture.h"
#include "records.h"
#include "store/head_file.h"

namespace kt::auditor {
namespace {

namespace fs = std::filesystem;

// --- The process dies ------------------------------------------------------------------------

class AuditorCrash : public ::testing::TestWithParam<const char*> {
 protected:
  // Does `what` in a process that ends when `GetParam()` is reached.
  template <class What>
  void die_in(AuditorFixture& fixture, What what) {
    fixture.close();
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      fixture.options.at_step = [](std::string_view reached) {
        if (reached == GetParam()) _exit(42);
      };
      fixture.open();
      what();
      _exit(1);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status));
    ASSERT_EQ(WEXITSTATUS(status), 42);
    fixture.open();
  }
};

INSTANTIATE_TEST_SUITE_P(, AuditorCrash,
                         ::testing::Values("verified", "processed", "signed", "recorded", "noted"),
                         [](const auto& step) { return std::string(step.param); });

TEST_P(AuditorCrash, GoesOnWhereItWas) {
  const std::string_view step = GetParam();
  AuditorFixture fixture(CipherSuite::KT_128_SHA256_P256);
  fixture.grow(2);
  fixture.open();
  must(fixture.follow());
  fixture.expect_good(must(fixture.auditor().sign()));
  fixture.grow(3);
  die_in(fixture, [&] {
    must(fixture.follow());
    must(fixture.auditor().sign());
  });
  EXPECT_EQ(fixture.auditor().state().size, TreeSize{step == "verified" ? 2U : 5U});
  const bool is_recorded = step == "recorded" || step == "noted";
  EXPECT_EQ(fixture.auditor().state().signed_size, TreeSize{is_recorded ? 5U : 2U});
  must(fixture.follow());
  const auto head = must(fixture.auditor().sign());
  EXPECT_EQ(head.tree_size, TreeSize{5});
  fixture.expect_good(head);
  fixture.close();
  const auto noted = must(store::HeadFile::open(fixture.path() / "head")).highest();
  EXPECT_EQ(noted.head.signature, head.signature);
}

class AuditorCrashAtItsStart : public AuditorCrash {};
INSTANTIATE_TEST_SUITE_P(, AuditorCrashAtItsStart, ::testing::Values("started"));

TEST_P(AuditorCrashAtItsStart, GoesOnFromThere) {
  AuditorFixture fixture(CipherSuite::KT_128_SHA256_Ed25519, 3);
  die_in(fixture, [&] { must(fixture.auditor().start(fixture.log().start())); });
  EXPECT_EQ(fixture.auditor().state().size, TreeSize{3});
}

class AuditorCrashInARefusal : public AuditorCrash {};
INSTANTIATE_TEST_SUITE_P(, AuditorCrashInARefusal, ::testing::Values("refused"));

TEST_P(AuditorCrashInARefusal, StaysRefused) {
  AuditorFixture fixture;
  fixture.grow(2);
  die_in(fixture, [&] {
    static_cast<void>(fixture.auditor().process(EntryIndex{0}, fixture.updates(1, 2)));
  });
  ASSERT_TRUE(fixture.auditor().state().refused.has_value());
  expect_error(fixture.auditor().sign(), Errc::rejected, "entry 0 was refused");
}

// --- A restored backup -----------------------------------------------------------------------

class RestoredAuditor : public ::testing::Test {
 protected:
  // The backup has four entries of which two are signed; eight were signed in the end.
  RestoredAuditor() {
    fixture_.grow(2);
    fixture_.open();
    must(fixture_.follow());
    must(fixture_.auditor().sign());
    fixture_.grow(2);
    must(fixture_.follow());
    fixture_.close();
    fixture_.back_up("backup");
    fixture_.open();
    fixture_.grow(4);
    must(fixture_.follow());
    head_ = must(fixture_.auditor().sign());
    fixture_.close();
  }

  // What a log sends that goes on differently after the backup.
  [[nodiscard]] std::vector<Bytes> fork() {
    AuditorFixture other;
    other.grow(5);
    other.grow_by({named_leaf("only here")}, {});
    other.grow(4);
    return other.updates(4, 10);
  }

  AuditorFixture fixture_;
  keytrans::AuditorTreeHead head_;
};

TEST_F(RestoredAuditor, HealsOverTheSameLog) {
  fixture_.restore("backup");
  fixture_.open();
  EXPECT_EQ(fixture_.auditor().state().behind, TreeSize{8});
  expect_error(fixture_.auditor().sign(), Errc::unavailable, "a head of 8 was signed");
  must(fixture_.auditor().process(EntryIndex{4}, fixture_.updates(4, 7)));
  expect_error(fixture_.auditor().sign(), Errc::unavailable, "a head of 8 was signed");
  must(fixture_.follow());
  EXPECT_EQ(fixture_.auditor().state().behind, std::nullopt);
  // The very head that was signed, though the database has forgotten it.
  EXPECT_EQ(must(fixture_.auditor().sign()), head_);
  fixture_.grow(1);
  must(fixture_.follow());
  fixture_.expect_good(must(fixture_.auditor().sign()));
}

TEST_F(RestoredAuditor, PassesWhatWasSignedInOneBatch) {
  fixture_.restore("backup");
  fixture_.grow(3);
  fixture_.open();
  must(fixture_.follow());
  const auto head = must(fixture_.auditor().sign());
  EXPECT_EQ(head.tree_size, TreeSize{11});
  fixture_.expect_good(head);
}

TEST_F(RestoredAuditor, RefusesAForkedLog) {
  fixture_.restore("backup");
  fixture_.open();
  expect_error(fixture_.auditor().process(EntryIndex{4}, fork()), Errc::verification_failed,
               "the log's entry 7 was refused: a head of another tree of 8 entries was signed");
  EXPECT_EQ(fixture_.auditor().state().size, TreeSize{4});
  expect_error(fixture_.auditor().sign(), Errc::rejected, "entry 7");
}

// The fork is seen by then, whatever batches it comes in.
TEST_F(RestoredAuditor, SignsNoSecondRootOfASize) {
  fixture_.restore("backup");
  fixture_.open();
  const std::vector<Bytes> forked = fork();
  for (std::size_t i = 0; i < 3; ++i) {
    must(fixture_.auditor().process(EntryIndex{4 + i}, std::vector<Bytes>{forked[i]}));
    expect_error(fixture_.auditor().sign(), Errc::unavailable, "a head of 8 was signed");
  }
  expect_error(fixture_.auditor().process(EntryIndex{7}, std::vector<Bytes>{forked[3]}),
               Errc::verification_failed, "another tree of 8 entries");
}

// Where all that is lost is that the head was recorded, it is recorded again.
TEST_F(RestoredAuditor, OfTheSameSizeKnowsWhatWasSigned) {
  AuditorFixture fixture(CipherSuite::KT_128_SHA256_P256);  // a second signature would differ
  fixture.grow(3);
  fixture.open();
  must(fixture.follow());
  fixture.close();
  fixture.back_up("unsigned");
  fixture.open();
  const auto head = must(fixture.auditor().sign());
  fixture.close();
  fixture.restore("unsigned");
  fixture.open();
  EXPECT_EQ(must(fixture.auditor().sign()), head);
}

TEST_F(RestoredAuditor, OfAnotherHistoryIsNotOpened) {
  // The database of eight other entries, which were not signed: that of the same auditor over a
  // fork.
  fixture_.restore("backup");
  fs::rename(fixture_.path() / "head", fixture_.path() / "true-head");
  must(store::HeadFile::replace(fixture_.path() / "head", {}));
  fixture_.open();
  const std::vector<Bytes> forked = fork();
  must(fixture_.auditor().process(EntryIndex{4}, std::span(forked).first(4)));
  fixture_.close();
  fs::rename(fixture_.path() / "true-head", fixture_.path() / "head");
  expect_error(fixture_.try_open(), Errc::rejected, "another history");

  // Of nine entries it cannot be told.
  fs::rename(fixture_.path() / "head", fixture_.path() / "true-head");
  must(store::HeadFile::replace(fixture_.path() / "head", {}));
  fixture_.open();
  must(fixture_.auditor().process(EntryIndex{8}, std::span(forked).subspan(4, 1)));
  fixture_.close();
  fs::rename(fixture_.path() / "true-head", fixture_.path() / "head");
  expect_error(fixture_.try_open(), Errc::rejected, "has not seen the head of 8");
}

TEST_F(RestoredAuditor, ALostDatabaseIsBegunAnew) {
  fs::remove_all(fixture_.path() / "database");
  expect_error(fixture_.try_open(), Errc::not_found, "not bound");
  must(bind_auditor(fixture_.path(), fixture_.log().configuration().wire()));
  fixture_.open();
  EXPECT_EQ(fixture_.auditor().state().behind, TreeSize{8});
  must(fixture_.follow());
  EXPECT_EQ(must(fixture_.auditor().sign()), head_);
}

TEST_F(RestoredAuditor, WithoutItsHeadFileIsNotOpened) {
  fs::remove(fixture_.path() / "head");
  expect_error(fixture_.try_open(), Errc::rejected, "head file is missing");
  must(bind_auditor(fixture_.path(), fixture_.log().configuration().wire()));
  expect_error(fixture_.try_open(), Errc::rejected, "head file is missing");
}

// --- Damage ----------------------------------------------------------------------------------

class DamagedAuditor : public RestoredAuditor {
 protected:
  [[nodiscard]] Bytes stored_state() const {
    const auto store = must(store::open_lmdb_store(fixture_.path() / "database"));
    const Tables tables = must(Tables::open(*store));
    const auto snapshot = must(store->snapshot());
    return to_bytes(must(snapshot->get(tables.state, state_key())).value());
  }
  void store_state(Bytes bytes) const {
    const auto store = must(store::open_lmdb_store(fixture_.path() / "database"));
    const Tables tables = must(Tables::open(*store));
    store::Batch batch;
    batch.put(tables.state, state_key(), std::move(bytes));
    must(store->commit(batch));
  }
};

TEST_F(DamagedAuditor, StatesThatItDidNotStore) {
  const Bytes sound = stored_state();
  Bytes unknown = sound;
  unknown[1] = 2;
  store_state(unknown);
  expect_error(fixture_.try_open(), Errc::corrupt, "is not one this program knows");
  store_state(Bytes(sound.begin(), sound.end() - 1));
  expect_error(fixture_.try_open(), Errc::corrupt, "the auditor's state");

  const auto expect_corrupt = [&](const State& state, std::string_view about) {
    store_state(encode_record(state));
    expect_error(fixture_.try_open(), Errc::corrupt, about);
  };
  const State honest = must(decode_state(sound));
  State state = honest;
  state.pushed = TreeSize{9};
  expect_corrupt(state, "more was pushed");
  state = honest;
  state.last_signed->head.signature[5] ^= 1U;
  expect_corrupt(state, "signature");
  state = honest;
  state.last_signed->root[0] ^= 1U;
  expect_corrupt(state, "another tree");
  state = honest;
  state.auditor.reset();
  expect_corrupt(state, "more was signed");
  AuditorFixture other;
  other.grow(8);
  state = honest;
  state.auditor = must(keytrans::Auditor::from_genesis(other.log().configuration()));
  expect_corrupt(state, "two logs");
  store_state(sound);
  fixture_.open();
  EXPECT_EQ(must(fixture_.auditor().sign()), head_);
}

TEST_F(DamagedAuditor, ALeafThatCannotBeRead) {
  {
    const auto store = must(store::open_lmdb_store(fixture_.path() / "database"));
    const Tables tables = must(Tables::open(*store));
    store::Batch batch;
    batch.put(tables.leaves, leaf_key(AuditorFixture::leaf(2).vrf_output), {1, 2, 3});
    must(store->commit(batch));
  }
  fixture_.open();
  fixture_.grow_by({successor_of(AuditorFixture::leaf(2))}, {AuditorFixture::leaf(2)});
  // It is our fault, and no evidence.
  expect_error(fixture_.follow(), Errc::corrupt, "record of a leaf");
  EXPECT_EQ(fixture_.auditor().state().refused, std::nullopt);
}

TEST_F(DamagedAuditor, AHeadFileOfAnotherSigner) {
  fixture_.restore("backup");
  auto head = must(store::HeadFile::open(fixture_.path() / "head")).highest();
  head.head.signature[3] ^= 1U;
  must(store::HeadFile::replace(fixture_.path() / "head", head));
  fixture_.open();
  expect_error(fixture_.follow(), Errc::corrupt, "the head file");
  EXPECT_EQ(fixture_.auditor().state().refused, std::nullopt);
}

}  // namespace
}  // namespace kt::auditor
