// Routed requests, from a client to the logs of a gateway and back.
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "federation/routed_messages.h"
#include "federation/shard.h"
#include "names.h"
#include "serve_program.h"

namespace kt::gateway {
namespace {

using federation::LookupRequest;
using federation::RoutedMonitorRequest;
using federation::RoutedResponse;
using federation::RoutedUpdateRequest;
using keytrans::ClientState;
using keytrans::LogConfiguration;

constexpr const char* kAlice = "alice@example.com";

// A gateway for two domains: example.com has one log, example.net two.
class RoutedApi : public LogProgram {
 protected:
  void SetUp() override {
    std::string text = "default_domain = \"example.com\"\n[listen]\naddress = \"127.0.0.1:0\"\n" +
                       principal("writer", kWriterToken) + principal("somebody", "another-token");
    for (const char* const name : {"a", "b", "c"}) {
      create(name, {"--suite", "ed25519", "--configuration", path(name) + ".configuration"});
      text += "[[log]]\ndirectory = \"" + std::string(name) + "\"\nalias = \"" + name +
              "\"\nwriter = \"writer\"\n";
      users_.emplace_back(configuration(name));
    }
    text +=
        "[[domain]]\nname = \"example.com\"\nlabel_rule = \"UsernameCaseMapped\"\n"
        "policy = \"single\"\nlogs = [\"a\"]\n"
        "[[domain]]\nname = \"example.net\"\nlabel_rule = \"UsernameCaseMapped\"\n"
        "policy = \"sharded\"\nlogs = [\"b\", \"c\"]\n";
    write_file(path("ktgate.toml"), text);
    serving_.emplace(path("ktgate.toml"));
    writer_.emplace(serving_->url(), kWriterToken);
    anyone_.emplace(serving_->url());
  }

  [[nodiscard]] LogConfiguration configuration(const std::string& name) const {
    const std::string bytes = read_file(path(name) + ".configuration");
    return must(
        LogConfiguration::create(must(keytrans::decode<keytrans::Configuration>(to_bytes(bytes)))));
  }

  // The user's state of the log that `answer` has to come from: example.com's, or the label's
  // shard.
  ClientState& expected_log(const Label& label) {
    if (text_of(label).ends_with("@example.com")) return users_[0];
    const auto shards = must(
        federation::make_shards({users_[1].configuration().id(), users_[2].configuration().id()}));
    const LogId shard = federation::find_shard(shards, label);
    return users_[1].configuration().id() == shard ? users_[1] : users_[2];
  }

  static HashValue id_of(const ClientState& user) { return user.configuration().id().hash(); }

  // Sends a routed request, and what it got applies to `user` once it is verified as the answer to
  // `question`, the request to that user's log.
  template <class Response, class Request>
  auto ask(Asker& asker, const std::string& operation, const std::string& message, Bytes body,
           ClientState& user, const Request& question) {
    const auto answer = asker.post("/kt/v1/" + operation, message + "-request", std::move(body));
    if (answer.status != 200) throw std::runtime_error(text_of(answer.body));
    EXPECT_EQ(answer.content_type, "application/vnd.ktgate." + message + "-response");
    const auto routed = must(federation::decode<RoutedResponse>(answer.body));
    EXPECT_EQ(routed.epoch, 0U);
    EXPECT_EQ(routed.answers.size(), 1U);
    EXPECT_EQ(routed.answers.at(0).log_id, id_of(user));
    const auto response = must(keytrans::decode<Response>(
        routed.answers.at(0).response, keytrans::WireContext::of(user.configuration().wire())));
    return must(user.apply(must(user.verify(question, response, RemoteUser::now()))));
  }

