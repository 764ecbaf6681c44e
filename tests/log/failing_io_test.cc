// What is left when the storage fails in the middle of a commit.
#include "failing_io.h"

#include <unistd.h>

#include <gtest/gtest.h>

#include "log_fixture.h"
#include "store/lmdb_store.h"

namespace kt::log {
namespace {

using store::Batch;
using store::Committed;

// LMDB's meta pages, which make a commit count, are the first two of the file.
const long kMetaPages = 2 * sysconf(_SC_PAGESIZE);

// How the write of a meta page fails: nothing of it is there; it is, and LMDB takes it back; it is,
// and cannot be taken back.
struct MetaFault {
  const char* name;
  std::vector<Effect> effects;
  bool is_durable = false;  // what was not acknowledged
  [[nodiscard]] Fault fault() const { return {Io::pwrite, "data.mdb", kMetaPages, effects}; }
};
const std::vector<MetaFault>& meta_faults() {
  static const std::vector<MetaFault> all{{"Nothing", {Effect::none}, false},
                                          {"Whole", {Effect::whole}, false},
                                          {"WholeForGood", {Effect::whole, Effect::none}, true}};
  return all;
}
std::string fault_name(const ::testing::TestParamInfo<MetaFault>& fault) {
  return fault.param.name;
}

void expect_unavailable(const auto& result, std::string_view about) {
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, Errc::unavailable) << result.error().detail;
  EXPECT_NE(result.error().detail.find(about), std::string::npos) << result.error().detail;
}

// --- The store -------------------------------------------------------------------------------

class StoreWithFailingIo : public ::testing::Test {
 protected:
  void open() {
    store_.reset();
    store_ = must(store::open_lmdb_store(directory_.path() / "store"));
    table_ = must(store_->table("space", "table"));
  }
  // Gives two records `value`, together.
  [[nodiscard]] Result<Committed> commit(std::uint8_t value) const {
    Batch batch;
    for (const char* const key : {"left", "right"}) batch.put(*table_, to_bytes(key), {value});
    return store_->commit(batch);
  }
  [[nodiscard]] std::uint8_t stored(const char* key) const {
    return must(must(store_->snapshot())->get(*table_, to_bytes(key))).value().front();
  }

  ScratchDirectory directory_;
  std::unique_ptr<store::Store> store_;
  std::optional<store::Table> table_;
};

class UnknownCommit : public StoreWithFailingIo, public ::testing::WithParamInterface<MetaFault> {};

INSTANTIATE_TEST_SUITE_P(, UnknownCommit, ::testing::ValuesIn(meta_faults()), fault_name);

TEST_P(UnknownCommit, IsTheLastThingThatAStoreAnswers) {
  open();
  ASSERT_EQ(must(commit(1)), Committed::ok);
  fail_io(GetParam().fault());
  const auto failed = commit(2);
  EXPECT_EQ(end_io_faults(), GetParam().effects.size());
  EXPECT_EQ(must(failed), Committed::unknown);

  for (int again = 0; again < 2; ++again) {
    expect_unavailable(store_->snapshot(), "has to be opened again");
    expect_unavailable(commit(3), "has to be opened again");
    expect_unavailable(store_->table("space", "another"), "has to be opened again");
  }
  open();
  const std::uint8_t found = stored("left");
  EXPECT_EQ(stored("right"), found);
  EXPECT_EQ(found, GetParam().is_durable ? 2 : 1);
  EXPECT_EQ(must(commit(4)), Committed::ok);
  EXPECT_EQ(stored("left"), 4);
}

// The pages of a commit are flushed before its meta page is written: nothing counts yet.
TEST_F(StoreWithFailingIo, ChangesNothingWhenPagesCannotBeFlushed) {
  open();
  ASSERT_EQ(must(commit(1)), Committed::ok);
  fail_io({Io::fdatasync, "data.mdb", 0, {Effect::none}});
  const auto failed = commit(2);
  EXPECT_EQ(end_io_faults(), 1U);
  expect_unavailable(failed, "cannot be written");
  EXPECT_EQ(stored("left"), 1);
  EXPECT_EQ(must(commit(3)), Committed::ok);
  open();
  EXPECT_EQ(stored("left"), 3);
}

// --- A log -----------------------------------------------------------------------------------

class LogWithFailingIo : public ::testing::Test {
 protected:
  static constexpr std::uint32_t kAcknowledged = 3;

