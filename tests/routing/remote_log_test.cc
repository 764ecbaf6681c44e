#include "routing/remote_log.h"

#include <atomic>
#include <future>
#include <thread>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <gtest/gtest.h>

#include "federation/media_type.h"
#include "http_exchange.h"
#include "log_fixture.h"
#include "names.h"
#include "origin.h"
#include "routing/embedded_log.h"

namespace kt::routing {
namespace {

namespace asio = boost::asio;
using federation::media_type;
using federation::Origin;
using keytrans::ClientState;
using keytrans::SearchRequest;
using keytrans::UpdateRequest;
using keytrans::WireContext;
using std::chrono::milliseconds;

using Answering = std::function<std::string(const ReadRequest&)>;

// Answers what comes on one connection until it ends.
Origin::Script serving(Answering answer) {
  return [answer = std::move(answer)](const LoopbackConnection& connection) {
    for (auto request = read_request(connection); !request.head.empty();
         request = read_request(connection))
      connection.write(answer(request));
  };
}
Origin::Script always(std::string answer) {
  return serving([answer = std::move(answer)](const ReadRequest&) { return answer; });
}
void drop(const LoopbackConnection& connection) { static_cast<void>(read_request(connection)); }

std::string problem(unsigned status, const std::string& code) {
  return http_answer(status, "application/problem+json",
                     R"({"type":"urn:ktgate:error:)" + code +
                         R"(","title":"what it says","detail":"the other side's words"})");
}

class RemoteLogTest : public ::testing::Test {
 protected:
  RemoteLogTest() : thread_([this] { upstream_.run(); }) { fixture_.open(); }
  ~RemoteLogTest() override {
    log_.reset();
    work_.reset();
    thread_.join();
  }

  void connect(const Origin& origin, federation::HttpClientOptions http = {}) {
    RemoteLogOptions options{origin.url(), fixture_.log().configuration()};
    options.token = keytrans::SecretBytes::copy_of(to_bytes(std::string_view("the-token")));
    options.http = std::move(http);
    options.observe = [this](RemoteOutcome outcome, std::chrono::nanoseconds) {
      outcomes_.push_back(outcome);
    };
    log_ = must(RemoteLog::create(upstream_.get_executor(), std::move(options)));
  }
  Result<Bytes> ask(LogRequest request) { return must_be_one(ask_all({std::move(request)})); }
  // All at a time.
  std::vector<Result<Bytes>> ask_all(std::vector<LogRequest> requests) {
    std::vector<std::future<Result<Bytes>>> asked;
    for (LogRequest& request : requests)
      asked.push_back(asio::co_spawn(context_, log_->ask(std::move(request)), asio::use_future));
    context_.restart();
    context_.run();
    std::vector<Result<Bytes>> answers;
    for (auto& each : asked) answers.push_back(each.get());
    return answers;
  }
  static Result<Bytes> must_be_one(std::vector<Result<Bytes>> answers) {
    return std::move(answers.at(0));
  }

  // A gateway with the fixture's log.
  std::string answer_from_log(const ReadRequest& request) {
    const std::string path = "/kt/v1/logs/" + fixture_.log().configuration().id().hex() + "/";
    EXPECT_EQ(request.target().substr(0, path.size()), path);
    const std::string name = request.target().substr(path.size());
    const auto has = [&request](const std::string& line) {
      return request.head.find(line + "\r\n") != std::string::npos;
    };
    EXPECT_TRUE(has("Content-Type: " + media_type(name + "-request"))) << request.head;
    EXPECT_TRUE(has("Accept: " + media_type(name + "-response"))) << request.head;
    EXPECT_TRUE(has("Authorization: Bearer the-token")) << request.head;
    auto embedded = make_embedded(fixture_.log());
    auto answered =
        asio::co_spawn(log_context_, embedded->ask(decoded(name, request.body)), asio::use_future);
    log_context_.restart();
    log_context_.run();
    const Bytes body = must(answered.get());
    return http_answer(200, media_type(name + "-response"), {body.begin(), body.end()});
  }
  static LogRequest decoded(const std::string& name, const Bytes& body) {
    if (name == "search") return must(keytrans::decode<SearchRequest>(body));
    if (name == "contact-monitor")
      return must(keytrans::decode<keytrans::ContactMonitorRequest>(body));
    if (name == "owner-init") return must(keytrans::decode<keytrans::OwnerInitRequest>(body));
    if (name == "owner-monitor") return must(keytrans::decode<keytrans::OwnerMonitorRequest>(body));
    if (name == "distinguished")
      return must(keytrans::decode<keytrans::DistinguishedRequest>(body));
    EXPECT_EQ(name, "update");
    return must(keytrans::decode<UpdateRequest>(body));
  }

