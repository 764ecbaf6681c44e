#include "problem.h"

#include <regex>
#include <set>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "program.h"

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

// In both directions: the table has no code that nothing answers, and the section each that there
// is.
TEST(Problem, TheManualHasTheCodesThatThereAre) {
  const std::string manual = read_file(KTGATE_HTTP_MANUAL);
  const std::size_t begin = manual.find("\n## Errors\n");
  ASSERT_NE(begin, std::string::npos);
  const std::string section = manual.substr(begin, manual.find("\n## ", begin + 1) - begin);
  std::set<std::string> codes;
  for (unsigned i = 0; i <= static_cast<unsigned>(Problem::draining); ++i)
    codes.emplace(code_of(static_cast<Problem>(i)));
  for (const std::string& code : codes)
    EXPECT_NE(section.find("`" + code + "`"), std::string::npos) << code;
  const std::regex row("\n\\| [0-9][^\n]*");
  const std::regex word("`([a-z-]+)`");
  std::size_t count = 0;
  for (std::sregex_iterator each(section.begin(), section.end(), row), end; each != end; ++each) {
    const std::string text = each->str();
    for (std::sregex_iterator at(text.begin(), text.end(), word); at != end; ++at, ++count)
      EXPECT_TRUE(codes.contains(at->str(1))) << at->str(1);
  }
  EXPECT_GT(count, 20U);
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