  LogWithFailingIo() {
    fixture_.open();
    for (std::uint32_t version = 0; version < kAcknowledged; ++version) must(update(version));
    fixture_.search(user_.emplace(fixture_.newcomer()), alice_);
  }

  Result<keytrans::UpdateResponse> update(std::uint32_t version) {
    fixture_.clock.pass(1'000);
    std::optional<Version> greatest;
    if (version > 0) greatest = Version{version - 1};
    return fixture_.update(alice_, greatest, {value_of(version)});
  }
  static Bytes value_of(std::uint32_t version) { return to_bytes("v" + std::to_string(version)); }

  // An update during which `fault` is met: refused, and so is every other one until the log is
  // opened again.
  void fail_an_update(const Fault& fault) {
    fail_io(fault);
    const auto failed = update(kAcknowledged);
    EXPECT_EQ(end_io_faults(), fault.effects.size());
    expect_unavailable(failed, "");
    EXPECT_EQ(trouble(), Trouble::failed);
    expect_unavailable(update(kAcknowledged), "has to be opened again");
    EXPECT_EQ(trouble(), Trouble::failed);
    EXPECT_EQ(fixture_.log().state().size, TreeSize{kAcknowledged + 1});
  }
  // Opens the log and looks for all that was acknowledged, as a newcomer and as one who follows it,
  // and for the update that was not.
  void expect_nothing_lost(bool is_durable) {
    fixture_.open();
    EXPECT_EQ(trouble(), Trouble::none);
    ClientState newcomer = fixture_.newcomer();
    const auto found = fixture_.search(*user_, alice_);
    EXPECT_EQ(fixture_.search(newcomer, alice_).version, found.version);
    EXPECT_EQ(found.version, Version{is_durable ? kAcknowledged : kAcknowledged - 1});
    for (std::uint32_t version = 0; version <= found.version.value(); ++version)
      EXPECT_EQ(fixture_.search(newcomer, alice_, Version{version}).value, value_of(version));
    // The caller, who was refused, asks again and is told or gets its way.
    EXPECT_EQ(must(update(kAcknowledged)).values.empty(), !is_durable);
    EXPECT_EQ(fixture_.search(*user_, alice_).value, value_of(kAcknowledged));
  }
  [[nodiscard]] Trouble trouble() { return fixture_.log().state().trouble; }

  LogFixture fixture_;
  const Label alice_ = make_label("alice@example.com");
  std::optional<ClientState> user_;
};

class LogOnUnknownCommit : public LogWithFailingIo,
                           public ::testing::WithParamInterface<MetaFault> {};

INSTANTIATE_TEST_SUITE_P(, LogOnUnknownCommit, ::testing::ValuesIn(meta_faults()), fault_name);

TEST_P(LogOnUnknownCommit, AcknowledgesNothingAndHasToBeOpenedAgain) {
  fail_an_update(GetParam().fault());
  expect_unavailable(fixture_.log().view(), "has to be opened again");
  expect_nothing_lost(GetParam().is_durable);
}

TEST_F(LogWithFailingIo, GrowsOnAfterPagesCouldNotBeFlushed) {
  fail_io({Io::fdatasync, "data.mdb", 0, {Effect::none}});
  const auto failed = update(kAcknowledged);
  EXPECT_EQ(end_io_faults(), 1U);
  expect_unavailable(failed, "cannot be written");
  EXPECT_EQ(trouble(), Trouble::storage);
  EXPECT_EQ(fixture_.search(*user_, alice_).value, value_of(kAcknowledged - 1));
  EXPECT_TRUE(must(update(kAcknowledged)).values.empty());
  EXPECT_EQ(trouble(), Trouble::none);
  EXPECT_EQ(fixture_.search(*user_, alice_).value, value_of(kAcknowledged));
}

class HeadFileWithFailingIo : public LogWithFailingIo {
 protected:
  // The entry is durable, but its head is not noted: it is not served before it is.
  void fail_to_note(Io call) {
    fail_an_update({call, "head", 0, {Effect::none}});
    EXPECT_EQ(fixture_.search(*user_, alice_).value, value_of(kAcknowledged - 1));
    expect_nothing_lost(true);
  }
};

TEST_F(HeadFileWithFailingIo, AHeadThatIsNotWrittenIsNotServed) { fail_to_note(Io::pwrite); }
TEST_F(HeadFileWithFailingIo, AHeadThatIsNotFlushedIsNotServed) { fail_to_note(Io::fdatasync); }

}  // namespace
}  // namespace kt::log
