// A log whose auditor or manager is another party.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "keytrans/auditor_start.h"
#include "log_fixture.h"

namespace kt::log {
namespace {

Bytes value_of(std::string_view text) { return to_bytes(text); }

// --- Auditing --------------------------------------------------------------------------------

TEST(AuditedLog, GrowthIsHeldBackForALaggingAuditor) {
  LogFixture fixture({CipherSuite::KT_128_SHA256_P256, DeploymentMode::thirdPartyAuditing});
  fixture.open();
  const Label alice = make_label("alice@example.com");
  fixture.clock.pass(fixture.configuration().max_auditor_lag);
  must(fixture.update(alice, std::nullopt, {value_of("0")}));
  fixture.clock.pass(1);
  expect_error(fixture.update(alice, Version{0}, {value_of("1")}), Errc::unavailable,
               "the auditor lags");
  EXPECT_EQ(fixture.log().state().trouble, Trouble::auditor_lags);
  fixture.audit();
  EXPECT_EQ(fixture.log().state().trouble, Trouble::none);
  EXPECT_EQ(fixture.log().state().audited, fixture.log().state().size);
  must(fixture.update(alice, Version{0}, {value_of("1")}));
}

// An auditor cannot sign what is not there: a log that was down for longer than its auditor may lag
// makes the one entry that gets both going again, and users wait until it is signed.
TEST(AuditedLog, AnAuditorThatHasSignedEverythingDoesNotHoldGrowthBack) {
  LogFixture fixture({CipherSuite::KT_128_SHA256_Ed25519, DeploymentMode::thirdPartyAuditing});
  fixture.open();
  const Label alice = make_label("alice@example.com");
  must(fixture.update(alice, std::nullopt, {value_of("0")}));
  fixture.audit();
  ClientState user = fixture.newcomer();
  fixture.search(user, alice);
  fixture.close();
  fixture.clock.pass(fixture.configuration().max_auditor_lag + 1);
  fixture.open();
  fixture.wait_for_size(3);
  EXPECT_EQ(fixture.log().state().trouble, Trouble::none);

  ClientState newcomer = fixture.newcomer();
  for (ClientState* const anyone : {&user, &newcomer}) {
    const auto request = anyone->search_request(alice);
    const auto response = must(keytrans::prove_search(*must(fixture.log().view()), request));
    expect_error(anyone->verify(request, response, fixture.clock.now()), Errc::verification_failed,
                 "the auditor lags");
  }
  // Nor is there more than the one entry.
  expect_error(fixture.update(alice, Version{0}, {value_of("1")}), Errc::unavailable,
               "the auditor lags");
  EXPECT_EQ(fixture.log().state().size, TreeSize{3});
  fixture.audit();
  EXPECT_EQ(fixture.search(user, alice).value, value_of("0"));
  must(fixture.update(alice, Version{0}, {value_of("1")}));
  EXPECT_EQ(fixture.search(user, alice).value, value_of("1"));
}

// The same for a log that runs, and whose next entry is an update.
TEST(AuditedLog, AnUpdateMayBeTheEntryThatAnAuditorWaitsFor) {
  LogFixture fixture({CipherSuite::KT_128_SHA256_Ed25519, DeploymentMode::thirdPartyAuditing},
                     [](Configuration& configuration) { configuration.max_auditor_lag = 1'000; });
  fixture.open();
  const Label alice = make_label("alice@example.com");
  fixture.clock.pass(1'001);
  must(fixture.update(alice, std::nullopt, {value_of("0")}));
  expect_error(fixture.update(alice, Version{0}, {value_of("1")}), Errc::unavailable,
               "the auditor lags");
  fixture.audit();
  ClientState user = fixture.newcomer();
  EXPECT_EQ(fixture.search(user, alice).value, value_of("0"));
}

// Nothing is made durable that the caller cannot be shown.
TEST(AuditedLog, UpdatesAreRefusedUntilTheAuditorHasSigned) {
  LogFixture fixture({CipherSuite::KT_128_SHA256_Ed25519, DeploymentMode::thirdPartyAuditing},
                     [](Configuration& configuration) {
                       configuration.auditor_start_pos = EntryIndex{2};
                       configuration.max_auditor_lag = 1'000;
                     });
  fixture.open();
  const Label alice = make_label("alice@example.com");
  // Heartbeats go on, whatever time passes, until the auditor has an entry to sign.
  for (std::uint64_t size = 1; size <= 3; ++size) {
    fixture.wait_for_size(size);
    expect_error(fixture.update(alice, std::nullopt, {value_of("0")}), Errc::unavailable,
                 "the auditor has not signed yet");
    EXPECT_EQ(fixture.log().state().size, TreeSize{size});
    EXPECT_EQ(fixture.log().state().audited, std::nullopt);
    fixture.clock.pass(fixture.configuration().max_behind / 2 + 1);
  }
  fixture.wait_for_trouble(Trouble::auditor_lags);
  EXPECT_EQ(fixture.log().state().size, TreeSize{3});
}

// Also when the entries it starts from are long expired.
TEST(AuditedLog, AnAuditorStartsLater) {
  LogFixture fixture(
      {CipherSuite::KT_128_SHA256_Ed25519, DeploymentMode::thirdPartyAuditing,
       std::optional<std::uint64_t>(100'000)},
      [](Configuration& configuration) { configuration.auditor_start_pos = EntryIndex{3}; });
  fixture.open();
  for (std::uint64_t size = 1; size < 3; ++size) {
    fixture.wait_for_size(size);
    expect_error(fixture.log().auditor_start(), Errc::not_found, "no such log entry");
    fixture.clock.pass(fixture.configuration().max_behind / 2 + 1);
  }
  fixture.wait_for_size(3);
  const auto start = must(fixture.log().auditor_start());
  fixture.clock.pass(fixture.configuration().max_behind / 2 + 1);
  fixture.wait_for_size(4);
  EXPECT_EQ(must(fixture.log().auditor_start()), start);

  const auto& configuration = fixture.log().configuration();
  const auto view = must(keytrans::verify_auditor_start(configuration, start));
  auto auditor = must(keytrans::Auditor::from_view(configuration, view));
  keytrans::MemoryAuditedLeaves leaves;
  must(auditor.process(must(fixture.log().auditor_update(EntryIndex{3})), leaves));
}

TEST(AuditedLog, ThereIsNoStartForAnAuditorFromTheFirstEntryOn) {
  LogFixture fixture({CipherSuite::KT_128_SHA256_Ed25519, DeploymentMode::thirdPartyAuditing});
  fixture.open();
  expect_error(fixture.log().auditor_start(), Errc::rejected, "first entry");
}

TEST(AuditedLog, HeadsThatAreNotTheAuditorsAreRefused) {
  LogFixture fixture({CipherSuite::KT_128_SHA256_Ed25519, DeploymentMode::thirdPartyAuditing});
  fixture.open();
  must(fixture.update(make_label("alice@example.com"), std::nullopt, {value_of("0")}));
  const auto older = must(must(fixture.log().view())->auditor_tree_head());
  fixture.audit();
  const auto served = must(must(fixture.log().view())->auditor_tree_head());
  expect_error(fixture.log().accept_auditor_head(older), Errc::conflict, "covers less");
  auto head = served;
  head.signature[5] ^= 1;
  expect_error(fixture.log().accept_auditor_head(head), Errc::verification_failed, "signature");
  head = served;
  head.tree_size = TreeSize{served.tree_size.value() + 1};
  expect_error(fixture.log().accept_auditor_head(head), Errc::verification_failed, "not within");
  head = served;
  head.timestamp = Timestamp{served.timestamp.value() + 1};
  expect_error(fixture.log().accept_auditor_head(head), Errc::verification_failed, "timestamp");
  EXPECT_EQ(must(must(fixture.log().view())->auditor_tree_head()), served);
  expect_error(fixture.log().auditor_update(EntryIndex{fixture.log().state().size.value()}),
               Errc::not_found, "no such");
}

// An entry has room for 255 changes: what does not fit goes into the next one.
TEST(AuditedLog, EntriesHoldNoMoreThanAnAuditorCanBeTold) {
  LogFixture fixture({CipherSuite::KT_128_SHA256_Ed25519, DeploymentMode::thirdPartyAuditing});
  fixture.options.commit_window = std::chrono::milliseconds(200);
  fixture.open();
  fixture.open_window();
  std::vector<std::future<Result<keytrans::UpdateResponse>>> answers;
  for (int i = 0; i < 4; ++i)
    answers.push_back(fixture.submit(make_label("user" + std::to_string(i)), std::nullopt,
                                     std::vector<Bytes>(100, value_of("x"))));
  for (auto& answer : answers) must(answer.get());
  fixture.audit();
  EXPECT_EQ(fixture.log().state().size, TreeSize{3});
}

// --- Management ------------------------------------------------------------------------------

TEST(ManagedLog, SkippedVersionsAreFilledIn) {
  LogFixture fixture({CipherSuite::KT_128_SHA256_Ed25519, DeploymentMode::thirdPartyManagement});
  fixture.open();
  const Label alice = make_label("alice@example.com");
  must(fixture.update(alice, std::nullopt, {value_of("0")}));
  const auto answered = must(fixture.update(alice, Version{0}, {value_of("3")}, Version{3}));
  EXPECT_EQ(answered.skipped_versions, 2U);
  ClientState user = fixture.newcomer();
  const auto found = fixture.search(user, alice);
  EXPECT_EQ(found.version, Version{3});
  EXPECT_EQ(found.value, value_of("3"));
  const auto skipped = user.search_request(alice, Version{1});
  expect_error(keytrans::prove_search(*must(fixture.log().view()), skipped), Errc::not_found,
               "skipped");
}

TEST(ManagedLog, ValuesSignedForAnotherVersionAreRefused) {
  LogFixture fixture({CipherSuite::KT_128_SHA256_P256, DeploymentMode::thirdPartyManagement});
  fixture.open();
  const Label alice = make_label("alice@example.com");
  must(fixture.update(alice, std::nullopt, {value_of("0"), value_of("1")}));
  expect_error(fixture.update(alice, Version{1}, {value_of("again")}, Version{1}), Errc::rejected,
               "");
  EXPECT_EQ(fixture.log().state().size, TreeSize{2});
}

}  // namespace
}  // namespace kt::log
