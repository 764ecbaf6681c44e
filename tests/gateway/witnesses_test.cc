// Gateways that look at each other's logs, as programs.
#include <chrono>

#include <nlohmann/json.hpp>

#include "described.h"
#include "keytrans/base64url.h"
#include "keytrans/fork_evidence.h"
#include "loopback.h"
#include "man_in_the_middle.h"
#include "names.h"
#include "serve_program.h"

namespace kt::gateway {
namespace {

class Witnesses : public LogProgram {
 protected:
  // A gateway of one domain with one log.
  struct Gateway {
    std::string name;  // of its files
    std::string domain;
    std::string log;
    std::uint16_t port = 0;  // as it is configured
    std::unique_ptr<Serving> serving = {};

    [[nodiscard]] federation::Url url() const { return serving->url(); }
  };
  // Whom a gateway witnesses, and where it finds them.
  using Neighbours = std::vector<std::pair<std::string, federation::Url>>;

  // `url` is what its document says; nothing for no document yet.
  [[nodiscard]] std::string configuration(const Gateway& gateway,
                                          const std::optional<federation::Url>& url,
                                          const Neighbours& neighbours) const {
    std::string text = "state = \"" + gateway.name + ".state\"\n" +
                       principal("writer", kWriterToken) +
                       "[listen]\naddress = \"127.0.0.1:" + std::to_string(gateway.port) +
                       "\"\n[admin]\nsocket = \"" + gateway.name +
                       ".admin\"\n[limits]\nrequests_per_second = 0\ndrain_delay = "
                       "\"1ms\"\n[[log]]\ndirectory = \"" +
                       gateway.log + "\"\nalias = \"main\"\nwriter = \"writer\"\n";
    if (!url) return text;
    text += "[[domain]]\nname = \"" + gateway.domain +
            "\"\nlabel_rule = \"bytes\"\npolicy = \"single\"\nlogs = [\"main\"]\nurl = \"" +
            url->text() + "\"\n";
    std::string witness;
    for (const auto& [domain, where] : neighbours) {
      witness += (witness.empty() ? "\"" : ", \"") + domain + "\"";
      text += "[[peer]]\ndomain = \"" + domain + "\"\nurl = \"" + where.text() + "\"\n";
    }
    if (!witness.empty())
      text += relay_ + "[federation]\nresolvers = [\"127.0.0.1:1\"]\nwitness = [" + witness +
              "]\nwitness_interval = \"1s\"\n";
    return text;
  }
  void start(Gateway& gateway) const {
    write_file(path(gateway.name + ".toml"), configuration(gateway, {}, {}));
    gateway.serving = std::make_unique<Serving>(path(gateway.name + ".toml"));
    follow(gateway, {});
  }
  // Has it publish its document, and witness `neighbours`.
  void follow(Gateway& gateway, const Neighbours& neighbours,
              const std::optional<federation::Url>& as = {}) const {
    write_file(path(gateway.name + ".toml"),
               configuration(gateway, as ? *as : gateway.url(), neighbours));
    const std::string reloaded = gateway.serving->reload();
    EXPECT_EQ(reloaded.find("nothing was reloaded"), std::string::npos) << reloaded;
    wait_until([&] { return gateway.serving->err().find("document of ") != std::string::npos; },
               "no document is published");
  }
  Gateway make(const std::string& name, const std::string& domain) const {
    create(name + ".log", {"--suite", "ed25519", "--reasonable-monitoring-window", "1s"});
    Gateway gateway{name, domain, name + ".log", 0, nullptr};
    start(gateway);
    return gateway;
  }
  // Ends it; when it starts again it is where it was.
  static void stop(Gateway& gateway) {
    gateway.port = gateway.url().port;
    const Outcome ended = gateway.serving->stop();
    EXPECT_EQ(ended.code, 0) << ended.err;
  }
  // The same log again, as it is now, for another gateway of its domain.
  Gateway copy(Gateway& of, const std::string& name) const {
    stop(of);
    for (const char* const end : {".log", ".state"})
      std::filesystem::copy(path(of.name + end), path(name + end),
                            std::filesystem::copy_options::recursive);
    start(of);
    return {name, of.domain, name + ".log", 0, nullptr};
  }

