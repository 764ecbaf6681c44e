// Logs at other gateways: two gateways with TLS, one in front of the other, and upstreams that are
// hostile.
#include <algorithm>
#include <atomic>
#include <future>
#include <mutex>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "certificates.h"
#include "federation/media_type.h"
#include "federation/routed_messages.h"
#include "http_exchange.h"
#include "keytrans/consistency.h"
#include "keytrans/fork_evidence.h"
#include "keytrans/management.h"
#include "names.h"
#include "origin.h"
#include "prometheus_samples.h"
#include "serve_program.h"

namespace kt::gateway {
namespace {

using federation::Hostile;
using federation::LookupRequest;
using federation::Origin;
using federation::RoutedMonitorRequest;
using federation::RoutedResponse;
using federation::RoutedUpdateRequest;
using keytrans::ClientState;
using keytrans::LogConfiguration;
using std::chrono::steady_clock;

constexpr const char* kFrontToken = "the-token-of-the-front";
constexpr const char* kUnavailable = "503 upstream-unavailable";
constexpr const char* kInvalid = "502 upstream-invalid";

std::string domain(const std::string& name, const std::string& log) {
  return "[[domain]]\nname = \"" + name +
         "\"\nlabel_rule = \"UsernameCaseMapped\"\npolicy = \"single\"\nlogs = [\"" + log + "\"]\n";
}

using Times = std::vector<std::chrono::microseconds>;

std::chrono::microseconds percentile(Times times, double part) {
  std::sort(times.begin(), times.end());
  return times.at(static_cast<std::size_t>(static_cast<double>(times.size() - 1) * part));
}

void print(const char* name, const Times& times) {
  std::printf("%s: %zu requests, p50 %lld us, p99 %lld us\n", name, times.size(),
              static_cast<long long>(percentile(times, 0.5).count()),
              static_cast<long long>(percentile(times, 0.99).count()));
}

class UpstreamTest : public LogProgram {
 protected:
  [[nodiscard]] LogConfiguration configuration(const std::string& name) const {
    const std::string bytes = read_file(path(name) + ".configuration");
    return must(
        LogConfiguration::create(must(keytrans::decode<keytrans::Configuration>(to_bytes(bytes)))));
  }
  void create_log(const std::string& name) const {
    create(name, {"--suite", "ed25519", "--configuration", path(name) + ".configuration"});
  }
  // [listen] with a certificate of its own in NAME.pem.
  [[nodiscard]] std::string listen(const std::string& name) const {
    const Pkey key = new_key();
    write_file(path(name + ".key"), pem_of_key(key.get()));
    std::filesystem::permissions(path(name + ".key"), std::filesystem::perms::owner_read);
    write_file(path(name + ".pem"), pem_of_certificate(key.get()));
    return "[listen]\naddress = \"127.0.0.1:0\"\ncertificate = \"" + name +
           ".pem\"\nprivate_key = \"" + name + ".key\"\n";
  }
  void write_token(const std::string& token) const {
    std::filesystem::remove(path("front.token"));
    write_file(path("front.token"), token + "\n");
    std::filesystem::permissions(path("front.token"), std::filesystem::perms::owner_read);
  }
  [[nodiscard]] federation::HttpClientOptions trusting(const std::string& name) const {
    federation::HttpClientOptions options;
    options.authorities = path(name + ".pem");
    return options;
  }
  [[nodiscard]] Samples metrics(const std::string& socket) const {
    federation::HttpClientOptions options;
    options.socket = path(socket);
    Asker admin({false, "localhost", 80, ""}, "", options);
    return PrometheusReader::read(text_of(admin.get("/metrics").body));
  }
  [[nodiscard]] unsigned readiness(const std::string& socket) const {
    federation::HttpClientOptions options;
    options.socket = path(socket);
    return Asker({false, "localhost", 80, ""}, "", options).get("/readyz").status;
  }
  static federation::HttpResponse look_up(Asker& asker, const std::string& label) {
    return asker.post("/kt/v1/lookup", "lookup-request",
                      must(encode(LookupRequest{label_of(label), {}})));
  }
  static std::string code(const federation::HttpResponse& response) {
    if (response.content_type != "application/problem+json") return text_of(response.body);
    const std::string type = nlohmann::json::parse(response.body).at("type");
    return std::to_string(response.status) + " " +
           type.substr(std::string_view("urn:ktgate:error:").size());
  }
};

// example.net's log is at the back, and example.com's at the front.
class TwoGateways : public UpstreamTest {
 protected:
  void SetUp() override {
    create_log("far");
    create_log("near");
    write_file(path("back.toml"),
               listen("back") + principal("front", kFrontToken) +
                   "[[log]]\ndirectory = \"far\"\nalias = \"at-the-back\"\nwriter = \"front\"\n" +
                   domain("example.net", "at-the-back"));
    back_.emplace(path("back.toml"));
    write_token(kFrontToken);
    front_listen_ = listen("front");
    write_front(back_->url());
    front_.emplace(path("front.toml"));
    writer_.emplace(front_->url(), kWriterToken, trusting("front"));
    anyone_.emplace(front_->url(), "", trusting("front"));
    user_.emplace(configuration("far"));
  }
  void write_front(const federation::Url& back) const {
    write_file(path("front.toml"),
               front_listen_ +
                   "[admin]\nsocket = \"admin.socket\"\n[limits]\ndrain_delay = \"0s\"\n" +
                   principal("writer", kWriterToken) + principal("other", "another-token") +
                   "[[log]]\ndirectory = \"near\"\nalias = \"near\"\n" +
                   "[[remote_log]]\nalias = \"far\"\nurl = \"" + back.text() +
                   "\"\nconfiguration = \"far.configuration\"\nauthorities = \"back.pem\"\n"
                   "token_file = \"front.token\"\nwriter = \"writer\"\n" +
                   domain("example.com", "near") + domain("example.net", "far"));
  }
  void expect_reloaded() const {
    const std::string said = front_->reload();
    EXPECT_TRUE(said.starts_with("ktgate serve: the configuration was reloaded\n")) << said;
  }

