#include <atomic>
#include <csignal>
#include <set>
#include <sys/resource.h>
#include <thread>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "certificates.h"
#include "configuration.h"
#include "keytrans/consistency.h"
#include "prometheus_samples.h"
#include "serve_program.h"

namespace kt::gateway {
namespace {

using keytrans::ContactMonitorResponse;
using keytrans::DistinguishedResponse;
using keytrans::LogConfiguration;
using keytrans::OwnerInitResponse;
using keytrans::OwnerMonitorResponse;

class Serve : public LogProgram {
 protected:
  // Makes a log, and a gateway for it where the writer may write.
  void SetUp() override {
    create("log", {"--suite", "ed25519", "--configuration", path("log.configuration")});
    write_file(path("ktgate.toml"), "[listen]\naddress = \"127.0.0.1:0\"\n\n" +
                                        principal("writer", kWriterToken) +
                                        principal("somebody", "another-token") +
                                        "\n[[log]]\ndirectory = \"log\"\nalias = \"main\"\n"
                                        "writer = \"writer\"\nvalue_limit = \"1KiB\"\n");
    serving_.emplace(path("ktgate.toml"));
    writer_.emplace(serving_->url(), kWriterToken);
  }

  [[nodiscard]] LogConfiguration configuration() const {
    const std::string bytes = read_file(path("log.configuration"));
    return must(
        LogConfiguration::create(must(keytrans::decode<keytrans::Configuration>(to_bytes(bytes)))));
  }
  [[nodiscard]] RemoteUser user() { return {*writer_, "main", configuration()}; }
  [[nodiscard]] static Label label(std::string_view text) { return must(Label::create(text)); }

  // Starts anew, with an admin socket.
  void serve_with_admin() {
    ASSERT_EQ(serving_->stop().code, 0);
    write_file(path("admin.toml"),
               read_file(path("ktgate.toml")) + "\n[admin]\nsocket = \"admin.socket\"\n");
    serving_.emplace(path("admin.toml"));
    writer_.emplace(serving_->url(), kWriterToken);
  }

  static void become_owner(RemoteUser& owner, const Label& label) {
    owner.ask<OwnerInitResponse>("owner-init",
                                 owner.state().owner_init_request(label, EntryIndex{0}));
  }
  // The code of the problem that is answered.
  static std::string code(const federation::HttpResponse& response, unsigned status) {
    EXPECT_EQ(response.status, status) << text_of(response.body);
    EXPECT_EQ(response.content_type, "application/problem+json");
    const auto json = nlohmann::json::parse(response.body);
    EXPECT_EQ(json.at("status"), status);
    const std::string type = json.at("type");
    EXPECT_EQ(type.find("urn:ktgate:error:"), 0U);
    return type.substr(std::string_view("urn:ktgate:error:").size());
  }
  [[nodiscard]] static std::string on_log(const std::string& operation) {
    return "/kt/v1/logs/main/" + operation;
  }

