// A domain whose log is at another gateway, which has it for that domain alone: its documents, and
// its migrations between logs here, there, and managed by a third party.
#include "federation/directory_document.h"
#include "federation/final_head.h"
#include "federation/reserved.h"
#include "federation/tombstone.h"
#include "migrating_gateway.h"

namespace kt::gateway {
namespace {

using Json = nlohmann::json;

constexpr const char* kFrontToken = "the-token-of-the-front";
constexpr const char* kAlice = "alice@example.com";
constexpr const char* kBob = "bob@example.com";

class RemoteDomain : public MigratingGateway {
 protected:
  void SetUp() override {
    write_file(path("front.token"), std::string(kFrontToken) + "\n");
    std::filesystem::permissions(path("front.token"), std::filesystem::perms::owner_read);
  }

  // A log at the back that is the front's: what it is there.
  [[nodiscard]] static std::string log_of_front(const std::string& name) {
    return "[[log]]\ndirectory = \"" + name + "\"\nalias = \"" + name +
           "\"\ngateway = \"front\"\ngateway_domain = \"example.com\"\n";
  }
  void serve_back(const std::string& logs) {
    write_file(path("back.toml"),
               configuration("back.socket", principal("front", kFrontToken) + logs));
    back_.emplace(path("back.toml"));
  }
  // And what it is at the front.
  [[nodiscard]] std::string remote(const std::string& name, const std::string& rest = "") const {
    return "[[remote_log]]\nalias = \"" + name + "\"\nurl = \"" + back_->url().text() +
           "\"\nconfiguration = \"" + name +
           "/configuration\"\ntoken_file = \"front.token\"\nwriter = \"writer\"\n" + rest;
  }

