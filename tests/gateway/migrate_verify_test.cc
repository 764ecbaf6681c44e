// What a report says of logs that did something else than to move their labels.
#include "migrate_verify.h"

#include <future>

#include <gtest/gtest.h>

#include "federation/tombstone.h"
#include "keytrans/base64url.h"
#include "log_program.h"
#include "migrations.h"
#include "names.h"
#include "routing/embedded_log.h"

namespace kt::gateway {
namespace {

using migration::Mode;
using nlohmann::json;

class MigrationVerifierTest : public LogProgram {
 protected:
  void SetUp() override {
    for (const char* const name : {"from", "to"}) {
      create(name);
      auto log = must(log::Log::open(path(name)));
      wait_until([&] { return log->state().size > TreeSize{0}; }, "the log does not begin");
      logs_[name] = std::move(log);
    }
  }

  void put(const std::string& name, const std::string& label, std::optional<Version> greatest,
           const Bytes& value) {
    std::promise<Result<keytrans::UpdateResponse>> promise;
    must(logs_.at(name)->submit(
        keytrans::UpdateRequest{std::nullopt, label_of(label), greatest, {{value}}},
        [&promise](auto answer) { promise.set_value(std::move(answer)); }));
    must(promise.get_future().get());
  }
  static Bytes bytes(std::string_view text) { return to_bytes(text); }
  [[nodiscard]] LogId id(const std::string& name) const {
    return logs_.at(name)->configuration().id();
  }
  [[nodiscard]] Bytes tombstone_to(const LogId& successor) const {
    return must(federation::Tombstone{successor.hash(), 1}.encode());
  }

  [[nodiscard]] HostedLog hosted(const std::string& name) const {
    return {name, path(name), {}, {}, logs_.at(name).get(), nullptr};
  }

  // The pages are what `change` makes of those of an honest gateway.
  MigrationReport report(Mode mode, const std::function<void(json&)>& change = nullptr) {
    HostedLog from = hosted("from");
    HostedLog to = hosted("to");
    migration::Record record{domain_of("example.com"), mode, id("from"), id("to")};
    record.final_head = final_head_;
    const HostedMigration migration{record, &from, &to, {}, nullptr, nullptr, nullptr, nullptr};
    MigrationVerifier verifier(mode == Mode::gradual, id("from"), id("to"));
    while (true) {
      const std::string request = format_page_request(verifier.next()).dump();
      json page = json::parse(
          must(make_page(migration, must(parse_page_request(to_bytes(request))))).dump());
      if (change) change(page);
      if (!must(verifier.take(page, log::system_clock().now()))) return verifier.report();
    }
  }
  void expect_fault(const MigrationReport& report, const std::string& what) {
    ASSERT_EQ(report.faults, 1U);
    EXPECT_NE(report.shown[0].find(what), std::string::npos) << report.shown[0];
  }

  // The old log's head as it is now, as the record and the new log have it.
  migration::FinalHead end(bool is_compromised = false) {
    migration::FinalHead head = must(head_of(hosted("from")));
    head.is_compromised = is_compromised;
    put_final_head(head, std::nullopt);
    return head;
  }
  void put_final_head(const migration::FinalHead& head, std::optional<Version> greatest) {
    final_head_ = head;
    put("to", "kt:final-head:" + id("from").hex(), greatest, must(head.encode()));
  }