  [[nodiscard]] HashValue id() const { return user_->configuration().id().hash(); }
  // Sends a routed request, and applies what came once it is verified as the answer to `question`.
  template <class Response, class Request>
  auto ask(Asker& asker, const std::string& operation, const std::string& message, Bytes body,
           const Request& question) {
    const auto answer = asker.post("/kt/v1/" + operation, message + "-request", std::move(body));
    if (answer.status != 200) throw std::runtime_error(text_of(answer.body));
    const auto routed = must(federation::decode<RoutedResponse>(answer.body));
    EXPECT_EQ(routed.answers.size(), 1U);
    EXPECT_EQ(routed.answers.at(0).log_id, id());
    const auto response = must(keytrans::decode<Response>(
        routed.answers.at(0).response, keytrans::WireContext::of(user_->configuration().wire())));
    return must(user_->apply(must(user_->verify(question, response, RemoteUser::now()))));
  }
  // At the log's own endpoint, in the front.
  void become_owner(const Label& label) {
    RemoteUser owner(*anyone_, "far", configuration("far"));
    const auto question = user_->owner_init_request(label, EntryIndex{0});
    owner.state() = *user_;
    owner.ask<keytrans::OwnerInitResponse>("owner-init", question);
    user_ = owner.state();
  }
  keytrans::UpdateOutcome update(const Label& label, const std::string& value) {
    const auto question = must(user_->update_request(label, {{to_bytes(value)}}));
    const RoutedUpdateRequest request{
        label, {{id(), question.last, question.greatest_version}}, question.values};
    return ask<keytrans::UpdateResponse>(*writer_, "update", "routed-update", must(encode(request)),
                                         question);
  }
  keytrans::SearchOutcome search(const Label& label) {
    return ask<keytrans::SearchResponse>(
        *anyone_, "lookup", "lookup", must(encode(LookupRequest{label, {{id(), user_->last()}}})),
        user_->search_request(label));
  }

