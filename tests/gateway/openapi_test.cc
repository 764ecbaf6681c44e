// The description of the HTTP service. That answers are as it says, Asker looks at in every test.
#include "openapi.h"

#include <set>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "described.h"
#include "public_api.h"
#include "serve_program.h"

namespace kt::gateway {
namespace {

using nlohmann::json;

// Every "$ref" in `part` leads somewhere in `whole`.
void expect_references(const json& part, const json& whole) {
  if (part.is_object() && part.contains("$ref")) {
    const std::string reference = part.at("$ref");
    ASSERT_EQ(reference.find("#/"), 0U) << reference;
    EXPECT_TRUE(whole.contains(json::json_pointer(reference.substr(1)))) << reference;
  }
  if (part.is_structured()) {
    for (const json& each : part) expect_references(each, whole);
  }
}

TEST(OpenApi, IsWellFormed) {
  const json& document = description();
  EXPECT_EQ(document.at("openapi"), "3.1.0");
  expect_references(document, document);
  std::set<std::string> ids;
  for (const auto& [path, operations] : document.at("paths").items()) {
    for (const auto& [method, operation] : operations.items()) {
      EXPECT_TRUE(ids.insert(operation.at("operationId")).second) << operation;
      EXPECT_FALSE(operation.at("summary").get<std::string>().empty()) << path;
      // What the path has parameters for is described, and nothing else.
      for (const std::string name : {"log", "domain"}) {
        bool is_described = false;
        for (const json& parameter : operation.value("parameters", json::array()))
          is_described |= parameter.value("$ref", "") == "#/components/parameters/" + name;
        EXPECT_EQ(is_described, path.find("{" + name + "}") != std::string::npos) << path;
      }
      EXPECT_EQ(operation.contains("requestBody"), method == "post") << path;
      for (const auto& [status, answer] : operation.at("responses").items())
        EXPECT_FALSE(answer.at("description").get<std::string>().empty()) << path << status;
    }
  }
}

TEST(OpenApi, HasTheLimitsOfTheConfiguration) {
  const json document = json::parse(openapi_document(public_operations(), {1234, 5678}));
  const auto most = [&](const char* path, const char* type) {
    return document.at("paths")
        .at(path)
        .at("post")
        .at("requestBody")
        .at("content")
        .at(type)
        .at("schema")
        .at("maxLength");
  };
  EXPECT_EQ(most("/kt/v1/lookup", "application/vnd.ktgate.lookup-request"), 1234);
  EXPECT_EQ(most("/kt/v1/update", "application/vnd.ktgate.routed-update-request"), 5678);
  EXPECT_EQ(most("/kt/v1/logs/{log}/update", "application/vnd.ktgate.update-request"), 5678);
  EXPECT_EQ(most("/kt/v1/logs/{log}/search", "application/vnd.ktgate.search-request"), 1234);
}

// The rows of the table of public endpoints in the manual, each path with its methods; those that
// are not built yet, too.
std::map<std::string, std::set<std::string>> documented() {
  const std::string manual = read_file(KTGATE_HTTP_MANUAL);
  std::size_t at = manual.find("## Public endpoints");
  const std::size_t end = manual.find("\n## ", at + 1);
  std::map<std::string, std::set<std::string>> found;
  while ((at = manual.find("\n| `", at + 1)) < end) {
    std::string cell = manual.substr(at + 3, manual.find(" | ", at + 3) - at - 3);
    std::set<std::string> methods;
    for (const char* const method : {"GET", "POST"}) {
      if (cell.find(method) != std::string::npos) methods.insert(method);
    }
    // Each path of the cell, with those in braces apart.
    for (std::size_t start = cell.find('/'); start != std::string::npos;
         start = cell.find(" /", start) == std::string::npos ? std::string::npos
                                                             : cell.find(" /", start) + 1) {
      std::string path = cell.substr(start, cell.find('`', start) - start);
      path = path.substr(0, path.find('?'));
      const std::size_t list = path.find("/{", path.find("{log}") + 1);
      if (path.find("{log}/{") == std::string::npos) {
        found[path].insert(methods.begin(), methods.end());
        continue;
      }
      std::string names = path.substr(list + 2, path.size() - list - 3) + ",";
      for (std::size_t comma = names.find(','); comma != std::string::npos;
           names.erase(0, names.find_first_not_of(' ', comma + 1)), comma = names.find(','))
        found[path.substr(0, list + 1) + names.substr(0, comma)].insert(methods.begin(),
                                                                        methods.end());
    }
  }
  return found;
}

class OpenApiServed : public LogProgram {
 protected:
  void SetUp() override {
    const Outcome key = run({"auditor", "create", path("auditor"), "--suite", "ed25519"});
    create("log", {"--suite", "ed25519", "--mode", "third-party-auditing", "--auditor-key",
                   key.out.substr(0, key.out.size() - 1)});
    write_file(path("ktgate.toml"),
               "[listen]\naddress = \"127.0.0.1:0\"\n[limits]\nrequests_per_second = 0\n"
               "[[log]]\ndirectory = \"log\"\nalias = \"main\"\ngateway = \"front\"\n"
               "gateway_domain = \"example.com\"\n" +
                   principal("front", "a token"));
    serving_.emplace(path("ktgate.toml"));
    asker_.emplace(serving_->url());
  }
  federation::HttpResponse ask(std::string target, const std::string& method) {
    if (const std::size_t log = target.find("{log}"); log != std::string::npos)
      target.replace(log, 5, "main");
    if (const std::size_t domain = target.find("{domain}"); domain != std::string::npos)
      target.replace(domain, 8, "example.net");
    federation::HttpRequest request;
    request.target = target;
    request.method = method == "POST" ? federation::HttpMethod::post : federation::HttpMethod::get;
    return must(asker_->send(request));
  }
  // Whether the gateway has such an operation at all.
  static bool is_there(const federation::HttpResponse& response) {
    if (response.status == 405U) return false;
    return response.status != 404U ||
           json::parse(response.body).at("type") != type_of(Problem::not_found);
  }

