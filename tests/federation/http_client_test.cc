#include "federation/http_client.h"

#include <future>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/use_future.hpp>
#include <gtest/gtest.h>

#include "must.h"
#include "origin.h"
#include "scratch_directory.h"

namespace kt::federation {
namespace {

using std::chrono::milliseconds;

constexpr const char* kOk =
    "HTTP/1.1 200 OK\r\nContent-Type: Text/Plain; charset=utf-8\r\nContent-Length: 2\r\n\r\nhi";

std::string text_of(const Bytes& bytes) { return {bytes.begin(), bytes.end()}; }

class Client {
 public:
  explicit Client(Url url, HttpClientOptions options = {})
      : client_(must(HttpClient::create(context_.get_executor(), std::move(url), options))) {}

  Result<HttpResponse> send(HttpRequest request) {
    auto sent =
        boost::asio::co_spawn(context_, client_->send(std::move(request)), boost::asio::use_future);
    context_.restart();
    context_.run();
    return sent.get();
  }
  Result<HttpResponse> get(const std::string& target = "/") {
    HttpRequest request;
    request.target = target;
    return send(std::move(request));
  }
  // All of them at a time.
  std::vector<Result<HttpResponse>> get_all(const std::vector<std::string>& targets) {
    std::vector<std::future<Result<HttpResponse>>> sent;
    for (const std::string& target : targets) {
      HttpRequest request;
      request.target = target;
      sent.push_back(boost::asio::co_spawn(context_, client_->send(std::move(request)),
                                           boost::asio::use_future));
    }
    context_.restart();
    context_.run();
    std::vector<Result<HttpResponse>> responses;
    for (auto& each : sent) responses.push_back(each.get());
    return responses;
  }

