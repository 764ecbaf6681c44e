#include "admin_api.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <nlohmann/json.hpp>

#include "log_program.h"
#include "must.h"
#include "prometheus_samples.h"
#include "stated_log.h"

namespace kt::gateway {
namespace {

class StatedServer final : public HttpServer {
 public:
  bool draining = false;
  HttpMetrics counted;

  Result<void> reload(const ListenConfiguration& /*listen*/,
                      const LimitsConfiguration& /*limits*/) override {
    return {};
  }
  [[nodiscard]] std::uint16_t port() const override { return 0; }
  void drain() override { draining = true; }
  [[nodiscard]] bool is_draining() const override { return draining; }
  [[nodiscard]] const HttpMetrics& metrics() const override { return counted; }
};

// A log of its own, max_behind 1h, and one with an auditor, max_auditor_lag 2h.
class AdminApiTest : public LogProgram {
 protected:
  AdminApiTest() {
    create("own", {"--suite", "ed25519", "--max-behind", "1h"});
    const Outcome key = run({"auditor", "create", path("auditor"), "--suite", "ed25519"});
    create("audited", {"--suite", "ed25519", "--mode", "third-party-auditing", "--auditor-key",
                       key.out.substr(0, key.out.size() - 1), "--max-auditor-lag", "2h"});
    std::vector<HostedLog> hosted;
    for (const char* const name : {"own", "audited"}) {
      auto log = std::make_unique<StatedLog>(configuration(name));
      log->now_state.size = TreeSize{17};
      log->now_state.rightmost_timestamp = Timestamp{clock_.time.value() - 1500};
      hosted.push_back({name, path(name), std::nullopt, std::nullopt, log.get(), nullptr});
      stated_.push_back(std::move(log));
    }
    hosting_.emplace(must(Hosting::create(GatewayConfiguration{}, std::move(hosted))));
    api_.emplace(*hosting_, server_, clock_);
  }

  [[nodiscard]] keytrans::LogConfiguration configuration(const std::string& name) const {
    const std::string bytes = read_file(path(name + "/configuration"));
    return must(keytrans::LogConfiguration::create(
        must(keytrans::decode<keytrans::Configuration>(to_bytes(bytes)))));
  }
  [[nodiscard]] Response get(const std::string& path, Method method = Method::get) {
    RequestHead head;
    head.method = method;
    head.path = path;
    return send(std::move(head), "");
  }
  [[nodiscard]] Response post(const std::string& path, std::string_view body,
                              const std::string& type = "application/jsonl") {
    RequestHead head;
    head.method = Method::post;
    head.path = path;
    head.content_type = type;
    return send(std::move(head), body);
  }
  [[nodiscard]] Response send(RequestHead head, std::string_view body) {
    auto endpoint = api_->find(head);
    if (!endpoint) return endpoint.error();
    boost::asio::io_context context;
    Request request{std::move(head), to_bytes(body)};
    auto answer = boost::asio::co_spawn(context, endpoint->handle(std::move(request)),
                                        boost::asio::use_future);
    context.run();
    return answer.get();
  }
  // The code of the problem that is answered.
  static std::string code(const Response& response, unsigned status) {
    EXPECT_EQ(response.status, status);
    const std::string type = nlohmann::json::parse(response.body).at("type");
    return type.substr(std::string_view("urn:ktgate:error:").size());
  }
  [[nodiscard]] nlohmann::json ready(unsigned status) {
    const Response response = get("/readyz");
    EXPECT_EQ(response.status, status);
    EXPECT_EQ(response.content_type, "application/json");
    return nlohmann::json::parse(response.body);
  }
  // Of the one failure there is.
  void expect_unready(const std::string& check, const std::string& log) {
    const nlohmann::json json = ready(503);
    EXPECT_EQ(json.at("ready"), false);
    ASSERT_EQ(json.at("failures").size(), 1U) << json;
    EXPECT_EQ(json.at("failures")[0].at("check"), check);
    EXPECT_EQ(json.at("failures")[0].value("log", ""), log);
  }
  [[nodiscard]] Samples metrics() {
    const Response response = get("/metrics");
    EXPECT_EQ(response.status, 200U);
    EXPECT_EQ(response.content_type, "text/plain; version=0.0.4; charset=utf-8");
    return PrometheusReader::read({response.body.begin(), response.body.end()});
  }

