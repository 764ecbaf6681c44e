// Answers as JSON: what they hold, and who gets them.
#include "json_view.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "keytrans/base64url.h"
#include "keytrans/consistency.h"
#include "names.h"
#include "serve_program.h"

namespace kt::gateway {
namespace {

using nlohmann::json;

json parsed(const Bytes& text) { return json::parse(text); }
std::string base64url(ByteView bytes) { return to_base64url(bytes); }
std::string base64url(std::string_view text) { return to_base64url(to_bytes(text)); }

class JsonView : public LogProgram {
 protected:
  void SetUp() override {
    const Outcome made = run({"init", "example.com", path("kt"), "--listen", "127.0.0.1:0"});
    ASSERT_EQ(made.code, 0) << made.err;
    const std::size_t token = made.out.find("token  ") + 7;
    serving_.emplace(path("kt/ktgate.toml"));
    wait_until([&] { return serving_->err().find("has epoch 1\n") != std::string::npos; },
               "the directory document is not published");
    asker_.emplace(serving_->url(), made.out.substr(token, made.out.find('\n', token) - token));
    const auto bytes = asker_->get("/kt/v1/logs/main/configuration").body;
    configuration_.emplace(must(keytrans::LogConfiguration::create(
        must(keytrans::decode<keytrans::Configuration>(bytes)))));
  }

  // The bytes and the view of one answer.
  struct Both {
    Bytes bytes;
    json view;
  };
  federation::HttpResponse ask(const std::string& target, const std::string& message,
                               const Bytes& body, const std::string& accept) {
    federation::HttpRequest request;
    request.target = target;
    request.accept = accept;
    if (!message.empty()) {
      request.method = federation::HttpMethod::post;
      request.content_type = "application/vnd.ktgate." + message;
      request.body = body;
    }
    return must(asker_->send(request));
  }
  Both both(const std::string& target, const std::string& message = "", const Bytes& body = {}) {
    const auto view = ask(target, message, body, "application/json");
    EXPECT_EQ(view.status, 200U) << text_of(view.body);
    EXPECT_EQ(view.content_type, "application/json");
    const auto bytes = ask(target, message, body, "application/*, application/json");
    EXPECT_EQ(bytes.content_type.find("application/vnd.ktgate."), 0U);
    return {bytes.body, parsed(view.body)};
  }

