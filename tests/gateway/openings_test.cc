// Who may no longer look a label up goes on monitoring what they did look up: by the openings of
// its versions.
#include "openings.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "federation/routed_messages.h"
#include "names.h"
#include "serve_program.h"

namespace kt::gateway {
namespace {

using federation::HttpResponse;
using federation::OpenedMonitorRequest;
using federation::RoutedMonitorRequest;
using federation::VersionOpening;
using keytrans::ClientState;
using keytrans::LogConfiguration;

constexpr const char* kUnknown = "401:unauthenticated";
constexpr const char* kOpened = "opened-monitor-request";

// The code of a problem, or "ok".
std::string code(const HttpResponse& response) {
  if (response.status == 200) return "ok";
  EXPECT_EQ(response.content_type, "application/problem+json");
  const std::string type = nlohmann::json::parse(response.body).at("type");
  return std::to_string(response.status) + type.substr(std::string_view("urn:ktgate:error").size());
}

TEST(Openings, AreOfWhatIsMonitored) {
  const std::vector<keytrans::MonitorMapEntry> entries{{EntryIndex{3}, Version{1}}};
  const Label alice = label_of("alice");
  const auto wanted = openings_to_show(keytrans::ContactMonitorRequest{{}, alice, entries});
  ASSERT_TRUE(wanted);
  EXPECT_EQ(wanted->label, alice);
  EXPECT_EQ(wanted->versions, std::vector<Version>{Version{1}});
  EXPECT_FALSE(openings_to_show(keytrans::ContactMonitorRequest{{}, alice, {}}));
  EXPECT_FALSE(openings_to_show(keytrans::OwnerMonitorRequest{{}, alice, entries, {}, {}}));
  EXPECT_TRUE(openings_to_show(keytrans::OwnerMonitorRequest{{}, alice, {}, {}, Version{0}}));
  EXPECT_FALSE(openings_to_show(keytrans::SearchRequest{{}, alice, Version{1}}));
  EXPECT_FALSE(openings_to_show(keytrans::OwnerInitRequest{{}, alice, {}}));
}

class OpeningsTest : public LogProgram {
 protected:
  void SetUp() override {
    create("a", {"--suite", "ed25519", "--configuration", path("a.configuration")});
    serve("");
    writer_.emplace(serving_->url(), kWriterToken);
    anyone_.emplace(serving_->url());
    owner_.emplace(*writer_, "a", configuration());
    contact_.emplace(*anyone_, "a", configuration());
    for (const Label& each : {alice_, bob_})
      owner_->ask<keytrans::OwnerInitResponse>(
          "owner-init", owner_->state().owner_init_request(each, EntryIndex{0}));
    // The last ones are to the right of the only distinguished entries, and so to be monitored.
    for (const char* const version : {"first", "second", "third"}) {
      owner_->update(alice_, std::string("alice's ") + version);
      owner_->update(bob_, std::string("bob's ") + version);
    }
    ASSERT_TRUE(contact_->search(alice_).must_monitor);
    ASSERT_TRUE(contact_->search(bob_).must_monitor);
  }

  [[nodiscard]] LogConfiguration configuration() const {
    return must(LogConfiguration::create(must(
        keytrans::decode<keytrans::Configuration>(to_bytes(read_file(path("a.configuration")))))));
  }
  // With these rules, from now on.
  void serve(const std::string& access) {
    write_file(path("ktgate.toml"),
               "[listen]\naddress = \"127.0.0.1:0\"\n[limits]\nrequests_per_second = 0\n"
               "[authoriser]\nurl = \"http://127.0.0.1:1\"\n" +
                   principal("writer", kWriterToken) + principal("reader", "readers-token") +
                   "[[log]]\ndirectory = \"a\"\nalias = \"a\"\nwriter = \"writer\"\n" +
                   domain("a", access));
    if (!serving_) {
      serving_.emplace(path("ktgate.toml"));
    } else {
      EXPECT_NE(serving_->reload().find("was reloaded"), std::string::npos);
    }
  }
  static std::string domain(const std::string& log, const std::string& access) {
    return "[[domain]]\nname = \"example.com\"\nlabel_rule = \"bytes\"\npolicy = \"single\"\n"
           "logs = [\"" +
           log + "\"]\n[domain.access]\n" + access;
  }