  std::string front_listen_;
  std::optional<Serving> back_;
  std::optional<Serving> front_;
  std::optional<Asker> writer_;
  std::optional<Asker> anyone_;
  std::optional<ClientState> user_;  // of the log at the back
};

TEST_F(TwoGateways, EverythingThroughBothIsVerifiedByTheClient) {
  const Label bob = label_of("bob@example.net");
  become_owner(bob);
  for (int version = 0; version < 4; ++version)
    EXPECT_EQ(update(bob, "key " + std::to_string(version)).first,
              Version{static_cast<std::uint32_t>(version)});
  const auto owned = must(user_->owner_monitor_request(bob));
  ask<keytrans::OwnerMonitorResponse>(
      *anyone_, "monitor", "routed-monitor",
      must(encode(RoutedMonitorRequest{
          bob,
          {{id(), owned.last, owned.entries,
            federation::OwnerProgress{owned.start, owned.greatest_version}}}})),
      owned);
  user_.emplace(configuration("far"));
  EXPECT_EQ(text_of(search(bob).value), "key 3");
  const auto contact = must(user_->contact_monitor_request(bob));
  ask<keytrans::ContactMonitorResponse>(
      *anyone_, "monitor", "routed-monitor",
      must(
          encode(RoutedMonitorRequest{bob, {{id(), contact.last, contact.entries, std::nullopt}}})),
      contact);
  RemoteUser direct(*anyone_, "far", configuration("far"));
  EXPECT_EQ(text_of(direct.search(bob, Version{1}).value), "key 1");
  direct.ask<keytrans::DistinguishedResponse>("distinguished",
                                              direct.state().distinguished_request());
  EXPECT_EQ(anyone_->get("/kt/v1/logs/far/configuration").body,
            to_bytes(read_file(path("far.configuration"))));
  const auto samples = metrics("admin.socket");
  EXPECT_EQ(samples.at("ktgate_upstream_requests_total{log=\"far\",outcome=\"answered\"}"), 10);
  EXPECT_EQ(samples.at("ktgate_upstream_request_duration_seconds_count{log=\"far\"}"), 10);
  EXPECT_EQ(samples.at("ktgate_upstream_ejected{log=\"far\"}"), 0);
  EXPECT_FALSE(samples.contains("ktgate_log_tree_size{log=\"far\"}"));
}

TEST_F(TwoGateways, ErrorsOfTheLogMeanTheSame) {
  const std::string search = "/kt/v1/logs/far/search";
  const auto ask_for = [&](const keytrans::SearchRequest& request) {
    return code(anyone_->post(search, "search-request", must(keytrans::encode(request))));
  };
  const Label bob = label_of("bob@example.net");
  EXPECT_EQ(code(look_up(*anyone_, "bob@example.net")), "404 unknown-label");
  become_owner(bob);
  update(bob, "key");
  EXPECT_EQ(ask_for({{}, bob, Version{7}}), "404 unknown-version");
  EXPECT_EQ(ask_for({TreeSize{1000}, bob, {}}), "409 stale-view");
  const auto put = [&](Asker& asker, const keytrans::UpdateRequest& request) {
    return code(
        asker.post("/kt/v1/logs/far/update", "update-request", must(keytrans::encode(request))));
  };
  EXPECT_EQ(put(*writer_, {{}, bob, Version{9}, {{{1}}}}), "409 stale-version");
  EXPECT_EQ(put(*writer_, {{}, label_of("kt:directory"), {}, {{{1}}}}), "422 reserved-label");
  EXPECT_EQ(put(*anyone_, {{}, bob, {}, {{{1}}}}), "401 unauthenticated");
  Asker other(front_->url(), "another-token", trusting("front"));
  EXPECT_EQ(put(other, {{}, bob, {}, {{{1}}}}), "403 forbidden");
  // The token of the front is none here.
  Asker front(front_->url(), kFrontToken, trusting("front"));
  EXPECT_EQ(put(front, {{}, bob, {}, {{{1}}}}), "401 unauthenticated");
  for (const char* const operation : {"auditor-start", "auditor-updates", "nothing"})
    EXPECT_EQ(code(anyone_->get("/kt/v1/logs/far/" + std::string(operation))), "404 not-found");
  const auto consistency = [this](const Bytes& request) {
    return anyone_->post("/kt/v1/logs/far/consistency", "consistency-request", request);
  };
  EXPECT_EQ(code(consistency({})), "400 malformed");
  EXPECT_EQ(
      code(consistency(must(keytrans::encode(keytrans::ConsistencyRequest{{}, TreeSize{1000}})))),
      "409 stale-view");
  const keytrans::ConsistencyRequest first{{}, TreeSize{1}};
  EXPECT_TRUE(keytrans::verify_consistency(configuration("far"), {}, first,
                                           must(keytrans::decode_consistency_response(
                                               consistency(must(keytrans::encode(first))).body)))
                  .has_value());
}

TEST_F(TwoGateways, TheFrontFollowsChangesAndOutlivesTheBack) {
  const Label bob = label_of("bob@example.net");
  become_owner(bob);
  update(bob, "key");
  write_token("no-token-of-the-back");
  expect_reloaded();
  EXPECT_EQ(
      code(writer_->post("/kt/v1/logs/far/update", "update-request",
                         must(keytrans::encode(keytrans::UpdateRequest{{}, bob, {}, {{{1}}}})))),
      "503 upstream-unavailable");
  EXPECT_EQ(text_of(search(bob).value), "key");
  write_token(kFrontToken);
  expect_reloaded();
  update(bob, "new key");

  ASSERT_EQ(back_->stop().code, 0);
  EXPECT_EQ(code(look_up(*anyone_, "bob@example.net")), "503 upstream-unavailable");
  EXPECT_EQ(code(look_up(*anyone_, "alice@example.com")), "404 unknown-label");
  EXPECT_EQ(readiness("admin.socket"), 200U);
  for (int i = 0; i < 5; ++i) look_up(*anyone_, "bob@example.net");
  EXPECT_EQ(metrics("admin.socket").at("ktgate_upstream_ejected{log=\"far\"}"), 1);
  EXPECT_EQ(readiness("admin.socket"), 200U);
  wait_until(
      [&] { return front_->err().find("remote log far is left alone") != std::string::npos; },
      "nobody says that the log is left alone");

  back_.emplace(path("back.toml"));
  write_front(back_->url());
  expect_reloaded();
  EXPECT_EQ(text_of(search(bob).value), "new key");
  const auto samples = metrics("admin.socket");
  EXPECT_EQ(samples.at("ktgate_upstream_ejected{log=\"far\"}"), 0);
  EXPECT_GE(samples.at("ktgate_upstream_requests_total{log=\"far\",outcome=\"unavailable\"}"), 5);
  EXPECT_EQ(front_->stop().code, 0);
}

// What the second gateway costs: one client, over TLS, one request after the other, by turns. The
// figures are printed; the bound only says that no request waits for a connection to be made.
TEST_F(TwoGateways, ExpensiveOneMoreGatewayOnTheWay) {
  const Label bob = label_of("bob@example.net");
  become_owner(bob);
  update(bob, "key");
  // Principals, whose rate nothing limits.
  Asker back(back_->url(), kFrontToken, trusting("back"));
  Times direct;
  Times through;
  const auto measure = [](Asker& asker, Times& times) {
    for (int i = 0; i < 500; ++i) {
      const auto begin = steady_clock::now();
      EXPECT_EQ(look_up(asker, "bob@example.net").status, 200U);
      times.push_back(
          std::chrono::duration_cast<std::chrono::microseconds>(steady_clock::now() - begin));
    }
  };
  for (int turn = 0; turn < 4; ++turn) {
    measure(back, direct);
    measure(*writer_, through);
  }
  print("direct", direct);
  print("through", through);
  EXPECT_LT(percentile(through, 0.5), 20 * percentile(direct, 0.5));
}

// The back's certificate is for another address, or none that the front believes.
TEST_F(TwoGateways, AnUpstreamThatDoesNotProveItsNameGetsNothing) {
  const Pkey key = new_key();
  write_file(path("back.pem"), pem_of_certificate(key.get()));
  expect_reloaded();
  EXPECT_EQ(code(look_up(*anyone_, "bob@example.net")), "503 upstream-unavailable");
}

TEST_F(TwoGateways, CheckReadsTheFilesOfRemoteLogs) {
  const std::string id = user_->configuration().id().hex();
  const Outcome right = run({"check", path("front.toml")});
  EXPECT_EQ(right.code, 0) << right.err;
  EXPECT_NE(right.out.find("remote log far: " + id + ", ed25519, contact-monitoring, at " +
                           back_->url().text() + "\n"),
            std::string::npos)
      << right.out;
  const auto expect_fault = [&](std::string_view about) {
    expect_failure(run({"check", path("front.toml")}), 1, "check", about);
    EXPECT_NE(front_->reload().find(about), std::string::npos);
  };
  std::filesystem::copy(path("near.configuration"), path("far.configuration"),
                        std::filesystem::copy_options::overwrite_existing);
  expect_fault("remote log far: it is another log here, too");
  write_file(path("far.configuration"), "nonsense");
  expect_fault("remote log far: configuration: ");
  std::filesystem::remove(path("far.configuration"));
  expect_fault("remote log far: configuration: ");
  create("third", {"--suite", "ed25519", "--configuration", path("far.configuration")});
  std::filesystem::permissions(path("front.token"), std::filesystem::perms::all);
  expect_fault("remote log far: token_file: ");
  write_token("two words");
  expect_fault("remote log far: token_file: the token is not one line");
  write_token("word");
  std::filesystem::remove(path("back.pem"));
  expect_fault("remote log far: authorities: ");
  // All of this changed nothing.
  EXPECT_EQ(code(look_up(*anyone_, "bob@example.net")), "404 unknown-label");
}

// --- A log that the back manages for the front -------------------------------------------------

class ManagedByTheBack : public TwoGateways {
 protected:
  void SetUp() override {
    const Outcome made = run({"log", "leaf-key", path("leaf.pem"), "--suite", "ed25519"});
    ASSERT_EQ(made.code, 0) << made.err;
    create("far",
           {"--suite", "ed25519", "--configuration", path("far.configuration"), "--mode",
            "third-party-management", "--leaf-key", made.out.substr(0, made.out.size() - 1)});
    create_log("near");
    back_listen_ = listen("back");
    manage("far");
    write_token(kFrontToken);
    front_listen_ = "state = \"state\"\n" + listen("front");
    serve_front();
    user_.emplace(configuration("far"));
  }
  // Has the back manage the log in `directory`.
  void manage(const std::string& directory) {
    if (back_) {
      ASSERT_EQ(back_->stop().code, 0);
    }
    write_file(path("back.toml"), back_listen_ + principal("front", kFrontToken) +
                                      "[[log]]\ndirectory = \"" + directory +
                                      "\"\nalias = \"managed\"\nwriter = \"front\"\n");
    back_.emplace(path("back.toml"));
  }
  void write_configuration() const {
    write_front(back_->url());
    std::string text = read_file(path("front.toml"));
    const std::string writer = "token_file = \"front.token\"\n";
    text.insert(text.find(writer), "leaf_key = \"leaf.pem\"\nfollow_interval = \"100ms\"\n");
    write_file(path("front.toml"), text);
  }
  void serve_front() {
    write_configuration();
    front_.emplace(path("front.toml"));
    writer_.emplace(front_->url(), kWriterToken, trusting("front"));
    anyone_.emplace(front_->url(), "", trusting("front"));
  }
  [[nodiscard]] double sample(const std::string& name) const {
    const Samples samples = metrics("admin.socket");
    const auto found = samples.find(name);
    return found == samples.end() ? -1 : found->second;
  }
  [[nodiscard]] bool has_trouble(const std::string& trouble) const {
    return sample("ktgate_manager_trouble{log=\"far\",trouble=\"" + trouble + "\"}") == 1;
  }
  void wait_until_signing() const {
    wait_until(
        [&] {
          return !has_trouble("unseen") && !has_trouble("unverified") && !has_trouble("forked");
        },
        "nothing is signed");
  }
  void wait_for_tree_size(double size) const {
    wait_until([&] { return sample("ktgate_manager_tree_size{log=\"far\"}") == size; },
               "the heads are not followed");
  }
  // Straight to the manager, with the front's token and key.
  unsigned update_at_back(const Label& label, std::optional<Version> greatest, Version version) {
    const auto file = configuration("far");
    const auto key = must(keytrans::SigningKey::from_pem(
        keytrans::CipherSuite::KT_128_SHA256_Ed25519, read_file(path("leaf.pem"))));
    const auto request = must(keytrans::sign_update_request(
        key, file.wire(), {{}, label, greatest, {{to_bytes(std::string_view("another"))}}},
        version));
    Asker front(back_->url(), kFrontToken, trusting("back"));
    return front
        .post("/kt/v1/logs/managed/update", "update-request",
              must(keytrans::encode(request, file.context())))
        .status;
  }

