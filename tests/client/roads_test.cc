// `kt heads --compare`: what a log shows directly, and through a relay. On each road stands
// somebody who decides which gateway answers, so that a log can show two histories.
#include <algorithm>
#include <map>
#include <utility>

#include "client/compare.h"
#include "client/evidence.h"
#include "federation/final_head.h"
#include "kt_program.h"

namespace kt::client {
namespace {

constexpr std::string_view kKeysPath = "/.well-known/ohttp-gateway";
constexpr const char* kOhttp = "[ohttp]\nenabled = true\n";

class TwoRoads : public KtProgram {
 protected:
  void SetUp() override {
    // Entries become distinguished that are a second apart.
    for (const char* const log : {"log", "home"})
      create(log, {"--suite", "ed25519", "--reasonable-monitoring-window", "1s"});
    import("log", gateway::line_of(kAlice, 0, "first"));
    relay_.rewrite(relayed);
    begin();
    for (ManInTheMiddle* const road : {&direct_, &relay_}) road->ask(serving().url().port);
    for (const auto& [domain, road] :
         {std::pair("home.example", &relay_), std::pair("example.com", &direct_)}) {
      const Outcome trusted = kt({"trust", domain, "--url", road->url().text()});
      ASSERT_EQ(trusted.code, 0) << trusted.err;
    }
    gateway::write_file(path("token"), std::string(gateway::kWriterToken) + "\n");
    std::filesystem::permissions(path("token"), std::filesystem::perms(0600));
    ASSERT_EQ(kt({"home", "home.example"}).code, 0);
  }

  // The gateway of both domains, each at its road.
  void begin() {
    const auto domain = [](const char* name, const std::string& policy,
                           const ManInTheMiddle& road) {
      return std::string("[[domain]]\nname = \"") + name + "\"\nlabel_rule = \"bytes\"\n" + policy +
             "url = \"" + road.url().text() + "\"\n";
    };
    start("log", kOhttp,
          "[[log]]\ndirectory = \"home\"\nalias = \"home\"\n" + more_logs_ +
              domain("example.com", policy_, direct_) +
              domain("home.example", "policy = \"single\"\nlogs = [\"home\"]\n", relay_));
    for (const char* const line : {"document of example.com has epoch",
                                   "document of home.example has", "a new key for Oblivious HTTP"})
      gateway::wait_until([&] { return serving().err().find(line) != std::string::npos; }, line);
  }

  // The gateway of the home domain is asked in the place of the other one.
  static std::string relayed(std::string request) {
    for (const std::string_view target : {"/relay/example.com/keys", "/relay/example.com"}) {
      const std::size_t at = request.find(" " + std::string(target) + " ");
      if (at != std::string::npos) request.replace(at + 1, target.size(), kKeysPath);
    }
    return request;
  }

  // The first gateway's logs as they are now, which from here on grow on their own elsewhere.
  void fork() {
    ASSERT_EQ(serving().stop().code, 0);
    std::string text = gateway::read_file(path("log.toml"));
    for (const auto& [from, to] : {std::pair("log", "fork"), std::pair("home", "fork-home"),
                                   std::pair("log.state", "fork.state")}) {
      std::filesystem::copy(path(from), path(to), std::filesystem::copy_options::recursive);
      const std::string quoted = std::string("\"") + from + "\"";
      const std::string directory = "directory = " + quoted;
      const std::string state = "state = " + quoted;
      for (const std::string& key : {directory, state}) {
        if (const std::size_t at = text.find(key); at != std::string::npos)
          text.replace(at + key.size() - quoted.size(), quoted.size(),
                       std::string("\"") + to + "\"");
      }
    }
    gateway::write_file(path("fork.toml"), text);
    restart({false, "127.0.0.1", 0, ""});
    other_.emplace(path("fork.toml"));
    direct_.ask(serving().url().port);
  }
  // One entry more at each, of different labels.
  void grow_both() {
    grow();
    gateway::Asker writer(other_->url(), gateway::kWriterToken);
    const keytrans::UpdateRequest request{
        {},
        label_of("elsewhere" + std::to_string(grown_++) + "@example.com"),
        {},
        {keytrans::LabelValue{to_bytes("another key")}}};
    const auto answer =
        writer.post("/kt/v1/logs/main/update", "update-request", must(keytrans::encode(request)));
    ASSERT_EQ(answer.status, 200U) << gateway::text_of(answer.body);
  }

  static bool has_asked(const ManInTheMiddle& road, std::string_view what) {
    const auto exchanges = road.exchanges();
    return std::any_of(exchanges.begin(), exchanges.end(), [&](const Exchange& exchange) {
      return exchange.head.find(what) != std::string::npos;
    });
  }
  Outcome compare() const { return kt({"heads", "--compare", "example.com"}); }
  [[nodiscard]] Json compared(int code) const {
    return kt_json({"heads", "--compare", "example.com"}, code).at("logs").at(0);
  }

