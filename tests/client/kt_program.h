// The program `kt` as a child of the test, and a gateway of example.com for it to ask.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "client/state_directory.h"
#include "man_in_the_middle.h"
#include "names.h"
#include "serve_program.h"

namespace kt::client {

using gateway::Outcome;
using Json = nlohmann::json;

class KtProgram : public gateway::LogProgram {
 protected:
  static constexpr const char* kAlice = "alice@example.com";

  // A gateway for the log `name`, with a document that says that its URL is `url`, or its own.
  // Whoever has `gateway::kWriterToken` may write.
  void serve(const std::string& name, const std::optional<federation::Url>& url = {},
             const std::string& listen = "") {
    start(name, listen);
    publish_document(name, url ? *url : serving_->url(),
                     "policy = \"single\"\nlogs = [\"main\"]\n");
  }
  // The same, without a document yet. `listen` and `log` are more of its configuration.
  void start(const std::string& name, const std::string& listen = "", const std::string& log = "") {
    configuration_ =
        "state = \"" + name + ".state\"\n" + gateway::principal("writer", gateway::kWriterToken) +
        gateway::principal("auditor", gateway::kAuditorToken) +
        "[listen]\naddress = \"127.0.0.1:0\"\n" + listen + limits_ + "[[log]]\ndirectory = \"" +
        name + "\"\nalias = \"main\"\nwriter = \"writer\"\n" + log;
    name_ = name;
    gateway::write_file(path(name + ".toml"), configuration_);
    serving_.emplace(path(name + ".toml"));
  }
  // Has the gateway publish a document with this URL and policy.
  void publish_document(const std::string& name, const federation::Url& url,
                        const std::string& policy, const std::string& more_logs = "") {
    gateway::write_file(path(name + ".toml"),
                        configuration_ + more_logs +
                            "[[domain]]\nname = \"example.com\"\nlabel_rule = \"bytes\"\nurl = \"" +
                            url.text() + "\"\n" + policy);
    const std::size_t before = serving_->err().size();
    static_cast<void>(serving_->reload());
    gateway::wait_until(
        [&] {
          return serving_->err().find("document of example.com has epoch", before) !=
                 std::string::npos;
        },
        "the gateway publishes no document");
  }
  [[nodiscard]] gateway::Serving& serving() { return *serving_; }
  // Starts it again with the configuration that it had last, where it was.
  void restart(const federation::Url& url) {
    const std::string file = path(name_ + ".toml");
    std::string text = gateway::read_file(file);
    const std::string any = "127.0.0.1:0\"";
    if (const std::size_t at = text.find(any); at != std::string::npos)
      text.replace(at, any.size(), url.authority() + "\"");
    gateway::write_file(file, text);
    serving_.reset();
    serving_.emplace(file);
  }

  // Somebody else who may write, and does.
  void publish_elsewhere(const std::string& name, const std::string& value,
                         std::optional<Version> greatest = {}) {
    gateway::Asker writer(serving().url(), gateway::kWriterToken);
    const keytrans::UpdateRequest request{
        {}, label_of(name), greatest, {keytrans::LabelValue{to_bytes(value)}}};
    const auto answer =
        writer.post("/kt/v1/logs/main/update", "update-request", must(keytrans::encode(request)));
    ASSERT_EQ(answer.status, 200U) << gateway::text_of(answer.body);
  }
  // An entry more.
  void grow() { publish_elsewhere("user" + std::to_string(grown_++) + "@example.com", "a key"); }

  [[nodiscard]] std::string state() const { return path("kt"); }
  static Outcome kt_without_state(const std::vector<std::string>& arguments) {
    return gateway::Running(arguments, "", KT_PROGRAM).wait();
  }
  // Runs `kt` with a state of the test's own.
  Outcome kt(std::vector<std::string> arguments) const {
    arguments.insert(arguments.end(), {"--state", state()});
    return kt_without_state(arguments);
  }
  // The JSON that it prints, when it ends as it should.
  Json kt_json(std::vector<std::string> arguments, int code = 0) const {
    arguments.push_back("--json");
    const Outcome outcome = kt(std::move(arguments));
    EXPECT_EQ(outcome.code, code) << outcome.err;
    return Json::parse(outcome.out, nullptr, false);
  }
  void trust(const federation::Url& url) const {
    const Outcome trusted = kt({"trust", "example.com", "--url", url.text()});
    ASSERT_EQ(trusted.code, 0) << trusted.err;
  }
  // Everything that was remembered.
  using Remembered = std::vector<std::pair<Bytes, Bytes>>;
  [[nodiscard]] Remembered remembered() const {
    const StateDirectory directory = must(StateDirectory::open(state()));
    Remembered all = must(directory.read_all("domains"));
    const Remembered logs = must(directory.read_all("logs"));
    all.insert(all.end(), logs.begin(), logs.end());
    return all;
  }

  // One line on stderr that names the command and says `about`; nothing on stdout.
  static void expect_error(const Outcome& outcome, int code, std::string_view about) {
    EXPECT_EQ(outcome.code, code) << outcome.err;
    EXPECT_EQ(outcome.out, "");
    EXPECT_EQ(outcome.err.find("kt "), 0U) << outcome.err;
    EXPECT_NE(outcome.err.find(about), std::string::npos) << outcome.err;
  }

  // Of the gateway's configuration: a section, or nothing.
  std::string limits_ = "[limits]\nrequests_per_second = 0\n";

 private:
  std::string name_;
  std::string configuration_;
  std::optional<gateway::Serving> serving_;
  int grown_ = 0;
};

}  // namespace kt::client