  std::optional<Serving> back_;
};

TEST_F(RemoteDomain, TheOtherGatewaySignsAndIsWrittenTo) {
  create("far");
  serve_back(log_of_front("far"));
  serve(configuration("admin.socket", remote("far") + domain("example.com", "far")));
  wait_until([this] { return !document().is_null(); }, "there is no document");
  const auto answer = people().get("/.well-known/key-transparency");
  const auto published =
      must(federation::DirectoryDocument::parse(text_of(answer.body), domain_of("example.com")));
  EXPECT_EQ(must(federation::DirectoryEntry::decode(value_in("far", label_of("kt:directory")))),
            published.entry());
  ASSERT_EQ(update(kAlice, "alice 0", "far"), 200U);
  EXPECT_EQ(value_in("far", label_of(kAlice)), to_bytes(std::string("alice 0")));
  // What belongs to the gateways is not for the front's users.
  EXPECT_EQ(update("kt:directory", "mine", "far"), 422U);
  EXPECT_EQ(update(kBob, std::string(federation::kTombstoneMagic), "far"), 422U);
}

TEST_F(RemoteDomain, TheLogIsItsGatewaysAlone) {
  create("far");
  create("other");
  serve_back(log_of_front("far") + log("other"));
  Asker writer(back_->url(), kWriterToken);
  Asker front(back_->url(), kFrontToken);
  Asker stranger(back_->url());
  const auto put = [](Asker& asker, const std::string& label, const std::string& value) {
    const keytrans::UpdateRequest request{
        {}, label_of(label), {}, {keytrans::LabelValue{to_bytes(value)}}};
    return asker.post("/kt/v1/logs/far/update", "update-request", must(keytrans::encode(request)))
        .status;
  };
  const std::string tombstone(federation::kTombstoneMagic);
  for (const auto& [label, value] :
       {std::pair{kAlice, std::string("v")}, {"kt:directory", "v"}, {kBob, tombstone}}) {
    EXPECT_EQ(put(writer, label, value), 403U) << label;
    EXPECT_EQ(put(stranger, label, value), 401U) << label;
    EXPECT_EQ(put(front, label, value), 200U) << label;
  }
  const auto sign = [](Asker& asker, const std::string& name, const std::string& payload) {
    return asker.post("/kt/v1/logs/" + name + "/directory-signature", "directory-signature-request",
                      to_bytes(payload));
  };
  const auto payload_for = [this](const char* name) {
    const auto configuration = log_configuration("far");
    const auto url = must(federation::parse_url("https://kt.example.com"));
    return must(federation::DirectoryDocument::payload_of(
        {domain_of(name),
         federation::Epoch{1},
         Timestamp{1},
         Timestamp{2},
         federation::LabelRule::bytes,
         url,
         federation::SinglePolicy{configuration.id()},
         {{configuration, "far", federation::LogState::active, url}}}));
  };
  const std::string payload = payload_for("example.com");
  const auto signature = sign(front, "far", payload);
  ASSERT_EQ(signature.status, 200U) << text_of(signature.body);
  EXPECT_TRUE(
      federation::DirectoryDocument::assemble(
          payload, {{log_configuration("far").id(), signature.body}}, domain_of("example.com"))
          .has_value());
  EXPECT_EQ(sign(writer, "far", payload).status, 403U);
  EXPECT_EQ(sign(stranger, "far", payload).status, 401U);
  EXPECT_EQ(sign(front, "far", payload_for("example.net")).status, 422U);
  EXPECT_EQ(sign(front, "far", "{}").status, 400U);
  EXPECT_EQ(sign(front, "other", payload).status, 404U);
}

TEST_F(RemoteDomain, ALogIsOfOneGatewaysDomain) {
  create("far");
  write_file(path("back.toml"),
             configuration("back.socket", principal("front", kFrontToken) + log_of_front("far") +
                                              domain("example.com", "far")));
  expect_failure(run({"serve", path("back.toml")}), 1, "serve", "is another gateway's");
}

// --- Migrations ------------------------------------------------------------------------------

// Where a log is.
enum class Place { near, far, managed };
std::string name_of(Place place) {
  switch (place) {
    case Place::near: return "near";
    case Place::far: return "far";
    case Place::managed: break;
  }
  return "managed";
}

using Move = std::tuple<std::string, Place, Place>;

class MigrationBetween : public RemoteDomain, public ::testing::WithParamInterface<Move> {
 protected:
  void SetUp() override {
    RemoteDomain::SetUp();
    const auto [mode, from, to] = GetParam();
    make("old", from, "ed25519");
    make("new", to, "p256");
    serve_back(at_back_.empty() ? make_spare() : at_back_);
    for (const auto& [name, place] : {std::pair{"old", from}, {"new", to}}) {
      if (place == Place::near) at_front_ += log(name);
      if (place == Place::far) at_front_ += remote(name);
      if (place == Place::managed)
        at_front_ += remote(
            name, "leaf_key = \"" + std::string(name) + ".pem\"\nfollow_interval = \"100ms\"\n");
    }
    serve(configuration("admin.socket", at_front_ + domain("example.com", "old")));
    wait_until([this] { return !document().is_null(); }, "there is no document");
    ASSERT_EQ(update(kAlice, "alice 0", "old"), 200U);
    ASSERT_EQ(update(kBob, "bob 0", "old"), 200U);
    ASSERT_EQ(update(kBob, "bob 1", "old", Version{0}), 200U);
  }