  std::optional<Serving> serving_;
  std::optional<Asker> writer_;
};

TEST_F(Serve, AnswersEveryOperationOfTheDraft) {
  const Label alice = label("alice@example.com");
  RemoteUser owner = user();
  become_owner(owner, alice);
  // The last one is to the right of the only distinguished entry, and so to be monitored.
  for (int version = 0; version < 4; ++version) {
    const auto made = owner.update(alice, "key " + std::to_string(version));
    EXPECT_TRUE(made.created);
    EXPECT_EQ(made.first.value(), static_cast<std::uint32_t>(version));
  }

  RemoteUser contact = user();
  EXPECT_EQ(text_of(contact.search(alice).value), "key 3");
  EXPECT_EQ(text_of(contact.search(alice, Version{1}).value), "key 1");
  const auto monitor = must(contact.state().contact_monitor_request(alice));
  contact.ask<ContactMonitorResponse>("contact-monitor", monitor);
  contact.ask<DistinguishedResponse>("distinguished", contact.state().distinguished_request());
  owner.ask<OwnerMonitorResponse>("owner-monitor",
                                  must(owner.state().owner_monitor_request(alice)));
}

TEST_F(Serve, GivesTheConfigurationByLogIdAndByAlias) {
  const std::string expected = read_file(path("log.configuration"));
  for (const std::string& name : {std::string("main"), configuration().id().hex()}) {
    const auto response = writer_->get("/kt/v1/logs/" + name + "/configuration");
    EXPECT_EQ(response.status, 200U);
    EXPECT_EQ(response.content_type, "application/vnd.ktgate.configuration");
    EXPECT_EQ(text_of(response.body), expected);
  }
}

TEST_F(Serve, NobodyButTheWriterWrites) {
  const keytrans::UpdateRequest request{
      {}, label("alice@example.com"), {}, {{to_bytes(std::string_view("key"))}}};
  const Bytes body = must(keytrans::encode(request));
  EXPECT_EQ(code(Asker(serving_->url()).post(on_log("update"), "update-request", body), 401),
            "unauthenticated");
  EXPECT_EQ(
      code(Asker(serving_->url(), "no token").post(on_log("update"), "update-request", body), 401),
      "unauthenticated");
  EXPECT_EQ(
      code(Asker(serving_->url(), "another-token").post(on_log("update"), "update-request", body),
           403),
      "forbidden");
  RemoteUser reader = user();
  EXPECT_THROW(reader.search(label("alice@example.com")), std::runtime_error);
}

TEST_F(Serve, SaysWhatIsUnknown) {
  const Label alice = label("alice@example.com");
  RemoteUser owner = user();
  become_owner(owner, alice);
  owner.update(alice, "key");
  const auto search = [&](const keytrans::SearchRequest& request) {
    return writer_->post(on_log("search"), "search-request", must(keytrans::encode(request)));
  };
  EXPECT_EQ(code(search({{}, label("bob@example.com"), {}}), 404), "unknown-label");
  EXPECT_EQ(code(search({{}, alice, Version{1}}), 404), "unknown-version");
  EXPECT_EQ(code(search({TreeSize{1000}, alice, {}}), 409), "stale-view");
  EXPECT_EQ(code(search({TreeSize{0}, alice, {}}), 400), "malformed");
  EXPECT_EQ(code(writer_->get("/kt/v1/logs/other/configuration"), 404), "unknown-log");
  EXPECT_EQ(code(writer_->get("/kt/v1/logs//configuration"), 404), "unknown-log");
  for (const char* const target :
       {"/other", "/kt/v1/logs/main", "/kt/v1/logs/main/", "/kt/v1/logs/main/other",
        "/kt/v1/logs/main/search/more", "/kt/v1/logs/main/auditor-updates?start=0&limit=1"})
    EXPECT_EQ(code(writer_->get(target), 404), "not-found") << target;
}

TEST_F(Serve, ProvesWhichTreeItsFirstEntriesWere) {
  const Label alice = label("alice@example.com");
  RemoteUser owner = user();
  become_owner(owner, alice);
  owner.update(alice, "key 0");
  const auto before = *owner.state().view();
  owner.update(alice, "key 1");
  const auto ask = [&](const keytrans::ConsistencyRequest& request) {
    return writer_->post(on_log("consistency"), "consistency-request",
                         must(keytrans::encode(request)));
  };
  const keytrans::ConsistencyRequest request{owner.state().last(), before.size};
  const auto answer = ask(request);
  ASSERT_EQ(answer.status, 200U) << text_of(answer.body);
  EXPECT_EQ(answer.content_type, "application/vnd.ktgate.consistency-response");
  EXPECT_EQ(
      must(keytrans::verify_consistency(configuration(), owner.state().view(), request,
                                        must(keytrans::decode_consistency_response(answer.body)))),
      before.root());
  EXPECT_EQ(code(ask({std::nullopt, TreeSize{1000}}), 409), "stale-view");
  EXPECT_EQ(code(ask({std::nullopt, TreeSize{0}}), 400), "malformed");
  EXPECT_EQ(code(writer_->post(on_log("consistency"), "consistency-request", {}), 400),
            "malformed");
}

TEST_F(Serve, SaysWhatIsWrongWithARequest) {
  const Bytes whole =
      must(keytrans::encode(keytrans::SearchRequest{{}, label("alice@example.com"), {}}));
  EXPECT_EQ(code(writer_->post(on_log("search"), "search-request", {}), 400), "malformed");
  const auto cut =
      writer_->post(on_log("search"), "search-request", Bytes(whole.begin(), whole.end() - 1));
  EXPECT_EQ(code(cut, 400), "malformed");
  const std::string detail = nlohmann::json::parse(cut.body).at("detail");
  EXPECT_NE(detail.find("SearchRequest.version"), std::string::npos) << detail;
  EXPECT_EQ(code(writer_->post(on_log("search"), "update-request", whole), 415),
            "unsupported-media-type");
  EXPECT_EQ(code(writer_->post(on_log("search"), "search-request", Bytes(65537)), 413),
            "content-too-large");
  EXPECT_EQ(code(writer_->get(on_log("search")), 405), "method-not-allowed");
  EXPECT_EQ(code(writer_->get(on_log("configuration"), "text/html"), 406), "not-acceptable");
}

TEST_F(Serve, RefusesUpdatesThatTheLogWillNotHave) {
  const auto update = [&](std::string_view name, std::optional<Version> greatest,
                          std::vector<keytrans::LabelValue> values) {
    const keytrans::UpdateRequest request{{}, label(name), greatest, std::move(values)};
    return writer_->post(on_log("update"), "update-request", must(keytrans::encode(request)));
  };
  const keytrans::LabelValue key{to_bytes(std::string_view("key"))};
  EXPECT_EQ(code(update("kt:directory", {}, {key}), 422), "reserved-label");
  EXPECT_EQ(code(update("alice", {}, {{to_bytes(std::string_view("ktgate-tombstone: x"))}}), 422),
            "reserved-value");
  EXPECT_EQ(code(update("alice", {}, {{Bytes(1025)}}), 422), "rejected");
  EXPECT_EQ(code(update("alice", Version{5}, {key}), 409), "stale-version");
  EXPECT_EQ(code(update("alice", {}, {}), 409), "stale-version");
  EXPECT_EQ(update("alice", {}, {key}).status, 200U);
  // Who is behind is told what was made before.
  EXPECT_EQ(update("alice", {}, {key}).status, 200U);
}

// The system's limit on file sizes stands for a disk without room: the write fails the same way.
TEST_F(Serve, WithoutRoomUpdatesAreRefusedAndTheRestGoesOn) {
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);  // so will the gateway
  serve_with_admin();
  std::signal(SIGXFSZ, handler);
  const Label alice = label("alice@example.com");
  RemoteUser owner = user();
  become_owner(owner, alice);
  owner.update(alice, "key 0");
  rlimit before{};
  ASSERT_EQ(prlimit(serving_->id(), RLIMIT_FSIZE, nullptr, &before), 0);
  const auto room = [&](rlim_t bytes) {
    const rlimit limit{bytes, before.rlim_max};
    EXPECT_EQ(prlimit(serving_->id(), RLIMIT_FSIZE, &limit, nullptr), 0);
  };
  room(std::filesystem::file_size(path("log/database/data.mdb")));
  unsigned status = 200;
  for (int i = 0; i < 200 && status == 200; ++i) {
    const keytrans::UpdateRequest request{
        {}, label("user" + std::to_string(i) + "@example.com"), {}, {{Bytes(1000)}}};
    const auto answer =
        writer_->post(on_log("update"), "update-request", must(keytrans::encode(request)));
    status = answer.status;
    if (status != 200) {
      EXPECT_EQ(code(answer, 507), "storage-full");
    }
  }
  EXPECT_EQ(status, 507U);
  EXPECT_EQ(to_bytes("key 0"), owner.search(alice).value);
  room(before.rlim_cur);
  EXPECT_EQ(owner.update(alice, "key 1").first, Version{1});
  EXPECT_EQ(serving_->stop().code, 0);
}

TEST_F(Serve, EndsOrderlyAndLeavesTheLogToOthers) {
  const Outcome running = run({"log", "stat", path("log")});
  EXPECT_EQ(running.code, 1) << "the log is not the gateway's alone";
  const Outcome ended = serving_->stop();
  EXPECT_EQ(ended.code, 0) << ended.err;
  EXPECT_EQ(ended.err, "");
  const Outcome stat = run({"log", "stat", path("log"), "--json"});
  EXPECT_EQ(stat.code, 0) << stat.err;
}

TEST_F(Serve, SaysWhyItDoesNotStart) {
  expect_failure(run({"serve", path("none.toml")}), 1, "serve", "");
  // The log is served already.
  expect_failure(run({"serve", path("ktgate.toml")}), 1, "serve", "open");
  write_file(path("taken.toml"),
             "[listen]\naddress = \"127.0.0.1:" + std::to_string(serving_->url().port) +
                 "\"\n[[log]]\ndirectory = \"other\"\nalias = \"other\"\n");
  create("other");
  expect_failure(run({"serve", path("taken.toml")}), 1, "serve", "address");
  expect_failure(run({"serve"}), 2, "serve", "FILE");
}

TEST_F(Serve, SaysHowItIsOnTheAdminSocket) {
  serve_with_admin();
  const auto url = serving_->url();
  federation::HttpClientOptions options;
  options.socket = path("admin.socket");
  Asker admin(url, "", options);
  EXPECT_EQ(text_of(admin.get("/livez").body), "ok\n");
  const auto ready = admin.get("/readyz");
  EXPECT_EQ(ready.status, 200U) << text_of(ready.body);
  EXPECT_EQ(Asker(url).get("/kt/v1/logs/main/configuration").status, 200U);
  const Samples samples = PrometheusReader::read(text_of(admin.get("/metrics").body));
  EXPECT_EQ(samples.at("ktgate_log_tree_size{log=\"main\"}"), 1);
  EXPECT_EQ(samples.at("ktgate_http_requests_total{endpoint=\"configuration\",status=\"200\"}"), 1);
  // Neither listener answers what the other is for.
  EXPECT_EQ(admin.get("/kt/v1/logs/main/configuration").status, 404U);
  EXPECT_EQ(Asker(url).get("/metrics").status, 404U);
  EXPECT_EQ(serving_->stop().code, 0);
}

TEST_F(Serve, SaysThatItIsGoingBeforeItGoes) {
  serve_with_admin();
  federation::HttpClientOptions options;
  options.socket = path("admin.socket");
  Asker admin(serving_->url(), "", options);
  ASSERT_EQ(admin.get("/readyz").status, 200U);
  const auto begin = std::chrono::steady_clock::now();
  serving_->signal(SIGTERM);
  wait_until([&] { return admin.get("/readyz").status == 503; }, "it is not ready any more");
  EXPECT_EQ(text_of(admin.get("/readyz").body),
            "{\"ready\":false,\"failures\":[{\"check\":\"draining\"}]}\n");
  EXPECT_EQ(Asker(serving_->url()).get(on_log("configuration")).status, 200U);
  // Somebody who cannot wait.
  EXPECT_EQ(serving_->stop().code, 0);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, LimitsConfiguration().drain_delay);
}