  // With views of all logs.
  keytrans::SearchOutcome look_up(const Label& label) {
    LookupRequest request{label, {}};
    for (const ClientState& user : users_) request.views.push_back({id_of(user), user.last()});
    ClientState& user = expected_log(label);
    return ask<keytrans::SearchResponse>(*anyone_, "lookup", "lookup", must(encode(request)), user,
                                         user.search_request(label));
  }
  keytrans::UpdateOutcome update(const Label& label, const std::string& value) {
    ClientState& user = expected_log(label);
    const auto question = must(user.update_request(label, {{to_bytes(value)}}));
    const RoutedUpdateRequest request{
        label, {{id_of(user), question.last, question.greatest_version}}, question.values};
    return ask<keytrans::UpdateResponse>(*writer_, "update", "routed-update", must(encode(request)),
                                         user, question);
  }
  void become_owner(const Label& label) {
    ClientState& user = expected_log(label);
    const auto question = user.owner_init_request(label, EntryIndex{0});
    const auto answer =
        anyone_->post("/kt/v1/logs/" + user.configuration().id().hex() + "/owner-init",
                      "owner-init-request", must(keytrans::encode(question)));
    const auto response = must(keytrans::decode<keytrans::OwnerInitResponse>(
        answer.body, keytrans::WireContext::of(user.configuration().wire())));
    must(user.apply(must(user.verify(question, response, RemoteUser::now()))));
  }

  static std::string code(const federation::HttpResponse& response, unsigned status) {
    EXPECT_EQ(response.status, status) << text_of(response.body);
    EXPECT_EQ(response.content_type, "application/problem+json");
    const std::string type = nlohmann::json::parse(response.body).at("type");
    return type.substr(std::string_view("urn:ktgate:error:").size());
  }
  std::string look_up_code(std::string_view label, unsigned status) {
    return code(anyone_->post("/kt/v1/lookup", "lookup-request",
                              must(encode(LookupRequest{label_of(label), {}}))),
                status);
  }
  std::string update_code(Asker& asker, const RoutedUpdateRequest& request, unsigned status) {
    return code(asker.post("/kt/v1/update", "routed-update-request", must(encode(request))),
                status);
  }