  void make(const std::string& name, Place place, const std::string& suite) {
    std::vector<std::string> options{"--suite", suite};
    if (place == Place::managed) {
      const Outcome leaf = run({"log", "leaf-key", path(name + ".pem"), "--suite", suite});
      options.insert(options.end(), {"--mode", "third-party-management", "--leaf-key",
                                     leaf.out.substr(0, leaf.out.size() - 1)});
    }
    create(name, options);
    if (place != Place::near) at_back_ += log_of_front(name);
  }
  std::string make_spare() {
    create("spare");
    return log("spare");
  }
  Outcome migrate(const std::string& command, const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments{"migrate", command, "--socket", path("admin.socket"),
                                       "example.com"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(arguments);
  }
  static Bytes bytes(std::string_view text) { return to_bytes(text); }

  std::string at_back_;
  std::string at_front_;
};

TEST_P(MigrationBetween, EveryLabelArrives) {
  const auto [mode, from, to] = GetParam();
  const Json order{{"to", "new"}, {"mode", mode}, {"grace_ms", 0}};
  if (from != Place::near) {
    expect_refused("start", order, "does not tell its labels");
    write_file(path("labels"), "\"alice@example.com\"\n\"bob@example.com\"\n");
    const Outcome sent = migrate("labels", {path("labels")});
    ASSERT_EQ(sent.code, 0) << sent.err;
    EXPECT_EQ(sent.out, "2 labels\n");
  }
  EXPECT_EQ(done("plan", order).at("labels"), 2);
  EXPECT_EQ(done("start", order).at("labels"), 2);
  const bool is_gradual = mode == "gradual";
  if (is_gradual) {
    wait_for_policy("gradual", "old");
    ASSERT_EQ(update(kAlice, "alice 1", "new"), 200U);
  }
  wait_until_done("advance");
  wait_for_phase("draining");
  wait_for_policy("single", "new");
  EXPECT_EQ(value_in("new", label_of(kAlice)), bytes(is_gradual ? "alice 1" : "alice 0"));
  EXPECT_EQ(value_in("new", label_of(kBob)), bytes("bob 1"));
  if (is_gradual) {
    for (const char* const name : {kAlice, kBob})
      EXPECT_TRUE(must(
          federation::has_moved(value_in("old", label_of(name)), log_configuration("new").id())));
  }
  const auto logged = must(federation::FinalHead::decode(
      value_in("new", federation::final_head_label(log_configuration("old").id()))));
  EXPECT_EQ(record().at("final_head").at("root"), to_hex(logged.root));
  const Outcome verified = migrate("verify", {"--json"});
  EXPECT_EQ(verified.code, 0) << verified.out << verified.err;
  const Json report = Json::parse(verified.out);
  EXPECT_EQ(report.at("faults"), 0) << report;
  EXPECT_EQ(report.at("moved"), is_gradual ? 1 : 2) << report;
  EXPECT_EQ(report.at("updated"), is_gradual ? 1 : 0) << report;
  done("finish");
  wait_until([&] { return people().get("/kt/v1/logs/old/configuration").status == 410; },
             "the old log does not retire");
  EXPECT_EQ(update(kAlice, "alice 2", "new", Version{0}), 200U);
}

INSTANTIATE_TEST_SUITE_P(
    , MigrationBetween,
    ::testing::Combine(::testing::Values("gradual", "immediate"),
                       ::testing::Values(Place::near, Place::far, Place::managed),
                       ::testing::Values(Place::near, Place::far, Place::managed)),
    [](const auto& tested) {
      return std::get<0>(tested.param) + "_" + name_of(std::get<1>(tested.param)) + "_" +
             name_of(std::get<2>(tested.param));
    });

// A list that is not what the log has. Nothing has begun then.
class ListThatLies : public RemoteDomain {
 protected:
  void SetUp() override {
    RemoteDomain::SetUp();
    create("old");
    create("new");
    import("old", line_of(kAlice, 0, "alice 0") + line_of(kBob, 0, "bob 0"));
    serve_back(log_of_front("old"));
    serve(configuration("admin.socket", remote("old") + log("new") + domain("example.com", "old")));
    wait_until([this] { return !document().is_null(); }, "there is no document");
  }
  std::pair<unsigned, std::string> send(const std::string& lines) {
    federation::HttpRequest request;
    request.method = federation::HttpMethod::post;
    request.target = "/migrations/example.com/labels";
    request.content_type = "application/jsonl";
    request.body = to_bytes(lines);
    const auto answer = must(admin().send(std::move(request)));
    return {answer.status, Json::parse(answer.body).value("detail", "")};
  }
  void expect_no_start(const std::string& why) { expect_refused("start", kOrder, why); }

