// How an auditor's directory comes to be, and what is refused there.
#include "auditor/setup.h"

#include <chrono>
#include <sys/stat.h>

#include "auditor_fixture.h"
#include "keytrans/key_file.h"
#include "suites.h"

namespace kt::auditor {
namespace {

namespace fs = std::filesystem;

using keytrans::AuditedLog;
using keytrans::Configuration;
using keytrans::kEd25519Suite;
using keytrans::kP256Suite;

mode_t mode_of(const fs::path& path) {
  struct stat status {};
  EXPECT_EQ(::stat(path.c_str(), &status), 0) << path;
  return status.st_mode & 07777U;
}

class AuditorSetup : public ::testing::TestWithParam<CipherSuite> {
 protected:
  [[nodiscard]] fs::path path() const { return directory_.path() / "auditor"; }
  [[nodiscard]] Configuration configuration(std::uint64_t start = 0) const {
    return AuditedLog(GetParam(), start, public_key_).configuration().wire();
  }

  ScratchDirectory directory_;
  Bytes public_key_ = must(create_auditor(path(), GetParam()));
};

INSTANTIATE_TEST_SUITE_P(, AuditorSetup, ::testing::Values(kP256Suite, kEd25519Suite),
                         keytrans::suite_name);

TEST_P(AuditorSetup, TheKeyIsThereBeforeTheLog) {
  EXPECT_EQ(mode_of(path()), 0700U);
  EXPECT_EQ(mode_of(path() / "auditor.pem"), 0600U);
  must(keytrans::load_key<keytrans::SigningKey>(path() / "auditor.pem", GetParam(), public_key_));
  expect_error(LogAuditor::open(path()), Errc::not_found, "not bound to a log");
  expect_error(create_auditor(path(), GetParam()), Errc::conflict, "something");
  expect_error(LogAuditor::open(directory_.path() / "nothing"), Errc::not_found, "no auditor");
}

TEST_P(AuditorSetup, BindingIsForOneLog) {
  const LogId log = must(bind_auditor(path(), configuration()));
  EXPECT_EQ(log, must(LogAuditor::open(path()))->configuration().id());
  EXPECT_EQ(mode_of(path() / "head"), 0600U);
  // The keys of the log of a configuration are made anew, so that is another one.
  Configuration same = must(LogAuditor::open(path()))->configuration().wire();
  EXPECT_EQ(must(bind_auditor(path(), same)), log);
  expect_error(bind_auditor(path(), configuration()), Errc::rejected, "another log");
  const auto open = must(LogAuditor::open(path()));
  EXPECT_EQ(open->configuration().id(), log);
  expect_error(bind_auditor(path(), same), Errc::conflict, "open already");
}

TEST_P(AuditorSetup, BindingIsForALogWithThisAuditor) {
  Configuration other_key = AuditedLog(GetParam()).configuration().wire();
  expect_error(bind_auditor(path(), other_key), Errc::rejected, "not the key of this log");
  Configuration other_mode = configuration();
  other_mode.mode = keytrans::DeploymentMode::contactMonitoring;
  expect_error(bind_auditor(path(), other_mode), Errc::rejected, "third-party auditor");
  const AuditedLog other_suite(keytrans::other_suite(GetParam()));
  expect_error(bind_auditor(path(), other_suite.configuration().wire()), Errc::malformed,
               "auditor.pem");
  EXPECT_FALSE(fs::exists(path() / "database"));
}

// A process that dies while it binds leaves some of what it makes, which the next one completes.
TEST_P(AuditorSetup, BindingIsCompletedAfterACrash) {
  const Configuration wire = configuration();
  must(bind_auditor(path(), wire));
  fs::rename(path() / "database", path() / "database.new");
  must(bind_auditor(path(), wire));
  EXPECT_EQ(must(LogAuditor::open(path()))->state().size, TreeSize{0});
  EXPECT_FALSE(fs::exists(path() / "database.new"));
}

TEST_P(AuditorSetup, OneProcessHasIt) {
  must(bind_auditor(path(), configuration()));
  const auto first = must(LogAuditor::open(path()));
  const auto start = std::chrono::steady_clock::now();
  expect_error(LogAuditor::open(path()), Errc::conflict, "open already");
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(1));
  EXPECT_EQ(first->state().size, TreeSize{0});
}

TEST_P(AuditorSetup, KeysThatAreNotGood) {
  must(bind_auditor(path(), configuration()));
  const fs::path key = path() / "auditor.pem";
  fs::permissions(key, fs::perms::owner_all | fs::perms::group_read);
  expect_error(LogAuditor::open(path()), Errc::rejected, "");
  fs::remove(key);
  expect_error(LogAuditor::open(path()), Errc::not_found, "");
  const auto another = must(keytrans::SigningKey::generate(GetParam()));
  must(keytrans::store_key_file(key, must(another.to_pem())));
  expect_error(LogAuditor::open(path()), Errc::rejected, "not the key of this log");
  fs::remove(key);
  const auto of_other_suite =
      must(keytrans::SigningKey::generate(keytrans::other_suite(GetParam())));
  must(keytrans::store_key_file(key, must(of_other_suite.to_pem())));
  expect_error(LogAuditor::open(path()), Errc::malformed, "auditor.pem");
}

}  // namespace
}  // namespace kt::auditor
