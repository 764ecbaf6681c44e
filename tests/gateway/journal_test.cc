// What a gateway says on stderr: a line each with its time, and nothing of anybody.
#include "journal.h"

#include <regex>
#include <sstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "federation/routed_messages.h"
#include "names.h"
#include "serve_program.h"

namespace kt::gateway {
namespace {

using nlohmann::json;

constexpr Timestamp kNow{1'790'121'600'007};

TEST(Journal, WritesLinesForPeople) {
  EXPECT_EQ(event_line(JournalFormat::text, kNow, Severity::warning, "log a\nlog b \xff"),
            "2026-09-23T00:00:00.007Z warning ktgate serve: log a?log b ?\n");
  EXPECT_EQ(answer_line(JournalFormat::text, kNow, "POST", "/kt/v1/lookup",
                        {"lookup", 200, std::chrono::microseconds(1234), 56}),
            "2026-09-23T00:00:00.007Z info ktgate serve: answered POST /kt/v1/lookup 200 1234us "
            "56B\n");
  EXPECT_EQ(answer_line(JournalFormat::text, kNow, "", "", {"none", 400, std::nullopt, 0}),
            "2026-09-23T00:00:00.007Z info ktgate serve: answered - - 400 - 0B\n");
}

TEST(Journal, WritesObjectsForPrograms) {
  EXPECT_EQ(event_line(JournalFormat::json, kNow, Severity::error, "a \"b\"\r\nc"),
            "{\"time\":\"2026-09-23T00:00:00.007Z\",\"level\":\"error\","
            "\"message\":\"a \\\"b\\\"??c\"}\n");
  const auto line = json::parse(answer_line(JournalFormat::json, kNow, "GET", "/",
                                            {"status", 503, std::chrono::milliseconds(2), 7}));
  EXPECT_EQ(line, json::parse(R"({"time":"2026-09-23T00:00:00.007Z","level":"info",
                                  "message":"answered","method":"GET","endpoint":"/",
                                  "status":503,"seconds":0.002,"bytes":7})"));
  const auto refused =
      json::parse(answer_line(JournalFormat::json, kNow, "", "", {"none", 400, std::nullopt, 0}));
  for (const char* const name : {"method", "endpoint", "seconds"})
    EXPECT_EQ(refused.at(name), json());
}

class JournalTest : public LogProgram {
 protected:
  static constexpr const char* kLabel = "alice-in-the-journal@example.com";
  static constexpr const char* kToken = "the-token-of-the-reader";

  void configure(const std::string& journal) const {
    write_file(path("ktgate.toml"),
               "[listen]\naddress = \"127.0.0.1:0\"\n" + journal + principal("reader", kToken) +
                   principal("writer", kWriterToken) +
                   "[[log]]\ndirectory = \"a\"\nalias = \"a\"\nwriter = \"writer\"\n"
                   "[[domain]]\nname = \"example.com\"\nlabel_rule = \"bytes\"\n"
                   "policy = \"single\"\nlogs = [\"a\"]\n");
  }
  void start(const std::string& journal) {
    create("a", {"--suite", "ed25519"});
    configure(journal);
    serving_.emplace(path("ktgate.toml"));
  }
  void reload(const std::string& journal) {
    configure(journal);
    const std::size_t before = lines().size();
    serving_->signal(SIGHUP);
    wait_until([&] { return lines().size() > before; }, "the gateway says nothing");
  }
  // All that it has said, whole lines.
  [[nodiscard]] std::vector<std::string> lines() const {
    const std::string said = serving_->err_as_it_is();
    std::istringstream in(said.substr(0, said.rfind('\n') + 1));
    std::vector<std::string> all;
    for (std::string line; std::getline(in, line);) all.push_back(line);
    return all;
  }
  void wait_for_lines(std::size_t count) const {
    wait_until([&] { return lines().size() >= count; }, "the gateway does not say it");
  }
  // Requests of everybody, one of them for what is not there, and one that is none.
  void ask() {
    Asker writer(serving_->url(), kWriterToken);
    keytrans::UpdateRequest update;
    update.label = label_of(kLabel);
    update.values = {{to_bytes("a-value-in-the-journal")}};
    EXPECT_EQ(writer.post("/kt/v1/logs/a/update", "update-request", must(keytrans::encode(update)))
                  .status,
              200U);
    Asker reader(serving_->url(), kToken);
    EXPECT_EQ(reader
                  .post("/kt/v1/lookup", "lookup-request",
                        must(encode(federation::LookupRequest{label_of(kLabel), {}})))
                  .status,
              200U);
    Asker anyone(serving_->url(), "a-token-of-nobody");
    EXPECT_EQ(anyone.get("/" + std::string(kLabel) + "?" + kLabel).status, 404U);
    EXPECT_EQ(anyone.get("/kt/v1/logs/a/configuration?" + std::string(kLabel)).status, 200U);
  }
  // Nothing of who asked and of whom.
  void expect_nobody_named() const {
    const std::string said = serving_->err_as_it_is();
    for (const std::string& secret :
         {std::string(kLabel), std::string("alice"),
          to_base64url(to_bytes(std::string_view(kLabel))), std::string("a-value"),
          std::string(kToken), std::string(kWriterToken), std::string("a-token"),
          std::string("reader"), std::string("127.0.0.1"),
          to_hex(keytrans::sha256(to_bytes(std::string_view(kToken))))})
      EXPECT_EQ(said.find(secret), std::string::npos) << secret << " is in:\n" << said;
  }

