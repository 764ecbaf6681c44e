// What a witness makes of what logs show, and of what others say that they have seen.
#include "witness.h"

#include <gtest/gtest.h>

#include "forged_log.h"
#include "names.h"
#include "program.h"
#include "scratch_directory.h"
#include "stated_log.h"
#include "store/files.h"
#include "store/lmdb_store.h"

namespace kt::gateway {
namespace {

using keytrans::ForgedLog;

constexpr std::uint64_t kEntries = 13;

class WitnessTest : public ::testing::Test {
 protected:
  WitnessTest() {
    std::filesystem::create_directory(evidence_);
    begin();
  }

  void begin() {
    witness_.reset();
    store_.reset();
    store_ = must(store::open_lmdb_store(directory_.path() / "store"));
    witness_ = must(Witness::open(*store_, evidence_, clock_));
  }

  // A log whose first `common` entries are the same in all of them, and which is another one after
  // that for each `name`. Entry i was made at (i + 1) seconds, so all of them are distinguished.
  [[nodiscard]] ForgedLog branch(std::uint64_t common, const std::string& name,
                                 std::uint64_t size = kEntries, std::uint64_t apart = 1'000) const {
    ForgedLog log(origin_.configuration().wire(), origin_.keys());
    for (std::uint64_t i = 0; i < size; ++i) {
      const std::string value = i < common ? "common" : name;
      log.append(Timestamp{apart * (i + 1)},
                 {{label_of("alice@example.com"), Version{static_cast<std::uint32_t>(i)},
                   to_bytes(value)}});
    }
    return log;
  }
  static Bytes shown(const ForgedLog& log, const keytrans::DistinguishedRequest& request = {}) {
    return must(keytrans::encode(must(prove_distinguished(log, request, keytrans::RecentPolicy())),
                                 log.configuration().context()));
  }
  static WitnessSubject subject(const ForgedLog& log) {
    return {domain_of("example.net"), log.configuration()};
  }

  // Looks at the log when its last entry has just been made.
  Look look(const ForgedLog& log) {
    clock_.time = must(log.entry(rightmost(log.size()))).timestamp;
    auto answer = shown(log);
    const Look first = must(witness_->look(subject(log), answer));
    if (first != Look::apart) return first;
    const auto request = must(witness_->continuing_request(log.configuration().id()));
    const auto continued = prove_distinguished(log, request, keytrans::RecentPolicy());
    if (!continued) return Look::apart;
    const auto context = log.configuration().context();
    return must(witness_->look(subject(log), answer, must(keytrans::encode(*continued, context))));
  }
  Comparison compare(const ForgedLog& log) {
    return must(witness_->compare(subject(log), shown(log)));
  }
  [[nodiscard]] WitnessedLog seen() const {
    const auto logs = witness_->logs();
    const auto found = logs->find(origin_.configuration().id());
    return found == logs->end() ? WitnessedLog{} : found->second;
  }
  [[nodiscard]] std::filesystem::path file(const std::string& prefix) const {
    return evidence_ / (prefix + "-" + origin_.configuration().id().hex() + ".bin");
  }
  void expect_proof() const {
    const WitnessedLog log = seen();
    EXPECT_EQ(log.alarm, WitnessAlarm::forked);
    ASSERT_NE(log.evidence, nullptr);
    const auto evidence = must(keytrans::ForkEvidence::parse(*log.evidence));
    EXPECT_TRUE(keytrans::verify_fork_evidence(evidence).has_value());
    EXPECT_EQ(evidence.config, origin_.configuration().wire());
    EXPECT_EQ(to_bytes(read_file(file("fork"))), *log.evidence);
  }
  std::string news() {
    std::string all;
    for (const WitnessNews& each : witness_->take_news())
      all += (each.is_well ? "well: " : "alarm: ") + each.what + "\n";
    return all;
  }