  std::optional<Serving> serving_;
  std::optional<Asker> asker_;
};

TEST_F(OpenApiServed, IsWhatTheGatewayAnswers) {
  const auto answer = asker_->get("/openapi.json");
  ASSERT_EQ(answer.status, 200U);
  EXPECT_EQ(answer.content_type, "application/json");
  EXPECT_EQ(json::parse(answer.body), description());
  EXPECT_EQ(asker_->get("/openapi.json", "text/html").status, 406U);
}

TEST_F(OpenApiServed, EveryDescribedOperationIsThere) {
  std::size_t count = 0;
  for (const auto& [path, operations] : description().at("paths").items()) {
    for (const char* const method : {"GET", "POST"}) {
      const bool described = operations.contains(method == std::string("GET") ? "get" : "post");
      EXPECT_EQ(is_there(ask(path, method)), described) << method << " " << path;
      count += described ? 1 : 0;
    }
  }
  EXPECT_EQ(count, public_operations().size());
}

// In both directions: what the manual has and the gateway answers is described, and what is
// described the manual has.
TEST_F(OpenApiServed, EveryOperationThatIsThereIsDescribed) {
  const auto manual = documented();
  EXPECT_TRUE(manual.contains("/kt/v1/logs/{log}/owner-init"));
  for (const auto& [path, methods] : manual) {
    for (const std::string& method : methods) {
      const bool described =
          description().at("paths").contains(path) &&
          description().at("paths").at(path).contains(method == "GET" ? "get" : "post");
      EXPECT_EQ(is_there(ask(path, method)), described) << method << " " << path;
    }
  }
  for (const auto& [path, operations] : description().at("paths").items())
    EXPECT_TRUE(manual.contains(path)) << path << " is not in the manual";
}

}  // namespace
}  // namespace kt::gateway
