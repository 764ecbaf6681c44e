#include "problem.h"

#include <set>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace kt::gateway {
namespace {

TEST(Problem, SaysWhatRfc9457Asks) {
  const Response response = problem_response(Problem::unknown_label, "ask another log");
  EXPECT_EQ(response.status, 404U);
  EXPECT_EQ(response.content_type, "application/problem+json");
  const auto json = nlohmann::json::parse(response.body);
  EXPECT_EQ(json.at("type"), "urn:ktgate:error:unknown-label");
  EXPECT_EQ(json.at("status"), 404);
  EXPECT_EQ(json.at("detail"), "ask another log");
  EXPECT_FALSE(json.at("title").get<std::string>().empty());
  EXPECT_FALSE(nlohmann::json::parse(problem_response(Problem::internal).body).contains("detail"));
}

TEST(Problem, EachHasACodeOfItsOwn) {
  std::set<std::string_view> codes;
  const auto last = static_cast<unsigned>(Problem::draining);
  for (unsigned i = 0; i <= last; ++i) codes.insert(code_of(static_cast<Problem>(i)));
  EXPECT_EQ(codes.size(), last + 1);
}

TEST(Problem, TellsHowToGoOn) {
  const auto has = [](const Response& response, const std::string& name) {
    return std::any_of(response.headers.begin(), response.headers.end(),
                       [&](const auto& header) { return header.first == name; });
  };
  EXPECT_TRUE(has(problem_response(Problem::unavailable), "Retry-After"));
  EXPECT_TRUE(has(problem_response(Problem::unauthenticated), "WWW-Authenticate"));
  EXPECT_FALSE(has(problem_response(Problem::forbidden), "WWW-Authenticate"));
}

}  // namespace
}  // namespace kt::gateway
