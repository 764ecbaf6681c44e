// Rules that leave it to somebody else who may: a gateway with an authoriser, which decides, or is
// wrong in every way.
#include "authoriser.h"

#include <future>
#include <mutex>
#include <sys/un.h>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "federation/routed_messages.h"
#include "http_exchange.h"
#include "names.h"
#include "origin.h"
#include "prometheus_samples.h"
#include "serve_program.h"

namespace kt::gateway {
namespace {

using federation::Hostile;
using federation::HttpResponse;
using federation::Origin;
using nlohmann::json;
using std::chrono::steady_clock;

constexpr const char* kAllow = R"({"decision":"allow"})";
constexpr const char* kDeny = R"({"decision":"deny","reason":"a stranger"})";
constexpr const char* kUnavailable = "503:authoriser-unavailable";

std::string decision(const std::string& body) {
  return http_answer(200, "application/json; charset=utf-8", body);
}

// The code of a problem, or "ok".
std::string code(const HttpResponse& response) {
  if (response.status == 200) return "ok";
  EXPECT_EQ(response.content_type, "application/problem+json");
  const std::string type = json::parse(response.body).at("type");
  return std::to_string(response.status) + type.substr(std::string_view("urn:ktgate:error").size());
}

TEST(Authoriser, IsAskedInJson) {
  Caller caller;
  caller.principal = "reader";
  caller.hosts = {"service.example.com"};
  caller.identities = {"alice@example.com"};
  const auto question = [&caller](const LabelOwner& owner, std::string_view label) {
    return json::parse(
        must(authoriser_question(AccessOperation::monitor, owner, label_of(label), caller)));
  };
  EXPECT_EQ(question({domain_of("example.com"), true}, "bob@example.com"),
            json::parse(R"({"operation":"monitor","domain":"example.com",
                            "identity":"bob@example.com","label":"Ym9iQGV4YW1wbGUuY29t",
                            "caller":{"principal":"reader","hosts":["service.example.com"],
                                      "identities":["alice@example.com"],"token":null}})"));
  caller = {};
  caller.unknown_token = "a~token";
  const json of_nobody = question({}, "\xff\xfe");
  EXPECT_EQ(of_nobody.at("domain"), json());
  EXPECT_EQ(of_nobody.at("identity"), json());
  EXPECT_EQ(of_nobody.at("label"), "__4");
  EXPECT_EQ(of_nobody.at("caller"),
            json::parse(R"({"principal":null,"hosts":[],"identities":[],"token":"a~token"})"));
  // What is spelled otherwise is of the domain, and is no identity.
  EXPECT_EQ(question({domain_of("example.com"), false}, "BOB@example.com").at("identity"), json());
  for (const char* const token : {"a b", "a\x01", "a\xc3\xa4"}) {
    caller.unknown_token = token;
    const auto refused = authoriser_question(AccessOperation::search, {}, label_of("a"), caller);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::rejected);
  }
}

TEST(Authoriser, AllowsByOneAnswerAlone) {
  HttpResponse response;
  response.status = 200;
  response.content_type = "application/json";
  const auto decide = [&](const std::string& body) {
    response.body = to_bytes(body);
    return read_decision(response);
  };
  EXPECT_EQ(decide(kAllow), true);
  EXPECT_EQ(decide(R"({"note":["a",1],"decision":"allow"})"), true);
  EXPECT_EQ(decide(kDeny), false);
  for (const char* const body :
       {"", "allow", "{}", "[]", "null", R"("allow")", R"(["allow"])", R"({"decision":true})",
        R"({"decision":"ALLOW"})", R"({"decision":"allow "})", R"({"decision":["allow"]})",
        R"({"decision":"deny","decision":"allow"})", R"({"decision":"allow"}x)",
        R"({"decision":"allow")", R"({"Decision":"allow"})",
        "{\"decision\":\"allow\",\"a\":\"\xff\"}"}) {
    const auto answer = decide(body);
    ASSERT_FALSE(answer) << body;
    EXPECT_EQ(answer.error(), (Error{Errc::malformed, "it answers with what is no decision"}));
  }
  for (const unsigned status : {201U, 204U, 302U, 401U, 403U, 500U}) {
    response.status = status;
    EXPECT_FALSE(decide(kAllow)) << status;
  }
  response.status = 200;
  response.content_type = "text/html";
  EXPECT_FALSE(decide(kAllow));
}

// A gateway for example.com whose rules are the authoriser's.
class AuthoriserTest : public LogProgram {
 protected:
  void SetUp() override { create("a", {"--suite", "ed25519"}); }