  std::map<std::string, std::unique_ptr<log::Log>> logs_;
  std::optional<migration::FinalHead> final_head_;
};

TEST_F(MigrationVerifierTest, CountsPageAfterPage) {
  constexpr std::size_t kLabels = kPageLabels + 3;
  for (std::size_t i = 0; i < kLabels; ++i)
    put("from", "user" + std::to_string(i), {}, bytes("a value"));
  put("from", "kt:directory", {}, bytes("an entry"));
  EXPECT_EQ(report(Mode::gradual).waiting, kLabels);
  EXPECT_EQ(report(Mode::gradual).faults, 0U);
  put("to", "user1", {}, bytes("a value"));
  put("from", "user1", Version{0}, tombstone_to(id("to")));
  put("to", "user2", {}, bytes("another"));
  put("from", "user2", Version{0}, tombstone_to(id("to")));
  put("to", "new", {}, bytes("new"));
  put("from", "new", {}, tombstone_to(id("to")));
  const MigrationReport moved = report(Mode::gradual);
  EXPECT_EQ(moved.moved, 1U);
  EXPECT_EQ(moved.updated, 2U);
  EXPECT_EQ(moved.waiting, kLabels - 2);
  EXPECT_EQ(moved.faults, 0U);
}

TEST_F(MigrationVerifierTest, ATombstoneToAStrangerIsAFault) {
  put("from", "alice", {}, bytes("a value"));
  put("from", "alice", Version{0}, tombstone_to(id("from")));
  expect_fault(report(Mode::gradual), "\"alice\": the tombstone names a log that is not");
}

TEST_F(MigrationVerifierTest, ALabelThatWasLeftOutIsAFault) {
  put("from", "alice", {}, bytes("a value"));
  put("from", "alice", Version{0}, tombstone_to(id("to")));
  expect_fault(report(Mode::gradual), "it has moved, and the new log does not have it");
}

TEST_F(MigrationVerifierTest, TwoTombstonesAreAFault) {
  put("from", "alice", {}, tombstone_to(id("to")));
  put("from", "alice", Version{0}, tombstone_to(id("to")));
  put("to", "alice", {}, bytes("a value"));
  expect_fault(report(Mode::gradual), "two tombstones");
}

TEST_F(MigrationVerifierTest, ACopyThatWasChangedIsAFault) {
  put("from", "alice", {}, bytes("a value"));
  put("to", "alice", {}, bytes("a value"));
  EXPECT_EQ(report(Mode::immediate).moved, 1U);
  put("to", "alice", Version{0}, bytes("an update"));
  EXPECT_EQ(report(Mode::immediate).moved, 1U);
  put("from", "bob", {}, bytes("a value"));
  EXPECT_EQ(report(Mode::immediate).waiting, 1U);
  put("to", "bob", {}, bytes("another"));
  expect_fault(report(Mode::immediate), "\"bob\": the first value in the new log is another one");
}

TEST_F(MigrationVerifierTest, ATombstoneThatWasTakenAwayIsAFault) {
  put("from", "alice", {}, bytes("a value"));
  put("to", "alice", {}, bytes("a value"));
  EXPECT_EQ(report(Mode::gradual).waiting, 1U);
  put("from", "alice", Version{0}, tombstone_to(id("to")));
  EXPECT_EQ(report(Mode::gradual).moved, 1U);
  put("from", "alice", Version{1}, bytes("a value"));
  expect_fault(report(Mode::gradual), "\"alice\": its tombstone was taken away");
  const auto hidden = report(Mode::gradual, [](json& page) {
    for (json& label : page["labels"]) label.erase(kPageFromBefore);
  });
  expect_fault(hidden, "does not show the version before its last");
}

TEST_F(MigrationVerifierTest, WhatWasLeftOutIsAFaultAtTheEnd) {
  for (std::size_t i = 0; i < MigrationVerifier::kMaxShown + 3; ++i)
    put("from", "user" + std::to_string(i), {}, bytes("a value"));
  put("to", "user0", {}, bytes("a value"));
  EXPECT_EQ(report(Mode::immediate).waiting, MigrationVerifier::kMaxShown + 2);
  end();
  const MigrationReport left = report(Mode::immediate);
  EXPECT_EQ(left.moved, 1U);
  EXPECT_EQ(left.waiting, 0U);
  EXPECT_EQ(left.faults, MigrationVerifier::kMaxShown + 2);
  EXPECT_NE(left.shown[0].find("\"user1\": it was left out"), std::string::npos) << left.shown[0];
}

TEST_F(MigrationVerifierTest, AFinalHeadThatIsAnotherIsAFault) {
  put("from", "kt:directory", {}, bytes("an entry"));
  final_head_ = must(head_of(hosted("from")));
  expect_fault(report(Mode::gradual), "the final head: the new log has another one, or none");
  const migration::FinalHead head = end();
  EXPECT_EQ(report(Mode::gradual).faults, 0U);
  // The old log may go on.
  put("from", "kt:directory", Version{0}, bytes("an entry"));
  EXPECT_EQ(report(Mode::gradual).faults, 0U);
  put("to", "kt:final-head:" + id("from").hex(), Version{0}, bytes("moved"));
  expect_fault(report(Mode::gradual), "the final head: the new log has another one, or none");

  migration::FinalHead other = head;
  other.root[3] ^= 1;
  put_final_head(other, Version{1});
  expect_fault(report(Mode::gradual), "the final head: the old log has another history");
  expect_fault(report(Mode::gradual, [](json& page) { page.erase(kPageFinalHeadProof); }),
               "the final head: the old log does not prove it");
  // Of the tree of that size alone, and by the log's signature.
  migration::FinalHead smaller = head;
  smaller.tree_size = TreeSize{head.tree_size.value() - 1};
  put_final_head(smaller, Version{2});
  expect_fault(report(Mode::gradual), "the final head: the old log has another history");
}

TEST_F(MigrationVerifierTest, ALogThatGoesOnAlthoughOthersHaveItsKeysIsAFault) {
  put("from", "alice", {}, bytes("a value"));
  put("to", "alice", {}, bytes("a value"));
  end(true);
  EXPECT_EQ(report(Mode::immediate).faults, 0U);
  put("from", "kt:directory", {}, bytes("an entry"));
  expect_fault(report(Mode::immediate), "although others may have its keys");
}

// Whichever byte of a response a gateway changes, the label is not counted.
TEST_F(MigrationVerifierTest, NoChangedByteIsBelieved) {
  put("from", "alice", {}, bytes("a value"));
  put("to", "alice", {}, bytes("a value"));
  for (const char* const name : {kPageFrom, kPageTo}) {
    for (std::size_t at = 0; at < 1500; at += 43) {
      const MigrationReport tampered = report(Mode::immediate, [&](json& page) {
        if (page["labels"].empty()) return;
        json& response = page["labels"][0][name];
        Bytes changed = *from_base64url(response.get<std::string>());
        changed[at % changed.size()] ^= 1;
        response = to_base64url(changed);
      });
      EXPECT_EQ(tampered.faults, 1U) << name << " at " << at;
      EXPECT_EQ(tampered.moved, 0U) << name << " at " << at;
    }
  }
}

TEST_F(MigrationVerifierTest, WhatIsNoPageIsRefused) {
  MigrationVerifier verifier(true, id("from"), id("to"));
  const Timestamp now = log::system_clock().now();
  for (const char* const text :
       {"[]", "{}", R"({"labels":1})", R"({"labels":[]})", R"({"labels":[],"from":"?"})",
        R"({"labels":[],"from":"","to":""})"})
    EXPECT_FALSE(verifier.take(json::parse(text), now).has_value()) << text;
  for (const char* const text : {"", "[]", R"({"after":1})", R"({"after":"?"})",
                                 R"({"from_last":-1})", R"({"to_last":"1"})"})
    EXPECT_FALSE(parse_page_request(to_bytes(std::string_view(text))).has_value()) << text;
}

}  // namespace
}  // namespace kt::gateway