  template <class Response, class Request>
  auto verified(ClientState& user, const Request& request, bool version_requested = false) {
    const auto context = WireContext::of(user.configuration().wire(), version_requested);
    const auto response = must(keytrans::decode<Response>(must(ask(request)), context));
    return must(user.apply(must(user.verify(request, response, fixture_.clock.now()))));
  }

  // The response of the log itself to a search for alice, who is there.
  Bytes search_response(std::optional<Version> version = {}) {
    auto embedded = make_embedded(fixture_.log());
    asio::io_context context;
    auto answered = asio::co_spawn(context, embedded->ask(SearchRequest{{}, alice_, version}),
                                   asio::use_future);
    context.run();
    return must(answered.get());
  }
  void add_alice() {
    std::promise<void> done;
    must(fixture_.log().submit(UpdateRequest{{}, alice_, {}, {{{1}}}}, [&](const auto& answer) {
      EXPECT_TRUE(answer.has_value());
      done.set_value();
    }));
    done.get_future().wait();
  }

  asio::io_context context_;
  asio::io_context log_context_;  // of the log that a gateway has
  log::LogFixture fixture_;
  asio::io_context upstream_;
  asio::executor_work_guard<asio::io_context::executor_type> work_{upstream_.get_executor()};
  std::thread thread_;
  std::unique_ptr<RemoteLog> log_;
  std::vector<RemoteOutcome> outcomes_;
  const Label alice_ = label_of("alice@example.com");
};

TEST_F(RemoteLogTest, AnswersEveryRequestOfUsersWithTheLogsBytes) {
  Origin origin({serving([this](const ReadRequest& request) { return answer_from_log(request); })});
  connect(origin);
  ClientState owner = fixture_.newcomer();
  verified<keytrans::OwnerInitResponse>(owner, owner.owner_init_request(alice_, EntryIndex{0}));
  for (std::uint8_t i = 0; i < 4; ++i)
    EXPECT_TRUE(
        verified<keytrans::UpdateResponse>(owner, must(owner.update_request(alice_, {{Bytes{i}}})))
            .created);
  verified<keytrans::OwnerMonitorResponse>(owner, must(owner.owner_monitor_request(alice_)));
  ClientState contact = fixture_.newcomer();
  EXPECT_EQ(verified<keytrans::SearchResponse>(contact, contact.search_request(alice_)).value,
            Bytes{3});
  EXPECT_EQ(
      verified<keytrans::SearchResponse>(contact, contact.search_request(alice_, Version{1}), true)
          .value,
      Bytes{1});
  verified<keytrans::ContactMonitorResponse>(contact,
                                             must(contact.contact_monitor_request(alice_)));
  verified<keytrans::DistinguishedResponse>(contact, contact.distinguished_request());
  EXPECT_EQ(outcomes_, std::vector<RemoteOutcome>(10, RemoteOutcome::answered));
  EXPECT_FALSE(log_->state().is_ejected);
  EXPECT_EQ(log_->state().failure, "");
  log_.reset();  // ends the connection, which the origin waits for
}

struct Case {
  std::string answer;
  Errc code;
  RemoteOutcome outcome;
};