  // An entry more.
  void grow(const Gateway& gateway) {
    Asker writer(gateway.url(), kWriterToken);
    const keytrans::UpdateRequest request{
        {},
        label_of("user" + std::to_string(grown_++) + "@" + gateway.domain),
        {},
        {keytrans::LabelValue{to_bytes("a key of " + gateway.name)}}};
    const auto answer =
        writer.post("/kt/v1/logs/main/update", "update-request", must(keytrans::encode(request)));
    ASSERT_EQ(answer.status, 200U) << text_of(answer.body);
  }
  static LogId id_of(const Gateway& gateway) {
    Asker asker(gateway.url());
    const auto answer = asker.get("/kt/v1/logs/main/configuration");
    return must(keytrans::LogConfiguration::create(
                    must(keytrans::decode<keytrans::Configuration>(answer.body))))
        .id();
  }
  static federation::HttpResponse ask(const Gateway& gateway, const LogId& log,
                                      const std::string& what) {
    Asker asker(gateway.url());
    return asker.get("/kt/v1/logs/" + log.hex() + "/" + what);
  }
  [[nodiscard]] std::string metrics(const Gateway& gateway) const {
    federation::HttpClientOptions options;
    options.socket = path(gateway.name + ".admin");
    Asker admin(gateway.url(), "", options);
    return text_of(admin.get("/metrics").body);
  }
  // Waits until a sample is more than 0.
  void wait_for(const Gateway& gateway, const std::string& sample) const {
    wait_until(
        [&] {
          const std::string all = metrics(gateway);
          const std::size_t at = all.find("\n" + sample + " ");
          return at != std::string::npos && all.at(at + sample.size() + 2) != '0';
        },
        sample.c_str());
  }
  static void expect_evidence(const Gateway& gateway, const LogId& log) {
    const auto answer = ask(gateway, log, "evidence");
    ASSERT_EQ(answer.status, 200U) << text_of(answer.body);
    EXPECT_EQ(answer.content_type, "application/vnd.ktgate.fork-evidence");
    EXPECT_EQ(answer.cache_control, "max-age=60");
    const auto evidence = must(keytrans::ForkEvidence::parse(answer.body));
    EXPECT_TRUE(keytrans::verify_fork_evidence(evidence).has_value());
    EXPECT_EQ(must(keytrans::LogConfiguration::create(evidence.config)).id(), log);
    federation::HttpRequest again;
    again.target = "/kt/v1/logs/" + log.hex() + "/evidence";
    again.if_none_match = answer.etag;
    Asker asker(gateway.url());
    EXPECT_EQ(must(asker.send(again)).status, 304U);

    // The view of it is another representation, with a tag of its own.
    again.accept = "application/json";
    const auto view = must(asker.send(again));
    EXPECT_EQ(view.content_type, "application/json");
    const auto json = nlohmann::json::parse(view.body);
    EXPECT_EQ(json.at("size"), std::to_string(evidence.size.value()));
    EXPECT_EQ(json.at("config").at("ciphersuite"), 2);
    ASSERT_EQ(json.at("branches").size(), evidence.branches.size());
    for (std::size_t i = 0; i < evidence.branches.size(); ++i) {
      const auto& branch = json.at("branches").at(i);
      const keytrans::TreeHead& head = evidence.branches.at(i).tree_head;
      EXPECT_EQ(branch.at("tree_head").at("tree_size"), std::to_string(head.tree_size.value()));
      EXPECT_EQ(branch.at("tree_head").at("signature"), to_base64url(head.signature));
      EXPECT_EQ(branch.at("full_subtrees").size(), evidence.branches.at(i).full_subtrees.size());
      EXPECT_TRUE(branch.at("consistency").at("elements").is_array());
    }
    again.if_none_match = view.etag;
    EXPECT_EQ(must(asker.send(again)).status, 304U);
    again.accept = "text/html";
    EXPECT_EQ(must(asker.send(again)).status, 406U);
  }
  static std::string code(const federation::HttpResponse& response) {
    return nlohmann::json::parse(response.body).at("type").get<std::string>();
  }

