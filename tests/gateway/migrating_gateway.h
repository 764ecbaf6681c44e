// A gateway whose domain's labels move, as its operator sees it: the admin listener, and what its
// users find.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include <nlohmann/json.hpp>

#include "federation/routed_messages.h"
#include "names.h"
#include "serve_program.h"

namespace kt::gateway {

class MigratingGateway : public LogProgram {
 protected:
  using Json = nlohmann::json;

  // [listen], [admin], the writer, and what is given.
  [[nodiscard]] static std::string configuration(const std::string& socket,
                                                 const std::string& rest) {
    return "state = \"state-" + socket + "\"\n[listen]\naddress = \"127.0.0.1:0\"\n" +
           "[admin]\nsocket = \"" + socket + "\"\n" + principal("writer", kWriterToken) + rest;
  }
  [[nodiscard]] static std::string log(const std::string& name, const std::string& rest = "") {
    return "[[log]]\ndirectory = \"" + name + "\"\nalias = \"" + name +
           "\"\nwriter = \"writer\"\n" + rest;
  }
  [[nodiscard]] static std::string domain(const std::string& name, const std::string& log,
                                          const std::string& rest = "") {
    return "[[domain]]\nname = \"" + name + "\"\nlabel_rule = \"UsernameCaseMapped\"\n" +
           "policy = \"single\"\nlogs = [\"" + log + "\"]\n" + "url = \"http://127.0.0.1:8443\"\n" +
           rest;
  }

  void serve(const std::string& configuration) {
    write_file(path("gateway.toml"), configuration);
    restart();
  }
  void restart() {
    if (gateway_) gateway_->signal(SIGKILL);
    gateway_.reset();
    gateway_.emplace(path("gateway.toml"));
    admin_.reset();
    people_.reset();
  }
  [[nodiscard]] Serving& gateway() { return *gateway_; }

  [[nodiscard]] Asker& admin() {
    if (!admin_) {
      federation::HttpClientOptions options;
      options.socket = path("admin.socket");
      options.response_limit = std::size_t{1} << 20;
      admin_ = std::make_unique<Asker>(federation::Url{false, "localhost", 80, ""}, "", options);
    }
    return *admin_;
  }
  [[nodiscard]] Asker& people() {
    if (!people_) people_ = std::make_unique<Asker>(gateway().url(), kWriterToken);
    return *people_;
  }

  // POST /migrations/{domain}/{command}: the status, and what is answered.
  std::pair<unsigned, Json> command(const std::string& name, const Json& body = Json::object(),
                                    const std::string& domain = "example.com") {
    federation::HttpRequest request;
    request.method = federation::HttpMethod::post;
    request.target = "/migrations/" + domain + "/" + name;
    request.content_type = "application/json";
    request.body = to_bytes(body.dump());
    const auto answer = must(admin().send(std::move(request)));
    return {answer.status, Json::parse(answer.body)};
  }
  // Expects that it is done, and gives the record.
  Json done(const std::string& name, const Json& body = Json::object()) {
    const auto [status, answer] = command(name, body);
    EXPECT_EQ(status, 200U) << name << ": " << answer;
    return answer;
  }
  // Expects that it is refused for that reason, and that nothing has changed.
  void expect_refused(const std::string& name, const Json& body, const std::string& why,
                      unsigned status = 422, const std::string& domain = "example.com") {
    const Json before = records();
    const auto [found, answer] = command(name, body, domain);
    EXPECT_EQ(found, status) << name << " " << body << ": " << answer;
    EXPECT_NE(answer.value("detail", "").find(why), std::string::npos) << answer;
    EXPECT_EQ(records(), before) << name << " " << body;
  }
  Json records() { return Json::parse(admin().get("/migrations").body); }
  Json record() { return records().at(0); }
  void wait_for_phase(const std::string& phase) {
    wait_until([&] { return record().at("phase") == phase || record().at("fault") != ""; },
               ("the migration does not become " + phase).c_str());
    ASSERT_EQ(record().at("phase"), phase) << record();
  }
  // Until the command is no longer refused for what is not published yet.
  void wait_until_done(const std::string& name) {
    wait_until([&] { return command(name).first == 200; }, name.c_str());
  }
  // The document that is published; null when there is none.
  Json document(const std::string& domain = "example.com") {
    const auto answer = people().get("/.well-known/key-transparency?domain=" + domain);
    if (answer.status != 200) return nullptr;
    const Json envelope = Json::parse(answer.body);
    return Json::parse(*from_base64url(envelope.at("payload").get<std::string>()));
  }
  void wait_for_policy(const std::string& type, const std::string& alias) {
    wait_until(
        [&] {
          const Json now = document();
          if (now.is_null() || now.at("policy").at("type") != type) return false;
          const Json& policy = now.at("policy");
          return name_of(now, policy.value(type == "single" ? "log" : "from", "")) == alias;
        },
        "the document does not say so");
  }
  static std::string name_of(const Json& document, const std::string& id) {
    for (const Json& each : document.at("logs")) {
      if (each.at("log_id") == id) return each.at("alias");
    }
    return "";
  }

  [[nodiscard]] keytrans::LogConfiguration log_configuration(const std::string& name) const {
    const std::string bytes = read_file(path(name + "/configuration"));
    return must(keytrans::LogConfiguration::create(
        must(keytrans::decode<keytrans::Configuration>(to_bytes(bytes)))));
  }
  // What a log has under a label, verified.
  Bytes value_in(const std::string& name, const Label& label) {
    RemoteUser user(people(), name, log_configuration(name));
    return user.search(label).value;
  }
  // A routed update by the writer. Result: the status.
  unsigned update(const std::string& label, const std::string& value, const std::string& name,
                  std::optional<Version> greatest = {}) {
    federation::RoutedUpdateRequest request{
        label_of(label), {}, {keytrans::LabelValue{to_bytes(value)}}};
    if (greatest)
      request.views.push_back({log_configuration(name).id().hash(), std::nullopt, greatest});
    return people()
        .post("/kt/v1/update", "routed-update-request", must(federation::encode(request)))
        .status;
  }

 private:
  std::optional<Serving> gateway_;
  std::unique_ptr<Asker> admin_;
  std::unique_ptr<Asker> people_;
};

}  // namespace kt::gateway
