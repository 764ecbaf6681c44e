// fsck: finds nothing in a log as it was written, and every record that was changed in one.
//
// The records are changed through the store, so their checksums hold: what is found contradicts
// other records.
#include "log/fsck.h"

#include <fstream>
#include <functional>
#include <set>

#include "keytrans/commitment.h"
#include "log/statistics.h"
#include "log_fixture.h"
#include "prefix_chunk.h"
#include "prefix_store.h"
#include "records.h"
#include "store/head_file.h"
#include "store/lmdb_store.h"

namespace kt::log {
namespace {

const Label kAlice = make_label("alice");
const Label kBob = make_label("bob");

// Five entries: an empty one, three with versions of alice, one with bob's.
void grow(LogFixture& fixture) {
  fixture.open();
  must(fixture.update(kAlice, std::nullopt, {to_bytes("a0")}));
  fixture.clock.pass(1'000);
  must(fixture.update(kAlice, Version{0}, {to_bytes("a1"), to_bytes("a2")}));
  fixture.clock.pass(1'000);
  must(fixture.update(kBob, std::nullopt, {to_bytes("b0")}));
  fixture.clock.pass(1'000);
  must(fixture.update(kAlice, Version{2}, {to_bytes("a3")}));
  fixture.audit();
  fixture.close();
}

class FsckClean : public ::testing::TestWithParam<Kind> {};
INSTANTIATE_TEST_SUITE_P(, FsckClean, ::testing::ValuesIn(all_kinds()), kind_name);

TEST_P(FsckClean, ALogAsItWasWrittenHasNoFaults) {
  LogFixture fixture(GetParam());
  EXPECT_EQ(must(fsck(fixture.path())).faults, std::vector<std::string>());  // an empty one
  grow(fixture);
  std::uint64_t last = 0;
  std::uint64_t total = 0;
  const FsckReport report =
      must(fsck(fixture.path(), {}, [&](std::uint64_t done, std::uint64_t of_total) {
        EXPECT_EQ(done, last + 1);
        last = done;
        total = of_total;
      }));
  EXPECT_EQ(report.faults, std::vector<std::string>());
  EXPECT_TRUE(report.is_clean());
  EXPECT_TRUE(report.vrfs);
  EXPECT_EQ(last, total);
  EXPECT_EQ(report.tree_size, TreeSize{5});
  EXPECT_EQ(report.entries, 5U);
  EXPECT_EQ(report.log_nodes, 3U);
  EXPECT_GE(report.prefix_chunks, 4U);
  EXPECT_GT(report.prefix_nodes, report.prefix_chunks);
  EXPECT_EQ(report.labels, 2U);
  EXPECT_EQ(report.versions, 5U);
  EXPECT_GE(report.ladder_versions, 2U);
  EXPECT_EQ(report.values, 5U);
  EXPECT_EQ(report.versions_without_value, 0U);
  const bool is_audited = GetParam().mode == DeploymentMode::thirdPartyAuditing;
  EXPECT_EQ(report.auditor_updates, is_audited ? 5U : 0U);
}

TEST(Fsck, SkippedVersionsAreNoFaults) {
  LogFixture fixture({CipherSuite::KT_128_SHA256_Ed25519, DeploymentMode::thirdPartyManagement});
  fixture.open();
  must(fixture.update(kAlice, std::nullopt, {to_bytes("a3")}, Version{3}));
  fixture.close();
  const FsckReport report = must(fsck(fixture.path()));
  EXPECT_EQ(report.faults, std::vector<std::string>());
  EXPECT_EQ(report.versions, 4U);
  EXPECT_EQ(report.versions_without_value, 0U);
}

// --- Damage ----------------------------------------------------------------------------------

class FsckFault : public ::testing::Test {
 protected:
  FsckFault() : fixture_({CipherSuite::KT_128_SHA256_Ed25519, DeploymentMode::thirdPartyAuditing}) {
    grow(fixture_);
  }

  // Makes changes to the database, with checksums that hold.
  void change(const std::function<void(store::Batch&, const Tables&)>& make) {
    const LogId id = must(read_configuration(fixture_.path())).id();
    const auto store = must(store::open_lmdb_store(fixture_.path() / "database"));
    const auto tables = must(Tables::open(*store, id));
    snapshot_ = must(store->snapshot());
    store::Batch batch;
    make(batch, tables);
    snapshot_.reset();
    ASSERT_EQ(must(store->commit(batch)), store::Committed::ok);
  }
  [[nodiscard]] Bytes read(store::Table table, const Bytes& key) const {
    return to_bytes(must(snapshot_->get(table, key)).value());
  }
  template <class T>
  [[nodiscard]] T decoded(store::Table table, const Bytes& key) const {
    return must(decode_record<T>(read(table, key)));
  }
  // Replaces a decoded record by what `edit` makes of it.
  template <class T>
  void edit(store::Table Tables::*table, const Bytes& key, const std::function<void(T&)>& edit) {
    change([&](store::Batch& batch, const Tables& tables) {
      T record = decoded<T>(tables.*table, key);
      edit(record);
      batch.put(tables.*table, key, encode_record(record));
    });
  }
  void remove(store::Table Tables::*table, const Bytes& key) {
    change([&](store::Batch& batch, const Tables& tables) {
      static_cast<void>(read(tables.*table, key));  // which is there
      batch.erase(tables.*table, key);
    });
  }
  void flip(store::Table Tables::*table, const Bytes& key, std::size_t place) {
    change([&](store::Batch& batch, const Tables& tables) {
      Bytes value = read(tables.*table, key);
      value.at(place) ^= 1U;
      batch.put(tables.*table, key, std::move(value));
    });
  }
  void put(store::Table Tables::*table, const Bytes& key, const Bytes& value) {
    change(
        [&](store::Batch& batch, const Tables& tables) { batch.put(tables.*table, key, value); });
  }

  [[nodiscard]] FsckReport check(bool vrfs = true) const {
    return must(fsck(fixture_.path(), {.vrfs = vrfs}));
  }
  // One of the faults is `fault`, and none tells of a label or a value.
  void expect_fault(const std::string& fault, bool vrfs = true) const {
    const FsckReport report = check(vrfs);
    EXPECT_FALSE(report.is_clean());
    EXPECT_EQ(report.fault_count, report.faults.size());
    bool is_found = false;
    std::string all;
    for (const std::string& found : report.faults) {
      is_found = is_found || found.starts_with(fault);
      all += "\n  " + found;
    }
    EXPECT_TRUE(is_found) << fault << " is not one of" << all;
    for (const char* const secret : {"alice", "bob"})
      EXPECT_EQ(all.find(secret), std::string::npos) << all;
  }
  void expect_only_fault(const std::string& fault, bool vrfs = true) const {
    expect_fault(fault, vrfs);
    EXPECT_EQ(check(vrfs).fault_count, 1U);
  }
  void expect_clean() const { EXPECT_EQ(check().faults, std::vector<std::string>()); }

  [[nodiscard]] Bytes first_key(store::Table table) const {
    Bytes first;
    must(snapshot_->scan_keys(table, {}, [&first](ByteView key) -> Result<bool> {
      first = to_bytes(key);
      return false;
    }));
    return first;
  }

  [[nodiscard]] const LogFixture& fixture() const { return fixture_; }
  [[nodiscard]] LogFixture& log() { return fixture_; }

 private:
  LogFixture fixture_;
  std::unique_ptr<store::Snapshot> snapshot_;
};
// Records in the order of `versions`: bob 0, bob's ladder, alice 0 to 3, alice's ladder.
Bytes alice(std::uint32_t version) { return version_key(kAlice, Version{version}); }
Bytes bob(std::uint32_t version) { return version_key(kBob, Version{version}); }

// --- The log tree

TEST_F(FsckFault, AnEntryWithAnotherTimestamp) {
  edit<StoredEntry>(&Tables::entries, number_key(1), [](StoredEntry& entry) {
    entry.timestamp = Timestamp{entry.timestamp.value() - 1};
  });
  expect_fault("log tree node of entries 0 to 1: it is not what the entries give");
  expect_fault("entry 1: its timestamp is before that of an earlier entry");
  expect_fault("state: its full subtree 0 is not what the entries give");
  expect_fault("signed tree head: ");
  expect_fault("auditor's update of entry 1: its timestamp is not the entry's");
}

TEST_F(FsckFault, TheFirstAndTheLastEntryBesideTheState) {
  edit<StoredEntry>(&Tables::entries, number_key(0),
                    [](StoredEntry& entry) { entry.timestamp = Timestamp{1}; });
  edit<StoredEntry>(&Tables::entries, number_key(4),
                    [](StoredEntry& entry) { entry.prefix_tree.hash[0] ^= 1U; });
  expect_fault("state: its first timestamp is not that of entry 0");
  expect_fault("state: its prefix tree is not that of the last entry");
  expect_fault("entry 4: its prefix tree, prefix chunk ");
}

TEST_F(FsckFault, AnEntryThatIsGone) {
  remove(&Tables::entries, number_key(2));
  expect_only_fault("entry 2: missing");
}

TEST_F(FsckFault, TheLastEntryIsGone) {
  remove(&Tables::entries, number_key(4));
  expect_only_fault("entry 4: missing");
}

TEST_F(FsckFault, EveryEntryIsGone) {
  for (std::uint64_t i = 0; i < 5; ++i) remove(&Tables::entries, number_key(i));
  expect_only_fault("entries 0 to 4: missing");
}

TEST_F(FsckFault, EntriesThatMustNotBe) {
  put(&Tables::entries, number_key(5), encode_record(StoredEntry{}));
  put(&Tables::entries, to_bytes("x"), {});
  expect_fault("entry 5: it is beyond the end of the log");
  expect_fault("entries record 7: its key is not a number");
}

TEST_F(FsckFault, AnEntryThatIsNone) {
  put(&Tables::entries, number_key(3), {1, 2});
  expect_only_fault("entry 3: ");
}

TEST_F(FsckFault, ANodeWithAnotherHash) {
  flip(&Tables::nodes, node_key({2, 1}), 31);
  expect_only_fault("log tree node of entries 2 to 3: it is not what the entries give");
}

TEST_F(FsckFault, ANodeThatIsGone) {
  remove(&Tables::nodes, node_key({0, 2}));
  expect_only_fault("log tree node of entries 0 to 3: it is missing");
}

TEST_F(FsckFault, NodesThatMustNotBe) {
  const Bytes hash = encode_record(HashValue{});
  put(&Tables::nodes, node_key({4, 1}), hash);
  put(&Tables::nodes, node_key({1, 1}), hash);
  put(&Tables::nodes, node_key({0, 64}), hash);
  expect_fault("log tree node of entries from 4, level 1: it is beyond the end of the log");
  expect_fault("nodes record 2: its key is not that of a node");
  EXPECT_EQ(check().fault_count, 3U);
}

TEST_F(FsckFault, TheStateWithOtherSubtreesOrTimes) {
  edit<State>(&Tables::state, state_key(), [](State& state) {
    state.full_subtrees[1][5] ^= 1U;
    state.timestamp = Timestamp{state.timestamp.value() + 1};
  });
  expect_fault("state: its full subtree 1 is not what the entries give");
  expect_fault("state: its timestamp is not that of the last entry");
}

TEST_F(FsckFault, ASignatureThatIsNotTheLogs) {
  edit<State>(&Tables::state, state_key(),
              [](State& state) { state.tree_head.signature[3] ^= 1U; });
  expect_only_fault("signed tree head: ");
}

TEST_F(FsckFault, ASignatureThatIsNotTheAuditors) {
  edit<State>(&Tables::state, state_key(),
              [](State& state) { state.auditor_tree_head->signature[3] ^= 1U; });
  expect_only_fault("auditor's tree head: ");
}

TEST_F(FsckFault, AnAuditorsHeadOfAnotherTimeOrSize) {
  edit<State>(&Tables::state, state_key(),
              [](State& state) { state.auditor_tree_head->timestamp = state.first_timestamp; });
  expect_fault("auditor's tree head: its timestamp is not that of its last entry");
  edit<State>(&Tables::state, state_key(),
              [](State& state) { state.auditor_tree_head->tree_size = TreeSize{6}; });
  expect_only_fault("auditor's tree head: its size is not one that the log had");
}

TEST_F(FsckFault, TheHeadFile) {
  const auto path = fixture().path() / "head";
  const store::SignedHead sound = must(store::HeadFile::open(path)).highest();
  store::SignedHead other = sound;
  other.root[0] ^= 1U;
  must(store::HeadFile::replace(path, other));
  expect_fault("head file: its root is not what the entries give");
  other = sound;
  other.head.signature[0] ^= 1U;
  must(store::HeadFile::replace(path, other));
  expect_only_fault("head file: ");
  other = sound;
  other.head.tree_size = TreeSize{6};
  must(store::HeadFile::replace(path, other));
  expect_fault("head file: a head of 6 was signed, so the database is an old copy");
  std::filesystem::remove(path);
  expect_only_fault("head file: ");
  must(store::HeadFile::replace(path, sound));
  expect_clean();
}

// A whole state, with everything that follows from it, is of a later day than the head file.
TEST_F(FsckFault, AHeadFileThatIsBehindIsNone) {
  must(store::HeadFile::replace(fixture().path() / "head", store::SignedHead{}));
  expect_clean();
}

// --- The prefix tree

TEST_F(FsckFault, AnyBitOfAPrefixChunk) {
  Bytes chunk;
  change([&](store::Batch&, const Tables& tables) { chunk = read(tables.prefix, number_key(2)); });
  const auto nodes = must(read_chunk(chunk));
  ASSERT_GE(nodes.size(), 2U);
  std::size_t node = 0;
  std::size_t end = stored_size(*nodes[0]);
  for (std::size_t place = 0; place < chunk.size(); place += 7) {
    while (place >= end) end += stored_size(*nodes[++node]);
    SCOPED_TRACE("byte " + std::to_string(place) + " of node " + std::to_string(node));
    flip(&Tables::prefix, number_key(2), place);
    const FsckReport report = check(false);
    const bool is_named = std::ranges::any_of(report.faults, [](const std::string& fault) {
      return fault.find("prefix chunk 2") != std::string::npos;
    });
    EXPECT_TRUE(is_named);
    flip(&Tables::prefix, number_key(2), place);
  }
  expect_clean();
}

TEST_F(FsckFault, APrefixChunkThatIsGone) {
  remove(&Tables::prefix, number_key(2));
  expect_fault("entry 1: its child prefix chunk 2 node 0, which the prefix tree of entry 1 needs");
}

TEST_F(FsckFault, APrefixChunkThatMustNotBe) {
  change([](store::Batch& batch, const Tables& tables) {
    Bytes chunk;
    append_node(chunk, keytrans::PrefixLeaf{});
    batch.put(tables.prefix, number_key(0), chunk);
    batch.put(tables.prefix, number_key(1'000), chunk);
  });
  expect_fault("prefix record 1: its key is not the number of a chunk");
  EXPECT_EQ(check().fault_count, 2U);
}

TEST_F(FsckFault, APrefixParentWithoutChildren) {
  change([this](store::Batch& batch, const Tables& tables) {
    Bytes chunk = read(tables.prefix, number_key(2));
    if (must(read_chunk(chunk)).size() == kChunkPlaces) chunk.clear();
    append_node(chunk, keytrans::PrefixParent{});
    batch.put(tables.prefix, number_key(2), chunk);
  });
  expect_fault("prefix chunk 2 node ");
}

// --- Versions

TEST_F(FsckFault, AVrfProof) {
  edit<StoredVersion>(&Tables::versions, alice(1),
                      [](StoredVersion& version) { version.vrf.proof[7] ^= 1U; });
  expect_only_fault("versions record 4 (version 1): its VRF proof is not the one of the key");
  EXPECT_TRUE(check(false).is_clean());
  EXPECT_FALSE(check(false).vrfs);
}

TEST_F(FsckFault, AVrfOutput) {
  edit<StoredVersion>(&Tables::versions, alice(1),
                      [](StoredVersion& version) { version.vrf.output[7] ^= 1U; });
  expect_fault("versions record 4 (version 1): its VRF output is not the one of the key");
  expect_fault("versions record 4 (version 1): the prefix tree has no leaf of it", false);
}

TEST_F(FsckFault, AVrfOfTheLadder) {
  edit<StoredVersion>(&Tables::versions, bob(1),
                      [](StoredVersion& version) { version.vrf.output[0] ^= 1U; });
  expect_only_fault("versions record 2 (version 1): its VRF output is not the one of the key");
}

TEST_F(FsckFault, ACommitment) {
  edit<StoredVersion>(&Tables::versions, alice(3),
                      [](StoredVersion& version) { version.place->commitment[0] ^= 1U; });
  expect_fault(
      "versions record 6 (version 3): its commitment is not that of its leaf in the prefix tree");
  expect_fault("values record 5 (version 3): it is not what its version is committed to");
  EXPECT_EQ(check().fault_count, 2U);
}

TEST_F(FsckFault, APositionThatIsNotTheVersions) {
  const auto move = [this](std::uint32_t version, std::uint64_t position) {
    edit<StoredVersion>(&Tables::versions, alice(version), [position](StoredVersion& stored) {
      stored.place->position = EntryIndex{position};
    });
  };
  move(3, 5);
  expect_only_fault("versions record 6 (version 3): its position is beyond the end of the log");
  move(3, 3);
  expect_only_fault("versions record 6 (version 3): the prefix tree at its position has no leaf");
  move(3, 4);
  expect_clean();
  move(0, 2);
  expect_only_fault(
      "versions record 3 (version 0): the prefix tree before its position has a leaf");
  move(0, 3);
  expect_fault("versions record 4 (version 1): its position is before that of an earlier version");
}

TEST_F(FsckFault, AVersionThatIsGone) {
  remove(&Tables::versions, alice(1));
  expect_fault("versions record 4 (version 2): a version before it is missing");
  expect_fault("values record 3 (version 1): the log has no such version");
}

TEST_F(FsckFault, TheGreatestVersionIsGone) {
  remove(&Tables::versions, alice(3));
  expect_fault("values record 5 (version 3): the log has no such version");
  remove(&Tables::values, alice(3));
  expect_only_fault("versions record 5 (version 2): what is stored above it is not its ladder");
}

TEST_F(FsckFault, AVersionOfTheLadderIsGone) {
  remove(&Tables::versions, bob(1));
  expect_only_fault("versions record 1 (version 0): what is stored above it is not its ladder");
}

TEST_F(FsckFault, AVersionWithoutItsPlace) {
  edit<StoredVersion>(&Tables::versions, alice(3),
                      [](StoredVersion& version) { version.place.reset(); });
  expect_fault("versions record 6 (version 3): it has no place, and the prefix tree has a leaf");
  expect_fault("values record 5 (version 3): its version has none");
}

TEST_F(FsckFault, AVersionThatWasSkippedWhereNobodyMay) {
  edit<StoredVersion>(&Tables::versions, alice(0), [](StoredVersion& version) {
    version.place->commitment = keytrans::kSkippedCommitment;
  });
  expect_fault("versions record 3 (version 0): it was skipped");
}

TEST_F(FsckFault, VersionsThatAreNone) {
  put(&Tables::versions, alice(1), {9});
  put(&Tables::versions, {255}, {9});
  expect_fault("versions record 4 (version 1): ");
  expect_fault("versions record 10: ");
  EXPECT_EQ(check().fault_count, 2U);
}

// --- Values

TEST_F(FsckFault, AnOpeningOrAValue) {
  for (const std::size_t place : {std::size_t{0}, std::size_t{15}, std::size_t{20}}) {
    flip(&Tables::values, alice(2), place);
    expect_only_fault("values record 4 (version 2): it is not what its version is committed to");
    flip(&Tables::values, alice(2), place);
  }
  expect_clean();
}

TEST_F(FsckFault, AValueThatIsNone) {
  put(&Tables::values, alice(2), {1, 2, 3});
  put(&Tables::values, {255}, {});
  expect_fault("values record 4 (version 2): ");
  expect_fault("values record 6: ");
  EXPECT_EQ(check().fault_count, 2U);
}

TEST_F(FsckFault, AValueThatIsGoneIsCountedAndNoFault) {
  remove(&Tables::values, alice(2));
  const FsckReport report = check();
  EXPECT_EQ(report.faults, std::vector<std::string>());
  EXPECT_EQ(report.values, 4U);
  EXPECT_EQ(report.versions_without_value, 1U);
}

// --- Auditor's updates

TEST_F(FsckFault, AnAuditorsUpdate) {
  const auto edit_update = [this](const std::function<void(keytrans::AuditorUpdate&)>& edit) {
    Bytes before;
    change([&](store::Batch& batch, const Tables& tables) {
      before = read(tables.audit, number_key(4));
      auto update = must(keytrans::decode<keytrans::AuditorUpdate>(before));
      edit(update);
      batch.put(tables.audit, number_key(4), must(keytrans::encode(update)));
    });
    return before;
  };
  const std::string name = "auditor's update of entry 4: ";
  Bytes sound = edit_update([](auto& update) { update.timestamp = Timestamp{1}; });
  expect_only_fault(name + "its timestamp is not the entry's");
  put(&Tables::audit, number_key(4), sound);
  edit_update([](auto& update) { update.added[0].commitment[0] ^= 1U; });
  expect_only_fault(name + "it does not lead to the entry's prefix tree");
  put(&Tables::audit, number_key(4), sound);
  edit_update([](auto& update) { update.proof.elements.at(0)[0] ^= 1U; });
  expect_fault(name + "it does not start from the previous entry's prefix tree");
  put(&Tables::audit, number_key(4), sound);
  edit_update([](auto& update) { update.proof.elements.clear(); });
  expect_only_fault(name);
  put(&Tables::audit, number_key(4), {1});
  expect_only_fault(name);
  remove(&Tables::audit, number_key(4));
  expect_only_fault(name + "missing");
  put(&Tables::audit, number_key(4), sound);
  put(&Tables::audit, number_key(5), sound);
  expect_only_fault("audit record 6: it is not of an entry that an auditor is sent");
}

// --- What was erased

// Alice is erased and waits to be removed, and carol, who had 130 versions, is removed: 127 of its
// leaves are gone, and three are to leave.
class FsckErased : public FsckFault {
 protected:
  FsckErased() {
    LogFixture& log = this->log();
    log.open();
    const Label carol = make_label("carol");
    must(log.update(carol, std::nullopt, std::vector<Bytes>(130, to_bytes("c"))));
    log.audit();
    must(log.log().erase({carol}));
    log.clock.pass(20'000);
    must(log.update(kBob, Version{0}, {to_bytes("b1")}));
    log.audit();
    must(log.log().erase({kAlice}));
    log.close();
    change([this](store::Batch&, const Tables& tables) {
      leaving_ = first_key(tables.leaving);
      pseudonym_ = first_key(tables.pseudonyms);
    });
  }

  Bytes leaving_;                                             // of three
  Bytes pseudonym_;                                           // the only one
  const Bytes erasure_ = erasure_key(EntryIndex{6}, kAlice);  // the only one
};

TEST_F(FsckErased, IsClean) {
  const FsckReport report = check();
  EXPECT_EQ(report.faults, std::vector<std::string>());
  EXPECT_EQ(report.erased_labels, 1U);
  EXPECT_EQ(report.leaving_leaves, 3U);
  EXPECT_EQ(report.pseudonyms, 1U);
  EXPECT_EQ(report.versions_without_value, 4U);
}

TEST_F(FsckErased, ALabelThatIsNotToBeRemoved) {
  remove(&Tables::erasures, erasure_);
  expect_fault("erased record 1 (version 0): its label is not to be removed");
  EXPECT_EQ(check().fault_count, 4U);
}

TEST_F(FsckErased, ALabelThatWasNotErased) {
  remove(&Tables::erased, alice(3));
  expect_only_fault("erasures record 1: its label's greatest version is not one that was erased");
}

TEST_F(FsckErased, AnErasureOfAnotherLabel) {
  put(&Tables::erasures, erasure_key(EntryIndex{6}, make_label("nobody")), {});
  put(&Tables::erasures, erasure_key(EntryIndex{5}, kAlice), {});
  put(&Tables::erasures, {255}, {});
  put(&Tables::erasures, erasure_, {1});
  // By entries: 5 and alice, 6 and alice, 6 and nobody.
  expect_fault("erasures record 2: its label has another one");
  expect_fault("erasures record 2: it is not empty");
  expect_fault("erasures record 3: the log has no such label");
  expect_fault("erasures record 4: the key of a record");
  EXPECT_EQ(check().fault_count, 4U);
}

TEST_F(FsckErased, AnErasureBeyondTheEnd) {
  remove(&Tables::erasures, erasure_);
  put(&Tables::erasures, erasure_key(EntryIndex{7}, kAlice), {});
  expect_only_fault("erasures record 1: its entry is beyond the end of the log");
}

TEST_F(FsckErased, AValueThatIsThereStill) {
  Bytes value;
  change([&](store::Batch&, const Tables& tables) { value = read(tables.values, bob(0)); });
  put(&Tables::values, alice(1), value);
  expect_fault("erasures record 1: its label has a value");
}

TEST_F(FsckErased, ErasedVersionsThatAreNone) {
  put(&Tables::erased, alice(4), {});
  put(&Tables::erased, alice(2), {1});
  put(&Tables::erased, {255}, {});
  expect_fault("erased record 5 (version 4): the log has no such version with a value");
  expect_fault("erased record 3 (version 2): it is not empty");
  expect_fault("erased record 6: the key of a record");
  EXPECT_EQ(check().fault_count, 3U);
}

TEST_F(FsckErased, ALeafThatCannotLeave) {
  flip(&Tables::leaving, leaving_, 3);
  expect_only_fault("leaving record 1: it is not a leaf of the prefix tree");
  flip(&Tables::leaving, leaving_, 3);
  put(&Tables::leaving, leaving_, {1});
  expect_only_fault("leaving record 1: ");
  remove(&Tables::leaving, leaving_);
  Bytes other = leaving_;
  other.back() ^= 1U;
  put(&Tables::leaving, other, Bytes(32, 0));
  expect_only_fault("leaving record 1: it is not a leaf of the prefix tree");
  remove(&Tables::leaving, other);
  put(&Tables::leaving, {0}, {});
  expect_only_fault("leaving record 1: the key of a record");
}

TEST_F(FsckErased, LeavesWithoutAPseudonym) {
  remove(&Tables::pseudonyms, pseudonym_);
  expect_fault("leaving record 1: its label has no pseudonym");
  EXPECT_EQ(check().fault_count, 3U);
}

TEST_F(FsckErased, APseudonymThatIsFreedTooEarly) {
  edit<Pseudonym>(&Tables::pseudonyms, pseudonym_,
                  [](Pseudonym& pseudonym) { pseudonym.gone_since = EntryIndex{6}; });
  expect_fault("pseudonyms record 1: leaves of its label are left to leave");
}

TEST_F(FsckErased, PseudonymsThatAreNone) {
  put(&Tables::pseudonyms, Bytes(32, 0xff), encode_record(Pseudonym{}));
  expect_only_fault("pseudonyms record 2: no leaf of its label is left to leave");
  put(&Tables::pseudonyms, Bytes(32, 0xff), encode_record(Pseudonym{EntryIndex{7}}));
  expect_only_fault("pseudonyms record 2: its entry is not one that can have removed a leaf");
  put(&Tables::pseudonyms, Bytes(32, 0xff), {2});
  expect_only_fault("pseudonyms record 2: ");
  put(&Tables::pseudonyms, Bytes(32, 0xff), encode_record(Pseudonym{EntryIndex{6}}));
  expect_clean();
  put(&Tables::pseudonyms, {0}, encode_record(Pseudonym{}));
  expect_only_fault("pseudonyms record 1: its key is not a VRF output");
  remove(&Tables::pseudonyms, {0});
  // The pseudonym of a label that is there.
  Bytes bobs;
  change([&](store::Batch&, const Tables& tables) {
    bobs = to_bytes(decoded<StoredVersion>(tables.versions, bob(0)).vrf.output);
  });
  put(&Tables::pseudonyms, bobs, encode_record(Pseudonym{EntryIndex{6}}));
  expect_fault("pseudonyms record ");
  remove(&Tables::pseudonyms, bobs);
  expect_clean();
}

TEST_F(FsckErased, AnAuditorsUpdateWithOtherRemovals) {
  Bytes sound;
  const auto edit_update = [&](const std::function<void(keytrans::AuditorUpdate&)>& edit) {
    change([&](store::Batch& batch, const Tables& tables) {
      sound = read(tables.audit, number_key(6));
      auto update = must(keytrans::decode<keytrans::AuditorUpdate>(sound));
      EXPECT_EQ(update.removed.size(), 127U);
      edit(update);
      batch.put(tables.audit, number_key(6), must(keytrans::encode(update)));
    });
  };
  // It starts from another tree, or contradicts a search that ends at this leaf.
  edit_update([](auto& update) { update.removed[5].commitment[0] ^= 1U; });
  expect_fault("auditor's update of entry 6: ");
  put(&Tables::audit, number_key(6), sound);
  edit_update([](auto& update) { update.removed.pop_back(); });
  expect_fault("auditor's update of entry 6: ");
  put(&Tables::audit, number_key(6), sound);
  expect_clean();
}

// --- All together

TEST_F(FsckFault, ARecordWhoseChecksumDoesNotHoldDoesNotHideTheOthers) {
  const auto path = fixture().path() / "database" / "data.mdb";
  // A record after it is wrong, too.
  flip(&Tables::values, alice(2), 20);
  Bytes file;
  {
    std::ifstream in(path, std::ios::binary);
    file.assign(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  }
  // The value of bob's version, wherever the file has it.
  const Bytes value{0, 0, 0, 2, 'b', '0'};
  std::size_t changed = 0;
  for (auto found = std::search(file.begin(), file.end(), value.begin(), value.end());
       found != file.end(); found = std::search(found, file.end(), value.begin(), value.end())) {
    found[5] = '1';
    ++changed;
  }
  ASSERT_GT(changed, 0U);
  std::ofstream(path, std::ios::binary | std::ios::trunc)
      .write(reinterpret_cast<const char*>(file.data()), static_cast<std::streamsize>(file.size()));
  expect_fault("values record 1 (version 0): record ");
  expect_fault("values record 4 (version 2): it is not what its version is committed to");
  EXPECT_EQ(check().fault_count, 2U);
}

TEST_F(FsckFault, OnlySoManyFaultsAreKept) {
  for (std::uint64_t i = 0; i < 5; ++i) put(&Tables::audit, number_key(i), {1});
  const FsckReport report = must(fsck(fixture().path(), {.fault_limit = 3}));
  EXPECT_EQ(report.fault_count, 5U);
  EXPECT_EQ(report.faults.size(), 3U);
}

TEST_F(FsckFault, AnAuditorsUpdateWhereNoneIs) {
  LogFixture other;
  grow(other);
  {
    const LogId id = must(read_configuration(other.path())).id();
    const auto store = must(store::open_lmdb_store(other.path() / "database"));
    const auto tables = must(Tables::open(*store, id));
    store::Batch batch;
    batch.put(tables.audit, number_key(0), {1});
    ASSERT_EQ(must(store->commit(batch)), store::Committed::ok);
  }
  EXPECT_EQ(
      must(fsck(other.path())).faults,
      std::vector<std::string>{"audit record 1: it is not of an entry that an auditor is sent"});
}

// --- Pruning

// Makes a log at `path` whose last entry is made half a minute after the others. Result: its size.
std::uint64_t make_aged_log(const std::filesystem::path& path,
                            std::optional<std::uint64_t> maximum_lifetime) {
  Configuration configuration;
  configuration.ciphersuite = CipherSuite::KT_128_SHA256_Ed25519;
  configuration.max_ahead = 60'000;
  configuration.max_behind = 1'000'000;
  configuration.reasonable_monitoring_window = 10'000;
  configuration.maximum_lifetime = maximum_lifetime;
  must(create_log(path, configuration));
  FakeClock clock;
  LogOptions options;
  options.commit_window = std::chrono::milliseconds(1);
  const auto log = must(Log::open(path, options, clock));
  constexpr int kLabels = 20;
  for (int i = 0; i <= kLabels; ++i) {
    if (i == kLabels) clock.pass(30'000);
    std::promise<bool> done;
    must(log->submit(keytrans::UpdateRequest{std::nullopt,
                                             make_label("label" + std::to_string(i)),
                                             std::nullopt,
                                             {{to_bytes("value")}}},
                     [&done](const Result<keytrans::UpdateResponse>& answer) {
                       done.set_value(answer.has_value());
                     }));
    if (!done.get_future().get()) throw std::runtime_error("an update was refused");
  }
  return log->state().size.value();
}

// Empties the places of the nodes that the last entry's prefix tree does not have, but for the
// roots of the others: what pruning leaves when it is stopped half way.
void prune_below_roots(const std::filesystem::path& path, std::uint64_t size) {
  const LogId id = must(read_configuration(path)).id();
  const auto store = must(store::open_lmdb_store(path / "database"));
  const Tables tables = must(Tables::open(*store, id));
  const auto snapshot = must(store->snapshot());
  const StoredPrefixNodes nodes(*snapshot, tables.prefix);
  std::set<keytrans::PrefixNodeRef> kept;
  std::vector<keytrans::PrefixNodeRef> open;
  for (std::uint64_t i = 0; i < size; ++i) {
    const auto entry = must(
        decode_record<StoredEntry>(must(snapshot->get(tables.entries, number_key(i))).value()));
    if (i + 1 == size) {
      open.push_back(entry.prefix_tree.ref);
    } else {
      kept.insert(entry.prefix_tree.ref);
    }
  }
  while (!open.empty()) {
    const auto ref = open.back();
    open.pop_back();
    if (ref == 0 || !kept.insert(ref).second) continue;
    const auto node = must(nodes.get(ref));
    if (const auto* const parent = std::get_if<keytrans::PrefixParent>(&node)) {
      for (const auto& child : parent->children) open.push_back(child.ref);
    }
  }
  store::Batch batch;
  std::size_t removed = 0;
  must(snapshot->scan(tables.prefix, {}, [&](const store::Record& record) -> Result<bool> {
    const std::uint64_t number = record.key[7];  // there are not 256
    const std::size_t count = must(read_chunk(record.value)).size();
    Places places = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (kept.contains(node_ref(number, i))) continue;
      places = static_cast<Places>(places | 1U << i);
      ++removed;
    }
    auto left = must(without_nodes(record.value, places));
    if (left) {
      batch.put(tables.prefix, to_bytes(record.key), *std::move(left));
    } else {
      batch.erase(tables.prefix, to_bytes(record.key));
    }
    return true;
  }));
  ASSERT_GT(removed, 0U);
  ASSERT_EQ(must(store->commit(batch)), store::Committed::ok);
}

TEST(Fsck, WhatWasPrunedOfExpiredEntriesIsNotMissed) {
  ScratchDirectory directory;
  const auto path = directory.path() / "log";
  const std::uint64_t size = make_aged_log(path, 20'000);
  EXPECT_EQ(must(fsck(path)).faults, std::vector<std::string>());
  prune_below_roots(path, size);
  EXPECT_EQ(must(fsck(path)).faults, std::vector<std::string>());
}

TEST(Fsck, WhatWasPrunedOfOtherEntriesIsMissed) {
  ScratchDirectory directory;
  const auto path = directory.path() / "log";
  prune_below_roots(path, make_aged_log(path, std::nullopt));
  const FsckReport report = must(fsck(path));
  EXPECT_FALSE(report.is_clean());
  EXPECT_NE(report.faults.front().find("is not there"), std::string::npos) << report.faults.front();
}

// --- Errors

TEST_F(FsckFault, WhatCannotBeCheckedIsAnError) {
  const auto code = [](const std::filesystem::path& path, bool vrfs) {
    const auto report = fsck(path, {.vrfs = vrfs});
    return report ? std::string("none") : std::string(to_string(report.error().code));
  };
  EXPECT_EQ(code(fixture().path() / "nowhere", true), "not_found");
  {
    const auto store = must(store::open_lmdb_store(fixture().path() / "database"));
    EXPECT_EQ(code(fixture().path(), true), "conflict");
  }
  std::filesystem::remove(fixture().path() / "vrf.pem");
  EXPECT_NE(code(fixture().path(), true), "none");
  EXPECT_EQ(code(fixture().path(), false), "none");
  remove(&Tables::state, state_key());
  EXPECT_EQ(code(fixture().path(), false), "corrupt");
}

}  // namespace
}  // namespace kt::log