  void configure(const std::string& authoriser) const {
    write_file(path("ktgate.toml"),
               "[listen]\naddress = \"127.0.0.1:0\"\n[admin]\nsocket = \"admin.socket\"\n"
               "[limits]\ndrain_delay = \"0s\"\ndrain_timeout = \"1s\"\nrequests_per_second = 0\n" +
                   principal("writer", kWriterToken) + principal("reader", "readers-token") +
                   "[authoriser]\n" + authoriser +
                   "[[log]]\ndirectory = \"a\"\nalias = \"a\"\nwriter = \"writer\"\n"
                   "[[domain]]\nname = \"example.com\"\nlabel_rule = \"ascii-lower\"\n"
                   "policy = \"single\"\nlogs = [\"a\"]\n[domain.access]\n"
                   "search = \"authoriser\"\nupdate = \"authoriser\"\nmonitor = \"authoriser\"\n");
  }
  static std::string at(const Hostile& authoriser, const std::string& more = "") {
    return "url = \"http://127.0.0.1:" + std::to_string(authoriser.port()) + "/may\"\n" + more;
  }
  void start(const std::string& authoriser) {
    configure(authoriser);
    serving_.emplace(path("ktgate.toml"));
  }
  // Says `answer` to whatever it is asked, and keeps that.
  [[nodiscard]] Origin::Script saying(std::string answer) {
    return [this, answer = std::move(answer)](const LoopbackConnection& connection) {
      ReadRequest request = read_request(connection);
      {
        const std::lock_guard lock(mutex_);
        asked_.push_back(std::move(request));
      }
      connection.write(answer);
    };
  }
  // What it was asked since the last time.
  [[nodiscard]] std::vector<ReadRequest> asked() {
    const std::lock_guard lock(mutex_);
    return std::exchange(asked_, {});
  }
  [[nodiscard]] json last_question() {
    const auto all = asked();
    return all.size() == 1 ? json::parse(all.at(0).body) : json(all.size());
  }

  [[nodiscard]] HttpResponse look_up(const std::string& token,
                                     const std::string& label = "alice@example.com") const {
    return Asker(serving_->url(), token)
        .post("/kt/v1/lookup", "lookup-request",
              must(encode(federation::LookupRequest{label_of(label), {}})));
  }
  [[nodiscard]] HttpResponse search(const std::string& token, const std::string& label) const {
    return Asker(serving_->url(), token)
        .post("/kt/v1/logs/a/search", "search-request",
              must(keytrans::encode(keytrans::SearchRequest{{}, label_of(label), {}})));
  }
  [[nodiscard]] HttpResponse update(const std::string& token, const std::string& label) const {
    keytrans::UpdateRequest request;
    request.label = label_of(label);
    request.values = {{to_bytes("key")}};
    return Asker(serving_->url(), token)
        .post("/kt/v1/logs/a/update", "update-request", must(keytrans::encode(request)));
  }
  [[nodiscard]] HttpResponse own(const std::string& token, const std::string& label) const {
    keytrans::OwnerInitRequest request;
    request.label = label_of(label);
    return Asker(serving_->url(), token)
        .post("/kt/v1/logs/a/owner-init", "owner-init-request", must(keytrans::encode(request)));
  }
  [[nodiscard]] Samples metrics() const {
    federation::HttpClientOptions options;
    options.socket = path("admin.socket");
    return PrometheusReader::read(
        text_of(Asker({false, "localhost", 80, ""}, "", options).get("/metrics").body));
  }
  [[nodiscard]] double outcomes(const std::string& outcome) const {
    return metrics().at("ktgate_authoriser_requests_total{outcome=\"" + outcome + "\"}");
  }

