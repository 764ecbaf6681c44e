#include "federation/strict_json.h"

#include <string>

#include <gtest/gtest.h>

#include "must.h"

namespace kt::federation {
namespace {

void expect_malformed(const std::string& text, std::string_view about) {
  const auto json = parse_json(text);
  ASSERT_FALSE(json.has_value()) << text.substr(0, 80);
  EXPECT_EQ(json.error().code, Errc::malformed);
  EXPECT_NE(json.error().detail.find(about), std::string::npos) << json.error().detail;
}

std::string nested(std::size_t depth, std::string_view open, std::string_view close) {
  std::string text;
  for (std::size_t i = 0; i < depth; ++i) text += open;
  text += '0';
  for (std::size_t i = 0; i < depth; ++i) text += close;
  return text;
}

TEST(StrictJson, ReadsWhatIsOne) {
  const auto json = must(parse_json(R"( {"a":[{"b":1},{"b":"\u00e4"}],"b":{"a":null}} )"));
  EXPECT_EQ(json["a"][0]["b"], 1);
  EXPECT_EQ(json["a"][1]["b"], "ä");
}

TEST(StrictJson, RefusesWhatIsNone) {
  expect_malformed("", "not JSON, at byte 1");
  expect_malformed(R"({"a":1} x)", "not JSON, at byte 9");
  expect_malformed(R"({"a":1,})", "not JSON");
  expect_malformed("{\"a\":1} // a comment", "not JSON");
  expect_malformed("{\"a\":\"\xff\"}", "not JSON");
  expect_malformed(R"({"a":"\ud800"})", "not JSON");
  expect_malformed(R"({"a":1e999})", "number that is too large");
}

// Of one object; others may have members of the same name.
TEST(StrictJson, RefusesAMemberThatIsThereTwice) {
  expect_malformed(R"({"a":1,"a":1})", "twice");
  expect_malformed(R"({"a":1,"\u0061":1})", "twice");
  expect_malformed(R"({"a":{"b":1},"c":[{"d":1,"d":1}]})", "twice");
  expect_malformed(R"({"a":1,"b":{"a":1},"a":1})", "twice");
  EXPECT_TRUE(parse_json(R"([{"a":1},{"a":{"a":1}},{"a":1}])").has_value());
}

TEST(StrictJson, RefusesWhatIsNestedTooDeeply) {
  for (const auto& [open, close] : {std::pair("[", "]"), std::pair("{\"a\":", "}")}) {
    EXPECT_TRUE(parse_json(nested(kMaxJsonDepth, open, close)).has_value());
    expect_malformed(nested(kMaxJsonDepth + 1, open, close), "nested too deeply");
    expect_malformed(nested(40'000, open, close), "nested too deeply");
  }
  // What is below is not looked at, what comes after it is.
  expect_malformed(nested(kMaxJsonDepth + 2, "{\"a\":[", "]}") + "x", "not JSON");
}

TEST(StrictJson, ErrorsQuoteNothing) {
  for (const char* const text :
       {R"({"s3cret" "s3cret"})", R"({"s3cret":1,"s3cret":1})", R"({"s3cret":1e999})"}) {
    const auto json = parse_json(text);
    ASSERT_FALSE(json.has_value());
    EXPECT_EQ(json.error().detail.find("s3cret"), std::string::npos) << json.error().detail;
  }
}

}  // namespace
}  // namespace kt::federation