  const Json kOrder{{"to", "new"}, {"mode", "gradual"}};
};

TEST_F(ListThatLies, IsRefusedWhileItIsSent) {
  using Answer = std::pair<unsigned, std::string>;
  EXPECT_EQ(send("\"alice@example.com\"\n").first, 404U);
  done("labels-begin");
  EXPECT_EQ(send("\"kt:directory\"\n"),
            Answer(422, "the list has a label that is the gateways' own"));
  for (const char* const label : {"alice@example.net", "ALICE@example.com", "alice"})
    EXPECT_EQ(send("\"" + std::string(label) + "\"\n"),
              Answer(422, "the list has a label that is none of the domain's"))
        << label;
  EXPECT_EQ(send("\"alice@example.com\"\n\"alice@example.com\"\n"),
            Answer(422, "the list has a label twice"));
  EXPECT_EQ(send("\"alice@example.com\"\n").first, 200U);
  EXPECT_EQ(send("\"alice@example.com\"\n"), Answer(422, "the list has a label twice"));
  for (const char* const line : {"alice", "\"\"", "{}", "[1]", "\"alice@example.com"})
    EXPECT_EQ(send(line).first, 400U) << line;
  // One that was not sent to its end is none.
  expect_no_start("does not tell its labels");
  expect_refused("labels-end", {{"count", 2}}, "the list has 1 labels");
  expect_refused("labels-end", Json::object(), "count is missing", 400);
  expect_no_start("does not tell its labels");
  done("labels-end", {{"count", 1}});
  done("labels-end", {{"count", 1}});
  EXPECT_EQ(send("\"bob@example.com\"\n"), Answer(422, "the list of labels is complete"));
  // While labels are moving it is not changed.
  done("start", kOrder);
  done("start", kOrder);
  expect_refused("labels-begin", Json::object(), "labels of the domain are moving already");
  EXPECT_EQ(send("\"bob@example.com\"\n"), Answer(422, "labels of the domain are moving already"));
}

TEST_F(ListThatLies, IsRefusedWhenItHasWhatTheLogDoesNotHave) {
  done("labels-begin");
  done("labels-end", {{"count", 0}});
  expect_no_start("the list of labels has none");
  done("labels-begin");
  ASSERT_EQ(send("\"alice@example.com\"\n\"nobody@example.com\"\n").first, 200U);
  done("labels-end", {{"count", 2}});
  expect_no_start("the list has a label that the old log does not have");
  // One behind those that are looked at before anything begins is found before anything moves.
  std::string lines;
  for (int i = 0; i < 40; ++i) lines += line_of("a" + std::to_string(i) + "@example.com", 0, "a");
  gateway().signal(SIGKILL);
  back_.reset();
  import("old", lines);
  serve_back(log_of_front("old"));
  serve(configuration("admin.socket", remote("old") + log("new") + domain("example.com", "old")));
  write_file(path("labels"), lines + line_of("zz@example.com", 0, "z"));
  const Outcome sent =
      run({"migrate", "labels", "--socket", path("admin.socket"), "example.com", path("labels")});
  ASSERT_EQ(sent.out, "41 labels\n") << sent.err;
  done("start", kOrder);
  wait_until([this] { return record().at("fault") != ""; }, "nothing is found");
  EXPECT_EQ(record().at("phase"), "prepared");
  EXPECT_EQ(record().at("fault"), "the list has a label that the old log does not have");
  done("abort");
  EXPECT_TRUE(records().empty());
}

TEST_F(ListThatLies, TheProgramSaysWhichLine) {
  const auto labels = [this](const std::string& lines) {
    return run({"migrate", "labels", "--socket", path("admin.socket"), "example.com", "-"}, lines);
  };
  expect_failure(labels("\"alice@example.com\"\nno\n"), 1, "migrate labels", "line 2");
  expect_failure(labels("\"kt:directory\"\n"), 1, "migrate labels", "the gateways' own");
  // What an export has of the gateways is passed over, and versions are one label.
  const Outcome sent = labels(line_of("kt:directory", 0, "d") + line_of(kAlice, 0, "a") +
                              line_of(kAlice, 1, "b") + line_of(kBob, 0, "c"));
  EXPECT_EQ(sent.out, "2 labels\n") << sent.err;
}

}  // namespace
}  // namespace kt::gateway
