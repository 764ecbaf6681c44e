// Credentials at a gateway: routed, and of one log.
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "federation/credential_messages.h"
#include "keytrans/credential.h"
#include "names.h"
#include "serve_program.h"

namespace kt::gateway {
namespace {

using federation::CredentialRequest;
using federation::CredentialUpdateRequest;
using federation::HttpResponse;
using keytrans::Credential;

std::string code(const HttpResponse& response) {
  if (response.status == 200) return "ok";
  EXPECT_EQ(response.content_type, "application/problem+json");
  const std::string type = nlohmann::json::parse(response.body).at("type");
  return std::to_string(response.status) + type.substr(std::string_view("urn:ktgate:error").size());
}

class CredentialApi : public LogProgram {
 protected:
  void SetUp() override {
    create("a", {"--suite", "ed25519", "--configuration", path("a.configuration")});
    import("a", line_of("alice@example.com", 0, "first") + line_of("bob@example.com", 0, "bob's"));
    write_file(path("ktgate.toml"),
               "[listen]\naddress = \"127.0.0.1:0\"\n" + principal("writer", kWriterToken) +
                   "[[log]]\ndirectory = \"a\"\nalias = \"a\"\nwriter = \"writer\"\n" + domain(""));
    serving_.emplace(path("ktgate.toml"));
    anyone_.emplace(serving_->url());
    user_.emplace(*anyone_, "a", configuration());
    user_->ask<keytrans::DistinguishedResponse>("distinguished",
                                                user_->state().distinguished_request());
  }
  static std::string domain(const std::string& access) {
    return "[[domain]]\nname = \"example.com\"\nlabel_rule = \"bytes\"\npolicy = \"single\"\n"
           "logs = [\"a\"]\n" +
           access;
  }
  [[nodiscard]] keytrans::LogConfiguration configuration() const {
    return must(keytrans::LogConfiguration::create(must(
        keytrans::decode<keytrans::Configuration>(to_bytes(read_file(path("a.configuration")))))));
  }
  // The rightmost distinguished entry that the user knows.
  [[nodiscard]] EntryIndex position() { return user_->state().distinguished().back().position(); }
  static HttpResponse ask(Asker& asker, const CredentialRequest& request,
                          const std::string& path = "/kt/v1/credential") {
    return asker.post(path, "credential-request", must(encode(request)));
  }
  static HttpResponse ask(Asker& asker, const CredentialUpdateRequest& request,
                          const std::string& path = "/kt/v1/credential-update") {
    return asker.post(path, "credential-update-request", must(encode(request)));
  }
  [[nodiscard]] Credential credential_in(const HttpResponse& response) const {
    EXPECT_EQ(response.status, 200U) << text_of(response.body);
    EXPECT_EQ(response.content_type, "application/vnd.ktgate.credential-response");
    return must(keytrans::decode<Credential>(response.body, configuration().context()));
  }
  [[nodiscard]] Result<keytrans::VerifiedCredential> verify(const Credential& credential) {
    return verify_credential(configuration(), user_->state().distinguished(), credential);
  }

