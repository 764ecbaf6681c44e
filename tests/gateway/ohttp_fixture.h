// A gateway that answers what is sealed to it, and somebody who asks it as a relay would.
#pragma once

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "federation/binary_http.h"
#include "federation/ohttp.h"
#include "names.h"
#include "ohttp_api.h"
#include "serve_program.h"

namespace kt::gateway {

using federation::BinaryRequest;
using federation::BinaryResponse;
using federation::HttpResponse;
using federation::KeyConfig;
using federation::OhttpEncoding;

class Ohttp : public LogProgram {
 protected:
  void SetUp() override {
    create("a");
    import("a", line_of("alice@example.com", 0, "the key of alice") +
                    line_of("bob@example.com", 0, "the key of bob"));
  }
  void serve(const std::string& ohttp = "[ohttp]\nenabled = true\n", const std::string& access = "",
             const std::string& url = "https://kt.example.com") {
    write_file(path("ktgate.toml"),
               "state = \"state\"\n[listen]\naddress = \"127.0.0.1:0\"\n[admin]\nsocket = "
               "\"admin.socket\"\n" +
                   ohttp +
                   "[limits]\nrequests_per_second = 0\n[[log]]\ndirectory = \"a\"\nalias = \"a\"\n"
                   "[[domain]]\nname = \"example.com\"\nlabel_rule = \"bytes\"\npolicy = "
                   "\"single\"\nlogs = [\"a\"]\nurl = \"" +
                   url + "\"\n" + access);
    serving_.emplace(path("ktgate.toml"));
    asker_.emplace(serving_->url());
  }
  void wait_for(const std::string& line) const {
    wait_until([&] { return serving_->err().find(line) != std::string::npos; }, line.c_str());
  }
  void wait_for_keys() const {
    wait_for("a new key for Oblivious HTTP is published");
    wait_for("the directory document of example.com has epoch 1");
  }

  [[nodiscard]] HttpResponse get_keys(const std::string& query = "") {
    return asker_->get(std::string(kOhttpPath) + query);
  }
  [[nodiscard]] std::vector<KeyConfig> keys() {
    return must(federation::decode_key_configs(get_keys().body));
  }
  [[nodiscard]] HttpResponse post(Bytes message, OhttpEncoding encoding = OhttpEncoding::whole) {
    federation::HttpRequest request;
    request.method = federation::HttpMethod::post;
    request.target = kOhttpPath;
    request.content_type = encoding == OhttpEncoding::whole ? federation::kOhttpRequestType
                                                            : federation::kOhttpChunkedRequestType;
    request.body = std::move(message);
    return must(asker_->send(std::move(request)));
  }

  // What is inside the answer to `inner`, which has to be sealed and padded. Keeps its size.
  [[nodiscard]] BinaryResponse ask_sealed(const Bytes& inner,
                                          OhttpEncoding encoding = OhttpEncoding::whole) {
    const auto sealed = must(federation::seal_ohttp_request(keys().front(), inner, encoding));
    const HttpResponse answer = post(sealed.message, encoding);
    EXPECT_EQ(answer.status, 200U) << text_of(answer.body);
    EXPECT_EQ(answer.content_type, encoding == OhttpEncoding::whole
                                       ? federation::kOhttpResponseType
                                       : federation::kOhttpChunkedResponseType);
    size_ = answer.body.size();
    const Bytes opened = must(sealed.exchange.open_response(answer.body));
    EXPECT_EQ(opened.size(), padded_size(opened.size(), 1024));
    return must(federation::decode_binary_response(opened));
  }
  [[nodiscard]] BinaryResponse ask(const BinaryRequest& inner,
                                   OhttpEncoding encoding = OhttpEncoding::whole) {
    return ask_sealed(must(federation::encode_binary_request(inner)), encoding);
  }
  static BinaryRequest get(const std::string& target) {
    return {"GET", "https", "kt.example.com", target, {}, {}, {}};
  }
  static BinaryRequest post_to(const std::string& target, const std::string& message,
                               Bytes content) {
    return {"POST",
            "https",
            "kt.example.com",
            target,
            {{"content-type", "application/vnd.ktgate." + message}},
            std::move(content),
            {}};
  }
  static void expect_problem(const BinaryResponse& response, unsigned status,
                             const std::string& type) {
    EXPECT_EQ(response.status, status) << text_of(response.content);
    EXPECT_EQ(federation::find_field(response.fields, "content-type"), kProblemType);
    EXPECT_EQ(nlohmann::json::parse(response.content).at("type"), type);
  }
  [[nodiscard]] keytrans::LogConfiguration configuration() {
    const auto answer = asker_->get("/kt/v1/logs/a/configuration");
    return must(keytrans::LogConfiguration::create(
        must(keytrans::decode<keytrans::Configuration>(answer.body))));
  }
  // Somebody who looks `label` up anonymously and verifies what comes.
  [[nodiscard]] Bytes look_up(const std::string& label, OhttpEncoding encoding) {
    keytrans::ClientState user(configuration());
    const auto request = user.search_request(label_of(label));
    const BinaryResponse answer =
        ask(post_to("/kt/v1/logs/a/search", "search-request", must(keytrans::encode(request))),
            encoding);
    EXPECT_EQ(answer.status, 200U) << text_of(answer.content);
    const auto response = must(keytrans::decode<keytrans::SearchResponse>(
        answer.content, keytrans::WireContext::of(user.configuration().wire(), false)));
    return must(user.apply(must(user.verify(request, response, RemoteUser::now())))).value;
  }

  std::optional<Serving> serving_;
  std::optional<Asker> asker_;
  std::size_t size_ = 0;
};

}  // namespace kt::gateway
