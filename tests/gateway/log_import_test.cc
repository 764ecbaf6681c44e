// `ktgate log import`.
#include <csignal>

#include "keytrans/auditor.h"
#include "keytrans/management.h"
#include "log/log.h"
#include "log_line.h"
#include "log_program.h"
#include "must.h"

namespace kt::gateway {
namespace {

namespace fs = std::filesystem;

std::string many_lines(int from, int to) {
  std::string lines;
  for (int i = from; i < to; ++i) lines += line_of("user" + std::to_string(i), 0, "key");
  return lines;
}

class LogImport : public LogProgram {
 protected:
  [[nodiscard]] Outcome import_again(std::string_view name, std::string_view lines,
                                     const std::vector<std::string>& options = {}) const {
    std::vector<std::string> arguments{"log", "import", path(name), "-"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    return run(arguments, lines);
  }
  void expect_counts(const Outcome& outcome, int lines, int imported, int there) const {
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_EQ(outcome.out.find(std::to_string(lines) + " lines: " + std::to_string(imported) +
                               " versions imported, " + std::to_string(there) + " there already, "),
              0U)
        << outcome.out;
  }
  // Line 2 is refused; line 1 is in the log and line 3 is not.
  void expect_second_refused(const std::string& second, std::string_view about,
                             const std::vector<std::string>& options = {}) {
    SCOPED_TRACE(about);
    const std::string name = "refusing" + std::to_string(++logs_);
    create(name);
    const std::string lines = line_of("first", 0, "1") + second + line_of("third", 0, "3");
    const Outcome outcome = import_again(name, lines, options);
    expect_failure(outcome, 1, "log import", "line 2: ");
    EXPECT_NE(outcome.err.find(about), std::string::npos) << outcome.err;
    EXPECT_NE(outcome.err.find("what stands before it is in the log, what stands after it is not"),
              std::string::npos)
        << outcome.err;
    EXPECT_EQ(exported(name), line_of("first", 0, "1"));
  }
  // Waits until an import has written to the log's file.
  void wait_for_growth(std::string_view name, std::uintmax_t size = 200'000) const {
    const std::string file = path(std::string(name) + "/database/data.mdb");
    wait_until([&] { return fs::file_size(file) > size; }, "the log does not grow");
  }

 private:
  int logs_ = 0;
};

TEST_F(LogImport, BringsVersionsInAndSaysHowMany) {
  create("log");
  const std::string lines = line_of("alice", 0, "a0") + line_of("alice", 1, "a1") +
                            R"({"label":"bob","value":"YjA"})" + "\n" + line_of("alice", 2, "a2") +
                            R"({"label":{"base64url":"_w"},"value":""})";
  expect_counts(import_again("log", lines), 5, 5, 0);
  EXPECT_EQ(exported("log"), R"({"label":{"base64url":"_w"},"version":0,"value":""})"
                             "\n" +
                                 line_of("bob", 0, "b0") + line_of("alice", 0, "a0") +
                                 line_of("alice", 1, "a1") + line_of("alice", 2, "a2"));
}

TEST_F(LogImport, TheSameAgainDoesNothing) {
  create("log");
  const std::string lines =
      line_of("alice", 0, "a0") + line_of("alice", 1, "a1") + line_of("bob", 0, "b0");
  import("log", lines);
  const std::string before = exported("log");
  expect_counts(import_again("log", lines), 3, 0, 3);
  EXPECT_EQ(exported("log"), before);
  // More of it, around what is there.
  expect_counts(import_again("log", lines + line_of("bob", 1, "b1") + line_of("carol", 0, "c")), 5,
                2, 3);
  expect_counts(import_again("log", line_of("alice", 1, "a1") + line_of("alice", 2, "a2") +
                                        line_of("alice", 2, "a2")),
                3, 1, 2);
}

TEST_F(LogImport, NothingIsImportedFromNothing) {
  create("log");
  expect_counts(import_again("log", ""), 0, 0, 0);
}

TEST_F(LogImport, ReadsAFile) {
  create("log");
  write_file(path("lines"), many_lines(0, 300));
  expect_counts(run({"log", "import", path("log"), path("lines")}), 300, 300, 0);
}

TEST_F(LogImport, VersionsOfALabelMayBeManyAndFarApart) {
  create("log");
  std::string lines;
  for (int version = 0; version < 450; ++version) {
    lines += line_of("alice", version, "a" + std::to_string(version));
    if (version % 150 == 0) lines += line_of("user" + std::to_string(version), 0, "key");
  }
  expect_counts(import_again("log", lines), 453, 453, 0);
  expect_counts(import_again("log", lines), 453, 0, 453);
}

TEST_F(LogImport, AValueOfTheGreatestSizeIsImported) {
  create("log");
  const std::string line = line_of("alice", 0, std::string(kMaxValueSize, 'x'));
  expect_counts(import_again("log", line + line), 2, 1, 1);
  EXPECT_EQ(exported("log"), line);
}

// --- Lines that are wrong --------------------------------------------------------------------

TEST_F(LogImport, RefusesLinesThatAreMalformed) {
  expect_second_refused("{\"label\":\n", "it is not JSON");
  expect_second_refused("\n", "it is not JSON");
  expect_second_refused(R"({"label":"a","value":"","x":1})"
                        "\n",
                        "a member besides");
  expect_second_refused(line_of("", 0, ""), "label is empty");
  expect_second_refused(line_of(std::string(256, 'a'), 0, ""), "255");
  expect_second_refused(line_of("a", 0, std::string(kMaxValueSize + 1, 'x')), "value is longer");
  expect_second_refused(std::string(kMaxLineSize + 1, ' ') + "\n", "the line is longer");
  expect_second_refused(R"({"label":"a","value":"","signature":"YQ"})"
                        "\n",
                        "signature");
}

TEST_F(LogImport, RefusesWhatContradictsTheLog) {
  expect_second_refused(line_of("first", 0, "another"), "with another value");
  expect_second_refused(line_of("first", 2, "2"), "the version before this one is not in the log");
  expect_second_refused(line_of("second", 1, "1"), "the version before this one is not in the log");
}

TEST_F(LogImport, RefusesWhatIsReserved) {
  expect_second_refused(line_of("kt:directory", 0, "x"), "kt:");
  expect_second_refused(line_of("a", 0, "ktgate-tombstone and more"), "tombstone");
  create("log");
  const std::string reserved =
      line_of("a", 0, "ktgate-tombstone and more") + line_of("kt:directory", 0, "x");
  expect_counts(import_again("log", reserved, {"--allow-reserved"}), 2, 2, 0);
  EXPECT_EQ(exported("log"), reserved);
  // What only begins alike is nobody's.
  import("log", line_of("kt", 0, "x") + line_of("xkt:", 0, "x") + line_of("b", 0, "ktgate-tomb"));
}

// A later line that is wrong does not hide an earlier one that is.
TEST_F(LogImport, TheFirstLineThatIsWrongIsTold) {
  create("log");
  import("log", line_of("alice", 0, "a0"));
  expect_failure(import_again("log", line_of("bob", 0, "b") + line_of("alice", 0, "x") + "{"), 1,
                 "log import", "line 2: this version of the label is in the log with another");
  EXPECT_EQ(exported("log"), line_of("bob", 0, "b") + line_of("alice", 0, "a0"));
}

TEST_F(LogImport, CheckingChangesNothing) {
  create("log");
  const auto before = read_tree(path("log"));
  const Outcome fine = import_again("log", many_lines(0, 10), {"--check"});
  EXPECT_EQ(fine.code, 0) << fine.err;
  EXPECT_EQ(fine.out, "10 lines are well-formed; nothing was imported\n");
  expect_failure(import_again("log", many_lines(0, 10) + "{}\n", {"--check"}), 1, "log import",
                 "line 11: label is missing");
  expect_failure(import_again("log", line_of("kt:x", 0, ""), {"--check"}), 1, "log import",
                 "line 1: ");
  EXPECT_EQ(read_file(path("log/database/data.mdb")), [&] {
    for (const auto& [name, contents] : before)
      if (name == path("log/database/data.mdb")) return contents;
    return std::string();
  }());
  EXPECT_EQ(exported("log"), "");
}

TEST_F(LogImport, RefusesBeforeItReads) {
  create("log");
  expect_failure(run({"log", "import", path("log"), path("nowhere")}), 1, "log import",
                 "the input cannot be opened");
  expect_failure(run({"log", "import", path("nowhere"), "-"}), 1, "log import", "there is no log");
  expect_failure(run({"log", "import", path("log")}), 2, "log import", "FILE");
  expect_failure(run({"log", "import", path("log"), path("log")}), 1, "log import",
                 "cannot be read");
}

// The log refuses the key that is not its own.
TEST_F(LogImport, RefusesAnotherLogsKey) {
  create("log");
  create("other");
  fs::copy_file(path("other/vrf.pem"), path("log/vrf.pem"), fs::copy_options::overwrite_existing);
  expect_failure(import_again("log", many_lines(0, 1)), 1, "log import",
                 "vrf.pem is not the key of this log");
}

// --- Modes -----------------------------------------------------------------------------------

TEST_F(LogImport, AnAuditedLogTakesNothingBeforeItsAuditorHasSigned) {
  const auto auditor =
      must(keytrans::SigningKey::generate(keytrans::CipherSuite::KT_128_SHA256_Ed25519));
  create("log", {"--suite", "ed25519", "--mode", "third-party-auditing", "--auditor-key",
                 to_hex(auditor.public_key())});
  expect_failure(import_again("log", many_lines(0, 400)), 1, "log import",
                 "line 1: the auditor has not signed yet");
  EXPECT_EQ(exported("log"), "");
  {
    const auto log = must(log::Log::open(path("log")));
    auto following = must(keytrans::Auditor::from_genesis(log->configuration()));
    keytrans::MemoryAuditedLeaves leaves;
    must(following.process(must(log->auditor_update(EntryIndex{0})), leaves));
    must(log->accept_auditor_head(must(following.sign(auditor))));
  }
  expect_counts(import_again("log", many_lines(0, 400)), 400, 400, 0);
  expect_counts(import_again("log", many_lines(0, 400)), 400, 0, 400);
}

TEST_F(LogImport, AManagersLogTakesWhatTheOperatorSigned) {
  const auto leaf =
      must(keytrans::SigningKey::generate(keytrans::CipherSuite::KT_128_SHA256_Ed25519));
  create("log", {"--suite", "ed25519", "--mode", "third-party-management", "--leaf-key",
                 to_hex(leaf.public_key())});
  const auto configuration = must(
      keytrans::decode<keytrans::Configuration>(to_bytes(read_file(path("log/configuration")))));
  const Label alice = must(Label::create("alice"));
  const auto signed_line = [&](std::uint32_t version) {
    const auto value = must(keytrans::sign_update_value(leaf, configuration, alice,
                                                        Version{version}, to_bytes("value")));
    return format_log_line({alice, Version{version}, value.value, value.suffix.signature}) + "\n";
  };
  // Version 2 is skipped.
  const std::string lines = signed_line(0) + signed_line(1) + signed_line(3);
  expect_counts(import_again("log", lines), 3, 3, 0);
  expect_counts(import_again("log", lines), 3, 0, 3);
  EXPECT_EQ(exported("log"), lines);
  expect_failure(import_again("log", line_of("alice", 4, "unsigned")), 1, "log import",
                 "line 1: signature is missing");
  std::string forged = signed_line(4);
  forged.replace(forged.find("\"version\":4"), 11, "\"version\":5");
  const Outcome refused = import_again("log", forged);
  EXPECT_EQ(refused.code, 1);
  EXPECT_NE(refused.err.find("line 1: "), std::string::npos) << refused.err;
  EXPECT_EQ(exported("log"), lines);
}

// --- Interruptions ---------------------------------------------------------------------------

TEST_F(LogImport, WhatWasKilledGoesOnWhenItIsStartedAgain) {
  create("log");
  const std::string lines = many_lines(0, 3'000);
  {
    Running program({"log", "import", path("log"), "-"});
    program.write(lines);
    // When a second entry is written, the first one is committed.
    wait_for_growth("log");
    wait_for_growth("log", fs::file_size(path("log/database/data.mdb")) + 200'000);
    program.signal(SIGKILL);
    EXPECT_EQ(program.wait().code, -SIGKILL);
  }
  const Outcome again = import_again("log", lines);
  EXPECT_EQ(again.code, 0) << again.err;
  EXPECT_EQ(again.out.find("3000 lines: "), 0U) << again.out;
  EXPECT_EQ(again.out.find(" 0 there already"), std::string::npos) << again.out;
  expect_counts(import_again("log", lines), 3'000, 0, 3'000);
}

TEST_F(LogImport, ASignalEndsItWhenWhatIsUnderWayIsDone) {
  for (const int signal : {SIGINT, SIGTERM}) {
    const std::string name = "log" + std::to_string(signal);
    create(name);
    Running program({"log", "import", path(name), "-"});
    program.write(many_lines(0, 500));
    wait_for_growth(name);
    program.signal(signal);
    // Its input is still open.
    wait_until([&] { return program.out().find("interrupted") != std::string::npos; },
               "the signal does not end the program");
    const Outcome outcome = program.wait();
    EXPECT_EQ(outcome.code, 130) << outcome.err;
    const std::size_t colon = outcome.out.find(" lines: ");
    ASSERT_NE(colon, std::string::npos) << outcome.out;
    // Every line that it read is in the log.
    const std::string read = outcome.out.substr(0, colon);
    EXPECT_EQ(outcome.out.find(" lines: " + read + " versions imported, 0 there"), colon);
    expect_counts(import_again(name, many_lines(0, 500)), 500, 500 - std::stoi(read),
                  std::stoi(read));
  }
}

// --- A log that runs -------------------------------------------------------------------------

TEST_F(LogImport, ARunningLogIsLeftAlone) {
  create("log");
  const auto log = must(log::Log::open(path("log")));
  const std::string file = path("keys");
  write_file(file, "");
  const std::vector<std::vector<std::string>> commands{
      {"stat", path("log")},
      {"import", path("log"), file},
      {"import", path("log"), file, "--check"},
      {"export", path("log")},
      {"compact", path("log")},
      {"backup", path("log"), path("copy")},
      {"recover", path("log")},
      {"recover", path("log"), "--yes-fork-the-log"}};
  for (const auto& command : commands) {
    SCOPED_TRACE(command.front());
    std::vector<std::string> arguments{"log"};
    arguments.insert(arguments.end(), command.begin(), command.end());
    const auto start = std::chrono::steady_clock::now();
    expect_failure(run(arguments), 1, "log " + command.front(), "the log is open already");
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(1));
  }
  EXPECT_FALSE(fs::exists(path("copy")));
  EXPECT_FALSE(fs::exists(path("copy.new")));
}

}  // namespace
}  // namespace kt::gateway