  const Label alice_ = label_of("alice@example.com");
  std::optional<Serving> serving_;
  std::optional<Asker> anyone_;
  std::optional<RemoteUser> user_;
};

TEST_F(CredentialApi, GivesWhatVerifies) {
  const Credential routed = credential_in(ask(*anyone_, CredentialRequest{alice_, position()}));
  EXPECT_EQ(routed.label, alice_);
  EXPECT_EQ(routed.value.value, to_bytes(std::string_view("first")));
  EXPECT_EQ(routed.position, position());
  EXPECT_TRUE(verify(routed).has_value());
  // The same without naming an entry, which is the rightmost then, and of the log itself.
  EXPECT_EQ(credential_in(ask(*anyone_, CredentialRequest{alice_, {}})), routed);
  EXPECT_EQ(credential_in(ask(*anyone_, CredentialRequest{alice_, {}}, "/kt/v1/logs/a/credential")),
            routed);
  Credential other = routed;
  other.value.value[0] ^= 1;
  EXPECT_FALSE(verify(other).has_value());
}

TEST_F(CredentialApi, OfALogAtAnotherGatewayItIsTheSame) {
  write_file(path("front.toml"),
             "[listen]\naddress = \"127.0.0.1:0\"\n"
             "[[remote_log]]\nalias = \"a\"\nconfiguration = \"a.configuration\"\nurl = \"" +
                 serving_->url().text() + "\"\n" + domain(""));
  const Serving front(path("front.toml"));
  Asker asker(front.url());
  const Credential here = credential_in(ask(*anyone_, CredentialRequest{alice_, position()}));
  EXPECT_EQ(credential_in(ask(asker, CredentialRequest{alice_, position()})), here);
  const CredentialUpdateRequest beyond{alice_, Version{0}, EntryIndex{1}, TreeSize{1000}};
  EXPECT_EQ(code(ask(asker, beyond)), "422:rejected");
}

TEST_F(CredentialApi, SaysWhyNot) {
  const std::string of_log = "/kt/v1/logs/a/credential";
  for (const std::string& path : {std::string("/kt/v1/credential"), of_log}) {
    EXPECT_EQ(code(ask(*anyone_, CredentialRequest{label_of("nobody@example.com"), {}}, path)),
              "404:unknown-label");
    EXPECT_EQ(code(ask(*anyone_, CredentialRequest{alice_, EntryIndex{1000}}, path)),
              "422:rejected");
    EXPECT_EQ(code(anyone_->post(path, "credential-request", {1})), "400:malformed");
    EXPECT_EQ(code(anyone_->post(path, "search-request", {})), "415:unsupported-media-type");
    const CredentialUpdateRequest beyond{alice_, Version{0}, EntryIndex{1}, TreeSize{1000}};
    EXPECT_EQ(code(ask(*anyone_, beyond, path + "-update")), "422:rejected");
    // The entry is distinguished itself.
    const CredentialUpdateRequest settled{alice_, Version{0}, position(),
                                          TreeSize{position().value() + 1}};
    EXPECT_EQ(code(ask(*anyone_, settled, path + "-update")), "422:rejected");
    EXPECT_EQ(code(anyone_->post(path + "-update", "credential-update-request", {1})),
              "400:malformed");
  }
  EXPECT_EQ(code(ask(*anyone_, CredentialRequest{label_of("alice@elsewhere.example"), {}})),
            "404:no-log");
  EXPECT_EQ(code(ask(*anyone_, CredentialRequest{label_of("kt:directory"), {}})),
            "422:reserved-label");
}

TEST_F(CredentialApi, IsThereForPeopleToRead) {
  federation::HttpRequest request;
  request.method = federation::HttpMethod::post;
  request.target = "/kt/v1/credential";
  request.content_type = "application/vnd.ktgate.credential-request";
  request.accept = "application/json";
  request.body = must(encode(CredentialRequest{alice_, {}}));
  const auto answer = must(anyone_->send(request));
  EXPECT_EQ(answer.content_type, "application/json");
  const auto json = nlohmann::json::parse(answer.body);
  EXPECT_EQ(json.at("version"), 0);
  EXPECT_EQ(json.at("credential_type"), 1);
  EXPECT_EQ(json.at("position"), std::to_string(position().value()));
}

TEST_F(CredentialApi, IsForWhoeverMayLookUp) {
  write_file(path("ktgate.toml"),
             read_file(path("ktgate.toml")) + "[domain.access]\nsearch = \"nobody\"\n");
  EXPECT_NE(serving_->reload().find("was reloaded"), std::string::npos);
  Asker writer(serving_->url(), kWriterToken);
  EXPECT_EQ(code(ask(*anyone_, CredentialRequest{alice_, {}})), "401:unauthenticated");
  EXPECT_EQ(code(ask(*anyone_, CredentialRequest{alice_, {}}, "/kt/v1/logs/a/credential")),
            "401:unauthenticated");
  const CredentialUpdateRequest update{alice_, Version{0}, EntryIndex{1}, TreeSize{1000}};
  EXPECT_EQ(code(ask(*anyone_, update)), "401:unauthenticated");
  EXPECT_EQ(code(ask(writer, CredentialRequest{alice_, {}})), "ok");
}

}  // namespace
}  // namespace kt::gateway
