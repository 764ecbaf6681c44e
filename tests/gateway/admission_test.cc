// Who may ask a gateway for what, and how often.
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "certificates.h"
#include "federation/routed_messages.h"
#include "loopback.h"
#include "names.h"
#include "serve_program.h"

namespace kt::gateway {
namespace {

using federation::HttpResponse;

constexpr const char* kUpdates = "/kt/v1/logs/a/update";

// The code of a problem, or "ok".
std::string code(const HttpResponse& response) {
  if (response.status == 200) return "ok";
  EXPECT_EQ(response.content_type, "application/problem+json");
  const std::string type = nlohmann::json::parse(response.body).at("type");
  return std::to_string(response.status) + type.substr(std::string_view("urn:ktgate:error").size());
}

// A gateway that believes two certificates.
class Admission : public LogProgram {
 protected:
  void SetUp() override {
    create("a", {"--suite", "ed25519", "--configuration", path("a.configuration")});
    certify("server", "IP:127.0.0.1");
    certify("alice", "email:alice@example.com");
    certify("service", "DNS:service.example.com");
    certify("stranger", "email:alice@example.com");
    write_file(path("clients.pem"), read_file(path("alice.pem")) + read_file(path("service.pem")));
  }

  void certify(const std::string& name, const std::string& of) const {
    const Pkey key = new_key();
    write_file(path(name + ".pem"), pem_of_certificate(key.get(), of));
    write_file(path(name + ".key"), pem_of_key(key.get()));
  }

  void start(const std::string& access, const std::string& limits = "") {
    write_file(path("ktgate.toml"),
               "[listen]\naddress = \"127.0.0.1:0\"\ncertificate = \"server.pem\"\n"
               "private_key = \"server.key\"\nclient_authorities = \"clients.pem\"\n[limits]\n" +
                   limits + "\n" + principal("writer", kWriterToken) +
                   principal("reader", "readers-token") +
                   "[[principal]]\nname = \"service\"\ncertificate = \"service.example.com\"\n"
                   "[[log]]\ndirectory = \"a\"\nalias = \"a\"\nwriter = \"writer\"\n"
                   "[[domain]]\nname = \"example.com\"\nlabel_rule = \"ascii-lower\"\n"
                   "policy = \"single\"\nlogs = [\"a\"]\n[domain.access]\n" +
                   access);
    serving_.emplace(path("ktgate.toml"));
  }

  [[nodiscard]] Asker asker(const std::string& token, const std::string& certificate = "") const {
    federation::HttpClientOptions options;
    options.authorities = path("server.pem");
    if (!certificate.empty()) {
      options.certificate = path(certificate + ".pem");
      options.private_key = path(certificate + ".key");
    }
    return Asker(serving_->url(), token, options);
  }

  static HttpResponse look_up(Asker& asker, const std::string& label) {
    return asker.post("/kt/v1/lookup", "lookup-request",
                      must(encode(federation::LookupRequest{label_of(label), {}})));
  }
  static HttpResponse search(Asker& asker, const std::string& label) {
    return asker.post("/kt/v1/logs/a/search", "search-request",
                      must(keytrans::encode(keytrans::SearchRequest{{}, label_of(label), {}})));
  }
  // The first version of `label`, or the next one as long as nobody has made another.
  static HttpResponse update(Asker& asker, const std::string& label,
                             std::optional<Version> greatest = {}) {
    keytrans::UpdateRequest request;
    request.label = label_of(label);
    request.greatest_version = greatest;
    request.values = {{to_bytes("key")}};
    return asker.post(kUpdates, "update-request", must(keytrans::encode(request)));
  }
  static HttpResponse routed_update(Asker& asker, const std::string& label) {
    federation::RoutedUpdateRequest request;
    request.label = label_of(label);
    request.values = {{to_bytes("key")}};
    return asker.post("/kt/v1/update", "routed-update-request", must(encode(request)));
  }
  static HttpResponse own(Asker& asker, const std::string& label) {
    keytrans::OwnerInitRequest request;
    request.label = label_of(label);
    return asker.post("/kt/v1/logs/a/owner-init", "owner-init-request",
                      must(keytrans::encode(request)));
  }