  StatedClock clock_;
  StatedServer server_;
  std::vector<std::unique_ptr<StatedLog>> stated_;
  std::optional<Current<Hosting>> hosting_;
  std::optional<AdminApi> api_;
};

TEST_F(AdminApiTest, IsAliveWhateverTheLogsAre) {
  server_.draining = true;
  stated_[0]->now_state.trouble = log::Trouble::failed;
  EXPECT_EQ(get("/livez").status, 200U);
}

TEST_F(AdminApiTest, IsReadyUnlessACheckFails) {
  const nlohmann::json json = ready(200);
  EXPECT_EQ(json, (nlohmann::json{{"ready", true}, {"failures", nlohmann::json::array()}}));

  server_.draining = true;
  expect_unready("draining", "");
  server_.draining = false;

  for (const log::Trouble trouble : {log::Trouble::storage, log::Trouble::failed}) {
    stated_[1]->now_state.trouble = trouble;
    expect_unready("store", "audited");
  }
  // It answers as long as the head is fresh.
  for (const log::Trouble trouble :
       {log::Trouble::clock_behind, log::Trouble::clock_ahead, log::Trouble::auditor_lags}) {
    stated_[1]->now_state.trouble = trouble;
    EXPECT_EQ(ready(200).at("ready"), true);
  }

  constexpr std::uint64_t kHour = 3'600'000;
  stated_[0]->now_state.rightmost_timestamp = Timestamp{clock_.time.value() - kHour};
  EXPECT_EQ(ready(200).at("ready"), true);
  stated_[0]->now_state.rightmost_timestamp = Timestamp{clock_.time.value() - kHour - 1};
  expect_unready("head", "own");
  stated_[0]->now_state.rightmost_timestamp = std::nullopt;
  expect_unready("head", "own");

  server_.draining = true;
  EXPECT_EQ(ready(503).at("failures").size(), 2U);
}

TEST_F(AdminApiTest, MetricsSayHowTheLogsAre) {
  log::LogState& own = stated_[0]->now_state;
  own.waiting = 5;
  own.trouble = log::Trouble::clock_behind;
  own.usage = {1000, 4000};
  own.pruning_failed = "why";
  log::LogState& audited = stated_[1]->now_state;
  audited.rightmost_timestamp = Timestamp{clock_.time.value()};
  audited.audited = TreeSize{16};
  audited.audited_timestamp = Timestamp{clock_.time.value() - 2500};
  server_.counted.connection_began();
  const Samples samples = metrics();
  const auto of = [&](const std::string& name, const std::string& log) {
    return samples.at("ktgate_log_" + name + "{log=\"" + log + "\"}");
  };
  EXPECT_EQ(of("tree_size", "own"), 17);
  EXPECT_EQ(of("head_age_seconds", "own"), 1.5);
  EXPECT_EQ(of("head_age_seconds", "audited"), 0);
  EXPECT_EQ(of("max_behind_seconds", "own"), 3600);
  EXPECT_EQ(of("waiting_updates", "own"), 5);
  EXPECT_EQ(of("database_used_bytes", "own"), 1000);
  EXPECT_EQ(of("database_limit_bytes", "own"), 4000);
  EXPECT_EQ(of("audited_tree_size", "audited"), 16);
  EXPECT_EQ(of("auditor_lag_seconds", "audited"), 2.5);
  EXPECT_EQ(of("max_auditor_lag_seconds", "audited"), 7200);
  EXPECT_EQ(of("pruning_failed", "own"), 1);
  EXPECT_EQ(of("pruning_failed", "audited"), 0);
  EXPECT_EQ(samples.at("ktgate_log_trouble{log=\"own\",trouble=\"clock-behind\"}"), 1);
  EXPECT_EQ(samples.at("ktgate_log_trouble{log=\"own\",trouble=\"storage\"}"), 0);
  EXPECT_EQ(samples.at("ktgate_log_trouble{log=\"audited\",trouble=\"clock-behind\"}"), 0);
  EXPECT_EQ(samples.at("ktgate_http_connections"), 1);
  EXPECT_EQ(samples.at("ktgate_process_start_time_seconds"), 1'000'000);
  EXPECT_EQ(samples.at("ktgate_configuration_reload_failed"), 0);
  api_->note_reload(true);
  EXPECT_EQ(metrics().at("ktgate_configuration_reload_failed"), 1);
  // Nothing is said that is not known, or that there is not.
  EXPECT_FALSE(samples.contains("ktgate_log_audited_tree_size{log=\"own\"}"));
  EXPECT_FALSE(samples.contains("ktgate_log_max_auditor_lag_seconds{log=\"own\"}"));
  own.rightmost_timestamp = std::nullopt;
  EXPECT_FALSE(metrics().contains("ktgate_log_head_age_seconds{log=\"own\"}"));
}

// docs/operations.md has a line for each metric.
TEST_F(AdminApiTest, EveryMetricIsInTheManual) {
  const std::string manual = read_file(KTGATE_OPERATIONS_MANUAL);
  const Response response = get("/metrics");
  std::istringstream lines(std::string(response.body.begin(), response.body.end()));
  std::size_t count = 0;
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("# TYPE ")) continue;
    const std::string rest = line.substr(7);
    EXPECT_NE(manual.find("\n| `" + rest.substr(0, rest.find(' ')) + "`"), std::string::npos)
        << line;
    ++count;
  }
  EXPECT_GT(count, 10U);
}