  std::optional<Serving> serving_;
  std::optional<Asker> asker_;
  std::optional<keytrans::LogConfiguration> configuration_;
};

TEST_F(JsonView, OfAConfiguration) {
  const auto [bytes, view] = both("/kt/v1/logs/main/configuration");
  const keytrans::Configuration& wire = configuration_->wire();
  EXPECT_EQ(view, (json{{"ciphersuite", 1},
                        {"mode", 1},
                        {"signature_public_key", base64url(wire.signature_public_key)},
                        {"vrf_public_key", base64url(wire.vrf_public_key)},
                        {"max_ahead", "60000"},
                        {"max_behind", "3600000"},
                        {"reasonable_monitoring_window", "86400000"},
                        {"maximum_lifetime", nullptr}}));
}

TEST_F(JsonView, OfWhatOneLogAnswers) {
  keytrans::ClientState user(*configuration_);
  const Label label = label_of("kt:directory");
  const auto request = user.search_request(label);
  const auto [bytes, view] =
      both("/kt/v1/logs/main/search", "search-request", must(keytrans::encode(request)));
  const auto response =
      must(keytrans::decode<keytrans::SearchResponse>(bytes, configuration_->context()));
  EXPECT_EQ(view.at("version"), 0);
  EXPECT_EQ(view.at("opening"), base64url(response.opening));
  EXPECT_EQ(view.at("value"),
            (json{{"value", base64url(response.value.value)}, {"suffix", json::object()}}));
  const json& head = view.at("full_tree_head");
  EXPECT_EQ(head.at("head_type"), 2);
  EXPECT_EQ(head.at("tree_head").at("tree_size"),
            std::to_string(response.full_tree_head.tree_head.tree_size.value()));
  ASSERT_EQ(view.at("binary_ladder").size(), response.binary_ladder.size());
  EXPECT_EQ(view.at("binary_ladder")[0].at("proof"), base64url(response.binary_ladder[0].proof));
  EXPECT_TRUE(view.at("binary_ladder")[0].at("commitment").is_null());
  const json& search = view.at("search");
  ASSERT_EQ(search.at("timestamps").size(), response.search.timestamps.size());
  EXPECT_EQ(search.at("timestamps")[0], std::to_string(response.search.timestamps[0].value()));
  EXPECT_TRUE(search.at("inclusion").at("elements").is_array());

  // A search for a version is answered without it, and read that way.
  const auto fixed = user.search_request(label, Version{0});
  const json of_version =
      both("/kt/v1/logs/main/search", "search-request", must(keytrans::encode(fixed))).view;
  EXPECT_FALSE(of_version.contains("version"));
  EXPECT_TRUE(of_version.contains("opening"));

  const json distinguished = both("/kt/v1/logs/main/distinguished", "distinguished-request",
                                  must(keytrans::encode(keytrans::DistinguishedRequest{})))
                                 .view;
  EXPECT_TRUE(distinguished.contains("distinguished"));
  const json consistency =
      both("/kt/v1/logs/main/consistency", "consistency-request",
           must(keytrans::encode(keytrans::ConsistencyRequest{std::nullopt, TreeSize{1}})))
          .view;
  EXPECT_TRUE(consistency.at("tree_head").contains("signature"));
  EXPECT_TRUE(consistency.at("consistency").at("elements").is_array());
  const json owned = both("/kt/v1/logs/main/owner-init", "owner-init-request",
                          must(keytrans::encode(user.owner_init_request(label, EntryIndex{0}))))
                         .view;
  EXPECT_TRUE(owned.contains("greatest_versions"));
}

TEST_F(JsonView, OfRoutedAnswersShowsWhatTheLogsAnswered) {
  const Label alice = label_of("alice@example.com");
  const keytrans::LabelValue key{to_bytes(std::string_view("a key"))};
  const auto updated =
      ask("/kt/v1/update", "routed-update-request",
          must(encode(federation::RoutedUpdateRequest{alice, {}, {key}})), "application/json");
  ASSERT_EQ(updated.status, 200U) << text_of(updated.body);
  const json answer = parsed(updated.body).at("answers").at(0);
  EXPECT_EQ(answer.at("log_id"), base64url(configuration_->id().hash()));
  EXPECT_TRUE(answer.at("response").contains("position"));
  EXPECT_EQ(answer.at("response").at("info").size(), 1U);

  const auto [bytes, view] =
      both("/kt/v1/lookup", "lookup-request", must(encode(federation::LookupRequest{alice, {}})));
  EXPECT_EQ(view.at("epoch"), "1");
  EXPECT_EQ(view.at("answers").at(0).at("response").at("value").at("value"), base64url("a key"));
}

TEST_F(JsonView, ErrorsAndOtherTypesAreWhatTheyWere) {
  const Bytes body = must(keytrans::encode(
      keytrans::SearchRequest{std::nullopt, label_of("nobody@example.com"), std::nullopt}));
  const auto unknown = ask("/kt/v1/logs/main/search", "search-request", body, "application/json");
  EXPECT_EQ(unknown.status, 404U);
  EXPECT_EQ(unknown.content_type, "application/problem+json");
  for (const char* const accept : {"text/html", "application/json;q=0"}) {
    EXPECT_EQ(ask("/kt/v1/logs/main/search", "search-request", body, accept).status, 406U);
    EXPECT_EQ(ask("/kt/v1/lookup", "lookup-request", body, accept).status, 406U);
    EXPECT_EQ(ask("/kt/v1/logs/main/configuration", "", {}, accept).status, 406U);
  }
}

TEST(JsonViewOfBytes, RefusesWhatIsNoMessage) {
  EXPECT_FALSE(view_configuration(Bytes{1, 2, 3}).has_value());
  EXPECT_FALSE(view_auditor_start(Bytes{}).has_value());
  EXPECT_FALSE(view_auditor_updates(Bytes{0, 0, 0, 1, 7}).has_value());
  EXPECT_EQ(text_of(must(view_auditor_updates(Bytes{}))), "[]\n");
  EXPECT_EQ(view_response(fail(Errc::malformed, "secret")).status, 500U);
}

TEST(JsonViewOfBytes, HasAnAuditorsUpdatesAsAList) {
  keytrans::AuditorUpdate update;
  update.timestamp = Timestamp{18446744073709551615ULL};
  update.added.push_back({});
  const Bytes encoded = must(keytrans::encode(update));
  Bytes body{0, 0, 0, static_cast<std::uint8_t>(encoded.size())};
  body.insert(body.end(), encoded.begin(), encoded.end());
  const json view = parsed(must(view_auditor_updates(body)));
  ASSERT_EQ(view.size(), 1U);
  EXPECT_EQ(view[0].at("timestamp"), "18446744073709551615");
  EXPECT_EQ(view[0].at("added").at(0).at("vrf_output"), base64url(HashValue{}));
  EXPECT_TRUE(view[0].at("removed").empty());
}

}  // namespace
}  // namespace kt::gateway
