#include "http_server.h"

#include <atomic>
#include <future>
#include <optional>
#include <thread>

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <gtest/gtest.h>

#include "log_program.h"
#include "loopback.h"
#include "must.h"
#include "problem.h"
#include "prometheus_samples.h"
#include "routing/await.h"
#include "scratch_directory.h"

namespace kt::gateway {
namespace {

using std::chrono::milliseconds;

std::string text_of(const Bytes& bytes) { return {bytes.begin(), bytes.end()}; }

// Answers what came, and can be made to wait with it.
class Echo {
 public:
  tl::expected<Endpoint, Response> find(const RequestHead& head) {
    if (head.path == "/none") return tl::unexpected<Response>(problem_response(Problem::not_found));
    Endpoint endpoint;
    endpoint.name = "echo";
    endpoint.body_limit = 100;
    endpoint.handle = [this](Request request) { return answer(std::move(request)); };
    return endpoint;
  }

  // Requests to /wait are answered from now on.
  void go_on() {
    const std::lock_guard lock(mutex_);
    goes_on_ = true;
    for (const auto& done : waiting_) done(0);
    waiting_.clear();
  }
  void wait_for_waiting(std::size_t count) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (count_waiting() < count) {
      if (std::chrono::steady_clock::now() > deadline) throw std::runtime_error("nobody waits");
      std::this_thread::yield();
    }
  }

 private:
  boost::asio::awaitable<Response> answer(Request request) {
    if (request.head.path == "/wait") {
      auto start = [this](auto done) { wait(done); };
      co_await routing::await_callback<int>(std::move(start));
    }
    if (request.head.path == "/throw") throw std::runtime_error("a bug");
    Response response;
    response.content_type = "text/plain";
    response.body =
        to_bytes(request.head.path + "|" + request.head.query + "|" + request.head.content_type +
                 "|" + request.head.bearer_token.value_or("-") + "|" + text_of(request.body));
    if (request.head.path == "/large") response.body.resize(std::size_t{64} << 20);
    co_return response;
  }
  void wait(std::function<void(int)> done) {
    const std::lock_guard lock(mutex_);
    if (goes_on_) return done(0);
    waiting_.push_back(std::move(done));
  }
  std::size_t count_waiting() {
    const std::lock_guard lock(mutex_);
    return waiting_.size();
  }

  std::mutex mutex_;
  bool goes_on_ = false;
  std::vector<std::function<void(int)>> waiting_;
};

class HttpServerTest : public ::testing::Test {
 protected:
  void start(const LimitsConfiguration& limits = {}) {
    ListenConfiguration listen;
    listen.host = "127.0.0.1";
    listen.port = 0;
    LimitsConfiguration effective = limits;
    effective.threads = 2;
    server_ = must(HttpServer::start(listen, effective,
                                     [this](const RequestHead& head) { return echo_.find(head); }));
  }

  [[nodiscard]] LoopbackConnection connect() const {
    return LoopbackConnection::to(server_->port());
  }
  // What comes back for `request`, up to the end of the connection.
  std::string ask(const std::string& request) const {
    const LoopbackConnection connection = connect();
    connection.write(request);
    return connection.read_all();
  }
  // The answer is an error with `status`, and the last one.
  void expect_refusal(const std::string& request, int status) const {
    const std::string answer = ask(request);
    EXPECT_EQ(answer.find("HTTP/1.1 " + std::to_string(status) + " "), 0U) << request << "\n"
                                                                           << answer;
    EXPECT_NE(answer.find("Connection: close\r\n"), std::string::npos) << answer;
    EXPECT_NE(answer.find("application/problem+json"), std::string::npos) << answer;
    EXPECT_EQ(answer.find("HTTP/1.1", 1), std::string::npos) << request << "\n" << answer;
  }

  [[nodiscard]] Samples samples() const {
    PrometheusText text;
    server_->metrics().write(text);
    return PrometheusReader::read(text.take());
  }
  [[nodiscard]] double refused(const std::string& limit) const {
    return samples().at("ktgate_http_refused_total{limit=\"" + limit + "\"}");
  }