  ScratchDirectory directory_;
  const std::filesystem::path evidence_ = directory_.path() / "evidence";
  const ForgedLog origin_{keytrans::test_configuration(
      keytrans::CipherSuite::KT_128_SHA256_Ed25519, keytrans::DeploymentMode::contactMonitoring)};
  StatedClock clock_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<Witness> witness_;
};

TEST_F(WitnessTest, LogsThatAgreeStayQuiet) {
  for (std::uint64_t size = 1; size <= kEntries; ++size) {
    EXPECT_EQ(look(branch(kEntries, "", size)), Look::seen) << size;
    // Others have seen it earlier, and later.
    for (const std::uint64_t other : {std::uint64_t{1}, size, kEntries}) {
      // The 8 most recent entries are shown.
      const bool is_apart =
          std::max(size, other) - 8 >= std::min(size, other) && std::max(size, other) > 8;
      EXPECT_EQ(compare(branch(kEntries, "", other)),
                is_apart ? Comparison::apart : Comparison::agreed)
          << size << ' ' << other;
    }
    begin();
    EXPECT_EQ(*seen().shown, shown(branch(kEntries, "", size)));
    EXPECT_EQ(seen().domain, domain_of("example.net"));
  }
  EXPECT_EQ(news(), "");
  EXPECT_EQ(seen().alarm, WitnessAlarm::none);
  EXPECT_TRUE(std::filesystem::is_empty(evidence_));
}

TEST_F(WitnessTest, AForkIsFoundInTime) {
  EXPECT_EQ(look(branch(5, "first", 10)), Look::seen);
  begin();
  EXPECT_EQ(look(branch(5, "second", 12)), Look::forked);
  expect_proof();
  EXPECT_NE(news().find("alarm: the log " + origin_.configuration().id().hex() +
                        " of example.net has signed two trees"),
            std::string::npos);
  // What was seen first stays, and so does the alarm.
  EXPECT_EQ(look(branch(5, "first", 13)), Look::forked);
  EXPECT_EQ(*seen().shown, shown(branch(5, "first", 10)));
  EXPECT_EQ(news(), "");
  begin();
  expect_proof();
  EXPECT_NE(news().find("alarm: there is evidence"), std::string::npos);
}

TEST_F(WitnessTest, AForkIsFoundByWhatAnotherHasSeen) {
  EXPECT_EQ(compare(branch(5, "second")), Comparison::unseen);
  EXPECT_EQ(look(branch(5, "first")), Look::seen);
  EXPECT_EQ(compare(branch(5, "first", 10)), Comparison::agreed);
  EXPECT_EQ(compare(branch(5, "second", 11)), Comparison::forked);
  expect_proof();
  EXPECT_EQ(compare(branch(5, "first")), Comparison::forked);
}

// Until the operator has done something about it.
TEST_F(WitnessTest, AnAlarmEndsWhenTheEvidenceIsTakenAway) {
  look(branch(5, "first", 10));
  EXPECT_EQ(look(branch(5, "second")), Look::forked);
  must(witness_->refresh());
  expect_proof();
  std::filesystem::remove(file("fork"));
  // It does not come back by itself.
  EXPECT_EQ(look(branch(5, "second")), Look::forked);
  EXPECT_FALSE(std::filesystem::exists(file("fork")));
  static_cast<void>(news());
  must(witness_->refresh());
  EXPECT_NE(news().find("well: the log"), std::string::npos);
  EXPECT_EQ(seen().shown, nullptr);
  EXPECT_EQ(look(branch(5, "second")), Look::seen);
  EXPECT_EQ(seen().alarm, WitnessAlarm::none);
}

TEST_F(WitnessTest, WhatDoesNotVerifyIsAnAlarmUntilItDoes) {
  const ForgedLog log = branch(kEntries, "", 10);
  EXPECT_EQ(look(log), Look::seen);
  const Bytes good = shown(log);
  ForgedLog tampered = branch(kEntries, "", 11);
  tampered.shown_head().signature[0] ^= 1U;
  const keytrans::Configuration other_configuration = origin_.configuration().wire();
  ForgedLog other(other_configuration);
  other.append(clock_.time);
  for (const Bytes& bad : {Bytes(), Bytes(100, 7), shown(other), shown(tampered),
                           Bytes(kMaxShownSize + 1), Bytes(good.begin(), good.end() - 1)}) {
    EXPECT_EQ(must(witness_->look(subject(log), bad)), Look::unverified);
    EXPECT_EQ(seen().alarm, WitnessAlarm::unverified);
    EXPECT_EQ(*seen().shown, good);
    EXPECT_NE(news().find("alarm: the log"), std::string::npos);
    EXPECT_EQ(must(witness_->look(subject(log), bad)), Look::unverified);
    EXPECT_EQ(news(), "") << "it is said once";
    EXPECT_EQ(look(log), Look::seen);
    EXPECT_EQ(seen().alarm, WitnessAlarm::none);
    EXPECT_NE(news().find("well: the log"), std::string::npos);
    // Others may say what they like.
    EXPECT_EQ(must(witness_->compare(subject(log), bad)), Comparison::invalid);
    EXPECT_EQ(seen().alarm, WitnessAlarm::none);
  }
  // A head that is too old.
  clock_.time = Timestamp{clock_.time.value() + 10'001};
  EXPECT_EQ(must(witness_->look(subject(log), good)), Look::unverified);
  EXPECT_TRUE(std::filesystem::is_empty(evidence_));
}

// A log whose labels have moved may be sealed, and its last entry stays what it is.
TEST_F(WitnessTest, ALogThatNeedNotGrowMayBeOld) {
  const ForgedLog log = branch(kEntries, "");
  WitnessSubject draining = subject(log);
  draining.has_to_be_fresh = false;
  clock_.time = Timestamp{100'000'000};
  EXPECT_EQ(must(witness_->look(draining, shown(log))), Look::seen);
  EXPECT_EQ(must(witness_->look(subject(log), shown(log))), Look::unverified);
  EXPECT_EQ(must(witness_->look(draining, shown(log))), Look::seen);
  EXPECT_EQ(must(witness_->look(draining, Bytes(10, 1))), Look::unverified);
  EXPECT_EQ(must(witness_->look(draining, shown(branch(5, "second")))), Look::forked);
}

// As long as it is young enough: somebody else has asked later.
TEST_F(WitnessTest, AnOlderHeadIsNone) {
  EXPECT_EQ(look(branch(kEntries, "")), Look::seen);
  EXPECT_EQ(look(branch(kEntries, "", 11)), Look::seen);
  EXPECT_EQ(*seen().shown, shown(branch(kEntries, "")));
}

// A log that was set back and goes on: what is left of it cannot be newer than what it had.
TEST_F(WitnessTest, ALogThatWasSetBackContradictsItself) {
  EXPECT_EQ(look(branch(kEntries, "")), Look::seen);
  ForgedLog again = branch(kEntries, "", 6);
  again.append(Timestamp{30'000});
  const Look found = look(again);
  EXPECT_TRUE(found == Look::different || found == Look::forked);
  EXPECT_EQ(seen().alarm, found == Look::forked ? WitnessAlarm::forked : WitnessAlarm::different);
  EXPECT_NE(news().find("alarm: "), std::string::npos);
  EXPECT_TRUE(std::filesystem::exists(file("different")) || std::filesystem::exists(file("fork")));
  EXPECT_EQ(*seen().shown, shown(branch(kEntries, "")));
}

// Nothing that it shows now was seen before, so it is asked whether it goes on from that.
TEST_F(WitnessTest, ALogThatWasNotAskedForLongHasToGoOn) {
  EXPECT_EQ(look(branch(2, "first", 3)), Look::seen);
  ForgedLog far = branch(2, "first", 40);
  clock_.time = Timestamp{40'000};
  EXPECT_EQ(must(witness_->look(subject(far), shown(far))), Look::apart);
  EXPECT_EQ(*seen().shown, shown(branch(2, "first", 3)));
  EXPECT_EQ(look(far), Look::seen);
  EXPECT_EQ(*seen().shown, shown(far));
  EXPECT_EQ(news(), "");

  ForgedLog elsewhere = branch(2, "second", 100);
  const Look found = look(elsewhere);
  EXPECT_TRUE(found == Look::unverified || found == Look::forked || found == Look::different);
  EXPECT_NE(seen().alarm, WitnessAlarm::none);
  EXPECT_EQ(*seen().shown, shown(far));
}

// The log's manager is followed by others, who keep what they find at the same place.
TEST_F(WitnessTest, EvidenceOfOthersIsTakenUpWhenItProvesIt) {
  const auto fork = must(keytrans::find_fork(
      origin_.configuration(),
      must(prove_distinguished(branch(5, "first"), {}, keytrans::RecentPolicy())),
      must(prove_distinguished(branch(5, "second"), {}, keytrans::RecentPolicy())),
      keytrans::RecentPolicy()));
  ASSERT_TRUE(fork.has_value());
  const Bytes proof = must(fork->serialize());
  Bytes changed = proof;
  changed.back() ^= 1U;
  const auto put = [](const std::filesystem::path& path, const Bytes& bytes) {
    std::filesystem::remove(path);
    must(store::write_new_file(path, bytes, 0600));
  };
  put(file("fork"), changed);
  put(evidence_ / ("fork-" + std::string(64, 'a') + ".bin"), proof);
  put(evidence_ / "fork-main.bin", proof);
  must(witness_->refresh());
  EXPECT_TRUE(witness_->logs()->empty());
  put(file("fork"), proof);
  must(witness_->refresh());
  EXPECT_EQ(witness_->logs()->size(), 1U);
  expect_proof();
}

TEST_F(WitnessTest, LogsThatNobodyWitnessesAnyMoreAreForgotten) {
  const ForgedLog log = branch(kEntries, "");
  look(log);
  must(witness_->settle({domain_of("example.net")}));
  EXPECT_NE(seen().shown, nullptr);
  witness_->note_unverified(subject(log), "for a test");
  must(witness_->settle({}));
  EXPECT_EQ(seen().alarm, WitnessAlarm::none);
  EXPECT_NE(seen().shown, nullptr);
  clock_.time = Timestamp{clock_.time.value() + std::uint64_t{31} * 86'400'000};
  must(witness_->settle({}));
  EXPECT_EQ(seen().shown, nullptr);
  begin();
  EXPECT_TRUE(witness_->logs()->empty());
}

TEST_F(WitnessTest, WhatIsKeptIsCheckedWhenItIsRead) {
  const ForgedLog log = branch(kEntries, "");
  look(log);
  const LogId& id = log.configuration().id();
  const SeenLog kept{domain_of("example.net"), log.configuration(), clock_.time, shown(log)};
  const Bytes record = must(kept.encode());
  EXPECT_EQ(must(must(SeenLog::decode(record, id)).encode()), record);
  EXPECT_EQ(SeenLog::decode(record, log_of(7)).error().code, Errc::corrupt);
  for (std::size_t size = 0; size < record.size(); size += 7)
    EXPECT_FALSE(SeenLog::decode(ByteView(record).first(size), id).has_value());
  Bytes newer = record;
  newer[5] = 2;
  EXPECT_EQ(SeenLog::decode(newer, id).error().code, Errc::rejected);
  const auto table = must(store_->table("federation", "witnessed"));
  store::Batch batch;
  batch.put(table, to_bytes(id.hash()), to_bytes(std::string_view("nonsense")));
  ASSERT_EQ(must(store_->commit(batch)), store::Committed::ok);
  EXPECT_EQ(Witness::open(*store_, evidence_, clock_).error().code, Errc::corrupt);
}

}  // namespace
}  // namespace kt::gateway