  std::vector<ClientState> users_;  // of the logs a, b, c
  std::optional<Serving> serving_;
  std::optional<Asker> writer_;
  std::optional<Asker> anyone_;
};

TEST_F(RoutedApi, UpdatesLooksUpAndMonitorsInTheOneLogOfADomain) {
  const Label alice = label_of(kAlice);
  become_owner(alice);
  // The last one is to the right of the only distinguished entry, and so to be monitored.
  for (int version = 0; version < 4; ++version) {
    const auto made = update(alice, "key " + std::to_string(version));
    EXPECT_TRUE(made.created);
    EXPECT_EQ(made.first, Version{static_cast<std::uint32_t>(version)});
  }
  const ClientState owner = users_[0];
  users_[0] = ClientState(configuration("a"));
  EXPECT_EQ(text_of(look_up(alice).value), "key 3");

  const auto contact = must(users_[0].contact_monitor_request(alice));
  const RoutedMonitorRequest as_contact{
      alice, {{id_of(users_[0]), contact.last, contact.entries, std::nullopt}}};
  ask<keytrans::ContactMonitorResponse>(*anyone_, "monitor", "routed-monitor",
                                        must(encode(as_contact)), users_[0], contact);
  users_[0] = owner;
  const auto owned = must(users_[0].owner_monitor_request(alice));
  const RoutedMonitorRequest as_owner{
      alice,
      {{id_of(users_[0]), owned.last, owned.entries,
        federation::OwnerProgress{owned.start, owned.greatest_version}}}};
  ask<keytrans::OwnerMonitorResponse>(*anyone_, "monitor", "routed-monitor", must(encode(as_owner)),
                                      users_[0], owned);
}

TEST_F(RoutedApi, AsksTheShardOfEachLabel) {
  std::set<HashValue> used;
  for (int i = 0; i < 8; ++i) {
    const Label label = label_of("user" + std::to_string(i) + "@example.net");
    become_owner(label);
    EXPECT_TRUE(update(label, "key " + std::to_string(i)).created);
    EXPECT_EQ(text_of(look_up(label).value), "key " + std::to_string(i));
    used.insert(id_of(expected_log(label)));
  }
  EXPECT_EQ(used.size(), 2U) << "the labels of this test do not show what it is about";
}

TEST_F(RoutedApi, SaysWhatIsWrongWithALabel) {
  EXPECT_EQ(look_up_code(kAlice, 404), "unknown-label");
  EXPECT_EQ(look_up_code("alice@example.org", 404), "no-log");
  EXPECT_EQ(look_up_code("kt:directory", 422), "reserved-label");
  for (const char* const label :
       {"", "alice", "Alice@example.com", "alice@EXAMPLE.com", "acct:alice@example.com",
        "alice@example.com/phone", "\xff@example.com", "a b@example.com", "tel:+1-201-555-0123"})
    EXPECT_EQ(look_up_code(label, 422), "invalid-identity") << label;
  // The default domain's.
  EXPECT_EQ(look_up_code("tel:+12015550123", 404), "unknown-label");
}

TEST_F(RoutedApi, NobodyButTheWriterOfTheLogWrites) {
  const RoutedUpdateRequest request{label_of(kAlice), {}, {{to_bytes(std::string_view("key"))}}};
  EXPECT_EQ(update_code(*anyone_, request, 401), "unauthenticated");
  Asker stranger(serving_->url(), "no token");
  EXPECT_EQ(update_code(stranger, request, 401), "unauthenticated");
  Asker somebody(serving_->url(), "another-token");
  EXPECT_EQ(update_code(somebody, request, 403), "forbidden");
  EXPECT_EQ(look_up_code(kAlice, 404), "unknown-label");
}

TEST_F(RoutedApi, RefusesUpdatesThatTheLogWillNotHave) {
  const Label alice = label_of(kAlice);
  const keytrans::LabelValue key{to_bytes(std::string_view("key"))};
  EXPECT_EQ(update_code(*writer_, {label_of("kt:directory"), {}, {key}}, 422), "reserved-label");
  EXPECT_EQ(
      update_code(*writer_, {alice, {}, {{to_bytes(std::string_view("ktgate-tombstone"))}}}, 422),
      "reserved-value");
  EXPECT_EQ(update_code(*writer_, {alice, {{id_of(users_[0]), {}, Version{5}}}, {key}}, 409),
            "stale-version");
  EXPECT_EQ(update_code(*writer_, {alice, {}, {}}, 409), "stale-version");
  EXPECT_EQ(update_code(*writer_, {label_of("alice@example.org"), {}, {key}}, 404), "no-log");
}

TEST_F(RoutedApi, SaysWhatIsWrongWithARequest) {
  const LookupRequest lookup{label_of(kAlice), {{id_of(users_[0]), TreeSize{1000}}}};
  const Bytes body = must(encode(lookup));
  const auto post = [&](const std::string& message, Bytes bytes) {
    return anyone_->post("/kt/v1/lookup", message, std::move(bytes));
  };
  EXPECT_EQ(code(post("lookup-request", body), 409), "stale-view");
  const auto cut = post("lookup-request", Bytes(body.begin(), body.end() - 1));
  EXPECT_EQ(code(cut, 400), "malformed");
  EXPECT_NE(text_of(cut.body).find("at byte"), std::string::npos) << text_of(cut.body);
  EXPECT_EQ(code(post("search-request", body), 415), "unsupported-media-type");
  EXPECT_EQ(code(post("lookup-request", Bytes(65537)), 413), "content-too-large");
  EXPECT_EQ(code(anyone_->get("/kt/v1/lookup"), 405), "method-not-allowed");
  // A log that does not have the label has nothing of it to monitor.
  const RoutedMonitorRequest elsewhere{label_of(kAlice), {{id_of(users_[1]), {}, {}, {}}}};
  EXPECT_EQ(
      code(anyone_->post("/kt/v1/monitor", "routed-monitor-request", must(encode(elsewhere))), 400),
      "malformed");
}

TEST_F(RoutedApi, AReloadBringsDomainsAndTakesThemAway) {
  const std::string all = read_file(path("ktgate.toml"));
  write_file(path("ktgate.toml"), all.substr(0, all.find("[[domain]]\nname = \"example.net\"")));
  EXPECT_EQ(serving_->reload(), "ktgate serve: the configuration was reloaded\n");
  EXPECT_EQ(look_up_code("alice@example.net", 404), "no-log");
  EXPECT_EQ(look_up_code(kAlice, 404), "unknown-label");
  write_file(path("ktgate.toml"), all);
  EXPECT_EQ(serving_->reload(), "ktgate serve: the configuration was reloaded\n");
  EXPECT_EQ(look_up_code("alice@example.net", 404), "unknown-label");
}

}  // namespace
}  // namespace kt::gateway