  Echo echo_;
  std::unique_ptr<HttpServer> server_;
};

std::string post(const std::string& body, const std::string& path = "/") {
  return "POST " + path + " HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::string get(const std::string& path) { return "GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n"; }

// The last answer there is to be on a connection.
std::string last(const std::string& path) {
  return "GET " + path + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
}

TEST_F(HttpServerTest, AnswersWithWhatTheEndpointGives) {
  start();
  const std::string answer =
      ask("POST /a/b?c=d HTTP/1.1\r\nHost: a\r\nContent-Type: Text/Plain ; charset=utf-8\r\n"
          "Authorization: bearer secret\r\nConnection: close\r\nContent-Length: 4\r\n\r\nbody");
  EXPECT_EQ(answer.find("HTTP/1.1 200 OK\r\n"), 0U) << answer;
  EXPECT_NE(answer.find("Content-Type: text/plain\r\n"), std::string::npos) << answer;
  EXPECT_NE(answer.find("Cache-Control: no-store\r\n"), std::string::npos) << answer;
  EXPECT_TRUE(answer.ends_with("\r\n\r\n/a/b|c=d|text/plain|secret|body")) << answer;
}

TEST_F(HttpServerTest, KeepsAConnectionForManyRequests) {
  start();
  const LoopbackConnection connection = connect();
  for (int i = 0; i < 3; ++i) {
    connection.write(post("request " + std::to_string(i)));
    EXPECT_NE(connection.read_until("request").find("|request"), std::string::npos);
  }
}

TEST_F(HttpServerTest, AnswersPipelinedRequestsInTheirOrder) {
  start();
  const std::string answers = ask(get("/1") + post("two", "/2") + get("/3") + last("/4"));
  std::size_t place = 0;
  for (const char* const mark : {"/1|", "/2|", "|two", "/3|", "/4|"}) {
    place = answers.find(mark, place);
    ASSERT_NE(place, std::string::npos) << mark << "\n" << answers;
  }
}

TEST_F(HttpServerTest, ARequestInSmallPiecesIsOne) {
  start();
  const LoopbackConnection connection = connect();
  for (const char c : post("piecemeal")) ASSERT_TRUE(connection.write({&c, 1}));
  EXPECT_NE(connection.read_until("|piecemeal").find("|piecemeal"), std::string::npos);
}

TEST_F(HttpServerTest, SaysThatABodyMayCome) {
  start();
  const LoopbackConnection connection = connect();
  connection.write(
      "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
  EXPECT_EQ(connection.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  connection.write("body");
  EXPECT_NE(connection.read_until("|body").find("|body"), std::string::npos);
}

TEST_F(HttpServerTest, AnswersHttp10AndCloses) {
  start();
  const std::string answer = ask("GET /old HTTP/1.0\r\n\r\n");
  EXPECT_EQ(answer.find("HTTP/1.0 200 OK\r\n"), 0U) << answer;
  EXPECT_NE(answer.find("/old|"), std::string::npos) << answer;
}

// Each is refused, and what follows it is not taken for another request.
TEST_F(HttpServerTest, RefusesWhatCouldBeReadInTwoWays) {
  start();
  const std::string smuggled = get("/smuggled");
  const std::string start = "POST / HTTP/1.1\r\nHost: a\r\n";
  for (const std::string& request :
       {start + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        start + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        start + "Content-Length: 5, 5\r\n\r\nhello", start + "Content-Length: +5\r\n\r\nhello",
        start + "Content-Length: 0x5\r\n\r\nhello", start + "Content-Length: -1\r\n\r\n",
        start + "Content-Length: 99999999999999999999\r\n\r\n",
        start + "Content-Length : 5\r\n\r\nhello",
        start + "X: a\r\n Content-Length: 5\r\n\r\nhello",
        start + "Content-Length: 5\n\r\n\r\nhello",
        std::string("GET / HTTP/1.1\nHost: a\n\n\r\n\r\n"),
        std::string("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"),
        std::string("GET / HTTP/1.1\r\n\r\n"), std::string("\r\n\r\n"),
        std::string("GET  / HTTP/1.1\r\nHost: a\r\n\r\n"), std::string("garbage\r\n\r\n"),
        std::string("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"),
        std::string("GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n"),
        std::string("GET / HTTP/x.y\r\nHost: a\r\n\r\n")})
    expect_refusal(request + smuggled, 400);
  expect_refusal(start + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n" + smuggled,
                 411);
  expect_refusal(start + "Transfer-Encoding: gzip, chunked\r\n\r\n" + smuggled, 411);
  expect_refusal(start + "\r\n" + smuggled, 411);
  expect_refusal("DELETE / HTTP/1.1\r\nHost: a\r\n\r\n" + smuggled, 405);
  expect_refusal("CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n" + smuggled, 405);
}

TEST_F(HttpServerTest, RefusesWhatIsTooLarge) {
  start();
  expect_refusal(post(std::string(101, 'a')), 413);
  expect_refusal("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10737418240\r\n\r\n", 413);
  expect_refusal("GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(9000, 'a') + "\r\n\r\n", 431);
  expect_refusal("GET /" + std::string(9000, 'a'), 431);
  expect_refusal(get("/none"), 404);
  expect_refusal(post("body", "/none"), 404);
}

TEST_F(HttpServerTest, WhoIsSlowIsGivenUp) {
  LimitsConfiguration limits;
  limits.header_timeout = limits.idle_timeout = limits.body_timeout = milliseconds(100);
  limits.body_floor = 1'000'000;
  start(limits);
  EXPECT_EQ(ask(""), "");
  EXPECT_EQ(ask("GET / HTTP/1.1\r\n"), "");
  EXPECT_EQ(ask("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf"), "");
  const LoopbackConnection idle = connect();
  idle.write(get("/first"));
  EXPECT_NE(idle.read_until("/first|||-|").find("/first"), std::string::npos);
  EXPECT_EQ(idle.read_all(), "");
}

TEST_F(HttpServerTest, ABodyThatBreaksOffIsRefused) {
  start();
  const LoopbackConnection connection = connect();
  connection.write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf");
  connection.end_writing();
  EXPECT_EQ(connection.read_all().find("HTTP/1.1 400 "), 0U);
}

TEST_F(HttpServerTest, WhatGoesWrongInAnEndpointEndsItsConnectionOnly) {
  start();
  EXPECT_EQ(ask(get("/throw")), "");
  EXPECT_NE(ask(last("/next")).find("/next|"), std::string::npos);
}

TEST_F(HttpServerTest, WhoDoesNotReadIsGivenUp) {
  LimitsConfiguration limits;
  limits.write_timeout = milliseconds(100);
  limits.drain_timeout = milliseconds(10'000);
  start(limits);
  const LoopbackConnection connection = connect();
  connection.write(get("/large"));
  EXPECT_NE(connection.read_some(), "");
  // It is drained when the connection has been given up.
  const auto begin = std::chrono::steady_clock::now();
  server_->drain();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(9));
}

TEST_F(HttpServerTest, NoMoreConnectionsThanItMay) {
  LimitsConfiguration limits;
  limits.connections = 2;
  start(limits);
  const LoopbackConnection one = connect();
  one.write(get("/wait"));
  const LoopbackConnection two = connect();
  two.write(get("/wait"));
  echo_.wait_for_waiting(2);
  EXPECT_EQ(ask(get("/third")), "");
  echo_.go_on();
  EXPECT_NE(one.read_until("/wait|").find("/wait|"), std::string::npos);
  EXPECT_NE(two.read_until("/wait|").find("/wait|"), std::string::npos);
}

TEST_F(HttpServerTest, DrainingAnswersWhatHasComeAndClosesTheRest) {
  start();
  const LoopbackConnection idle = connect();
  idle.write(get("/idle"));
  EXPECT_NE(idle.read_until("/idle|").find("/idle|"), std::string::npos);
  const LoopbackConnection busy = connect();
  busy.write(get("/wait"));
  echo_.wait_for_waiting(1);
  auto drained = std::async(std::launch::async, [this] { server_->drain(); });
  // Only what goes on is waited for.
  EXPECT_EQ(idle.read_all(), "");
  echo_.go_on();
  const std::string answer = busy.read_all();
  EXPECT_NE(answer.find("/wait|"), std::string::npos);
  EXPECT_NE(answer.find("Connection: close\r\n"), std::string::npos);
  drained.get();
  EXPECT_ANY_THROW(static_cast<void>(connect()));
}

TEST_F(HttpServerTest, DrainingDoesNotWaitForEver) {
  LimitsConfiguration limits;
  limits.drain_timeout = milliseconds(100);
  start(limits);
  const LoopbackConnection busy = connect();
  busy.write(get("/wait"));
  echo_.wait_for_waiting(1);
  server_->drain();
  // What is answered now is answered to nobody.
  echo_.go_on();
  server_.reset();
  EXPECT_EQ(busy.read_all(), "");
}

TEST_F(HttpServerTest, CountsWhatItAnswers) {
  start();
  for (int i = 0; i < 3; ++i) ask(last("/next"));
  ask(last("/none"));
  ask(post(std::string(101, 'a')));
  const auto requests = [&](const std::string& endpoint, const std::string& status) {
    return samples().at("ktgate_http_requests_total{endpoint=\"" + endpoint + "\",status=\"" +
                        status + "\"}");
  };
  EXPECT_EQ(requests("echo", "200"), 3);
  EXPECT_EQ(requests("echo", "413"), 1);
  EXPECT_EQ(requests("none", "404"), 1);
  EXPECT_EQ(samples().at("ktgate_http_connections_total"), 5);
  // Only what the endpoint was asked took time.
  EXPECT_EQ(samples().at("ktgate_http_request_duration_seconds_count{endpoint=\"echo\"}"), 3);
  wait_until([&] { return samples().at("ktgate_http_connections") == 0; }, "connections stay");
}

TEST_F(HttpServerTest, CountsWhatItRefusesByTheLimit) {
  LimitsConfiguration limits;
  limits.header_timeout = limits.body_timeout = limits.write_timeout = milliseconds(100);
  limits.body_floor = 1'000'000;
  start(limits);
  ask(post(std::string(101, 'a')));
  ask("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10737418240\r\n\r\n");
  ask("GET /" + std::string(9000, 'a'));
  EXPECT_EQ(refused("body_bytes"), 2);
  EXPECT_EQ(refused("header_bytes"), 1);
  // A client sees the end of its connection before that is counted.
  const LoopbackConnection unread = connect();
  unread.write(get("/large"));
  ask("");
  ask("GET / HTTP/1.1\r\n");
  ask("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf");
  wait_until([&] { return refused("header_timeout") == 2; }, "header_timeout is not counted");
  wait_until([&] { return refused("body_timeout") == 1; }, "body_timeout is not counted");
  wait_until([&] { return refused("write_timeout") == 1; }, "write_timeout is not counted");
  EXPECT_EQ(refused("connections"), 0);
  // Who is idle meets no limit.
  limits.connections = 1;
  limits.idle_timeout = milliseconds(100);
  start(limits);
  const LoopbackConnection idle = connect();
  idle.write(get("/first"));
  EXPECT_NE(idle.read_until("/first|||-|").find("/first"), std::string::npos);
  EXPECT_EQ(samples().at("ktgate_http_connections"), 1);
  EXPECT_EQ(ask(get("/second")), "");
  EXPECT_EQ(refused("connections"), 1);
  EXPECT_EQ(idle.read_all(), "");
  wait_until([&] { return samples().at("ktgate_http_connections") == 0; }, "connections stay");
  EXPECT_EQ(refused("header_timeout"), 0);
}

class UnixServer : public HttpServerTest {
 protected:
  void listen(const AdminConfiguration& admin) {
    auto server =
        HttpServer::start(admin, {}, [this](const RequestHead& head) { return echo_.find(head); });
    if (!server) throw std::runtime_error(server.error().detail);
    server_ = *std::move(server);
  }
  [[nodiscard]] AdminConfiguration admin() const {
    return {directory_.path() / "admin.socket", std::nullopt};
  }
  // What comes back for `request`, up to the end of the connection.
  [[nodiscard]] std::string ask_locally(const std::string& request) const {
    boost::asio::io_context context;
    using Protocol = boost::asio::local::stream_protocol;
    Protocol::socket socket(context);
    socket.connect(Protocol::endpoint(admin().socket.string()));
    const LoopbackConnection connection(socket.release());
    connection.write(request);
    return connection.read_all();
  }

 private:
  ScratchDirectory directory_;
};

TEST_F(UnixServer, AnswersItsOwnerAndReplacesWhatWasLeft) {
  for (int i = 0; i < 2; ++i) {
    listen(admin());
    EXPECT_EQ(server_->port(), 0);
    EXPECT_EQ(std::filesystem::status(admin().socket).permissions(),
              std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    EXPECT_NE(ask_locally(last("/a")).find("/a|"), std::string::npos);
    EXPECT_FALSE(server_->is_draining());
    server_->drain();
    EXPECT_TRUE(server_->is_draining());
    server_.reset();
    ASSERT_TRUE(std::filesystem::is_socket(admin().socket)) << "there is nothing to be replaced";
  }
}

TEST_F(UnixServer, LeavesASocketToWhoUsesIt) {
  listen(admin());
  const auto none = [](const RequestHead& /*head*/) {
    return tl::unexpected<Response>(problem_response(Problem::not_found));
  };
  const auto second = HttpServer::start(admin(), {}, none);
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, Errc::conflict);
  EXPECT_NE(ask_locally(last("/a")).find("/a|"), std::string::npos);
  AdminConfiguration nobodys{admin().socket.parent_path() / "other", "no-such-group"};
  EXPECT_EQ(HttpServer::start(nobodys, {}, none).error().code, Errc::not_found);
  nobodys.socket = "/no/such/directory/socket";
  EXPECT_EQ(HttpServer::start(nobodys, {}, none).error().code, Errc::unavailable);
}

TEST(HttpServer, AnAddressThatIsTakenIsRefused) {
  const LoopbackListener taken;
  ListenConfiguration listen;
  listen.host = "127.0.0.1";
  listen.port = taken.port();
  const auto server = HttpServer::start(listen, {}, [](const RequestHead& /*head*/) {
    return tl::unexpected<Response>(problem_response(Problem::not_found));
  });
  ASSERT_FALSE(server.has_value());
  EXPECT_EQ(server.error().code, Errc::unavailable);
}

}  // namespace
}  // namespace kt::gateway