TEST_F(AdminApiTest, ErasesLabelsOfTheLogThatIsNamed) {
  stated_[1]->erasure = std::uint64_t{3};
  const std::string id = configuration("audited").id().hex();
  for (const std::string& name : {std::string("audited"), id}) {
    stated_[1]->erased.clear();
    const Response response =
        post("/logs/" + name + "/erase", "\"alice@example.com\"\n{\"base64url\":\"_w\"}");
    EXPECT_EQ(response.status, 200U);
    EXPECT_EQ(nlohmann::json::parse(response.body), (nlohmann::json{{"labels", 2}, {"values", 3}}));
    const std::vector<Label> expected{must(Label::create(std::string_view("alice@example.com"))),
                                      must(Label::create(Bytes{0xff}))};
    EXPECT_EQ(stated_[1]->erased, expected);
    EXPECT_TRUE(stated_[0]->erased.empty());
  }
}

TEST_F(AdminApiTest, SaysWhyNothingIsErased) {
  const char* const label = "\"alice@example.com\"\n";
  EXPECT_EQ(code(post("/logs/other/erase", label), 404), "unknown-log");
  EXPECT_EQ(code(post("/logs/own/erase", label, "text/plain"), 415), "unsupported-media-type");
  EXPECT_EQ(code(get("/logs/own/erase"), 405), "method-not-allowed");
  for (const char* const path : {"/logs/own", "/logs/own/", "/logs/own/erase/", "/logs/"})
    EXPECT_EQ(code(post(path, label), 404), "not-found") << path;
  for (const char* const lines :
       {"alice\n", "\"a\"\n\n\"b\"\n", "\"a\"\n\"\"\n", "{\"label\":\"a\"}"})
    EXPECT_EQ(code(post("/logs/own/erase", lines), 400), "malformed") << lines;
  EXPECT_TRUE(stated_[0]->erased.empty());
  stated_[0]->erasure = fail(Errc::not_found, "a label is not in the log");
  EXPECT_EQ(code(post("/logs/own/erase", label), 404), "unknown-label");
  stated_[0]->erasure = fail(Errc::unavailable, "the disk");
  EXPECT_EQ(code(post("/logs/own/erase", label), 503), "upstream-unavailable");
}

TEST_F(AdminApiTest, ThereIsNothingElse) {
  for (const char* const path : {"/", "/livez/", "/metric", "/kt/v1/logs/own/configuration"})
    EXPECT_EQ(get(path).status, 404U) << path;
  const Response response = get("/metrics", Method::post);
  EXPECT_EQ(response.status, 405U);
  EXPECT_EQ(response.headers[0], (std::pair<std::string, std::string>("Allow", "GET")));
}

}  // namespace
}  // namespace kt::gateway
