// A log on disk, its auditor on disk, and users who verify what both have signed.
#include "auditor_fixture.h"
#include "log_fixture.h"
#include "suites.h"

namespace kt::auditor {
namespace {

using log::Configuration;
using log::LogFixture;

constexpr std::uint64_t kLag = 100'000;  // milliseconds

class AuditedStoredLog : public ::testing::TestWithParam<CipherSuite> {
 protected:
  explicit AuditedStoredLog(std::uint64_t start = 0)
      : log_({GetParam(), keytrans::DeploymentMode::thirdPartyAuditing, {}},
             [&](Configuration& configuration) {
               configuration.auditor_start_pos = EntryIndex{start};
               configuration.auditor_public_key = must(create_auditor(path(), GetParam()));
               configuration.max_auditor_lag = kLag;
             }) {
    log_.open();
    must(bind_auditor(path(), log_.log().configuration().wire()));
    auditor_ = must(LogAuditor::open(path()));
  }

  [[nodiscard]] std::filesystem::path path() const { return directory_.path() / "auditor"; }

  // All that a transport has to do: at most `limit` updates at a time.
  void audit(std::uint64_t limit = 3) {
    if (auditor_->state().needs_start) must(auditor_->start(must(log_.log().auditor_start())));
    while (auditor_->state().size < log_.log().state().size) {
      const EntryIndex first = auditor_->state().next_entry();
      const std::uint64_t end = std::min(first.value() + limit, log_.log().state().size.value());
      std::vector<Bytes> updates;
      for (std::uint64_t entry = first.value(); entry < end; ++entry)
        updates.push_back(
            must(keytrans::encode(must(log_.log().auditor_update(EntryIndex{entry})))));
      must(auditor_->process(first, updates));
    }
    const auto head = must(auditor_->sign());
    must(log_.log().accept_auditor_head(head));
    must(auditor_->note_pushed(head.tree_size));
  }

  void update(std::optional<std::uint32_t> greatest, std::string_view value) {
    std::optional<Version> known;
    if (greatest) known = Version{*greatest};
    must(log_.update(alice_, known, {to_bytes(value)}));
  }

  ScratchDirectory directory_;
  const Label alice_ = log::make_label("alice@example.com");
  LogFixture log_;
  std::unique_ptr<LogAuditor> auditor_;
};

INSTANTIATE_TEST_SUITE_P(, AuditedStoredLog,
                         ::testing::Values(keytrans::kP256Suite, keytrans::kEd25519Suite),
                         keytrans::suite_name);

TEST_P(AuditedStoredLog, UsersAcceptWhatTheAuditorHasSigned) {
  audit();
  keytrans::ClientState user = log_.newcomer();
  for (std::uint32_t version = 0; version < 8; ++version) {
    update(version == 0 ? std::nullopt : std::optional(version - 1), std::to_string(version));
    if (version % 3 == 2) auditor_ = nullptr;  // it is killed now and then
    if (!auditor_) auditor_ = must(LogAuditor::open(path()));
    audit();
    log_.clock.pass(1'000);
    const auto found = log_.search(user, alice_);
    EXPECT_EQ(found.version, Version{version});
    EXPECT_EQ(found.value, to_bytes(std::to_string(version)));
  }
  keytrans::ClientState newcomer = log_.newcomer();
  EXPECT_EQ(log_.search(newcomer, alice_).version, Version{7});
  EXPECT_EQ(auditor_->state().pushed, log_.log().state().audited);
}

TEST_P(AuditedStoredLog, AnAuditorThatWasAwayForTooLongCatchesUp) {
  audit();
  update(std::nullopt, "0");
  auditor_.reset();
  log_.clock.pass(kLag + 1);
  expect_error(log_.update(alice_, Version{0}, {to_bytes("1")}), Errc::unavailable,
               "the auditor lags");
  keytrans::ClientState user = log_.newcomer();
  EXPECT_EQ(log_.search(user, alice_).value, to_bytes("0"));

  auditor_ = must(LogAuditor::open(path()));
  audit();
  // All is signed, and too long ago: the next entry is there for the auditor.
  update(0, "1");
  const auto request = user.search_request(alice_);
  const auto response = must(keytrans::prove_search(*must(log_.log().view()), request));
  expect_error(user.verify(request, response, log_.clock.now()), Errc::verification_failed,
               "the auditor lags");
  audit();
  EXPECT_EQ(log_.search(user, alice_).value, to_bytes("1"));
}

class StoredLogAuditedLater : public AuditedStoredLog {
 protected:
  static constexpr std::uint64_t kStart = 2;
  StoredLogAuditedLater() : AuditedStoredLog(kStart) {}
};

INSTANTIATE_TEST_SUITE_P(, StoredLogAuditedLater,
                         ::testing::Values(keytrans::kP256Suite, keytrans::kEd25519Suite),
                         keytrans::suite_name);

TEST_P(StoredLogAuditedLater, UsersAcceptWhatTheAuditorHasSigned) {
  for (std::uint64_t size = 1; size <= kStart; ++size) {
    log_.wait_for_size(size);
    expect_error(log_.update(alice_, std::nullopt, {to_bytes("0")}), Errc::unavailable,
                 "the auditor has not signed yet");
    log_.clock.pass(log_.configuration().max_behind / 2 + 1);
  }
  log_.wait_for_size(kStart + 1);
  audit();
  update(std::nullopt, "0");
  audit();
  keytrans::ClientState user = log_.newcomer();
  EXPECT_EQ(log_.search(user, alice_).value, to_bytes("0"));
}

}  // namespace
}  // namespace kt::auditor
