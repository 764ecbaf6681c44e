// What the status page says, and how it is served. What it looks like:
// tests/gateway/status_page_browser_test.py.
#include "status_page.h"

#include <gtest/gtest.h>

#include "log_condition.h"
#include "names.h"
#include "serve_program.h"
#include "stated_log.h"

namespace kt::gateway {
namespace {

constexpr std::uint64_t kNow = 1'000'000'000;
constexpr std::uint64_t kHour = 3'600'000;

keytrans::LogConfiguration configuration_of(const std::string& directory) {
  return must(keytrans::LogConfiguration::create(must(keytrans::decode<keytrans::Configuration>(
      to_bytes(read_file(directory + "/configuration"))))));
}

class StatusPage : public LogProgram {
 protected:
  StatusPage() {
    create("own", {"--suite", "ed25519", "--max-behind", "1h"});
    const Outcome key = run({"auditor", "create", path("auditor"), "--suite", "ed25519"});
    create("audited", {"--suite", "ed25519", "--mode", "third-party-auditing", "--auditor-key",
                       key.out.substr(0, key.out.size() - 1), "--max-auditor-lag", "2h"});
    for (const char* const name : {"own", "audited"}) {
      auto log = std::make_unique<StatedLog>(configuration_of(path(name)));
      log->now_state.size = TreeSize{17};
      log->now_state.rightmost_timestamp = Timestamp{kNow - 1500};
      log->now_state.usage = {1000, 10'000};
      if (std::string_view(name) == "audited") {
        log->now_state.audited = TreeSize{16};
        log->now_state.audited_timestamp = Timestamp{kNow - 2000};
      }
      logs_.push_back(std::move(log));
    }
  }

  // A gateway with both logs, and a domain with the first.
  [[nodiscard]] std::string page(bool with_url = false, const WitnessedLogs& witnessed = {}) const {
    GatewayConfiguration configuration;
    DomainConfiguration domain;
    domain.name = domain_of("example.com");
    domain.logs = {"own"};
    if (with_url) domain.url = must(federation::parse_url("https://kt.example.com"));
    configuration.domains.push_back(domain);
    std::vector<HostedLog> hosted;
    hosted.push_back({"own", path("own"), {}, {}, logs_[0].get(), nullptr});
    hosted.push_back({"audited", path("audited"), {}, {}, logs_[1].get(), nullptr});
    const auto hosting = must(Hosting::create(configuration, std::move(hosted)));
    return status_page(*hosting, {}, Timestamp{kNow}, witnessed);
  }
  // The card with this id.
  [[nodiscard]] static std::string card(const std::string& page, const std::string& id) {
    const std::size_t start = page.find("<article id=\"" + id + "\"");
    if (start == std::string::npos) throw std::runtime_error("there is no " + id);
    return page.substr(start, page.find("</article>", start) - start);
  }
  log::LogState& own() { return logs_[0]->now_state; }
  log::LogState& audited() { return logs_[1]->now_state; }

  std::vector<std::unique_ptr<StatedLog>> logs_;
};

TEST_F(StatusPage, ShowsEachDomainAndEachLog) {
  const std::string html = page();
  EXPECT_NE(html.find("All is well."), std::string::npos) << html;
  const std::string domain = card(html, "domain-example.com");
  EXPECT_NE(domain.find("<a href=\"#log-own\">own</a>"), std::string::npos) << domain;
  EXPECT_NE(domain.find("not published here"), std::string::npos) << domain;
  const std::string log = card(html, "log-audited");
  for (const std::string& words :
       {logs_[1]->configuration().id().hex(), std::string("third-party-auditing"),
        std::string("<dd>17</dd>"), std::string("<dd>size 16</dd>"), std::string("works")})
    EXPECT_NE(log.find(words), std::string::npos) << words << " is not in " << log;
  EXPECT_EQ(card(html, "log-own").find("audited up to"), std::string::npos);
}

TEST_F(StatusPage, SaysInWordsWhatIsWrong) {
  const auto expect = [this](log::LogState& state, const log::LogState& bad, const char* id,
                             const char* words, const char* verdict) {
    const log::LogState good = state;
    state = bad;
    const std::string html = page();
    EXPECT_NE(card(html, id).find(words), std::string::npos) << words;
    EXPECT_NE(html.find(verdict), std::string::npos) << html;
    EXPECT_EQ(html.find("All is well."), std::string::npos);
    state = good;
  };
  log::LogState bad = own();
  bad.rightmost_timestamp = Timestamp{kNow - kHour - 1};
  expect(own(), bad, "log-own", "the newest entry is older than max_behind", "1 of 2 logs fails.");
  expect(own(), bad, "domain-example.com", "its log own fails", "class=\"verdict failing\"");
  bad.rightmost_timestamp = std::nullopt;
  expect(own(), bad, "log-own", "there is no entry yet", "1 of 2 logs fails.");
  bad.rightmost_timestamp = Timestamp{kNow - kHour * 6 / 10 - 1};
  expect(own(), bad, "log-own", "a new entry is overdue", "There is 1 warning.");
  bad = own();
  bad.usage = {8001, 10'000};
  expect(own(), bad, "log-own", "nearly full", "There is 1 warning.");
  bad.pruning_failed = "/secret/path";
  expect(own(), bad, "log-own", "could not be given up", "There are 2 warnings.");
  for (const auto& [trouble, words] :
       {std::pair(log::Trouble::storage, "the last write failed"),
        std::pair(log::Trouble::failed, "the last write failed"),
        std::pair(log::Trouble::clock_behind, "clock has stepped back"),
        std::pair(log::Trouble::clock_ahead, "clock has leapt ahead")}) {
    bad = own();
    bad.trouble = trouble;
    expect(own(), bad, "log-own", words, "class=\"verdict ");
  }
  bad = audited();
  bad.trouble = log::Trouble::auditor_lags;
  expect(audited(), bad, "log-audited", "the auditor is late", "There is 1 warning.");
  bad = audited();
  bad.audited = std::nullopt;
  expect(audited(), bad, "log-audited", "has not signed yet", "There is 1 warning.");
  bad = audited();
  bad.audited_timestamp = Timestamp{kNow - 1500 - kHour - 1};
  expect(audited(), bad, "log-audited", "far behind", "There is 1 warning.");
  EXPECT_NE(page(true).find("its directory document is not published yet"), std::string::npos);
}

TEST_F(StatusPage, SaysWhatWitnessesHaveFound) {
  const auto with = [](const LogId& id, WitnessAlarm alarm) {
    WitnessedLog log;
    log.domain = domain_of("example.net");
    log.alarm = alarm;
    return WitnessedLogs{{id, log}};
  };
  const LogId& mine = logs_[0]->configuration().id();
  EXPECT_NE(page(false, with(mine, WitnessAlarm::none)).find("All is well."), std::string::npos);
  for (const auto& [alarm, words, verdict] :
       {std::tuple(WitnessAlarm::forked, "it has signed two histories", "1 of 2 logs fails."),
        std::tuple(WitnessAlarm::different, "it has shown two histories", "1 of 2 logs fails."),
        std::tuple(WitnessAlarm::unverified, "does not verify", "There is 1 warning.")}) {
    const std::string html = page(false, with(mine, alarm));
    EXPECT_NE(card(html, "log-own").find(words), std::string::npos) << words;
    EXPECT_NE(html.find(verdict), std::string::npos) << html;
    EXPECT_EQ(html.find("Other domains"), std::string::npos);
  }
  const LogId other = log_of(7);
  for (const auto& [alarm, words] :
       {std::pair(WitnessAlarm::forked, other.hex()),
        std::pair(WitnessAlarm::different, std::string("one log has shown two histories")),
        std::pair(WitnessAlarm::unverified, std::string("one log shows newcomers what does"))}) {
    const std::string html = page(false, with(other, alarm));
    EXPECT_NE(card(html, "others").find(words), std::string::npos) << html;
    EXPECT_NE(html.find("There is 1 warning."), std::string::npos);
    EXPECT_EQ(html.find("example.net"), std::string::npos);
    // Which logs are looked at is nobody's business, unless there is proof.
    EXPECT_EQ(html.find(other.hex()) != std::string::npos, alarm == WitnessAlarm::forked);
  }
  EXPECT_EQ(page(false, with(other, WitnessAlarm::none)).find("Other domains"), std::string::npos);
}

TEST_F(StatusPage, HasNothingThatIsNotForEverybody) {
  own().pruning_failed = "/secret/path";
  own().trouble = log::Trouble::failed;
  const std::string html = page();
  for (const std::string& secret :
       {path("own"), std::string("/secret"), std::string("<script"), std::string("src="),
        std::string("http://"), std::string("https://"), std::string("url(")})
    EXPECT_EQ(html.find(secret), std::string::npos) << secret;
}

TEST_F(StatusPage, ItsHeadersLetItDoNothing) {
  const std::shared_ptr<const Hosting> hosting = must(Hosting::create({}, {}));
  const auto endpoint = status_endpoint(hosting, std::make_shared<const PublishedDirectories>(),
                                        nullptr, RequestHead{});
  ASSERT_TRUE(endpoint.has_value());
  boost::asio::io_context context;
  auto answer =
      boost::asio::co_spawn(context, endpoint->handle(Request{}), boost::asio::use_future);
  context.run();
  const Response response = answer.get();
  const std::map<std::string, std::string> headers(response.headers.begin(),
                                                   response.headers.end());
  const std::string& policy = headers.at("Content-Security-Policy");
  EXPECT_EQ(policy.find("default-src 'none'; style-src 'sha256-"), 0U) << policy;
  EXPECT_EQ(policy.find("unsafe"), std::string::npos) << policy;
  EXPECT_NE(policy.find("frame-ancestors 'none'"), std::string::npos) << policy;
  EXPECT_EQ(headers.at("X-Frame-Options"), "DENY");
  EXPECT_EQ(headers.at("Referrer-Policy"), "no-referrer");
}

TEST_F(StatusPage, IsServedToThoseWhoTakeHtml) {
  ASSERT_EQ(run({"init", "example.com", path("kt"), "--listen", "127.0.0.1:0"}).code, 0);
  Serving serving(path("kt/ktgate.toml"));
  Asker asker(serving.url());
  const auto answer = asker.get("/", "text/html");
  EXPECT_EQ(answer.status, 200U);
  EXPECT_EQ(answer.content_type, "text/html");
  EXPECT_NE(text_of(answer.body).find("<h3>example.com</h3>"), std::string::npos);
  EXPECT_EQ(asker.get("/", "*/*").status, 200U);
  EXPECT_EQ(asker.get("/", "application/vnd.ktgate.configuration").status, 406U);
  federation::HttpRequest post;
  post.method = federation::HttpMethod::post;
  post.target = "/";
  EXPECT_EQ(must(asker.send(post)).status, 405U);
}

}  // namespace
}  // namespace kt::gateway
