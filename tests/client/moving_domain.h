// A domain at a real gateway whose labels move from the log `main` to the log `new`, by the
// program's own commands, with users of the program `kt`.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "keytrans/base64url.h"
#include "kt_program.h"

namespace kt::client {

class MovingDomain : public KtProgram {
 protected:
  // The lines of what the old log has; its entries become distinguished that are a second apart,
  // and those of the new one that are `new_window_` apart.
  // Users ask the gateway through `middle`, if there is one.
  void begin(const std::string& lines, ManInTheMiddle* middle = nullptr) {
    gateway::write_file(path("token"), std::string(gateway::kWriterToken) + "\n");
    std::filesystem::permissions(path("token"), std::filesystem::perms::owner_read);
    create("log", {"--reasonable-monitoring-window", "1s"});
    create("new", {"--suite", "ed25519", "--reasonable-monitoring-window", new_window_});
    import("log", lines);
    limits_ += "[admin]\nsocket = \"admin.socket\"\n";
    start("log", "", "[[log]]\ndirectory = \"new\"\nalias = \"new\"\nwriter = \"writer\"\n");
    if (middle != nullptr) middle->ask(serving().url().port);
    const federation::Url url = middle != nullptr ? middle->url() : serving().url();
    publish_document("log", url, "policy = \"single\"\nlogs = [\"main\"]\n");
    trust(url);
  }

  Outcome migrate(const std::string& command, std::vector<std::string> more = {}) {
    std::vector<std::string> arguments{"migrate", command, "--socket", path("admin.socket"),
                                       "example.com"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return gateway::Running(arguments).wait();
  }
  Json status() {
    const Outcome outcome = migrate("status", {"--json"});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return Json::parse(outcome.out).at(0);
  }
  void wait_for_phase(const std::string& phase) {
    gateway::wait_until([&] { return status().at("phase") == phase; },
                        ("the migration does not become " + phase).c_str());
  }
  // Until the document says what the phase says.
  void wait_for_document(const std::string& what) {
    gateway::Asker asker(serving().url());
    gateway::wait_until(
        [&] {
          const auto answer = asker.get("/.well-known/key-transparency");
          if (answer.status != 200) return false;
          const Json envelope = Json::parse(answer.body);
          const Bytes payload = *from_base64url(envelope.at("payload").get<std::string>());
          const Json document = Json::parse(payload);
          return (document.at("policy").dump() + document.at("logs").dump()).find(what) !=
                 std::string::npos;
        },
        ("the document does not say " + what).c_str());
  }
  void start_gradual(const std::string& grace = "1s") {
    const Outcome started = migrate("start", {"--to", "new", "--grace", grace});
    ASSERT_EQ(started.code, 0) << started.err;
    wait_for_phase("dual");
    wait_for_document("gradual");
  }
  void expect_found(const std::string& name, const std::string& value, const std::string& log) {
    const Json found = kt_json({"lookup", name});
    ASSERT_TRUE(found.is_object()) << name;
    EXPECT_EQ(found.at("value"), to_base64url(to_bytes(value))) << name;
    EXPECT_EQ(found.at("log").at("alias"), log) << name;
  }
  Outcome publish(const std::string& name, const std::string& value) {
    gateway::write_file(path("value"), value);
    return kt({"publish", name, "--value", path("value"), "--token-file", path("token")});
  }
  // What `verify` counts.
  Json report() {
    const Outcome verified = migrate("verify", {"--json"});
    EXPECT_EQ(verified.code, 0) << verified.out << verified.err;
    Json counts = Json::parse(verified.out);
    counts.erase("shown");
    return counts;
  }
  // What `kt monitor --all` does, without an error: the tasks of a kind.
  std::vector<Json> monitored(const std::string& kind) {
    const Json report = kt_json({"monitor", "--all"});
    std::vector<Json> found;
    for (const Json& task : report.at("tasks")) {
      EXPECT_TRUE(task.at("error").is_null()) << task;
      if (task.at("task") == kind) found.push_back(task);
    }
    return found;
  }
  void finish() {
    gateway::wait_until([this] { return migrate("finish").code == 0; }, "it cannot be finished");
    wait_for_phase("finished");
    gateway::Asker asker(serving().url());
    gateway::wait_until([&] { return asker.get("/kt/v1/logs/main/configuration").status == 410; },
                        "the old log does not retire");
    wait_for_document("retired");
  }
  void expect_refused(const Outcome& outcome, const std::string& why) {
    EXPECT_NE(outcome.code, 0) << outcome.out;
    EXPECT_NE(outcome.err.find(why), std::string::npos) << outcome.err;
  }

  std::string new_window_ = "1s";
};

}  // namespace kt::client