  // What `user` knows of the label.
  static std::vector<VersionOpening> openings(RemoteUser& user, const Label& label) {
    std::vector<VersionOpening> all;
    for (const auto& [version, opening] : user.state().label(label)->openings)
      all.push_back({version, opening});
    return all;
  }
  template <class Request>
  static HttpResponse plain(Asker& asker, const std::string& operation, const Request& request) {
    return asker.post("/kt/v1/logs/a/" + operation, operation + "-request",
                      must(keytrans::encode(request)));
  }
  template <class Request>
  static HttpResponse opened(Asker& asker, const std::string& operation, const Request& request,
                             std::vector<VersionOpening> openings) {
    return asker.post("/kt/v1/logs/a/" + operation, kOpened,
                      must(federation::encode(OpenedMonitorRequest{must(keytrans::encode(request)),
                                                                   std::move(openings)})));
  }
  [[nodiscard]] HttpResponse routed(Asker& asker, const keytrans::ContactMonitorRequest& request,
                                    std::vector<VersionOpening> openings) const {
    return asker.post(
        "/kt/v1/monitor", "routed-monitor-request",
        must(federation::encode(RoutedMonitorRequest{
            request.label,
            {{configuration().id().hash(), request.last, request.entries, {}, openings}}})));
  }

  const Label alice_ = label_of("alice@example.com");
  const Label bob_ = label_of("bob@example.com");
  std::optional<Serving> serving_;
  std::optional<Asker> writer_;
  std::optional<Asker> anyone_;
  std::optional<RemoteUser> owner_;
  std::optional<RemoteUser> contact_;
};

TEST_F(OpeningsTest, LetSomebodyMonitorWhoMayNotLookUpAnyMore) {
  const auto request = must(contact_->state().contact_monitor_request(alice_));
  const auto known = openings(*contact_, alice_);
  ASSERT_EQ(known.size(), 1U);
  EXPECT_EQ(code(plain(*anyone_, "contact-monitor", request)), "ok");
  // Nobody may, or somebody says who may that cannot be asked.
  for (const char* const rule : {"nobody", "authenticated", "authoriser"}) {
    serve("search = \"nobody\"\nmonitor = \"" + std::string(rule) + "\"\n");
    const std::string refused =
        rule == std::string_view("authoriser") ? "503:authoriser-unavailable" : kUnknown;
    EXPECT_EQ(code(plain(*anyone_, "search", contact_->state().search_request(alice_))), kUnknown);
    EXPECT_EQ(code(plain(*anyone_, "contact-monitor", request)), refused);
    EXPECT_EQ(code(routed(*anyone_, request, {})), refused);
    EXPECT_EQ(code(opened(*anyone_, "contact-monitor", request, known)), "ok");
    EXPECT_EQ(code(routed(*anyone_, request, known)), "ok");
  }
  // What it says is the log's answer like any other.
  const auto answer = opened(*anyone_, "contact-monitor", request, known);
  EXPECT_EQ(answer.content_type, "application/vnd.ktgate.contact-monitor-response");
  const auto response = must(keytrans::decode<keytrans::ContactMonitorResponse>(
      answer.body, keytrans::WireContext::of(configuration().wire())));
  EXPECT_TRUE(contact_->state().verify(request, response, RemoteUser::now()).has_value());
}

TEST_F(OpeningsTest, LetAnOwnerMonitor) {
  const auto request = must(owner_->state().owner_monitor_request(alice_));
  const auto known = openings(*owner_, alice_);
  serve("monitor = \"nobody\"\n");
  EXPECT_EQ(code(plain(*anyone_, "owner-monitor", request)), kUnknown);
  EXPECT_EQ(code(opened(*anyone_, "owner-monitor", request, known)), "ok");
  EXPECT_EQ(code(opened(*anyone_, "owner-monitor", request, openings(*owner_, bob_))), kUnknown);
  // Becoming an owner is no monitoring.
  EXPECT_EQ(code(plain(*anyone_, "owner-init",
                       owner_->state().owner_init_request(alice_, EntryIndex{0}))),
            kUnknown);
}

TEST_F(OpeningsTest, WhatShowsNothingIsRefusedAsBefore) {
  const auto request = must(contact_->state().contact_monitor_request(alice_));
  auto known = openings(*contact_, alice_);
  serve("monitor = \"nobody\"\n");
  Asker reader(serving_->url(), "readers-token");
  const auto before = plain(*anyone_, "contact-monitor", request);
  const auto expect_refused = [&](const std::vector<VersionOpening>& shown,
                                  const keytrans::ContactMonitorRequest& asked) {
    const auto answer = opened(*anyone_, "contact-monitor", asked, shown);
    EXPECT_EQ(code(answer), kUnknown);
    EXPECT_EQ(answer.body, before.body) << "it tells more than without";
    EXPECT_EQ(code(opened(reader, "contact-monitor", asked, shown)), "403:forbidden");
    EXPECT_EQ(code(routed(*anyone_, asked, shown)), kUnknown);
  };
  for (std::size_t i = 0; i < known[0].opening.size(); ++i) {
    auto wrong = known;
    wrong[0].opening.at(i) ^= 1;
    expect_refused(wrong, request);
  }
  expect_refused({{Version{0}, known[0].opening}}, request);
  expect_refused({{Version{7}, known[0].opening}}, request);
  // Of another label, whose version has the same number.
  ASSERT_EQ(openings(*contact_, bob_)[0].version, known[0].version);
  expect_refused(openings(*contact_, bob_), request);
  auto of_nobody = request;
  of_nobody.label = label_of("carol@example.com");
  expect_refused(known, of_nobody);
  // One version of two.
  auto more = request;
  more.entries.insert(more.entries.begin(), {EntryIndex{0}, Version{0}});
  expect_refused(known, more);
  auto nothing = request;
  nothing.entries.clear();
  expect_refused(known, nothing);
}

TEST_F(OpeningsTest, AreTakenWhereTheyAreMeant) {
  const auto request = must(contact_->state().contact_monitor_request(alice_));
  const auto known = openings(*contact_, alice_);
  EXPECT_EQ(code(opened(*anyone_, "contact-monitor", request, known)), "ok");
  EXPECT_EQ(code(opened(*anyone_, "search", request, known)), "415:unsupported-media-type");
  for (const Bytes& body : {Bytes{}, Bytes{0, 0, 1}, Bytes(100, 0xff)})
    EXPECT_EQ(code(anyone_->post("/kt/v1/logs/a/contact-monitor", kOpened, body)), "400:malformed");
  // What is beside the openings is a request of the endpoint, and nothing else.
  EXPECT_EQ(code(opened(*anyone_, "owner-monitor", request, known)), "400:malformed");
}

// The log is at another gateway, which is asked for the versions.
TEST_F(OpeningsTest, AreThoseOfALogAtAnotherGateway) {
  write_file(path("front.toml"),
             "[listen]\naddress = \"127.0.0.1:0\"\n[limits]\nrequests_per_second = 0\n"
             "[[remote_log]]\nalias = \"a\"\nconfiguration = \"a.configuration\"\nurl = \"" +
                 serving_->url().text() + "\"\n" + domain("a", "monitor = \"nobody\"\n"));
  const Serving front(path("front.toml"));
  Asker asker(front.url());
  const auto request = must(contact_->state().contact_monitor_request(alice_));
  const auto known = openings(*contact_, alice_);
  EXPECT_EQ(code(plain(asker, "contact-monitor", request)), kUnknown);
  EXPECT_EQ(code(opened(asker, "contact-monitor", request, known)), "ok");
  EXPECT_EQ(code(routed(asker, request, known)), "ok");
  EXPECT_EQ(code(opened(asker, "contact-monitor", request, openings(*contact_, bob_))), kUnknown);
  auto unknown = request;
  unknown.entries = {{EntryIndex{0}, Version{9}}};
  EXPECT_EQ(code(opened(asker, "contact-monitor", unknown, {{Version{9}, known[0].opening}})),
            kUnknown);
  ASSERT_EQ(serving_->stop().code, 0);
  EXPECT_EQ(code(opened(asker, "contact-monitor", request, known)), "503:upstream-unavailable");
}

}  // namespace
}  // namespace kt::gateway
