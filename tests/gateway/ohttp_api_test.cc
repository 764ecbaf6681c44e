// The Oblivious HTTP gateway resource, asked over HTTP as a relay would.
#include "ohttp_api.h"

#include <set>

#include "federation/directory_document.h"
#include "federation/routed_messages.h"
#include "http_date.h"
#include "ohttp_fixture.h"
#include "prometheus_samples.h"

namespace kt::gateway {
namespace {

TEST(PaddedSize, IsTheNextDoubling) {
  EXPECT_EQ(padded_size(0, 1024), 1024U);
  EXPECT_EQ(padded_size(1, 1024), 1024U);
  EXPECT_EQ(padded_size(1024, 1024), 1024U);
  EXPECT_EQ(padded_size(1025, 1024), 2048U);
  EXPECT_EQ(padded_size(2049, 1024), 4096U);
  EXPECT_EQ(padded_size(700, 300), 1200U);
}

TEST_F(Ohttp, AnAnonymousLookupVerifies) {
  serve();
  wait_for_keys();
  for (const OhttpEncoding encoding : {OhttpEncoding::whole, OhttpEncoding::chunked}) {
    EXPECT_EQ(look_up("alice@example.com", encoding), to_bytes("the key of alice"));
    const std::size_t size = size_;
    EXPECT_EQ(look_up("bob@example.com", encoding), to_bytes("the key of bob"));
    EXPECT_EQ(size_, size) << "the size says who was looked up";
  }
}

TEST_F(Ohttp, WhatAnonymousUsersMayAskIsAnswered) {
  serve();
  wait_for_keys();
  const BinaryResponse document = ask(get("/.well-known/key-transparency?domain=example.com"));
  EXPECT_EQ(document.status, 200U);
  const auto published = must(
      federation::DirectoryDocument::parse(text_of(document.content), domain_of("example.com")));
  EXPECT_EQ(published.directory().epoch, federation::Epoch{1});
  BinaryRequest again = get("/.well-known/key-transparency");
  again.authority.clear();
  again.fields = {{"if-none-match", std::string(*federation::find_field(document.fields, "etag"))}};
  EXPECT_EQ(ask(again).status, 304U);
  EXPECT_EQ(ask(get("/kt/v1/logs/a/configuration")).content,
            asker_->get("/kt/v1/logs/a/configuration").body);

  const auto request =
      must(federation::encode(federation::LookupRequest{label_of("alice@example.com"), {}}));
  const BinaryResponse answer = ask(post_to("/kt/v1/lookup", "lookup-request", request));
  EXPECT_EQ(answer.status, 200U) << text_of(answer.content);
  EXPECT_EQ(must(federation::decode<federation::RoutedResponse>(answer.content)).epoch, 1U);
  // A view for people, when that is what they ask for.
  BinaryRequest view = post_to("/kt/v1/lookup", "lookup-request", request);
  view.fields.push_back({"accept", "application/json"});
  EXPECT_TRUE(nlohmann::json::accept(ask(view).content));
}

TEST_F(Ohttp, EverythingElseIsASealed403) {
  serve("[ohttp]\nenabled = true\n[[principal]]\nname = \"writer\"\ntoken_sha256 = \"" +
        to_hex(keytrans::sha256(to_bytes(kWriterToken))) + "\"\n");
  wait_for_keys();
  std::vector<BinaryRequest> refused;
  for (const char* const path :
       {"/", "/openapi.json", "/kt/v1/update", "/kt/v1/credential", "/kt/v1/logs/a/update",
        "/kt/v1/logs/a/owner-init", "/kt/v1/logs/a/auditor-updates?start=0&limit=1",
        "/kt/v1/logs/a/auditor-head", "/kt/v1/logs/a/search/", "/kt/v1/logs/a", "/livez",
        "/.well-known/ohttp-gateway", "/relay/example.net", "*", "/kt/v1/logs/a/%73earch"}) {
    refused.push_back(get(path));
    refused.push_back(post_to(path, "update-request", {1, 2, 3}));
  }
  refused.push_back(get("/.well-known/key-transparency"));
  refused.back().authority = "internal.example";
  refused.push_back(get("/.well-known/key-transparency"));
  refused.back().authority = "kt.example.com:8443";
  refused.push_back(get("/.well-known/key-transparency"));
  refused.back().method = "DELETE";
  // A token makes nobody known here.
  refused.push_back(post_to("/kt/v1/update", "routed-update-request", {}));
  refused.back().fields.push_back({"authorization", std::string("Bearer ") + kWriterToken});
  std::set<std::size_t> sizes;
  for (const BinaryRequest& inner : refused) {
    expect_problem(ask(inner), 403, "urn:ktgate:error:forbidden");
    sizes.insert(size_);
  }
  EXPECT_EQ(sizes.size(), 1U);
}

// A proxy in front of the gateway takes the beginning of paths away. Inside nobody does.
TEST_F(Ohttp, PathsMayBeginAsTheDomainsUrl) {
  serve("[ohttp]\nenabled = true\n", "", "https://kt.example.com/base");
  wait_for_keys();
  EXPECT_EQ(ask(get("/base/kt/v1/logs/a/configuration")).status, 200U);
  EXPECT_EQ(ask(get("/kt/v1/logs/a/configuration")).status, 200U);
  EXPECT_EQ(ask(get("/base/base/kt/v1/logs/a/configuration")).status, 403U);
  EXPECT_EQ(ask(get("/basekt/v1/logs/a/configuration")).status, 403U);
  EXPECT_EQ(ask(get("/base/openapi.json")).status, 403U);
}

TEST_F(Ohttp, ErrorsInsideAreSealed) {
  serve();
  wait_for_keys();
  expect_problem(ask_sealed(to_bytes("no message")), 400, "urn:ktgate:error:malformed");
  expect_problem(ask_sealed({}), 400, "urn:ktgate:error:malformed");
  expect_problem(ask(get("/kt/v1/logs/other/configuration")), 404, "urn:ktgate:error:unknown-log");
  expect_problem(ask(post_to("/kt/v1/logs/a/search", "lookup-request", {})), 415,
                 "urn:ktgate:error:unsupported-media-type");
  expect_problem(ask(get("/kt/v1/lookup")), 405, "urn:ktgate:error:method-not-allowed");
  keytrans::ClientState user(configuration());
  const auto request = must(keytrans::encode(user.search_request(label_of("nobody@example.com"))));
  expect_problem(ask(post_to("/kt/v1/logs/a/search", "search-request", request)), 404,
                 "urn:ktgate:error:unknown-label");
  BinaryRequest with_body = get("/kt/v1/logs/a/configuration");
  with_body.content = {1};
  expect_problem(ask(with_body), 413, "urn:ktgate:error:content-too-large");
}

TEST_F(Ohttp, TheRulesOfTheDomainHoldForAnonymousUsers) {
  serve("[ohttp]\nenabled = true\n", "[domain.access]\nsearch = \"authenticated\"\n");
  wait_for_keys();
  keytrans::ClientState user(configuration());
  const auto request = must(keytrans::encode(user.search_request(label_of("alice@example.com"))));
  expect_problem(ask(post_to("/kt/v1/logs/a/search", "search-request", request)), 401,
                 "urn:ktgate:error:unauthenticated");
}

TEST_F(Ohttp, AClockThatIsWrongIsToldTheTime) {
  serve();
  wait_for_keys();
  const std::uint64_t now = RemoteUser::now().value();
  constexpr std::uint64_t kMinute = 60'000;
  BinaryRequest request = get("/kt/v1/logs/a/configuration");
  const auto ask_at = [&](std::uint64_t time) {
    request.fields = {{"date", format_http_date(Timestamp{time})}};
    return ask(request);
  };
  EXPECT_EQ(ask_at(now).status, 200U);
  EXPECT_EQ(ask_at(now - 9 * kMinute).status, 200U);
  for (const std::uint64_t wrong : {now - 11 * kMinute, now + 11 * kMinute}) {
    const BinaryResponse answer = ask_at(wrong);
    expect_problem(answer, 400, "https://iana.org/assignments/http-problem-types#date");
    const auto date = federation::find_field(answer.fields, "date");
    ASSERT_TRUE(date.has_value());
    const auto told = parse_http_date(*date);
    ASSERT_TRUE(told.has_value());
    EXPECT_LT(told->value() + 1000 - now, 2 * kMinute);
    // With that it goes on.
    EXPECT_EQ(ask_at(told->value()).status, 200U);
  }
  request.fields = {{"date", "today"}};
  expect_problem(ask(request), 400, "urn:ktgate:error:malformed");
}

TEST_F(Ohttp, WhateverDoesNotOpenIsAnsweredAlike) {
  serve();
  wait_for_keys();
  const KeyConfig config = keys().front();
  const Bytes honest = must(federation::seal_ohttp_request(config, {})).message;
  std::vector<Bytes> messages{{}, Bytes(6), Bytes(1000), Bytes(honest.begin(), honest.end() - 1)};
  for (std::size_t at = 0; at < honest.size(); at += 5) {
    messages.push_back(honest);
    messages.back()[at] ^= 1;
  }
  // Algorithms that we have and do not offer.
  KeyConfig unoffered = config;
  unoffered.symmetric_algorithms = {
      {federation::HpkeKdf::HKDF_SHA512, federation::HpkeAead::AES_256_GCM}};
  messages.push_back(must(federation::seal_ohttp_request(unoffered, {})).message);
  const HttpResponse first = post(messages.front());
  EXPECT_EQ(first.status, 400U);
  EXPECT_EQ(first.content_type, kProblemType);
  EXPECT_EQ(nlohmann::json::parse(first.body).at("type"),
            "https://iana.org/assignments/http-problem-types#ohttp-key");
  for (const Bytes& message : messages) {
    const HttpResponse answer = post(message);
    EXPECT_EQ(answer.status, first.status);
    EXPECT_EQ(text_of(answer.body), text_of(first.body));
  }
  EXPECT_EQ(post(honest, OhttpEncoding::chunked).status, 400U);
  EXPECT_EQ(post(Bytes((64 << 10) + (17 << 10))).status, 413U);
}

TEST_F(Ohttp, EverybodyGetsTheSameKeysAndTheLogHasThem) {
  serve();
  wait_for_keys();
  const HttpResponse first = get_keys();
  EXPECT_EQ(first.status, 200U);
  EXPECT_EQ(first.content_type, "application/ohttp-keys");
  EXPECT_EQ(first.etag, "\"" + to_hex(keytrans::sha256(first.body)) + "\"");
  Asker other(serving_->url(), "a-token");
  const HttpResponse second = other.get(std::string(kOhttpPath));
  EXPECT_EQ(second.body, first.body);
  EXPECT_EQ(second.etag, first.etag);

  federation::HttpRequest again;
  again.target = kOhttpPath;
  again.if_none_match = first.etag;
  EXPECT_EQ(must(asker_->send(again)).status, 304U);
  const HttpResponse single = get_keys("?single");
  EXPECT_EQ(single.body, Bytes(first.body.begin() + 2, first.body.end()));
  EXPECT_EQ(must(federation::decode_key_config(single.body)), keys().front());
  EXPECT_EQ(asker_->get(std::string(kOhttpPath), "text/html").status, 406U);

  RemoteUser user(*asker_, "a", configuration());
  const auto found = user.search(label_of("kt:ohttp-keys"));
  const auto entry = must(federation::OhttpKeysEntry::decode(found.value));
  EXPECT_TRUE(entry.has(first.body));
  EXPECT_FALSE(entry.has(single.body));

  // After a restart, too.
  EXPECT_EQ(serving_->stop().code, 0);
  serving_.reset();
  serve();
  wait_until([&] { return get_keys().status == 200U; }, "there are no keys");
  EXPECT_EQ(get_keys().body, first.body);
}

TEST_F(Ohttp, KeysAreRotatedAtTheAdminSocket) {
  serve("[ohttp]\nenabled = true\nrotation = \"24h\"\noverlap = \"12h\"\n");
  wait_for_keys();
  const std::vector<KeyConfig> before = keys();
  ASSERT_EQ(before.size(), 1U);
  const Outcome rotated = run({"ohttp", "rotate", "--socket", path("admin.socket")});
  EXPECT_EQ(rotated.code, 0) << rotated.err;
  wait_until([&] { return keys().size() == 2; }, "there is no new key");
  const std::vector<KeyConfig> after = keys();
  EXPECT_EQ(after.front(), before.front());
  EXPECT_NE(after.back().key_id, before.front().key_id);
  // Both open.
  for (const KeyConfig& config : after) {
    const auto sealed = must(federation::seal_ohttp_request(config, {}));
    EXPECT_EQ(post(sealed.message).status, 200U);
  }
  expect_failure(run({"ohttp", "rotate", "--socket", path("admin.socket")}), 1, "ohttp rotate",
                 "a rotation is under way");

  federation::HttpClientOptions options;
  options.socket = path("admin.socket");
  Asker admin(serving_->url(), "", options);
  const std::string metrics = text_of(admin.get("/metrics").body);
  const Samples samples = PrometheusReader::read(metrics);
  EXPECT_EQ(samples.at("ktgate_ohttp_keys"), 2);
  EXPECT_EQ(samples.at("ktgate_ohttp_keys_out_of_step"), 0);
  EXPECT_EQ(samples.at("ktgate_ohttp_requests_total{outcome=\"answered\"}"), 2);
  // docs/operations.md has a line for each.
  const std::string manual = read_file(KTGATE_OPERATIONS_MANUAL);
  for (const char* const name :
       {"ktgate_ohttp_requests_total", "ktgate_ohttp_keys", "ktgate_ohttp_key_rotations_total",
        "ktgate_ohttp_keys_out_of_step"}) {
    EXPECT_NE(metrics.find("# TYPE " + std::string(name) + " "), std::string::npos) << name;
    EXPECT_NE(manual.find("\n| `" + std::string(name) + "`"), std::string::npos) << name;
  }
  EXPECT_EQ(metrics.find("example.com"), std::string::npos);
}

TEST_F(Ohttp, IsOffUnlessEnabled) {
  serve("");
  wait_for("the directory document of example.com has epoch 1");
  for (const HttpResponse& answer : {get_keys(), post(Bytes(100))}) {
    EXPECT_EQ(answer.status, 404U);
    EXPECT_EQ(nlohmann::json::parse(answer.body).at("type"), "urn:ktgate:error:no-ohttp");
  }
  EXPECT_FALSE(std::filesystem::exists(path("state/ohttp")));
  expect_failure(run({"ohttp", "rotate", "--socket", path("admin.socket")}), 1, "ohttp rotate",
                 "404");
}

}  // namespace
}  // namespace kt::gateway
