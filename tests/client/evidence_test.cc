// Evidence that `kt` saves, and `kt evidence check`.
#include "client/evidence.h"

#include "directory_world.h"
#include "keytrans/fork_evidence.h"
#include "kt_program.h"

namespace kt::client {
namespace {

using federation::DirectoryDocument;

Bytes bytes_of(const std::filesystem::path& path) { return to_bytes(gateway::read_file(path)); }

DirectoryDocument document(const federation::KeyedLog& log, std::uint64_t epoch,
                           const std::string& path) {
  federation::Directory directory = single_directory(log, epoch);
  directory.url.path = path;
  const std::vector<federation::DirectorySigner> signers{signer(log)};
  return must(DirectoryDocument::sign(directory, signers));
}

TEST(DirectoryEvidence, TwoDocumentsOfOneEpochProveIt) {
  const auto log = federation::numbered_log(1);
  const Bytes proof = must(directory_evidence(document(log, 7, "/a"), document(log, 7, "/b")));
  const Evidence evidence = must(check_evidence(proof));
  EXPECT_EQ(evidence.kind, Evidence::Kind::directory);
  EXPECT_EQ(evidence.domain, "example.com");
  EXPECT_EQ(evidence.logs, std::vector<LogId>{log.id()});
  EXPECT_EQ(evidence.number, 7U);
  // Every cut and a bit of every part.
  for (std::size_t at = 0; at < proof.size(); at += 13) {
    EXPECT_FALSE(check_evidence(ByteView(proof).first(at)).has_value()) << at;
    Bytes changed = proof;
    changed[at] ^= 1U;
    EXPECT_FALSE(check_evidence(changed).has_value()) << at;
  }
}

TEST(DirectoryEvidence, NothingElseDoes) {
  const auto log = federation::numbered_log(1);
  const auto other = federation::numbered_log(2);
  const auto first = document(log, 7, "/a");
  for (const DirectoryDocument& second :
       {document(log, 7, "/a"), document(log, 8, "/b"), document(other, 7, "/b")}) {
    const auto checked = check_evidence(must(directory_evidence(first, second)));
    ASSERT_FALSE(checked.has_value());
    EXPECT_EQ(checked.error().code, Errc::verification_failed);
  }
  EXPECT_EQ(check_evidence({}).error().code, Errc::malformed);
}

class ForkedLog : public KtProgram {
 protected:
  // The one file in the directory of evidence.
  [[nodiscard]] std::optional<std::filesystem::path> evidence() const {
    const std::filesystem::path directory = state() + "/evidence";
    if (!std::filesystem::exists(directory)) return std::nullopt;
    return std::filesystem::directory_iterator(directory)->path();
  }

  ManInTheMiddle middle_;
};

TEST_F(ForkedLog, IsProvedToEveryone) {
  // Entries become distinguished that are a second apart.
  create("log", {"--suite", "ed25519", "--reasonable-monitoring-window", "1s"});
  import("log", gateway::line_of(kAlice, 0, "the key"));
  serve("log", middle_.url());
  middle_.ask(serving().url().port);
  trust(middle_.url());
  ASSERT_EQ(kt({"lookup", kAlice}).code, 0);
  ASSERT_EQ(kt({"compare", "example.com"}).code, 0);
  ASSERT_EQ(serving().stop().code, 0);
  for (const char* const each : {"log", "log.state"})
    std::filesystem::copy(path(each), path(std::string("fork") + (each + 3)),
                          std::filesystem::copy_options::recursive);

  const auto distinguished = [this] {
    return kt_json({"heads"})[0].at("distinguished").get<int>();
  };
  const int before = distinguished();
  serve("log", middle_.url());
  middle_.ask(serving().url().port);
  gateway::wait_until(
      [&] {
        grow();
        const Outcome monitored = kt({"monitor", "--all"});
        EXPECT_EQ(monitored.code, 0) << monitored.out;
        EXPECT_EQ(kt({"lookup", kAlice}).code, 0);
        return distinguished() >= before + 2;
      },
      "no entry becomes distinguished");
  EXPECT_EQ(evidence(), std::nullopt);
  ASSERT_EQ(serving().stop().code, 0);

  serve("fork", middle_.url());
  middle_.ask(serving().url().port);
  const auto remembered_before = remembered();
  Outcome refused;
  gateway::wait_until(
      [&] {
        grow();
        refused = kt({"lookup", kAlice});
        EXPECT_EQ(refused.code, 6) << refused.out << refused.err;
        return evidence().has_value();
      },
      "nothing is proved");
  EXPECT_EQ(remembered(), remembered_before);
  EXPECT_NE(refused.err.find(evidence()->string()), std::string::npos) << refused.err;

  const Outcome checked = kt_without_state({"evidence", "check", *evidence()});
  EXPECT_EQ(checked.code, 0) << checked.err;
  EXPECT_NE(checked.out.find("the log has signed two trees"), std::string::npos) << checked.out;
  const Bytes proof = bytes_of(*evidence());
  EXPECT_EQ(must(check_evidence(proof)).kind, Evidence::Kind::fork);
  for (std::size_t at = 0; at < proof.size(); at += 11) {
    Bytes changed = proof;
    changed[at] ^= 1U;
    EXPECT_FALSE(check_evidence(changed).has_value()) << at;
  }
  gateway::write_file(path("cut"), gateway::read_file(*evidence()).substr(0, 100));
  expect_error(kt_without_state({"evidence", "check", path("cut")}), 2, "");
  expect_error(kt_without_state({"evidence", "check", path("none")}), 3, "FILE");
}

}  // namespace
}  // namespace kt::client