TEST_F(RemoteLogTest, WhatTheOtherGatewaySaysIsNotPassedOnButItsMeaningIs) {
  const std::vector<Case> cases{
      {problem(400, "malformed"), Errc::malformed, RemoteOutcome::refused},
      {problem(404, "unknown-label"), Errc::not_found, RemoteOutcome::refused},
      {problem(404, "unknown-version"), Errc::not_found, RemoteOutcome::refused},
      {problem(409, "stale-view"), Errc::conflict, RemoteOutcome::refused},
      {problem(409, "stale-version"), Errc::conflict, RemoteOutcome::refused},
      {problem(413, "content-too-large"), Errc::rejected, RemoteOutcome::refused},
      {problem(422, "rejected"), Errc::rejected, RemoteOutcome::refused},
      {problem(422, "reserved-value"), Errc::rejected, RemoteOutcome::refused},
      {problem(404, "unknown-log"), Errc::unavailable, RemoteOutcome::unavailable},
      {problem(401, "unauthenticated"), Errc::unavailable, RemoteOutcome::unavailable},
      {problem(403, "forbidden"), Errc::unavailable, RemoteOutcome::unavailable},
      {problem(429, "rate-limited"), Errc::unavailable, RemoteOutcome::unavailable},
      {problem(500, "internal"), Errc::unavailable, RemoteOutcome::unavailable},
      {problem(503, "draining"), Errc::unavailable, RemoteOutcome::unavailable},
      {http_answer(502, "text/html", "<p>"), Errc::unavailable, RemoteOutcome::unavailable},
      // A meaning that only the log's own gateway can give.
      {http_answer(404, "text/html", "not found"), Errc::corrupt, RemoteOutcome::invalid},
      {http_answer(409, "application/problem+json", "{}"), Errc::corrupt, RemoteOutcome::invalid},
      {http_answer(422, "application/problem+json", "["), Errc::corrupt, RemoteOutcome::invalid},
      {http_answer(404, "application/json", R"({"type":"urn:ktgate:error:unknown-label"})"),
       Errc::corrupt, RemoteOutcome::invalid},
      {http_answer(404, "application/problem+json", R"({"type":"about:blank"})"), Errc::corrupt,
       RemoteOutcome::invalid},
      {problem(404, "stale-view"), Errc::corrupt, RemoteOutcome::invalid},
      {problem(405, "method-not-allowed"), Errc::corrupt, RemoteOutcome::invalid},
      {problem(204, "malformed"), Errc::corrupt, RemoteOutcome::invalid},
      {"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
       Errc::corrupt, RemoteOutcome::invalid},
      {"SSH-2.0-OpenSSH\r\n\r\n", Errc::corrupt, RemoteOutcome::invalid},
      {"HTTP/1.1 200 OK\r\nContent-Length: 10737418240\r\n\r\n", Errc::corrupt,
       RemoteOutcome::invalid},
  };
  for (const Case& each : cases) {
    Origin origin({always(each.answer)});
    connect(origin);
    const auto answered = ask(SearchRequest{{}, alice_, {}});
    ASSERT_FALSE(answered.has_value()) << each.answer;
    EXPECT_EQ(answered.error().code, each.code) << each.answer;
    EXPECT_EQ(answered.error().detail.find("words"), std::string::npos);
    EXPECT_EQ(outcomes_.back(), each.outcome) << each.answer;
    EXPECT_EQ(log_->state().failure.empty(), each.outcome == RemoteOutcome::refused);
    EXPECT_EQ(log_->state().failure.find("words"), std::string::npos);
    log_.reset();
  }
}

TEST_F(RemoteLogTest, TakesNothingButTheResponse) {
  add_alice();
  const Bytes response = search_response();
  const std::string right{response.begin(), response.end()};
  const Bytes of_version = search_response(Version{0});
  const std::string type = media_type("search-response");
  const std::vector<std::string> answers{
      http_answer(200, type, ""),
      http_answer(200, type, right.substr(0, right.size() - 1)),
      http_answer(200, type, right + "x"),
      http_answer(200, type, {of_version.begin(), of_version.end()}),
      http_answer(200, media_type("distinguished-response"), right),
      http_answer(200, "application/octet-stream", right),
      http_answer(201, type, right),
  };
  for (const std::string& answer : answers) {
    Origin origin({always(answer)});
    connect(origin);
    const auto answered = ask(SearchRequest{{}, alice_, {}});
    ASSERT_FALSE(answered.has_value());
    EXPECT_EQ(answered.error().code, Errc::corrupt);
    log_.reset();
  }
  Origin origin({always(http_answer(200, type, right))});
  connect(origin);
  EXPECT_EQ(must(ask(SearchRequest{{}, alice_, {}})), response);
  log_.reset();
}

TEST_F(RemoteLogTest, ARequestThatCannotBeWrittenIsMalformed) {
  Origin origin({});
  connect(origin);
  const auto answered = ask(UpdateRequest{{}, alice_, {}, std::vector<keytrans::LabelValue>(256)});
  ASSERT_FALSE(answered.has_value());
  EXPECT_EQ(answered.error().code, Errc::malformed);
  EXPECT_TRUE(outcomes_.empty());
}