  std::string relay_;  // a section of the configuration of those who witness
  int grown_ = 0;
};

TEST_F(Witnesses, OfLogsThatBehaveStayQuiet) {
  Gateway one = make("one", "example.com");
  Gateway two = make("two", "example.net");
  const LogId first = id_of(one);
  const LogId second = id_of(two);
  EXPECT_EQ(code(ask(one, second, "witnessed")), "urn:ktgate:error:unknown-log");
  EXPECT_EQ(code(ask(one, second, "evidence")), "urn:ktgate:error:no-evidence");
  follow(one, {{"example.net", two.url()}});
  follow(two, {{"example.com", one.url()}});
  wait_for(one, "ktgate_witness_comparisons_total{outcome=\"agreed\"}");
  wait_for(two, "ktgate_witness_comparisons_total{outcome=\"agreed\"}");
  const auto seen = ask(one, second, "witnessed");
  EXPECT_EQ(seen.status, 200U);
  EXPECT_EQ(seen.content_type, "application/vnd.ktgate.distinguished-response");
  federation::HttpRequest as_json;
  as_json.target = "/kt/v1/logs/" + second.hex() + "/witnessed";
  as_json.accept = "application/json";
  Asker viewer(one.url());
  const auto view = must(viewer.send(as_json));
  EXPECT_EQ(view.content_type, "application/json");
  EXPECT_NE(view.etag, seen.etag);
  const auto view_head = nlohmann::json::parse(view.body).at("full_tree_head").at("tree_head");
  EXPECT_FALSE(view_head.at("signature").get<std::string>().empty());
  as_json.if_none_match = view.etag;
  EXPECT_EQ(must(viewer.send(as_json)).status, 304U);
  EXPECT_EQ(ask(one, first, "witnessed").status, 200U);
  EXPECT_EQ(code(ask(one, second, "evidence")), "urn:ktgate:error:no-evidence");
  Asker asker(one.url());
  EXPECT_EQ(code(asker.get("/kt/v1/logs/nothing/evidence")), "urn:ktgate:error:unknown-log");
  // What is only a relay where one is wanted carries nothing for users.
  EXPECT_EQ(asker.get("/relay/example.net/keys").status, 401U);

  // What was seen is there after a restart, with nobody to ask.
  ASSERT_EQ(two.serving->stop().code, 0);
  const auto ended = one.serving->stop();
  EXPECT_EQ(ended.code, 0);
  EXPECT_EQ(ended.err.find("error"), std::string::npos) << ended.err;
  one.serving = std::make_unique<Serving>(path("one.toml"));
  EXPECT_EQ(ask(one, second, "witnessed").status, 200U);
  wait_for(one, "ktgate_witness_looks_total{outcome=\"unavailable\"}");
  EXPECT_NE(metrics(one).find("ktgate_witness_logs_in_alarm{alarm=\"unverified\"} 0\n"),
            std::string::npos);
  EXPECT_EQ(metrics(one).find("example"), std::string::npos);
}

// One that restores a backup, and goes on from there.
TEST_F(Witnesses, OfALogFindThatItHasForked) {
  Gateway one = make("one", "example.com");
  Gateway two = make("two", "example.net");
  const LogId log = id_of(two);
  Gateway backup = copy(two, "backup");
  follow(one, {{"example.net", two.url()}});
  wait_until([&] { return ask(one, log, "witnessed").status == 200; }, "nothing is seen");
  const Bytes first = ask(one, log, "witnessed").body;
  wait_until(
      [&] {
        grow(two);
        return ask(one, log, "witnessed").body.size() > 2 * first.size();
      },
      "nothing more is seen");
  stop(two);
  backup.port = two.port;
  start(backup);
  wait_until(
      [&] {
        grow(backup);
        return ask(one, log, "evidence").status == 200;
      },
      "nobody finds out");
  expect_evidence(one, log);
  EXPECT_NE(metrics(one).find("ktgate_witness_logs_in_alarm{alarm=\"forked\"} 1\n"),
            std::string::npos);
  EXPECT_NE(one.serving->err().find("the log " + log.hex() + " of example.net has signed two"),
            std::string::npos)
      << one.serving->err();
  Asker asker(one.url());
  const std::string page = text_of(asker.get("/").body);
  EXPECT_NE(page.find("/kt/v1/logs/" + log.hex() + "/evidence"), std::string::npos);
  EXPECT_EQ(page.find("example.net"), std::string::npos);
  // The log's own gateway has none, as nobody has told it.
  EXPECT_EQ(code(ask(backup, log, "evidence")), "urn:ktgate:error:no-evidence");

  // It stays over a restart, and goes when the operator has taken it away.
  ASSERT_EQ(one.serving->stop().code, 0);
  one.serving = std::make_unique<Serving>(path("one.toml"));
  expect_evidence(one, log);
  std::filesystem::remove(path("one.state/evidence/fork-" + log.hex() + ".bin"));
  wait_until([&] { return ask(one, log, "evidence").status == 404; }, "the evidence stays");
}

// Two witnesses are shown two histories, each of them one; and the log's own gateway hears of it.
TEST_F(Witnesses, WhoAreShownTwoHistoriesFindOutBetweenThem) {
  Gateway one = make("one", "example.com");
  Gateway two = make("two", "example.net");
  Gateway three = make("three", "example.org");
  const LogId log = id_of(two);
  Gateway other = copy(two, "other");
  start(other);
  follow(one, {{"example.net", two.url()}, {"example.org", three.url()}});
  follow(three, {{"example.net", other.url()}, {"example.com", one.url()}});
  follow(two, {{"example.org", three.url()}});
  wait_until(
      [&] {
        grow(two);
        grow(other);
        return ask(one, log, "evidence").status == 200 &&
               ask(three, log, "evidence").status == 200 && ask(two, log, "evidence").status == 200;
      },
      "nobody finds out");
  for (const Gateway* const each : {&one, &two, &three}) expect_evidence(*each, log);
  EXPECT_NE(two.serving->err().find("the log " + log.hex() + " that is hosted here has signed two"),
            std::string::npos)
      << two.serving->err();
  Asker asker(two.url());
  EXPECT_NE(text_of(asker.get("/").body).find("it has signed two histories"), std::string::npos);
}

// Whatever a neighbour answers: nothing is believed, and the others are looked at as ever.
TEST_F(Witnesses, BelieveNothingThatDoesNotVerify) {
  Gateway one = make("one", "example.com");
  Gateway two = make("two", "example.net");
  const LogId log = id_of(one);
  // Somebody who is example.org, as it says itself, and answers the same to everybody.
  const LoopbackListener liar;
  const federation::Url where{false, "127.0.0.1", liar.port(), ""};
  follow(one, {{"example.org", where}, {"example.net", two.url()}});
  const LoopbackConnection connection = liar.accept();
  static_cast<void>(connection.read_until("\r\n\r\n"));
  connection.write(
      "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n"
      "Connection: close\r\n\r\n{}");
  wait_for(one, "ktgate_witness_looks_total{outcome=\"unavailable\"}");
  wait_for(one, "ktgate_witness_looks_total{outcome=\"seen\"}");
  wait_for(one, "ktgate_federation_domains_in_alarm{alarm=\"refused\"}");
  Asker asker(one.url());
  EXPECT_NE(text_of(asker.get("/").body).find("one domain says what is not believed"),
            std::string::npos);
  EXPECT_EQ(code(ask(one, log, "evidence")), "urn:ktgate:error:no-evidence");
}

// One that accepts and says nothing, asked for its document or as a log: nobody waits for it who is
// to end.
TEST_F(Witnesses, WaitForNobodyWhenTheyEnd) {
  static constexpr std::chrono::seconds kSoon{20};  // a loaded machine's second
  relay_ = "[relay]\ntotal_timeout = \"1m\"\n";
  Gateway one = make("one", "example.com");
  Gateway two = make("two", "example.net");
  const LoopbackListener silent;
  const federation::Url where{false, "127.0.0.1", silent.port(), ""};
  Asker asker(two.url());
  const auto published = [&asker] {
    return text_of(asker.get("/.well-known/key-transparency").body);
  };
  const std::string before = published();
  follow(two, {}, where);
  wait_until([&] { return published() != before; }, "no other document is published");
  const std::string document = published();
  const auto end = [&one] {
    const auto begin = std::chrono::steady_clock::now();
    const Outcome ended = one.serving->stop();
    EXPECT_LT(std::chrono::steady_clock::now() - begin, kSoon);
    EXPECT_EQ(ended.code, 0) << ended.err;
    EXPECT_EQ(ended.err.find("error"), std::string::npos) << ended.err;
  };
  follow(one, {{"example.net", where}});
  {
    const LoopbackConnection asked = silent.accept();
    EXPECT_NE(asked.read_until("\r\n\r\n").find("/.well-known/key-transparency"),
              std::string::npos);
    end();
  }
  one.serving = std::make_unique<Serving>(path("one.toml"));
  const LoopbackConnection asked = silent.accept();
  static_cast<void>(asked.read_until("\r\n\r\n"));
  asked.write("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " +
              std::to_string(document.size()) + "\r\nConnection: close\r\n\r\n" + document);
  const LoopbackConnection as_a_log = silent.accept();
  EXPECT_NE(as_a_log.read_until("\r\n\r\n").find("/distinguished"), std::string::npos);
  end();
}

// Somebody between the gateways who answers in the place of a neighbour, with what is none.
TEST_F(Witnesses, TakeNothingFromSomebodyInBetween) {
  client::ManInTheMiddle middle;
  Gateway one = make("one", "example.com");
  Gateway two = make("two", "example.net");
  Gateway three = make("three", "example.org");
  const LogId first = id_of(one);
  const LogId second = id_of(two);
  middle.ask(two.url().port);
  follow(two, {{"example.com", one.url()}}, middle.url());
  wait_until([&] { return ask(two, first, "witnessed").status == 200; }, "nothing is seen");
  // Another log's answer, which is right in itself.
  Asker asker(three.url());
  const Bytes foreign = asker
                            .post("/kt/v1/logs/main/distinguished", "distinguished-request",
                                  must(keytrans::encode(keytrans::DistinguishedRequest{})))
                            .body;
  const auto answering = [](const std::string& end, const std::string& type, const Bytes& body) {
    const std::string answer = "HTTP/1.1 200 OK\r\nContent-Type: " + type +
                               "\r\nContent-Length: " + std::to_string(body.size()) +
                               "\r\nConnection: close\r\n\r\n" + text_of(body);
    return [end, answer](const client::Exchange& exchange) {
      const bool is_it =
          exchange.head.substr(0, exchange.head.find('\r')).find(end) != std::string::npos;
      return is_it ? answer : exchange.answer;
    };
  };
  const auto honest = [](const client::Exchange& exchange) { return exchange.answer; };
  const std::string type = "application/vnd.ktgate.distinguished-response";
  const std::string unverified = "ktgate_witness_logs_in_alarm{alarm=\"unverified\"}";
  follow(one, {{"example.net", middle.url()}});
  wait_for(one, "ktgate_witness_comparisons_total{outcome=\"agreed\"}");
  const auto is_quiet = [&] { return metrics(one).find(unverified + " 0\n") != std::string::npos; };
  for (const auto& [kind, body] :
       {std::pair(type, foreign), std::pair(type, Bytes(100'000, 7)), std::pair(type, Bytes()),
        std::pair(std::string("text/html"), to_bytes(std::string_view("hello")))}) {
    // As the log's answer it is an alarm, until the log can be heard again.
    middle.meddle(answering("/distinguished ", kind, body));
    wait_for(one, unverified);
    middle.meddle(honest);
    wait_until(is_quiet, "the alarm does not end");
  }
  // As what the neighbour has seen of this gateway's log it is not believed.
  middle.meddle(answering("/witnessed ", type, foreign));
  wait_for(one, "ktgate_witness_comparisons_total{outcome=\"invalid\"}");
  EXPECT_TRUE(is_quiet());
  for (const LogId& log : {first, second})
    EXPECT_EQ(code(ask(one, log, "evidence")), "urn:ktgate:error:no-evidence");
}

}  // namespace
}  // namespace kt::gateway
