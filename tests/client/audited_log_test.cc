// A log with an auditor, both of them processes of their own, and what users make of it.
#include "kt_program.h"

namespace kt::client {
namespace {

class AuditedLog : public KtProgram {
 protected:
  void SetUp() override {
    token("auditors-token", gateway::kAuditorToken);
    token("writers-token", gateway::kWriterToken);
    Outcome made = gateway::run({"auditor", "create", path("auditor"), "--suite", "ed25519"});
    ASSERT_EQ(made.code, 0) << made.err;
    made.out.pop_back();
    create("log", {"--suite", "ed25519", "--mode", "third-party-auditing", "--auditor-key",
                   made.out, "--max-auditor-lag", "1h"});
    ASSERT_EQ(gateway::run({"auditor", "bind", path("auditor"), path("log/configuration")}).code,
              0);
    start("log", "", "auditor = \"auditor\"\n");
    const std::string url = serving().url().text();
    const std::vector<std::string> audit{"auditor",    "run",          path("auditor"),
                                         url,          "--token-file", path("auditors-token"),
                                         "--interval", "20ms"};
    auditor_.emplace(audit);
    publish_document("log", serving().url(), "policy = \"single\"\nlogs = [\"main\"]\n");
    trust(serving().url());
  }
  void token(const std::string& name, const std::string& contents) const {
    gateway::write_file(path(name), contents + "\n");
    std::filesystem::permissions(path(name), std::filesystem::perms::owner_read);
  }
  void publish(const std::string& value) const {
    gateway::write_file(path("value"), value);
    const Outcome published =
        kt({"publish", kAlice, "--value", path("value"), "--token-file", path("writers-token")});
    ASSERT_EQ(published.code, 0) << published.err;
  }

  std::optional<gateway::Running> auditor_;
};

TEST_F(AuditedLog, UsersSeeHowFarItIsAuditedAndNeedNotMonitor) {
  ASSERT_EQ(kt({"own", kAlice}).code, 0);
  publish("first");
  // The last one is to the right of the only distinguished entry, which is the fourth.
  for (const char* const value : {"second", "third"}) publish(value);
  // Somebody with a state of their own.
  const auto contact = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--state", path("contact"), "--json"});
    const Outcome outcome = kt_without_state(arguments);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return Json::parse(outcome.out, nullptr, false);
  };
  contact({"trust", "example.com", "--url", serving().url().text()});
  const Json first = contact({"lookup", kAlice});
  EXPECT_EQ(first.at("log").at("mode"), "third-party-auditing");
  EXPECT_FALSE(first.at("log").at("audited_size").is_null());
  EXPECT_TRUE(first.at("monitor_by").is_null());
  contact({"trust", "example.com", "--contact-monitoring"});
  EXPECT_FALSE(contact({"lookup", kAlice}).at("monitor_by").is_null());
  contact({"monitor", "--all"});
  auditor_->signal(SIGTERM);
  EXPECT_EQ(auditor_->wait().code, 0);
}

}  // namespace
}  // namespace kt::client