  // Once the gateway has published its keys for Oblivious HTTP again.
  void expect_agreement() const {
    Outcome outcome;
    gateway::wait_until(
        [&] {
          outcome = compare();
          return outcome.code != 4;
        },
        "one of the roads leads nowhere");
    EXPECT_EQ(outcome.code, 0) << outcome.out;
  }

  std::string policy_ = "policy = \"single\"\nlogs = [\"main\"]\n";
  std::string more_logs_;  // of the configuration
  ManInTheMiddle direct_;
  ManInTheMiddle relay_;
  std::optional<gateway::Serving> other_;
  int grown_ = 0;
};

TEST_F(TwoRoads, ThatShowOneHistoryAreConsistent) {
  const auto before = remembered();
  const Outcome outcome = compare();
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("consistent: both roads"), std::string::npos) << outcome.out;
  EXPECT_TRUE(has_asked(direct_, "POST /kt/v1/logs/main/distinguished"));
  EXPECT_TRUE(has_asked(relay_, "POST /relay/example.com "));
  EXPECT_FALSE(has_asked(relay_, "/logs/main/"));
  EXPECT_FALSE(has_asked(direct_, "Bearer"));
  const Json log = compared(0);
  EXPECT_EQ(log.at("consistent"), true);
  EXPECT_EQ(log.at("alias"), "main");
  EXPECT_TRUE(log.at("error").is_null());
  EXPECT_EQ(log.at("evidence").size(), 0U);
  EXPECT_EQ(log.at("direct").at("log_id"), log.at("anonymous").at("log_id"));
  // Newcomers' views are no part of what the user believes.
  EXPECT_EQ(remembered(), before);
  // The token is shown where it belongs.
  EXPECT_EQ(kt({"heads", "--compare", "example.com", "--token-file", path("token")}).code, 0);
  EXPECT_TRUE(has_asked(direct_, std::string("Bearer ") + gateway::kWriterToken));
  EXPECT_FALSE(has_asked(relay_, "Bearer"));
}

TEST_F(TwoRoads, ThatShowTwoHistoriesProveIt) {
  // What the user knows goes on in the one that is shown directly.
  ASSERT_EQ(kt({"lookup", kAlice, "--direct"}).code, 0);
  ASSERT_NO_FATAL_FAILURE(fork());
  relay_.ask(serving().url().port);
  expect_agreement();
  for (ManInTheMiddle* const road : {&direct_, &relay_}) road->ask(other_->url().port);
  expect_agreement();
  direct_.ask(serving().url().port);
  Json log;
  gateway::wait_until(
      [&] {
        grow_both();
        const Outcome outcome = kt({"heads", "--compare", "example.com", "--json"});
        EXPECT_TRUE(outcome.code == 0 || outcome.code == 6) << outcome.out << outcome.err;
        log = Json::parse(outcome.out).at("logs").at(0);
        // Not everything that is wrong can be proved.
        EXPECT_EQ(log.at("consistent"), outcome.code == 0);
        return !log.at("evidence").empty();
      },
      "nothing is proved");
  EXPECT_EQ(log.at("error").at("code"), "verification_failed");
  const Outcome checked =
      kt_without_state({"evidence", "check", log.at("evidence").at(0).get<std::string>()});
  EXPECT_EQ(checked.code, 0) << checked.err;
  EXPECT_NE(checked.out.find(log.at("log_id").get<std::string>()), std::string::npos);
  const Outcome outcome = compare();
  EXPECT_EQ(outcome.code, 6);
  EXPECT_NE(outcome.out.find("ALARM: log main: it has signed two histories"), std::string::npos)
      << outcome.out;
  // Both roads lead to the other history now, which is not the one that is known.
  direct_.ask(other_->url().port);
  EXPECT_EQ(compare().code, 6);
}

TEST_F(TwoRoads, NothingIsComparedWhenOneLeadsNowhere) {
  const auto expect = [this](int code, const std::string& about) {
    const Json log = compared(code);
    EXPECT_EQ(log.at("consistent"), code == 6 ? Json(false) : Json(nullptr)) << log;
    const std::string detail = log.at("error").at("detail");
    EXPECT_NE(detail.find(about), std::string::npos) << detail;
    const Outcome outcome = compare();
    EXPECT_EQ(outcome.code, code);
    EXPECT_EQ(outcome.out.find("consistent"), std::string::npos) << outcome.out;
    EXPECT_NE(outcome.out.find(code == 6 ? "ALARM" : "NOT compared"), std::string::npos);
  };
  const std::string end =
      "\r\nContent-Type: text/plain\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}";
  const auto answering = [&end](const char* status) {
    return [answer = std::string("HTTP/1.1 ") + status + end](const Exchange&) { return answer; };
  };
  const auto honest = [](const Exchange& exchange) { return exchange.answer; };
  relay_.meddle(answering("503 Any"));
  expect(4, "asked through the relay");
  relay_.meddle(answering("401 Any"));
  expect(5, "asked through the relay");
  relay_.meddle(answering("200 Any"));
  expect(6, "asked through the relay");
  relay_.meddle(honest);
  direct_.meddle(answering("503 Any"));
  expect(4, "asked directly");
  direct_.meddle(answering("200 Any"));
  expect(6, "asked directly");
  direct_.meddle(honest);
  EXPECT_EQ(compare().code, 0);
}

// A domain with two logs.
class TwoRoadsToTwoLogs : public TwoRoads {
 protected:
  void SetUp() override {
    create("second", {"--suite", "ed25519", "--reasonable-monitoring-window", "1s"});
    more_logs_ = "[[log]]\ndirectory = \"second\"\nalias = \"second\"\n";
    policy_ = "policy = \"sharded\"\nlogs = [\"main\", \"second\"]\n";
    TwoRoads::SetUp();
  }
  // What is said of each log.
  [[nodiscard]] std::map<std::string, Json> compared_logs(int code) const {
    std::map<std::string, Json> logs;
    const Json all = kt_json({"heads", "--compare", "example.com"}, code);
    for (const Json& log : all.at("logs")) logs.emplace(log.at("alias"), log);
    return logs;
  }
  // That others may have its keys, as its final head says which was found in another log.
  void note_compromised(const std::string& log_id) const {
    const Bytes log = *from_hex(log_id);
    const Bytes head = must(federation::FinalHead{TreeSize{7}, {}, true}.encode());
    Bytes known{1};                           // KnownFinalHead of docs/client.md: format
    known.insert(known.end(), 32, 9);         // successor
    known.insert(known.end(), {0, 0, 0, 0});  // version
    known.push_back(static_cast<std::uint8_t>(head.size()));
    known.insert(known.end(), head.begin(), head.end());
    known.push_back(1);  // followed
    const StateDirectory directory = must(StateDirectory::open(state()));
    ASSERT_TRUE(must(directory.write({{{"final-heads", log}, std::nullopt, known}})));
  }
};

// Nothing is said of a log that is not believed any more, and that is said.
TEST_F(TwoRoadsToTwoLogs, NameTheOneThatIsLeftOut) {
  auto logs = compared_logs(0);
  ASSERT_EQ(logs.size(), 2U);
  for (const auto& [alias, log] : logs) {
    EXPECT_EQ(log.at("consistent"), true) << log;
    EXPECT_EQ(log.at("left_out"), false) << log;
  }
  const std::string second = logs.at("second").at("log_id");
  const std::string main = logs.at("main").at("log_id");
  ASSERT_NO_FATAL_FAILURE(note_compromised(second));
  const std::size_t before = direct_.exchanges().size();
  logs = compared_logs(0);
  ASSERT_EQ(logs.size(), 2U);
  EXPECT_EQ(logs.at("main").at("consistent"), true);
  EXPECT_EQ(logs.at("second").at("left_out"), true);
  for (const char* const nothing : {"consistent", "direct", "anonymous", "error"})
    EXPECT_TRUE(logs.at("second").at(nothing).is_null()) << nothing;
  const Outcome outcome = compare();
  EXPECT_EQ(outcome.code, 0);
  EXPECT_NE(outcome.out.find("log          second ("), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("NOT compared: others may have its keys"), std::string::npos)
      << outcome.out;
  const auto exchanges = direct_.exchanges();
  EXPECT_TRUE(std::none_of(exchanges.begin() + static_cast<std::ptrdiff_t>(before), exchanges.end(),
                           [](const Exchange& exchange) {
                             return exchange.head.find("/logs/second/") != std::string::npos;
                           }));
  // With no other log nothing was compared.
  ASSERT_NO_FATAL_FAILURE(note_compromised(main));
  expect_error(compare(), 5, "no log that is to be asked");
}

TEST_F(TwoRoadsToTwoLogs, CompareOnlyWhatBothShow) {
  direct_.meddle([](const Exchange& exchange) {
    const bool is_second = exchange.head.find("/logs/second/") != std::string::npos;
    return is_second ? "HTTP/1.1 503 Any\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                     : exchange.answer;
  });
  const auto logs = compared_logs(4);
  ASSERT_EQ(logs.size(), 2U);
  EXPECT_EQ(logs.at("main").at("consistent"), true);
  EXPECT_TRUE(logs.at("second").at("consistent").is_null());
  EXPECT_FALSE(logs.at("second").at("anonymous").is_null()) << "it answers there";
  EXPECT_NE(logs.at("second").at("error").at("detail").get<std::string>().find("asked directly"),
            std::string::npos);
}

TEST_F(TwoRoads, SaysWhatIsMissing) {
  expect_error(kt({"heads", "--compare", "home.example"}), 5, "its own relay");
  expect_error(kt({"heads", "--compare", "example.net"}), 3, "not trusted");
  expect_error(kt({"heads", "--compare", "?"}), 2, "--compare");
  expect_error(kt({"heads", "--token-file", path("token")}), 2, "--token-file");
  expect_error(kt({"heads", "--compare", "example.com", "--token-file", path("none")}), 3,
               "--token-file");
  ASSERT_EQ(kt({"home", "--none"}).code, 0);
  expect_error(compare(), 5, "no relay to ask through");
}

}  // namespace
}  // namespace kt::client