TEST_F(RemoteLogTest, AReadIsRepeatedOnceAndAnUpdateNever) {
  {
    Origin origin({drop, always(problem(404, "unknown-label"))});
    connect(origin);
    EXPECT_EQ(ask(SearchRequest{{}, alice_, {}}).error().code, Errc::not_found);
    log_.reset();
  }
  {
    Origin origin({drop, drop});
    connect(origin);
    EXPECT_EQ(ask(SearchRequest{{}, alice_, {}}).error().code, Errc::unavailable);
  }
  {
    Origin origin({drop});
    connect(origin);
    EXPECT_EQ(ask(UpdateRequest{{}, alice_, {}, {{{1}}}}).error().code, Errc::unavailable);
  }
  {
    // An answer that is none is not asked for again.
    Origin origin({always(http_answer(503, "text/plain", ""))});
    connect(origin);
    EXPECT_EQ(ask(SearchRequest{{}, alice_, {}}).error().code, Errc::unavailable);
    log_.reset();
  }
}

TEST_F(RemoteLogTest, ALogThatFailsIsLeftAloneAndComesBackByOneRequest) {
  std::atomic<int> asked = 0;
  std::atomic<bool> is_well = false;
  Origin origin({serving([&](const ReadRequest&) {
    ++asked;
    return is_well ? problem(404, "unknown-label") : problem(503, "upstream-unavailable");
  })});
  connect(origin);
  const SearchRequest search{{}, alice_, {}};
  // Those about updates say nothing about the log.
  for (int i = 0; i < 8; ++i)
    EXPECT_EQ(ask(UpdateRequest{{}, alice_, {}, {{{1}}}}).error().code, Errc::unavailable);
  EXPECT_FALSE(log_->state().is_ejected);
  asked = 0;
  for (int i = 0; i < 8; ++i) EXPECT_EQ(ask(search).error().code, Errc::unavailable);
  EXPECT_EQ(asked, 5);
  EXPECT_EQ(outcomes_.back(), RemoteOutcome::held_back);
  EXPECT_TRUE(log_->state().is_ejected);
  EXPECT_GT(log_->state().left, milliseconds(0));
  EXPECT_LE(log_->state().left, milliseconds(1'250));
  EXPECT_NE(log_->state().failure.find("503"), std::string::npos);
  is_well = true;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (ask(search).error().code == Errc::unavailable)
    ASSERT_LT(std::chrono::steady_clock::now(), deadline);
  EXPECT_EQ(asked, 6);
  EXPECT_FALSE(log_->state().is_ejected);
  EXPECT_EQ(log_->state().left, milliseconds(0));
  EXPECT_EQ(log_->state().failure, "");
  log_.reset();
}

TEST_F(RemoteLogTest, TakesNoMoreRequestsThanItMayAndWaitsNoLonger) {
  Origin origin(
      {[](const LoopbackConnection& connection) { static_cast<void>(connection.read_all()); }});
  federation::HttpClientOptions http;
  http.total_timeout = milliseconds(200);
  http.waiting = 1;
  connect(origin, http);
  const SearchRequest search{{}, alice_, {}};
  for (const auto& answered : ask_all({search, search, search, search}))
    EXPECT_EQ(answered.error().code, Errc::unavailable);
  EXPECT_EQ(outcomes_, (std::vector{RemoteOutcome::held_back, RemoteOutcome::held_back,
                                    RemoteOutcome::unavailable, RemoteOutcome::unavailable}));
}

TEST_F(RemoteLogTest, WhatWaitsWhenItIsClosedIsAnswered) {
  std::promise<void> asked;
  Origin origin({[&](const LoopbackConnection& connection) {
    static_cast<void>(read_request(connection));
    asked.set_value();
    static_cast<void>(connection.read_all());
  }});
  federation::HttpClientOptions http;
  http.total_timeout = milliseconds(1'000);
  connect(origin, http);
  std::thread closing([&] {
    asked.get_future().wait();
    log_->close();
  });
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(ask(SearchRequest{{}, alice_, {}}).error().code, Errc::unavailable);
    EXPECT_EQ(log_->state().failure, "the client is closed");
  }
  closing.join();
}

}  // namespace
}  // namespace kt::routing
