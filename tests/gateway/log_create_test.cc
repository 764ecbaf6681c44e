// `ktgate log create`, and what every command has in common.
#include "keytrans/log_configuration.h"
#include "log/log.h"
#include "log_program.h"
#include "must.h"

namespace kt::gateway {
namespace {

namespace fs = std::filesystem;
using keytrans::DeploymentMode;

// The configuration that clients would read.
keytrans::Configuration configuration_of(const std::string& file) {
  return must(keytrans::decode<keytrans::Configuration>(to_bytes(read_file(file))));
}

class LogCreate : public LogProgram {
 protected:
  void expect_usage(const std::vector<std::string>& options, std::string_view about) const {
    std::vector<std::string> arguments{"log", "create", path("log")};
    arguments.insert(arguments.end(), options.begin(), options.end());
    expect_failure(run(arguments), 2, "log create", about);
    expect_nothing_made();
  }
  void expect_nothing_made() const {
    EXPECT_FALSE(fs::exists(path("log")));
    EXPECT_FALSE(fs::exists(path("log.new")));
  }
};

TEST_F(LogCreate, MakesALogWithItsKeysAndItsConfiguration) {
  const Outcome made = run({"log", "create", path("log")});
  ASSERT_EQ(made.code, 0) << made.err;
  EXPECT_EQ(made.err, "");
  const auto configuration =
      must(keytrans::LogConfiguration::create(configuration_of(path("log/configuration"))));
  EXPECT_EQ(made.out, configuration.id().hex() + "\n");
  const keytrans::Configuration& wire = configuration.wire();
  EXPECT_EQ(wire.ciphersuite, keytrans::CipherSuite::KT_128_SHA256_P256);
  EXPECT_EQ(wire.mode, DeploymentMode::contactMonitoring);
  EXPECT_EQ(wire.max_ahead, 60'000U);
  EXPECT_EQ(wire.max_behind, 3'600'000U);
  EXPECT_EQ(wire.reasonable_monitoring_window, 86'400'000U);
  EXPECT_EQ(wire.maximum_lifetime, std::nullopt);
  for (const char* const key : {"log/signature.pem", "log/vrf.pem"})
    EXPECT_EQ(fs::status(path(key)).permissions(), fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_EQ(fs::status(path("log/configuration")).permissions(),
            fs::perms::owner_read | fs::perms::owner_write | fs::perms::group_read |
                fs::perms::others_read);
}

TEST_F(LogCreate, EveryParameterCanBeGiven) {
  const auto auditor =
      must(keytrans::SigningKey::generate(keytrans::CipherSuite::KT_128_SHA256_Ed25519));
  const Outcome made = run({"log",
                            "create",
                            path("log"),
                            "--suite",
                            "ed25519",
                            "--mode",
                            "third-party-auditing",
                            "--max-ahead",
                            "500ms",
                            "--max-behind",
                            "2h",
                            "--reasonable-monitoring-window",
                            "7d",
                            "--maximum-lifetime",
                            "90d",
                            "--auditor-key",
                            to_hex(auditor.public_key()),
                            "--max-auditor-lag",
                            "3h",
                            "--auditor-start-pos",
                            "17",
                            "--configuration",
                            path("copy")});
  ASSERT_EQ(made.code, 0) << made.err;
  const keytrans::Configuration wire = configuration_of(path("copy"));
  EXPECT_EQ(wire, configuration_of(path("log/configuration")));
  EXPECT_EQ(wire.ciphersuite, keytrans::CipherSuite::KT_128_SHA256_Ed25519);
  EXPECT_EQ(wire.mode, DeploymentMode::thirdPartyAuditing);
  EXPECT_EQ(wire.max_ahead, 500U);
  EXPECT_EQ(wire.max_behind, 7'200'000U);
  EXPECT_EQ(wire.reasonable_monitoring_window, 604'800'000U);
  EXPECT_EQ(wire.maximum_lifetime, 7'776'000'000U);
  EXPECT_EQ(wire.auditor_public_key, auditor.public_key());
  EXPECT_EQ(wire.max_auditor_lag, 10'800'000U);
  EXPECT_EQ(wire.auditor_start_pos, EntryIndex{17});
}

TEST_F(LogCreate, AManagersLogKnowsTheOperatorsKey) {
  const auto leaf = must(keytrans::SigningKey::generate(keytrans::CipherSuite::KT_128_SHA256_P256));
  const Outcome made = run({"log", "create", path("log"), "--mode", "third-party-management",
                            "--leaf-key", to_hex(leaf.public_key())});
  ASSERT_EQ(made.code, 0) << made.err;
  const keytrans::Configuration wire = configuration_of(path("log/configuration"));
  EXPECT_EQ(wire.mode, DeploymentMode::thirdPartyManagement);
  EXPECT_EQ(wire.leaf_public_key, leaf.public_key());
}

TEST_F(LogCreate, RefusesOptionsThatMakeNoSense) {
  expect_usage({"--suite", "rsa"}, "--suite");
  expect_usage({"--mode", "none"}, "--mode");
  expect_usage({"--max-ahead", "soon"}, "--max-ahead: is not a duration");
  expect_usage({"--max-behind", "0s"}, "--max-behind: has to be more");
  expect_usage({"--auditor-key", "xyz", "--mode", "third-party-auditing"}, "hexadecimal");
  expect_usage({"--auditor-key", "00"}, "--auditor-key");
  expect_usage({"--mode", "third-party-auditing"}, "--auditor-key");
  expect_usage({"--mode", "third-party-management"}, "--leaf-key");
  expect_usage({"--max-auditor-lag", "1h"}, "third-party-auditing");
  expect_usage({"--initial-padding", "-1"}, "--initial-padding");
  expect_usage({"--initial-padding", "10000001"}, "--initial-padding");
  expect_usage({"--nonsense"}, "--nonsense");
}

// It was the greatest number there is: a log that no auditor ever looks at.
TEST_F(LogCreate, AnAuditorDoesNotStartAtMinusOne) {
  const auto auditor =
      must(keytrans::SigningKey::generate(keytrans::CipherSuite::KT_128_SHA256_P256));
  for (const char* const entry : {"-1", "18446744073709551616", "first"})
    expect_usage({"--mode", "third-party-auditing", "--auditor-key", to_hex(auditor.public_key()),
                  "--auditor-start-pos", entry},
                 "--auditor-start-pos: Value");
}

TEST_F(LogCreate, ALogCanBeginWithPadding) {
  const auto auditor =
      must(keytrans::SigningKey::generate(keytrans::CipherSuite::KT_128_SHA256_Ed25519));
  create("log", {"--suite", "ed25519", "--mode", "third-party-auditing", "--auditor-key",
                 to_hex(auditor.public_key()), "--initial-padding", "300"});
  const auto log = must(log::Log::open(path("log")));
  EXPECT_EQ(log->state().size, TreeSize{2});
  EXPECT_EQ(must(log->auditor_update(EntryIndex{0})).added.size(), 255U);
  EXPECT_EQ(must(log->auditor_update(EntryIndex{1})).added.size(), 45U);
}

TEST_F(LogCreate, RefusesAConfigurationThatIsNone) {
  expect_failure(run({"log", "create", path("log"), "--maximum-lifetime", "1h"}), 1, "log create",
                 "maximum_lifetime");
  expect_nothing_made();
  expect_failure(
      run({"log", "create", path("log"), "--mode", "third-party-management", "--leaf-key", "0401"}),
      1, "log create", "");
  expect_nothing_made();
}

TEST_F(LogCreate, NothingIsOverwritten) {
  create("log");
  const auto before = read_tree(path("log"));
  expect_failure(run({"log", "create", path("log")}), 1, "log create", "already");
  EXPECT_EQ(read_tree(path("log")), before);
}

TEST_F(LogCreate, RefusesAPlaceForTheConfigurationBeforeItMakesTheLog) {
  write_file(path("taken"), "something");
  expect_failure(run({"log", "create", path("log"), "--configuration", path("taken")}), 1,
                 "log create", "already");
  EXPECT_EQ(read_file(path("taken")), "something");
  expect_nothing_made();
  expect_failure(run({"log", "create", path("log"), "--configuration", path("not/there")}), 1,
                 "log create", "its directory is not there");
  expect_nothing_made();
}

TEST_F(LogCreate, RefusesAPlaceThatIsNotThere) {
  expect_failure(run({"log", "create", path("not/there")}), 1, "log create", "No such file");
}

// --- Every command ---------------------------------------------------------------------------

TEST(Ktgate, SaysItsVersion) {
  const Outcome outcome = run({"--version"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.out.find("ktgate "), 0U);
  EXPECT_EQ(outcome.err, "");
}

TEST(Ktgate, HelpsWithEveryCommand) {
  for (const std::vector<std::string>& command : {std::vector<std::string>{},
                                                  {"log"},
                                                  {"log", "create"},
                                                  {"log", "stat"},
                                                  {"log", "import"},
                                                  {"log", "export"},
                                                  {"log", "backup"},
                                                  {"log", "compact"},
                                                  {"log", "recover"}}) {
    std::vector<std::string> arguments = command;
    arguments.emplace_back("--help");
    const Outcome outcome = run(arguments);
    EXPECT_EQ(outcome.code, 0);
    EXPECT_NE(outcome.out.find("Usage: ktgate"), std::string::npos) << outcome.out;
    EXPECT_EQ(outcome.err, "");
    if (command.size() == 2) {
      EXPECT_NE(outcome.out.find("Example:"), std::string::npos) << outcome.out;
    }
  }
}

TEST(Ktgate, SaysWhatIsWrongWithACommandLine) {
  for (const std::vector<std::string>& arguments : {std::vector<std::string>{},
                                                    {"log"},
                                                    {"nonsense"},
                                                    {"log", "nonsense"},
                                                    {"log", "create"}}) {
    const Outcome outcome = run(arguments);
    EXPECT_EQ(outcome.code, 2);
    EXPECT_EQ(outcome.out, "");
    EXPECT_EQ(outcome.err.find("ktgate"), 0U) << outcome.err;
    EXPECT_EQ(outcome.err.find('\n'), outcome.err.size() - 1) << outcome.err;
  }
}

}  // namespace
}  // namespace kt::gateway