 private:
  boost::asio::io_context context_;
  std::unique_ptr<HttpClient> client_;
};

HttpClientOptions hurried() {
  HttpClientOptions options;
  options.connect_timeout = milliseconds(100);
  options.total_timeout = milliseconds(200);
  return options;
}

void expect_error(const Result<HttpResponse>& response, Errc code, std::string_view about) {
  ASSERT_FALSE(response.has_value());
  EXPECT_EQ(response.error().code, code) << response.error().detail;
  EXPECT_NE(response.error().detail.find(about), std::string::npos) << response.error().detail;
}

TEST(HttpClient, GetsWhatTheOriginAnswers) {
  std::string request;
  Origin origin({[&](const LoopbackConnection& connection) {
    request = connection.read_until("\r\n\r\n");
    connection.write(kOk);
  }});
  Url url = origin.url();
  url.path = "/base";
  HttpRequest wanted;
  wanted.target = "/kt?start=1";
  wanted.accept = "text/plain";
  const HttpResponse response = must(Client(url).send(wanted));
  EXPECT_EQ(response.status, 200U);
  EXPECT_EQ(response.content_type, "text/plain");
  EXPECT_EQ(text_of(response.body), "hi");
  EXPECT_EQ(request.find("GET /base/kt?start=1 HTTP/1.1\r\n"), 0U) << request;
  EXPECT_NE(request.find("Host: " + url.authority() + "\r\n"), std::string::npos) << request;
  EXPECT_NE(request.find("Accept: text/plain\r\n"), std::string::npos) << request;
  EXPECT_EQ(request.find("Authorization"), std::string::npos) << request;
}

TEST(HttpClient, PostsABodyWithItsTypeAndTheToken) {
  std::string request;
  Origin origin({[&](const LoopbackConnection& connection) {
    request = connection.read_until("the body");
    connection.write("HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n");
  }});
  HttpRequest wanted;
  wanted.method = HttpMethod::post;
  wanted.target = "/";
  wanted.content_type = "text/plain";
  wanted.bearer_token = "secret";
  wanted.body = to_bytes(std::string_view("the body"));
  const HttpResponse response = must(Client(origin.url()).send(wanted));
  EXPECT_EQ(response.status, 503U);
  EXPECT_EQ(response.content_type, "");
  EXPECT_EQ(response.retry_after, std::chrono::seconds(7));
  EXPECT_NE(request.find("Content-Length: 8\r\n"), std::string::npos) << request;
  EXPECT_NE(request.find("Content-Type: text/plain\r\n"), std::string::npos) << request;
  EXPECT_NE(request.find("Authorization: Bearer secret\r\n"), std::string::npos) << request;
}

TEST(HttpClient, KeepsItsConnection) {
  Origin origin({[](const LoopbackConnection& connection) {
    for (int i = 0; i < 3; ++i) {
      static_cast<void>(connection.read_until("\r\n\r\n"));
      connection.write(kOk);
    }
  }});
  Client client(origin.url());
  for (int i = 0; i < 3; ++i) EXPECT_EQ(must(client.get()).status, 200U);
}

TEST(HttpClient, ARedirectIsAnAnswer) {
  Origin origin({answering(
      "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n")});
  EXPECT_EQ(must(Client(origin.url()).get()).status, 302U);
}

// Answers one request, and closes the connection when the next one has come.
Origin::Script answering_once() {
  return [](const LoopbackConnection& connection) {
    static_cast<void>(connection.read_until("\r\n\r\n"));
    connection.write(kOk);
    static_cast<void>(connection.read_until("\r\n\r\n"));
  };
}

HttpRequest post() {
  HttpRequest request;
  request.method = HttpMethod::post;
  request.target = "/";
  return request;
}

TEST(HttpClient, AGetIsRepeatedOnANewConnectionWhenTheKeptOneEnds) {
  Origin origin({answering_once(), answering(kOk)});
  Client client(origin.url());
  EXPECT_EQ(must(client.get()).status, 200U);
  EXPECT_EQ(must(client.get()).status, 200U);
}

TEST(HttpClient, APostIsNotRepeated) {
  Origin origin({answering_once()});
  Client client(origin.url());
  EXPECT_EQ(must(client.get()).status, 200U);
  expect_error(client.send(post()), Errc::unavailable, "connection");
}

TEST(HttpClient, APostThatChangesNothingIsRepeated) {
  Origin origin({answering(kOk), answering(kOk)});
  Client client(origin.url());
  EXPECT_EQ(must(client.get()).status, 200U);
  HttpRequest post;
  post.method = HttpMethod::post;
  post.target = "/";
  post.changes_nothing = true;
  EXPECT_EQ(must(client.send(post)).status, 200U);
}

TEST(HttpClient, AGetIsNotRepeatedForEver) {
  Origin origin({answering_once(), answering("")});
  Client client(origin.url());
  EXPECT_EQ(must(client.get()).status, 200U);
  expect_error(client.get(), Errc::unavailable, "connection");
}

// The origin has closed the first connection, or said something on it that nobody asked for, when
// the second one is made.
TEST(HttpClient, AConnectionThatEndedIsNotUsed) {
  for (const std::string_view unasked : {"", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"}) {
    const LoopbackListener listener;
    Client client({false, "127.0.0.1", listener.port(), ""});
    std::promise<void> done;
    std::thread origin([&] {
      const LoopbackConnection first = listener.accept();
      static_cast<void>(first.read_until("\r\n\r\n"));
      first.write(kOk);
      done.get_future().wait();
      first.write(unasked);
      first.end_writing();
    });
    EXPECT_EQ(must(client.get()).status, 200U);
    done.set_value();
    origin.join();
    std::thread second([&] { answering(kOk)(listener.accept()); });
    EXPECT_EQ(must(client.send(post())).status, 200U);
    second.join();
  }
}

TEST(HttpClient, AConnectionThatWasNotUsedForLongIsNotUsed) {
  HttpClientOptions options;
  options.idle_timeout = milliseconds(0);
  Origin origin({answering(kOk), answering(kOk)});
  Client client(origin.url(), options);
  EXPECT_EQ(must(client.get()).status, 200U);
  EXPECT_EQ(must(client.send(post())).status, 200U);
}

TEST(HttpClient, HasAsManyConnectionsAsItMayAndAQueue) {
  const LoopbackListener listener;
  HttpClientOptions options;
  options.connections = 2;
  options.waiting = 1;
  std::vector<std::string> asked;
  std::thread origin([&] {
    const auto ask = [&](const LoopbackConnection& connection) {
      asked.push_back(connection.read_until("\r\n\r\n").substr(0, 6));
    };
    const LoopbackConnection one = listener.accept();
    const LoopbackConnection other = listener.accept();
    ask(one);
    ask(other);
    // The third comes when one of the two has its answer, and on that connection.
    other.write(kOk);
    ask(other);
    other.write(kOk);
    one.write(kOk);
  });
  const auto responses =
      Client({false, "127.0.0.1", listener.port(), ""}, options).get_all({"/1", "/2", "/3", "/4"});
  origin.join();
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(must(responses.at(i)).status, 200U);
  expect_error(responses.at(3), Errc::unavailable, "too many");
  EXPECT_EQ(asked.at(2), "GET /3");
}

TEST(HttpClient, TheTimeInTheQueueCounts) {
  HttpClientOptions options = hurried();
  options.waiting = 2;
  Origin origin(
      {[](const LoopbackConnection& connection) { static_cast<void>(connection.read_all()); }});
  const auto begin = std::chrono::steady_clock::now();
  for (const auto& response : Client(origin.url(), options).get_all({"/1", "/2", "/3"}))
    expect_error(response, Errc::unavailable, "in time");
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
}

TEST(HttpClient, ARequestMayHaveLessTime) {
  Origin origin(
      {[](const LoopbackConnection& connection) { static_cast<void>(connection.read_all()); }});
  HttpRequest request = post();
  request.deadline = std::chrono::steady_clock::now() + milliseconds(50);
  expect_error(Client(origin.url()).send(request), Errc::unavailable, "in time");
}

TEST(HttpClient, RefusesWhatIsTooLarge) {
  HttpClientOptions options;
  options.response_limit = 10;
  options.header_limit = 100;
  for (const char* const answer :
       {"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello world",
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nb\r\nhello world\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\n\r\nhello world"}) {
    Origin origin({answering(answer)});
    expect_error(Client(origin.url(), options).get(), Errc::malformed, "larger");
  }
  Origin origin({answering("HTTP/1.1 200 OK\r\nA: " + std::string(100, 'a') + "\r\n\r\n")});
  expect_error(Client(origin.url(), options).get(), Errc::malformed, "larger");
}

TEST(HttpClient, RefusesWhatIsNotHttp) {
  for (const char* const answer :
       {"SSH-2.0-OpenSSH\r\n\r\n", "HTTP/1.1 2xx OK\r\n\r\n", "HTTP/9.9 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        "HTTP/1.1 200 OK\r\nNo colon\r\n\r\n"}) {
    Origin origin({answering(answer)});
    expect_error(Client(origin.url()).get(), Errc::malformed, "not HTTP");
  }
}

TEST(HttpClient, RefusesAnEncodingAndAnInterimAnswer) {
  Origin encoded(
      {answering("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\nhi")});
  expect_error(Client(encoded.url()).get(), Errc::malformed, "encoding");
  Origin interim({answering("HTTP/1.1 103 Early Hints\r\nContent-Length: 0\r\n\r\n")});
  expect_error(Client(interim.url()).get(), Errc::malformed, "last");
}

TEST(HttpClient, AnAnswerThatBreaksOffIsNone) {
  for (const char* const answer :
       {"", "HTTP/1.1 200", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhi"}) {
    Origin origin({answering(answer)});
    expect_error(Client(origin.url()).get(), Errc::unavailable, "connection");
  }
}

// Each hangs until the client has given up.
TEST(HttpClient, WaitsNoLongerThanItMay) {
  for (const char* const begun :
       {"", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi"}) {
    Origin origin({[begun](const LoopbackConnection& connection) {
      static_cast<void>(connection.read_until("\r\n\r\n"));
      connection.write(begun);
      static_cast<void>(connection.read_all());
    }});
    expect_error(Client(origin.url(), hurried()).get(), Errc::unavailable, "in time");
  }
}

TEST(HttpClient, ATlsHandshakeThatHangsIsGivenUp) {
  Origin origin(
      {[](const LoopbackConnection& connection) { static_cast<void>(connection.read_all()); }});
  Url url = origin.url();
  url.has_tls = true;
  expect_error(Client(url, hurried()).get(), Errc::unavailable, "in time");
}

// With what `find` gives for a name that the system does not know.
Result<HttpResponse> get_from(const Origin& origin, FindAddresses find) {
  Url url = origin.url();
  url.host = "kt.example.net";
  HttpClientOptions options = hurried();
  options.find_addresses = std::move(find);
  return Client(url, options).get();
}

TEST(HttpClient, ConnectsToTheAddressesThatItIsGiven) {
  std::string request;
  std::string asked;
  const Origin origin({[&](const LoopbackConnection& connection) {
    request = connection.read_until("\r\n\r\n");
    connection.write(
        "HTTP/1.1 200 OK\r\nDate: today\r\nCache-Control: max-age=5\r\n"
        "Content-Length: 0\r\n\r\n");
  }});
  using Addresses = std::vector<boost::asio::ip::address>;
  // Nobody is at the first one.
  const auto response = must(get_from(
      origin,
      [&](std::string host, auto /*deadline*/) -> boost::asio::awaitable<Result<Addresses>> {
        asked = std::move(host);
        Addresses addresses{boost::asio::ip::make_address("127.99.0.1"),
                            boost::asio::ip::make_address("127.0.0.1")};
        co_return addresses;
      }));
  EXPECT_EQ(asked, "kt.example.net");
  EXPECT_NE(request.find("Host: kt.example.net:"), std::string::npos) << request;
  EXPECT_EQ(response.date, "today");
  EXPECT_EQ(response.cache_control, "max-age=5");
}

TEST(HttpClient, WithoutAnAddressItDoesNotConnect) {
  using Addresses = std::vector<boost::asio::ip::address>;
  Origin origin({[](const LoopbackConnection&) {}});
  const auto refused =
      get_from(origin, [](std::string, auto) -> boost::asio::awaitable<Result<Addresses>> {
        co_return fail(Errc::rejected, "no address is permitted");
      });
  expect_error(refused, Errc::rejected, "permitted");
  const auto none =
      get_from(origin, [](std::string, auto) -> boost::asio::awaitable<Result<Addresses>> {
        co_return Addresses();
      });
  expect_error(none, Errc::unavailable, "reached");
  const LoopbackConnection last = LoopbackConnection::to(origin.url().port);
}

TEST(HttpClient, WhoIsNotThereIsUnavailable) {
  Url url;
  {
    const LoopbackListener gone;
    url = {false, "127.0.0.1", gone.port(), ""};
  }
  expect_error(Client(url).get(), Errc::unavailable, "reached");
  url.host = "no-such-host.invalid";
  expect_error(Client(url).get(), Errc::unavailable, "address");
}

TEST(HttpClient, AsksAtAUnixSocket) {
  using Protocol = boost::asio::local::stream_protocol;
  const ScratchDirectory directory;
  HttpClientOptions options;
  options.socket = directory.path() / "socket";
  const Url url{false, "localhost", 80, ""};
  expect_error(Client(url, options).get(), Errc::unavailable, "cannot be reached");
  boost::asio::io_context context;
  Protocol::acceptor acceptor(context, Protocol::endpoint(options.socket.string()));
  std::string request;
  std::thread origin([&] {
    const LoopbackConnection connection(acceptor.accept().release());
    request = connection.read_until("\r\n\r\n");
    connection.write(kOk);
  });
  const auto response = Client(url, options).get("/livez");
  origin.join();
  EXPECT_EQ(text_of(must(response).body), "hi");
  EXPECT_EQ(request.find("GET /livez HTTP/1.1\r\n"), 0U) << request;
  options.socket = "/" + std::string(107, 'a');
  const auto refused = HttpClient::create(context.get_executor(), url, options);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Errc::malformed);
}

TEST(HttpClient, AuthoritiesThatCannotBeReadAreRefused) {
  boost::asio::io_context context;
  HttpClientOptions options;
  options.authorities = "/no/such/file.pem";
  const auto client = HttpClient::create(context.get_executor(), Url{}, options);
  ASSERT_FALSE(client.has_value());
  EXPECT_EQ(client.error().code, Errc::unavailable);
}

}  // namespace
}  // namespace kt::federation
