#include "described.h"

#include <gtest/gtest.h>

#include "public_api.h"
#include "serve_program.h"

namespace kt::gateway {
namespace {

// The described path that `target` is one of; empty when there is none.
std::string described_path(const std::string& target) {
  std::string path = target.substr(0, target.find('?'));
  const std::string logs = "/kt/v1/logs/";
  if (path.starts_with(logs)) {
    const std::size_t end = path.find('/', logs.size());
    if (end == std::string::npos) return "";
    path.replace(logs.size(), end - logs.size(), "{log}");
  }
  const std::string relay = "/relay/";
  if (path.starts_with(relay) && path.size() > relay.size()) {
    const std::size_t end = std::min(path.find('/', relay.size()), path.size());
    path.replace(relay.size(), end - relay.size(), "{domain}");
  }
  return description().at("paths").contains(path) ? path : "";
}

// Every test that asks a gateway looks at this, too.
[[maybe_unused]] const AnswerCheck kSet = (check_answer = &expect_described);

}  // namespace

const nlohmann::json& description() {
  static const auto document =
      nlohmann::json::parse(openapi_document(public_operations(), {1 << 16, 1 << 20}));
  return document;
}

void expect_described(const federation::HttpRequest& request,
                      const federation::HttpResponse& response) {
  const std::string path = described_path(request.target);
  const char* const method = request.method == federation::HttpMethod::get ? "get" : "post";
  const std::string said = std::string(method) + " " + request.target + " was answered with " +
                           std::to_string(response.status) + " " + response.content_type;
  if (path.empty()) {
    EXPECT_GE(response.status, 400U) << said << ", and is not described";
    return;
  }
  const nlohmann::json& operations = description().at("paths").at(path);
  if (!operations.contains(method)) {
    EXPECT_EQ(response.status, 405U) << said << ", and is not described";
    return;
  }
  const nlohmann::json& answers = operations.at(method).at("responses");
  const std::string status = std::to_string(response.status);
  ASSERT_TRUE(answers.contains(status)) << said << ", which is not described";
  if (response.content_type.empty()) return;
  const nlohmann::json& content = answers.at(status).at("content");
  ASSERT_TRUE(content.contains(response.content_type)) << said << ", which is not described";
  if (response.content_type != kProblemType) return;
  const std::string type = nlohmann::json::parse(response.body).at("type");
  const auto& types = content.at(kProblemType).at("schema").at("properties").at("type").at("enum");
  EXPECT_NE(std::find(types.begin(), types.end(), type), types.end())
      << said << " " << type << ", which is not described";
}

}  // namespace kt::gateway