  std::optional<Serving> serving_;
};

TEST_F(Admission, WithoutRulesEverybodyReadsAndTheWriterWrites) {
  start("");
  Asker writer = asker(kWriterToken);
  Asker reader = asker("readers-token");
  Asker anyone = asker("");
  Asker alice = asker("", "alice");
  EXPECT_EQ(code(update(anyone, "alice@example.com")), "401:unauthenticated");
  EXPECT_EQ(code(update(reader, "alice@example.com")), "403:forbidden");
  EXPECT_EQ(code(update(alice, "alice@example.com")), "403:forbidden");
  EXPECT_EQ(code(routed_update(anyone, "alice@example.com")), "401:unauthenticated");
  EXPECT_EQ(code(routed_update(alice, "alice@example.com")), "403:forbidden");
  EXPECT_EQ(code(update(writer, "alice@example.com")), "ok");
  EXPECT_EQ(code(look_up(anyone, "alice@example.com")), "ok");
  EXPECT_EQ(code(search(anyone, "alice@example.com")), "ok");
  EXPECT_EQ(code(own(anyone, "alice@example.com")), "ok");
}

TEST_F(Admission, AnOwnerIsWhoseCertificateNamesTheLabel) {
  start("search = \"owner\"\nupdate = \"owner\"\nmonitor = \"owner\"\n");
  Asker writer = asker(kWriterToken);
  Asker alice = asker("", "alice");
  Asker service = asker("", "service");
  Asker anyone = asker("");
  EXPECT_EQ(code(routed_update(alice, "alice@example.com")), "ok");
  EXPECT_EQ(code(update(alice, "alice@example.com", Version{0})), "ok");
  EXPECT_EQ(code(look_up(alice, "alice@example.com")), "ok");
  EXPECT_EQ(code(own(alice, "alice@example.com")), "ok");
  EXPECT_EQ(code(update(writer, "bob@example.com")), "ok");
  for (Asker* const other : {&alice, &service}) {
    EXPECT_EQ(code(update(*other, "bob@example.com", Version{0})), "403:forbidden");
    EXPECT_EQ(code(routed_update(*other, "bob@example.com")), "403:forbidden");
    EXPECT_EQ(code(look_up(*other, "bob@example.com")), "403:forbidden");
    EXPECT_EQ(code(search(*other, "bob@example.com")), "403:forbidden");
    EXPECT_EQ(code(own(*other, "bob@example.com")), "403:forbidden");
  }
  EXPECT_EQ(code(look_up(anyone, "alice@example.com")), "401:unauthenticated");
  EXPECT_EQ(code(own(anyone, "alice@example.com")), "401:unauthenticated");
}

// Asking the log by its name is no way around the rules of its domains.
TEST_F(Admission, RulesHoldForWhateverIsInTheLog) {
  start("search = \"authenticated\"\nmonitor = \"nobody\"\n");
  Asker writer = asker(kWriterToken);
  Asker reader = asker("readers-token");
  Asker service = asker("", "service");
  Asker unknown = asker("nobodys-token", "service");
  Asker anyone = asker("");
  for (const char* const label : {"alice@example.com", "ALICE@example.com", "alice@elsewhere"}) {
    EXPECT_EQ(code(update(writer, label)), "ok");
    EXPECT_EQ(code(search(anyone, label)), "401:unauthenticated") << label;
    EXPECT_EQ(code(search(unknown, label)), "401:unauthenticated") << label;
    EXPECT_EQ(code(search(reader, label)), "ok") << label;
    EXPECT_EQ(code(search(service, label)), "ok") << label;
    EXPECT_EQ(code(own(service, label)), "403:forbidden") << label;
    EXPECT_EQ(code(own(anyone, label)), "401:unauthenticated") << label;
    EXPECT_EQ(code(own(writer, label)), "ok") << label;
  }
  // What belongs to the gateways is there for everybody to monitor.
  EXPECT_EQ(code(search(anyone, "kt:directory")), "404:unknown-label");
  EXPECT_EQ(code(own(anyone, "kt:directory")), "ok");
  EXPECT_EQ(code(anyone.post("/kt/v1/logs/a/distinguished", "distinguished-request",
                             must(keytrans::encode(keytrans::DistinguishedRequest{})))),
            "ok");
}

TEST_F(Admission, ACertificateOfNobodyKnownIsNone) {
  start("");
  Asker stranger = asker("", "stranger");
  federation::HttpRequest request;
  request.target = "/kt/v1/logs/a/configuration";
  const auto answer = stranger.send(request);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Errc::unavailable);
}

TEST_F(Admission, RatesAreOfANetworkOrOfAPrincipal) {
  start("", "requests_per_second = 1\nburst = 3");
  Asker anyone = asker("");
  Asker unknown = asker("nobodys-token");
  const std::string target = "/kt/v1/logs/a/configuration";
  int refused = 0;
  for (int i = 0; i < 20; ++i) {
    const auto answer = (i % 2 == 0 ? anyone : unknown).get(target);
    if (answer.status == 200) continue;
    ++refused;
    EXPECT_EQ(code(answer), "429:rate-limited");
    EXPECT_EQ(answer.retry_after, std::chrono::seconds(1));
  }
  EXPECT_GE(refused, 10);
  Asker writer = asker(kWriterToken);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(writer.get(target).status, 200U);
}

TEST_F(Admission, AProxySaysWhoseNetworkItIs) {
  write_file(path("ktgate.toml"),
             "[listen]\naddress = \"127.0.0.1:0\"\nclient_address_field = \"X-Client\"\n[limits]\n"
             "requests_per_second = 1\nburst = 1\n[[log]]\ndirectory = \"a\"\nalias = \"a\"\n");
  serving_.emplace(path("ktgate.toml"));
  const auto status = [this](const std::string& fields) {
    const auto connection = LoopbackConnection::to(serving_->url().port);
    connection.write("GET /kt/v1/logs/a/configuration HTTP/1.1\r\nHost: a\r\n" + fields +
                     "Connection: close\r\n\r\n");
    return connection.read_all().substr(0, 12);
  };
  // In one second each of these may ask once.
  for (int i = 1; i < 10; ++i)
    EXPECT_EQ(status("X-Client: 192.0.2." + std::to_string(i) + "\r\n"), "HTTP/1.1 200");
  int refused = 0;
  for (int i = 0; i < 10; ++i) {
    // What a client says of itself does not count, but what the proxy has put behind it.
    const std::string fields =
        "X-Client: 198.51.100." + std::to_string(i) + "\r\nX-Client: 192.0.2.1, 2001:db8::1\r\n";
    refused += status(fields) == "HTTP/1.1 429" ? 1 : 0;
  }
  EXPECT_GE(refused, 5);
}

}  // namespace
}  // namespace kt::gateway