  std::string back_listen_;
};

TEST_F(ManagedByTheBack, UpdatesAreSignedOnTheirWay) {
  wait_until_signing();
  const Label bob = label_of("bob@example.net");
  become_owner(bob);
  for (std::uint32_t version = 0; version < 3; ++version)
    EXPECT_EQ(update(bob, "key " + std::to_string(version)).first, Version{version});
  EXPECT_EQ(text_of(search(bob).value), "key 2");
  wait_for_tree_size(4);
  EXPECT_GE(sample("ktgate_manager_followed_age_seconds{log=\"far\"}"), 0);
  EXPECT_LT(sample("ktgate_manager_followed_age_seconds{log=\"far\"}"), 60);
  // Nobody else signs, and the manager takes nothing that is not signed.
  const auto put = [&](Asker& asker, const std::string& log, Bytes body) {
    return code(asker.post("/kt/v1/logs/" + log + "/update", "update-request", std::move(body)));
  };
  EXPECT_EQ(put(*writer_, "far",
                must(keytrans::encode(keytrans::ManagerUpdateRequest{{}, bob, {}, {}, Version{1}},
                                      configuration("far").context()))),
            "400 malformed");
  Asker front(back_->url(), kFrontToken, trusting("back"));
  EXPECT_EQ(put(front, "managed",
                must(keytrans::encode(keytrans::UpdateRequest{{}, bob, Version{2}, {{{1}}}}))),
            "400 malformed");
  // The front goes on where it was.
  ASSERT_EQ(front_->stop().code, 0);
  serve_front();
  wait_until_signing();
  EXPECT_EQ(update(bob, "key 3").first, Version{3});
}

TEST_F(ManagedByTheBack, AForkEndsSigningAndIsEvidence) {
  wait_until_signing();
  const Label bob = label_of("bob@example.net");
  become_owner(bob);
  update(bob, "key 0");
  ASSERT_EQ(back_->stop().code, 0);
  back_.reset();
  std::filesystem::copy(path("far"), path("copy"), std::filesystem::copy_options::recursive);
  manage("far");
  write_configuration();
  expect_reloaded();
  wait_until_signing();
  update(bob, "key 1");
  wait_for_tree_size(3);

  // The same manager with its log from before, in which something else happens.
  manage("copy");
  EXPECT_EQ(update_at_back(bob, Version{0}, Version{1}), 200U);
  write_configuration();
  expect_reloaded();
  wait_until([&] { return has_trouble("forked"); }, "the fork is not found");
  const Bytes request = must(encode(RoutedUpdateRequest{
      bob, {{id(), std::nullopt, Version{1}}}, {{to_bytes(std::string_view("key 2"))}}}));
  const auto put = [&] {
    return code(writer_->post("/kt/v1/update", "routed-update-request", request));
  };
  EXPECT_EQ(put(), kUnavailable);
  EXPECT_EQ(look_up(*anyone_, "bob@example.net").status, 200U);
  EXPECT_EQ(readiness("admin.socket"), 200U);
  wait_until(
      [&] {
        return front_->err().find("is not signed for: the log signed two trees") !=
               std::string::npos;
      },
      "nobody says so");
  const auto evidence = must(keytrans::ForkEvidence::parse(to_bytes(
      read_file(path("state/evidence/fork-" + user_->configuration().id().hex() + ".bin")))));
  must(keytrans::verify_fork_evidence(evidence));
  // And stays so.
  ASSERT_EQ(front_->stop().code, 0);
  manage("far");
  serve_front();
  wait_until([&] { return has_trouble("forked"); }, "the fork is forgotten");
  EXPECT_EQ(put(), kUnavailable);
}

TEST_F(ManagedByTheBack, TheLeafKeyHasToBeTheLogs) {
  std::filesystem::remove(path("leaf.pem"));
  ASSERT_EQ(run({"log", "leaf-key", path("leaf.pem"), "--suite", "ed25519"}).code, 0);
  expect_failure(run({"log", "leaf-key", path("leaf.pem")}), 1, "log leaf-key", "File exists");
  expect_failure(run({"check", path("front.toml")}), 1, "check",
                 "remote log far: leaf_key: leaf.pem is not the key of this log");
  EXPECT_NE(front_->reload().find("leaf.pem is not the key of this log"), std::string::npos);
  std::filesystem::copy(path("near.configuration"), path("far.configuration"),
                        std::filesystem::copy_options::overwrite_existing);
  expect_failure(run({"check", path("front.toml")}), 1, "check",
                 "leaf_key: the log is not managed by a third party");
}

// --- Upstreams that are hostile --------------------------------------------------------------

// A gateway between the client and the log that says what the log once said, to something else or
// before something happened. To the gateway in front it is a response like any other; the client is
// who sees it.
TEST_F(TwoGateways, ALieIsPassedOnAndTheClientRejectsIt) {
  const Label bob = label_of("bob@example.net");
  become_owner(bob);
  update(bob, "old key");
  Asker back(back_->url(), "", trusting("back"));
  const auto said_of = [&](const Label& label, std::optional<TreeSize> last) {
    const keytrans::SearchRequest request{last, label, {}};
    return text_of(back.post("/kt/v1/logs/at-the-back/search", "search-request",
                             must(keytrans::encode(request)))
                       .body);
  };
  const std::string stale = said_of(bob, {});
  update(bob, "new key");
  const std::string honest = said_of(bob, user_->last());
  std::string altered = honest;
  altered.at(10) = static_cast<char>(altered.at(10) ^ 1);
  const std::string of_newcomer = said_of(bob, {});

  std::mutex mutex;
  std::string lie;
  const Hostile liar([&](const LoopbackConnection& connection) {
    static_cast<void>(read_request(connection));
    const std::lock_guard lock(mutex);
    connection.write(http_answer(200, federation::media_type("search-response"), lie));
  });
  write_front({false, "127.0.0.1", liar.port(), ""});
  expect_reloaded();
  const auto outcome = [&](const std::string& said, ClientState& user, const Label& label) {
    {
      const std::lock_guard lock(mutex);
      lie = said;
    }
    const auto question = user.search_request(label);
    const auto answer = anyone_->post("/kt/v1/lookup", "lookup-request",
                                      must(encode(LookupRequest{label, {{id(), user.last()}}})));
    EXPECT_EQ(answer.status, 200U) << text_of(answer.body);
    const auto routed = must(federation::decode<RoutedResponse>(answer.body));
    EXPECT_EQ(text_of(routed.answers.at(0).response), said);
    const auto response = must(keytrans::decode<keytrans::SearchResponse>(
        routed.answers.at(0).response, user.configuration().context()));
    const auto verified = user.verify(question, response, RemoteUser::now());
    return verified ? std::optional<Errc>() : verified.error().code;
  };
  ClientState newcomer(configuration("far"));
  EXPECT_EQ(outcome(honest, *user_, bob), std::nullopt);
  EXPECT_EQ(outcome(of_newcomer, newcomer, bob), std::nullopt);
  EXPECT_EQ(outcome(stale, *user_, bob), Errc::verification_failed) << "an older head";
  EXPECT_EQ(outcome(altered, *user_, bob), Errc::verification_failed) << "another opening";
  EXPECT_EQ(outcome(of_newcomer, newcomer, label_of("eve@example.net")), Errc::verification_failed)
      << "what is true of another label";
}

// Takes what comes until the other side gives up.
void hang(const LoopbackConnection& connection) { static_cast<void>(connection.read_all()); }

Origin::Script saying(std::string text) {
  return [text = std::move(text)](const LoopbackConnection& connection) {
    static_cast<void>(read_request(connection));
    connection.write(text);
  };
}
Origin::Script hanging_after(std::string text) {
  return [text = std::move(text)](const LoopbackConnection& connection) {
    static_cast<void>(read_request(connection));
    connection.write(text);
    hang(connection);
  };
}
// Says `begin`, and then `more` until nobody takes it.
Origin::Script endless(std::string begin, std::string more) {
  return [begin = std::move(begin), more = std::move(more)](const LoopbackConnection& connection) {
    static_cast<void>(read_request(connection));
    for (bool goes_on = connection.write(begin); goes_on;) goes_on = connection.write(more);
  };
}

class HostileUpstream : public UpstreamTest {
 protected:
  void add(const std::string& name, const std::string& expected, Origin::Script script,
           bool has_tls = false) {
    upstreams_.push_back(std::make_unique<Hostile>(std::move(script)));
    create_log(name);
    names_.emplace_back(name, expected);
    text_ += "[[remote_log]]\nalias = \"" + name + "\"\nurl = \"http" + (has_tls ? "s" : "") +
             "://127.0.0.1:" + std::to_string(upstreams_.back()->port()) +
             "\"\nconfiguration = \"" + name +
             ".configuration\"\nconnect_timeout = \"200ms\"\ntotal_timeout = \"300ms\"\n" +
             domain(name + ".example", name);
  }
  void serve() {
    create_log("near");
    write_file(path("ktgate.toml"),
               "[listen]\naddress = \"127.0.0.1:0\"\n[admin]\nsocket = \"admin.socket\"\n"
               "[limits]\nrequests_per_second = 0\ndrain_delay = \"0s\"\n"
               "[[log]]\ndirectory = \"near\"\nalias = \"near\"\nwriter = \"writer\"\n" +
                   principal("writer", kWriterToken) + domain("example.com", "near") + text_);
    serving_.emplace(path("ktgate.toml"));
  }
  [[nodiscard]] std::string search_body() const {
    Asker writer(serving_->url(), kWriterToken);
    const Label alice = label_of("alice@example.com");
    writer.post("/kt/v1/logs/near/update", "update-request",
                must(keytrans::encode(keytrans::UpdateRequest{{}, alice, {}, {{{1}}}})));
    const keytrans::SearchRequest search{{}, alice, {}};
    return text_of(
        writer.post("/kt/v1/logs/near/search", "search-request", must(keytrans::encode(search)))
            .body);
  }
  void add_all() {
    const std::string type = federation::media_type("search-response");
    add("connect", kUnavailable, hang);
    add("tls", kUnavailable, hang, true);
    add("no-tls", kUnavailable, saying("HTTP/1.1 400 Bad Request\r\n\r\n"), true);
    add("header", kUnavailable, hanging_after("HTTP/1.1 200 OK\r\nContent-Ty"));
    add("body", kUnavailable, hanging_after("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nabc"));
    add("truncates", kUnavailable, saying("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nabc"));
    add("closes", kUnavailable, [](const LoopbackConnection& /*connection*/) {});
    add("announces", kInvalid, saying("HTTP/1.1 200 OK\r\nContent-Length: 10737418240\r\n\r\n"));
    add("floods", kInvalid,
        endless("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
                "10000\r\n" + std::string(65536, 'a') + "\r\n"));
    add("unending", kInvalid, endless("HTTP/1.1 200 OK\r\n\r\n", std::string(65536, 'a')));
    add("headers", kInvalid,
        endless("HTTP/1.1 200 OK\r\n", "A: " + std::string(1000, 'a') + "\r\n"));
    add("garbage", kInvalid, saying(std::string("\x16\x03\x01\x00\xa5\x01\r\n\r\n", 10)));
    add("type", kInvalid, saying(http_answer(200, "text/html", "<html>")));
    add("nonsense", kInvalid, saying(http_answer(200, type, std::string(1000, '\xff'))));
    add("empty", kInvalid, saying(http_answer(200, type, "")));
    add("redirects", kInvalid,
        saying("HTTP/1.1 307 Go\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"));
    add("interim", kInvalid, saying("HTTP/1.1 103 Early Hints\r\nContent-Length: 0\r\n\r\n"));
    add("deep", kInvalid,
        saying(http_answer(404, "application/problem+json", std::string(100'000, '['))));
  }

  std::vector<std::unique_ptr<Hostile>> upstreams_;
  std::vector<std::pair<std::string, std::string>> names_;
  std::string text_;
  std::optional<Serving> serving_;
};

TEST_F(HostileUpstream, IsAnErrorOfItsOwnAndNobodyElses) {
  add_all();
  serve();
  const std::string other = search_body();
  ASSERT_GT(other.size(), 100U);
  const std::size_t memory = serving_->peak_memory();
  Asker asker(serving_->url());
  for (const auto& [name, expected] : names_) {
    const auto begin = steady_clock::now();
    EXPECT_EQ(code(look_up(asker, "bob@" + name + ".example")), expected) << name;
    EXPECT_LT(steady_clock::now() - begin, std::chrono::seconds(5)) << name;
    EXPECT_EQ(look_up(asker, "alice@example.com").status, 200U) << name;
  }
  EXPECT_EQ(readiness("admin.socket"), 200U);
  // An answer of 4 MiB is the most that is kept of one. Under a sanitizer what was freed stays a
  // while.
  EXPECT_LT(serving_->peak_memory() - memory, std::size_t{256} << 20);
  const auto samples = metrics("admin.socket");
  for (const auto& [name, expected] : names_) {
    const std::string outcome = expected == kInvalid ? "invalid" : "unavailable";
    const std::string sample =
        "ktgate_upstream_requests_total{log=\"" + name + "\",outcome=\"" + outcome + "\"}";
    EXPECT_EQ(samples.at(sample), 1) << name;
  }
  EXPECT_EQ(serving_->stop().code, 0);
}

// A log that is left alone for long says so, and nobody asks it meanwhile.
TEST_F(HostileUpstream, ClientsAreToldHowLongItIsLeftAlone) {
  std::atomic<int> asked = 0;
  add("busy", kUnavailable, [&](const LoopbackConnection& connection) {
    static_cast<void>(read_request(connection));
    ++asked;
    connection.write(
        "HTTP/1.1 503 Busy\r\nRetry-After: 40\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  });
  serve();
  Asker asker(serving_->url());
  for (int i = 0; i < 8; ++i) {
    const auto answer = look_up(asker, "bob@busy.example");
    EXPECT_EQ(code(answer), kUnavailable);
    ASSERT_TRUE(answer.retry_after.has_value());
    // The time that was asked for, and a quarter either way.
    if (i > 4) {
      EXPECT_GE(*answer.retry_after, std::chrono::seconds(25));
      EXPECT_LE(*answer.retry_after, std::chrono::seconds(50));
    } else if (i < 4) {
      EXPECT_EQ(*answer.retry_after, std::chrono::seconds(1));
    }
  }
  EXPECT_EQ(asked, 5);
}

// The gateway ends when requests still wait for an upstream that hangs.
TEST_F(HostileUpstream, IsNotWaitedForAtTheEnd) {
  add("connect", kUnavailable, hang);
  text_ = text_.replace(text_.find("300ms"), 5, "60s");
  serve();
  std::string configured = read_file(path("ktgate.toml"));
  const std::string limits = "[limits]\n";
  configured.insert(configured.find(limits) + limits.size(), "drain_timeout = \"100ms\"\n");
  write_file(path("ktgate.toml"), configured);
  serving_.emplace(path("ktgate.toml"));
  auto asked = std::async(std::launch::async, [&] {
    Asker asker(serving_->url());
    federation::HttpRequest request;
    request.method = federation::HttpMethod::post;
    request.target = "/kt/v1/lookup";
    request.content_type = federation::media_type("lookup-request");
    request.body = must(encode(LookupRequest{label_of("bob@connect.example"), {}}));
    return asker.send(request);
  });
  wait_until([&] { return metrics("admin.socket").at("ktgate_http_connections") > 0; },
             "nobody asks");
  const auto begin = steady_clock::now();
  EXPECT_EQ(serving_->stop().code, 0);
  EXPECT_LT(steady_clock::now() - begin, std::chrono::seconds(10));
  EXPECT_FALSE(asked.get().has_value());
}

// What others notice: the times of a domain of the gateway's own, alone and while a client of each
// hostile upstream asks it again and again, by turns. The bound is wide, as the machine has others
// to serve; the figures are printed.
TEST_F(HostileUpstream, ExpensiveOtherDomainsHardlyNotice) {
  add_all();
  serve();
  ASSERT_FALSE(search_body().empty());
  std::atomic<bool> ends = false;
  std::atomic<bool> is_paused = true;
  std::atomic<int> asked = 0;
  std::vector<std::thread> clients;
  for (const auto& [name, expected] : names_) {
    clients.emplace_back([&, name = name] {
      Asker client(serving_->url());
      for (; !ends; std::this_thread::sleep_for(std::chrono::milliseconds(20))) {
        if (is_paused) continue;
        look_up(client, "bob@" + name + ".example");
        ++asked;
      }
    });
  }
  Asker asker(serving_->url());
  const auto measure = [&](Times& times) {
    const auto end = steady_clock::now() + std::chrono::milliseconds(1'000);
    for (auto begin = steady_clock::now(); begin < end; begin = steady_clock::now()) {
      EXPECT_EQ(look_up(asker, "alice@example.com").status, 200U);
      times.push_back(
          std::chrono::duration_cast<std::chrono::microseconds>(steady_clock::now() - begin));
    }
  };
  Times alone;
  Times beside;
  for (int turn = 0; turn < 3; ++turn) {
    is_paused = true;
    measure(alone);
    is_paused = false;
    measure(beside);
  }
  ends = true;
  for (std::thread& client : clients) client.join();
  print("alone", alone);
  print("beside", beside);
  std::printf("%d requests to hostile upstreams meanwhile\n", asked.load());
  EXPECT_GT(asked, 100);
  EXPECT_LT(percentile(beside, 0.99),
            10 * percentile(alone, 0.99) + std::chrono::milliseconds(100));
}

}  // namespace
}  // namespace kt::gateway