  std::optional<Serving> serving_;
};

TEST_F(JournalTest, HasNoAnswersUnlessItIsAsked) {
  start("");
  ask();
  EXPECT_EQ(serving_->err_as_it_is(), "");
  reload("");
  const std::regex line(
      R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z info ktgate serve: the configuration was reloaded)");
  ASSERT_EQ(lines().size(), 1U);
  EXPECT_TRUE(std::regex_match(lines()[0], line)) << lines()[0];
}

TEST_F(JournalTest, NamesNobodyInText) {
  start("[journal]\nanswers = true\n");
  ask();
  wait_for_lines(4);
  expect_nobody_named();
  const std::regex line(
      R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z info ktgate serve: answered )"
      R"((POST|GET|-) (/kt/v1/logs/\{log\}/[a-z]+|/kt/v1/lookup|-) \d{3} (\d+us|-) \d+B)");
  for (const std::string& each : lines()) EXPECT_TRUE(std::regex_match(each, line)) << each;
}

TEST_F(JournalTest, NamesNobodyInJson) {
  start("[journal]\nanswers = true\nformat = \"json\"\n");
  ask();
  wait_for_lines(4);
  expect_nobody_named();
  std::vector<json> all;
  for (const std::string& each : lines()) all.push_back(json::parse(each));
  ASSERT_EQ(all.size(), 4U);
  EXPECT_EQ(all[0].at("endpoint"), "/kt/v1/logs/{log}/update");
  EXPECT_EQ(all[0].at("method"), "POST");
  EXPECT_GT(all[0].at("seconds"), 0);
  EXPECT_GT(all[0].at("bytes"), 0);
  EXPECT_EQ(all[1].at("endpoint"), "/kt/v1/lookup");
  EXPECT_EQ(all[2].at("status"), 404);
  EXPECT_EQ(all[2].at("endpoint"), json());
  EXPECT_EQ(all[2].at("seconds"), json());
  EXPECT_EQ(all[3].at("endpoint"), "/kt/v1/logs/{log}/configuration");
  for (const json& each : all) {
    EXPECT_EQ(each.size(), 8U) << each;
    EXPECT_EQ(each.at("level"), "info");
    EXPECT_EQ(each.at("message"), "answered");
  }
  // A reload is followed from the next line on.
  reload("[journal]\nformat = \"json\"\n");
  EXPECT_EQ(json::parse(lines().back()).at("message"), "the configuration was reloaded");
  const std::size_t before = lines().size();
  EXPECT_EQ(Asker(serving_->url()).get("/").status, 200U);
  reload("");
  EXPECT_EQ(lines().size(), before + 1);
  EXPECT_NE(lines().back().find(" info ktgate serve: the configuration was reloaded"),
            std::string::npos);
}

TEST_F(JournalTest, IsConfiguredOrNot) {
  create("a", {"--suite", "ed25519"});
  configure("[journal]\nformat = \"xml\"\n");
  expect_failure(run({"check", path("ktgate.toml")}), 1, "check",
                 "journal.format has to be \"text\" or \"json\"");
  configure("[journal]\nanswers = \"on\"\n");
  expect_failure(run({"check", path("ktgate.toml")}), 1, "check",
                 "journal.answers has to be true or false");
}

}  // namespace
}  // namespace kt::gateway