// Updates from many connections while the gateway goes: what was answered is in the log, and there
// is nothing in it that was not answered.
TEST_F(Serve, AnswersWhatItHasTakenWhenItGoes) {
  std::atomic<std::size_t> answered = 0;
  std::mutex mutex;
  std::set<std::string> stored;
  const auto ask = [&](int who) {
    for (int i = 0;; ++i) {
      const std::string text = "user" + std::to_string(who) + "-" + std::to_string(i);
      // Requests come on new connections and on old ones.
      Asker asker(serving_->url(), kWriterToken);
      for (int turn = 0; turn < 1 + who % 3; ++turn) {
        const std::string name = text + "-" + std::to_string(turn);
        federation::HttpRequest request;
        request.method = federation::HttpMethod::post;
        request.target = on_log("update");
        request.content_type = "application/vnd.ktgate.update-request";
        request.body =
            must(keytrans::encode(keytrans::UpdateRequest{{}, label(name), {}, {{{1}}}}));
        const auto response = asker.send(request);
        if (!response) return;
        if (response->status == 200) {
          ++answered;
          const std::lock_guard lock(mutex);
          stored.insert(name);
        } else {
          EXPECT_EQ(code(*response, 503), "draining");
        }
      }
    }
  };
  std::vector<std::thread> crowd;
  for (int who = 0; who < 16; ++who) crowd.emplace_back(ask, who);
  wait_until([&] { return answered >= 100; }, "nobody is answered");
  const Outcome ended = serving_->stop();
  for (std::thread& one : crowd) one.join();
  EXPECT_EQ(ended.code, 0) << ended.err;
  const std::string exported = run({"log", "export", path("log")}).out;
  std::size_t lines = 0;
  for (const char c : exported) lines += c == '\n' ? 1 : 0;
  for (const std::string& name : stored)
    EXPECT_NE(exported.find("\"" + name + "\""), std::string::npos) << name;
  EXPECT_EQ(lines, stored.size()) << "something was stored and not answered";
}