  std::mutex mutex_;
  std::vector<ReadRequest> asked_;
  std::optional<Serving> serving_;
};

TEST_F(AuthoriserTest, AllowsWhatItIsAsked) {
  const Hostile authoriser(saying(decision(kAllow)));
  start(at(authoriser));
  // The writer of the log needs nobody's leave.
  EXPECT_EQ(code(update(kWriterToken, "alice@example.com")), "ok");
  EXPECT_TRUE(asked().empty());

  EXPECT_EQ(code(look_up("")), "ok");
  const auto first = asked();
  ASSERT_EQ(first.size(), 1U);
  EXPECT_EQ(first[0].head.substr(0, first[0].head.find("\r\n")), "POST /may HTTP/1.1");
  EXPECT_NE(first[0].head.find("Content-Type: application/json\r\n"), std::string::npos);
  EXPECT_EQ(first[0].head.find("Authorization"), std::string::npos);
  EXPECT_EQ(json::parse(first[0].body), json::parse(R"({"operation":"search","domain":"example.com",
                            "identity":"alice@example.com","label":"YWxpY2VAZXhhbXBsZS5jb20",
                            "caller":{"principal":null,"hosts":[],"identities":[],
                                      "token":null}})"));

  EXPECT_EQ(code(own("readers-token", "bob@example.com")), "ok");
  const json owning = last_question();
  EXPECT_EQ(owning.at("operation"), "monitor");
  EXPECT_EQ(owning.at("identity"), "bob@example.com");
  EXPECT_EQ(owning.at("caller").at("principal"), "reader");
  EXPECT_EQ(owning.at("caller").at("token"), json());

  // A token that is no principal's is for the authoriser to judge.
  EXPECT_EQ(code(update("carols-session", "carol@example.com")), "ok");
  const json updating = last_question();
  EXPECT_EQ(updating.at("operation"), "update");
  EXPECT_EQ(updating.at("caller").at("principal"), json());
  EXPECT_EQ(updating.at("caller").at("token"), "carols-session");

  EXPECT_EQ(code(search("", "nobodys")), "404:unknown-label");
  const json of_nobody = last_question();
  EXPECT_EQ(of_nobody.at("domain"), json());
  EXPECT_EQ(of_nobody.at("label"), "bm9ib2R5cw");
  EXPECT_EQ(outcomes("allowed"), 4);
  EXPECT_EQ(metrics().at("ktgate_authoriser_request_duration_seconds_count"), 4);
}

TEST_F(AuthoriserTest, DeniesWhatItIsAsked) {
  const Hostile authoriser(saying(decision(kDeny)));
  start(at(authoriser));
  EXPECT_EQ(code(update(kWriterToken, "alice@example.com")), "ok");
  EXPECT_EQ(code(look_up("readers-token")), "403:forbidden");
  EXPECT_EQ(code(look_up("nobodys-token")), "403:forbidden");
  EXPECT_EQ(code(look_up("")), "401:unauthenticated");
  EXPECT_EQ(code(search("readers-token", "alice@example.com")), "403:forbidden");
  EXPECT_EQ(code(own("readers-token", "alice@example.com")), "403:forbidden");
  EXPECT_EQ(code(update("nobodys-token", "alice@example.com")), "403:forbidden");
  EXPECT_EQ(outcomes("denied"), 6);
  EXPECT_EQ(outcomes("failed"), 0);
  static_cast<void>(asked());
  // Who shows nothing updates nothing, and nobody is asked about that; nor about what is there for
  // everybody.
  EXPECT_EQ(code(update("", "alice@example.com")), "401:unauthenticated");
  EXPECT_EQ(code(own("", "kt:directory")), "ok");
  EXPECT_TRUE(asked().empty());
  EXPECT_EQ(json::parse(look_up("readers-token").body).contains("detail"), false)
      << "what the authoriser says besides is for nobody";
}

TEST_F(AuthoriserTest, KnowsTheGatewayByItsToken) {
  const Hostile authoriser(saying(decision(kAllow)));
  write_file(path("a.token"), "the-gateways-token\n");
  std::filesystem::permissions(path("a.token"), std::filesystem::perms::owner_read);
  start(at(authoriser, "token_file = \"a.token\"\n"));
  EXPECT_EQ(code(look_up("")), "404:unknown-label");
  const auto all = asked();
  ASSERT_EQ(all.size(), 1U);
  EXPECT_NE(all[0].head.find("Authorization: Bearer the-gateways-token\r\n"), std::string::npos);
}

// Whatever it does, nobody is let in, everybody gets an answer soon, and nothing of the request is
// printed.
TEST_F(AuthoriserTest, IsClosedWhenItFails) {
  const auto hang = [](const LoopbackConnection& connection) {
    static_cast<void>(read_request(connection));
    static_cast<void>(connection.read_all());
  };
  const auto hang_at_once = [](const LoopbackConnection& connection) {
    static_cast<void>(connection.read_all());
  };
  const auto close_at_once = [](const LoopbackConnection& /*connection*/) {};
  const auto large = [](const LoopbackConnection& connection) {
    static_cast<void>(read_request(connection));
    connection.write(decision(std::string(10 << 20, ' ') + kAllow));
  };
  const auto endless = [](const LoopbackConnection& connection) {
    static_cast<void>(read_request(connection));
    bool goes_on = connection.write("HTTP/1.1 200 OK\r\n\r\n");
    while (goes_on) goes_on = connection.write(std::string(65536, ' '));
  };
  // Byte by byte, and never done.
  const auto slow = [](const LoopbackConnection& connection) {
    static_cast<void>(read_request(connection));
    const std::string whole = decision(std::string(10'000, ' ') + kAllow);
    for (const char c : whole) {
      if (!connection.write(std::string(1, c))) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  };
  const std::vector<std::pair<std::string, Origin::Script>> all{
      {"hangs", hang},
      {"takes nothing", hang_at_once},
      {"closes", close_at_once},
      {"is large", large},
      {"is endless", endless},
      {"is slow", slow},
      {"is no HTTP", saying("allow")},
      {"is garbage", saying(std::string("\x16\x03\x01\x00\xa5\x01\r\n\r\n", 10))},
      {"truncates", saying("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                           "Content-Length: 99\r\n\r\n{\"decision\":\"allow\"}")},
      {"says something else", saying(decision("allow"))},
      {"does not know us", saying(http_answer(401, "application/json", kDeny))},
      {"redirects",
       saying("HTTP/1.1 307 Go\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n")},
      {"fails", saying(http_answer(500, "application/json", kAllow))}};
  double failed = 0;
  const auto expect_closed = [&](const std::string& name) {
    for (const char* const token : {"", "readers-token", "a-secret-session"}) {
      const auto begin = steady_clock::now();
      const auto answer = look_up(token, "dave@example.com");
      EXPECT_LT(steady_clock::now() - begin, std::chrono::seconds(5)) << name;
      EXPECT_EQ(code(answer), kUnavailable) << name;
      EXPECT_TRUE(answer.retry_after) << name;
      EXPECT_EQ(outcomes("failed"), ++failed) << name;
    }
    EXPECT_EQ(outcomes("allowed"), 0) << name;
  };
  // Where nobody listens.
  start("url = \"http://127.0.0.1:1\"\ntimeout = \"300ms\"\n");
  expect_closed("is not there");
  for (const auto& [name, script] : all) {
    const Hostile authoriser(script);
    configure(at(authoriser, "timeout = \"300ms\"\n"));
    EXPECT_NE(serving_->reload().find("the configuration was reloaded"), std::string::npos);
    expect_closed(name);
    // Who needs no leave does not wait for it.
    EXPECT_EQ(code(update(kWriterToken, "label " + name)), "ok") << name;
  }
  const auto wait_for = [this](const std::string& what) {
    wait_until([&] { return serving_->err().find(what) != std::string::npos; },
               "the gateway does not say how the authoriser is");
  };
  wait_for("ktgate serve: the authoriser gives no decision: ");
  const Hostile authoriser(saying(decision(kAllow)));
  configure(at(authoriser));
  EXPECT_NE(serving_->reload().find("the configuration was reloaded"), std::string::npos);
  EXPECT_EQ(code(look_up("", "dave@example.com")), "404:unknown-label");
  EXPECT_EQ(outcomes("allowed"), 1);
  wait_for("ktgate serve: the authoriser decides again\n");
  const std::string said = serving_->err();
  for (const char* const secret : {"dave", "ZGF2ZU", "reader", "session"})
    EXPECT_EQ(said.find(secret), std::string::npos) << said;
}

TEST_F(AuthoriserTest, TakesAsManyQuestionsAsItMay) {
  std::promise<void> asked;
  const Hostile authoriser([&asked](const LoopbackConnection& connection) {
    static_cast<void>(read_request(connection));
    asked.set_value();
    static_cast<void>(connection.read_all());
  });
  start(at(authoriser, "connections = 1\nwaiting = 0\ntimeout = \"1m\"\n"));
  auto first = std::async(std::launch::async, [this] {
    Asker asker(serving_->url(), "", {});
    federation::HttpRequest request;
    request.method = federation::HttpMethod::post;
    request.target = "/kt/v1/lookup";
    request.content_type = "application/vnd.ktgate.lookup-request";
    request.body = must(encode(federation::LookupRequest{label_of("alice@example.com"), {}}));
    return asker.send(std::move(request));
  });
  asked.get_future().wait();
  EXPECT_EQ(code(look_up("")), kUnavailable);
  // The gateway ends while somebody waits for it.
  const Outcome outcome = serving_->stop();
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  static_cast<void>(first.get());
}

TEST_F(AuthoriserTest, IsAskedAtAUnixSocket) {
  const int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string name = path("a.socket");
  ASSERT_LT(name.size(), sizeof(address.sun_path));
  std::copy(name.begin(), name.end(), std::begin(address.sun_path));
  // The interface of the system.
  ASSERT_EQ(bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  ASSERT_EQ(listen(listener, 1), 0);
  auto served = std::async(std::launch::async, [this, listener] {
    const LoopbackConnection connection(accept(listener, nullptr, nullptr));
    saying(decision(kAllow))(connection);
  });
  start("url = \"http://127.0.0.1/may\"\nsocket = \"a.socket\"\n");
  EXPECT_EQ(code(look_up("")), "404:unknown-label");
  served.get();
  close(listener);
  EXPECT_EQ(last_question().at("identity"), "alice@example.com");
}

TEST_F(AuthoriserTest, IsCheckedWithTheConfiguration) {
  configure("url = \"http://127.0.0.1:1\"\ntoken_file = \"nothing.token\"\n");
  const Outcome checked = run({"check", path("ktgate.toml")});
  expect_failure(checked, 1, "check", "authoriser: token_file: ");
  const Outcome served = run({"serve", path("ktgate.toml")});
  expect_failure(served, 1, "serve", "authoriser: token_file: ");
  configure("url = \"http://127.0.0.1:1\"\n");
  EXPECT_EQ(run({"check", path("ktgate.toml")}).code, 0);
}

}  // namespace
}  // namespace kt::gateway