TEST_F(Serve, ErasesLabelsWhileItServes) {
  serve_with_admin();
  const Label alice = label("alice@example.com");
  RemoteUser owner = user();
  become_owner(owner, alice);
  owner.update(alice, "key");
  owner.update(alice, "another");
  const auto search = [&] {
    const keytrans::SearchRequest request{{}, alice, {}};
    return writer_->post(on_log("search"), "search-request", must(keytrans::encode(request)));
  };
  ASSERT_EQ(search().status, 200U);
  const auto erase = [&](const std::string& log, std::string_view lines) {
    return run({"log", "erase", "--socket", path("admin.socket"), log, "-"}, lines);
  };
  const std::string line = "\"alice@example.com\"\n";
  expect_failure(run({"log", "erase", path("log"), "-"}, line), 1, "log erase", "--socket");
  expect_failure(erase("other", line), 1, "log erase", "no such log");
  expect_failure(erase("../log", line), 1, "log erase", "no alias");
  expect_failure(erase("main", line + "\"bob@example.com\"\n"), 1, "log erase", "not in the log");
  expect_failure(erase("main", line + "bob"), 1, "log erase", "line 2");
  expect_failure(run({"log", "erase", "--socket", path("none"), "main", "-"}, line), 1, "log erase",
                 "cannot be reached");
  std::string many;
  for (int i = 0; i < 60'000; ++i) many += line;
  expect_failure(erase("main", many), 1, "log erase", "too many labels");
  ASSERT_EQ(search().status, 200U);

  const Outcome erased = erase("main", line);
  EXPECT_EQ(erased.code, 0) << erased.err;
  EXPECT_EQ(erased.out, "1 labels: 2 values erased\n");
  EXPECT_EQ(code(search(), 404), "unknown-label");
  EXPECT_EQ(erase("main", "").out, "0 labels: 0 values erased\n");
}

class Reload : public Serve {
 protected:
  // Replaces the configuration as a whole, for it may be read at any time, has it read again, and
  // gives what the gateway says to that.
  std::string reload(const std::string& configuration) {
    write_file(path("next.toml"), configuration);
    std::filesystem::rename(path("next.toml"), path("ktgate.toml"));
    return serving_->reload();
  }
  void expect_reloaded(const std::string& configuration) {
    EXPECT_EQ(reload(configuration), "ktgate serve: the configuration was reloaded\n");
  }
  // Nothing is, and that is said with `about`.
  void expect_refused(const std::string& configuration, std::string_view about) {
    const std::string said = reload(configuration);
    EXPECT_EQ(said.find("ktgate serve: nothing was reloaded: "), 0U) << said;
    EXPECT_NE(said.find(about), std::string::npos) << said;
    EXPECT_EQ(said.find('\n'), said.size() - 1) << said;
    EXPECT_EQ(writer_->get(on_log("configuration")).status, 200U);
  }
  [[nodiscard]] std::string configured() const { return read_file(path("ktgate.toml")); }
  [[nodiscard]] static std::string replaced(std::string text, std::string_view what,
                                            std::string_view by) {
    const std::size_t at = text.find(what);
    if (at == std::string::npos) throw std::runtime_error("there is nothing to be replaced");
    return text.replace(at, what.size(), by);
  }
};

TEST_F(Reload, FollowsWhatCanChange) {
  const std::string before = configured();
  const Bytes body = must(keytrans::encode(
      keytrans::UpdateRequest{{}, label("alice"), {}, {{to_bytes(std::string_view("key"))}}}));
  Asker other(serving_->url(), "another-token");
  EXPECT_EQ(code(other.post(on_log("update"), "update-request", body), 403), "forbidden");
  expect_reloaded(replaced(replaced(before, "writer = \"writer\"", "writer = \"somebody\""),
                           "[[log]]", "[limits]\nupdate_bytes = \"1KiB\"\n[[log]]"));
  EXPECT_EQ(other.post(on_log("update"), "update-request", body).status, 200U);
  EXPECT_EQ(code(writer_->post(on_log("update"), "update-request", body), 403), "forbidden");
  EXPECT_EQ(code(other.post(on_log("update"), "update-request", Bytes(1025)), 413),
            "content-too-large");
  // A token that is not there any more opens nothing.
  expect_reloaded(replaced(before, principal("somebody", "another-token"), ""));
  EXPECT_EQ(
      code(Asker(serving_->url(), "another-token").post(on_log("update"), "update-request", body),
           401),
      "unauthenticated");
  EXPECT_EQ(writer_->post(on_log("update"), "update-request", body).status, 200U);
}

TEST_F(Reload, ServesLogsThatWereAddedAndClosesThoseThatWereRemoved) {
  const std::string before = configured();
  create("other");
  const std::string target = "/kt/v1/logs/other/configuration";
  EXPECT_EQ(code(writer_->get(target), 404), "unknown-log");
  expect_reloaded(before + "\n[[log]]\ndirectory = \"other\"\nalias = \"other\"\n");
  EXPECT_EQ(writer_->get(target).status, 200U);
  EXPECT_EQ(run({"log", "stat", path("other")}).code, 1) << "the log is not the gateway's alone";
  expect_reloaded(replaced(before, "alias = \"main\"", "alias = \"another\""));
  EXPECT_EQ(code(writer_->get(target), 404), "unknown-log");
  EXPECT_EQ(code(writer_->get(on_log("configuration")), 404), "unknown-log");
  EXPECT_EQ(writer_->get("/kt/v1/logs/another/configuration").status, 200U);
  wait_until(
      [&] {
        return run({"log", "stat", path("other")}).code == 0;
      },
      "the log is not given up");
}

TEST_F(Reload, ChangesNothingUnlessItCanChangeAll) {
  const std::string before = configured();
  const std::string with_other = before + "\n[[log]]\ndirectory = \"other\"\nalias = \"other\"\n";
  const std::string file = path("ktgate.toml");
  expect_refused(before + "\nalas = \"b\"\n", file + ":17:1: there is no key \"log.alas\"");
  expect_refused("", file + ": there is no [listen]");
  expect_refused(with_other, "there is no log");
  create("other");
  expect_refused(replaced(with_other, "value_limit = \"1KiB\"", "value_limit = \"2KiB\""),
                 "log.value_limit cannot change while the gateway runs");
  expect_refused(replaced(with_other, "127.0.0.1:0", "127.0.0.1:1"),
                 "listen.address cannot change while the gateway runs");
  expect_refused(with_other + "[limits]\nthreads = 7\n",
                 "limits.threads cannot change while the gateway runs");
  expect_refused(with_other + "[admin]\nsocket = \"a\"\n",
                 "admin.socket cannot change while the gateway runs");
  expect_refused(replaced(with_other, "[listen]\n",
                          "[listen]\ncertificate = \"none\"\nprivate_key = \"none\"\n"),
                 "the certificate cannot be used");
  std::filesystem::copy(path("other"), path("copy"), std::filesystem::copy_options::recursive);
  expect_refused(with_other + "[[log]]\ndirectory = \"copy\"\nalias = \"copy\"\n",
                 "it is a copy of another log here");
  EXPECT_EQ(code(writer_->get("/kt/v1/logs/other/configuration"), 404), "unknown-log");
  expect_reloaded(with_other);
  EXPECT_EQ(writer_->get("/kt/v1/logs/other/configuration").status, 200U);
}

// Half of the reloads fail, the others change the limits, and another log comes and goes.
TEST_F(Reload, DropsNoRequestWhateverIsReloaded) {
  const std::string before = configured();
  create("other");
  const std::string other = "\n[[log]]\ndirectory = \"other\"\nalias = \"other\"\n";
  std::atomic<bool> goes_on = true;
  std::atomic<std::size_t> answered = 0;
  std::atomic<std::size_t> dropped = 0;
  const auto ask = [&](std::size_t requests_of_a_connection) {
    while (goes_on) {
      Asker asker(serving_->url(), kWriterToken);  // whose rate nothing limits
      for (std::size_t i = 0; i < requests_of_a_connection && goes_on; ++i) {
        federation::HttpRequest request;
        request.target = on_log("configuration");
        const auto response = asker.send(request);
        ++(response && response->status == 200 ? answered : dropped);
      }
    }
  };
  std::thread patient(ask, 1000);
  std::thread hasty(ask, 1);
  for (int i = 0; i < 40; ++i) {
    const std::size_t answered_before = answered;
    const std::string limits = "[limits]\nconnections = " + std::to_string(1000 + i) + "\n";
    const std::string said =
        reload(before + limits + (i % 4 == 0 ? other : "") + (i % 2 == 1 ? "[limits]\n" : ""));
    EXPECT_EQ(said.find("nothing was reloaded") == std::string::npos, i % 2 == 0) << said;
    wait_until([&] { return answered > answered_before || dropped > 0; }, "nobody is answered");
  }
  goes_on = false;
  patient.join();
  hasty.join();
  EXPECT_EQ(dropped, 0U);
  EXPECT_GE(answered, 40U);
}

// A connection goes on with the certificate that it began with; the next one has the new one.
TEST_F(Reload, NewConnectionsHaveTheNewCertificate) {
  ASSERT_EQ(serving_->stop().code, 0);
  const auto write_certificate = [&](const std::string& name) {
    const Pkey key = new_key();
    std::filesystem::remove(path("key.pem"));
    write_file(path("key.pem"), pem_of_key(key.get()));
    std::filesystem::permissions(path("key.pem"), std::filesystem::perms::owner_read);
    write_file(path("certificate.pem"), pem_of_certificate(key.get()));
    std::filesystem::copy(path("certificate.pem"), path(name));
  };
  write_certificate("old.pem");
  const std::string with_tls =
      replaced(configured(), "[listen]\n",
               "[listen]\ncertificate = \"certificate.pem\"\nprivate_key = \"key.pem\"\n");
  write_file(path("ktgate.toml"), with_tls);
  serving_.emplace(path("ktgate.toml"));
  federation::HttpClientOptions trusts_old;
  trusts_old.authorities = path("old.pem");
  writer_.emplace(serving_->url(), "", trusts_old);
  ASSERT_EQ(writer_->get(on_log("configuration")).status, 200U);

  write_certificate("new.pem");
  expect_reloaded(with_tls);
  federation::HttpRequest request;
  request.target = on_log("configuration");
  EXPECT_EQ(must(writer_->send(request)).status, 200U);
  EXPECT_FALSE(Asker(serving_->url(), "", trusts_old).send(request).has_value());
  federation::HttpClientOptions trusts_new;
  trusts_new.authorities = path("new.pem");
  EXPECT_EQ(must(Asker(serving_->url(), "", trusts_new).send(request)).status, 200U);
  // A key of another certificate changes nothing.
  write_file(path("certificate.pem"), read_file(path("old.pem")));
  expect_refused(with_tls, "the private key cannot be used, or is not the certificate's");
  EXPECT_EQ(must(Asker(serving_->url(), "", trusts_new).send(request)).status, 200U);
}

// The same over TLS: the certificate has to be one that the client believes, and of the address.
TEST_F(Serve, ProvesWhoItIs) {
  ASSERT_EQ(serving_->stop().code, 0);
  const Pkey key = new_key();
  write_file(path("key.pem"), pem_of_key(key.get()));
  std::filesystem::permissions(path("key.pem"), std::filesystem::perms::owner_read);
  const std::string configured = read_file(path("ktgate.toml"));
  const std::string listen = "[listen]\n";
  write_file(path("tls.toml"), listen + "certificate = \"certificate.pem\"\n" +
                                   "private_key = \"key.pem\"\n" +
                                   configured.substr(listen.size()));
  for (const char* const address : {"127.0.0.1", "127.0.0.2"}) {
    write_file(path("certificate.pem"),
               pem_of_certificate(key.get(), std::string("IP:") + address));
    Serving serving(path("tls.toml"));
    EXPECT_TRUE(serving.url().has_tls);
    federation::HttpRequest request;
    request.target = on_log("configuration");
    federation::HttpClientOptions options;
    options.authorities = path("certificate.pem");
    const auto believed = Asker(serving.url(), "", options).send(request);
    EXPECT_EQ(believed.has_value(), address == std::string_view("127.0.0.1"));
    const auto unknown = Asker(serving.url()).send(request);
    ASSERT_FALSE(unknown.has_value());
    EXPECT_EQ(unknown.error().code, Errc::unavailable);
    federation::Url plain = serving.url();
    plain.has_tls = false;
    EXPECT_FALSE(Asker(plain).send(request).has_value());
    EXPECT_EQ(serving.stop().code, 0);
  }
}

}  // namespace
}  // namespace kt::gateway
