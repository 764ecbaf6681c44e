#include "log_line.h"

#include <string>

#include <gtest/gtest.h>

#include "must.h"

namespace kt::gateway {
namespace {

Label label_of(std::string_view text) { return must(Label::create(text)); }

void expect_malformed(const std::string& text, std::string_view about) {
  const auto line = parse_log_line(text);
  ASSERT_FALSE(line.has_value()) << text;
  EXPECT_EQ(line.error().code, Errc::malformed);
  EXPECT_NE(line.error().detail.find(about), std::string::npos) << line.error().detail;
}

TEST(LogLine, WorkedExample) {
  const LogLine line{label_of("alice@example.com"), Version{0}, to_bytes("some key"), {}};
  const std::string text = R"({"label":"alice@example.com","version":0,"value":"c29tZSBrZXk"})";
  EXPECT_EQ(format_log_line(line), text);
  EXPECT_EQ(must(parse_log_line(text)), line);
}

TEST(LogLine, AVersionThatIsNotSaidIsTheFirst) {
  const LogLine line = must(parse_log_line(R"( {"value" : "" , "label" : "a"} )"
                                           "\r"));
  EXPECT_EQ(line.version, Version{0});
  EXPECT_TRUE(line.value.empty());
}

TEST(LogLine, EveryLabelRoundTrips) {
  const std::string odd[] = {"a",
                             "\"\\/\b\n\t",
                             std::string("\0\x1f", 2),
                             "\x7f",
                             "\xc3\xa4",
                             "\xf0\x9f\x98\x80",
                             "\xff",
                             "\xc0\x80",
                             "\xed\xa0\x80",
                             "\xf4\x90\x80\x80",
                             "\xc3",
                             std::string(255, '\x01'),
                             std::string(255, '\xee')};
  for (const std::string& text : odd) {
    const LogLine line{label_of(text), Version{0xffff'ffff}, Bytes(3, 0xfe), Bytes(64, 0x11)};
    const std::string formatted = format_log_line(line);
    EXPECT_EQ(formatted.find('\n'), std::string::npos);
    EXPECT_EQ(must(parse_log_line(formatted)), line) << formatted;
  }
  for (int first = 0; first < 256; ++first) {
    const LogLine line{label_of(std::string(1, static_cast<char>(first))), Version{0}, {}, {}};
    EXPECT_EQ(must(parse_log_line(format_log_line(line))), line) << first;
  }
}

TEST(LogLine, ALongestLineFits) {
  const LogLine line{label_of(std::string(255, '\x01')), Version{0xffff'ffff},
                     Bytes(kMaxValueSize, 0xff), Bytes(1'000, 0xff)};
  const std::string formatted = format_log_line(line);
  EXPECT_LE(formatted.size(), kMaxLineSize);
  EXPECT_EQ(must(parse_log_line(formatted)), line);
}

TEST(LogLine, RefusesWhatIsNotJson) {
  expect_malformed("", "it is not JSON, at byte 1");
  expect_malformed("{", "it is not JSON");
  expect_malformed(R"({"label":"secret","value":""} x)", "it is not JSON, at byte 31");
  expect_malformed("{\"label\":\"\xff\",\"value\":\"\"}", "it is not JSON");
  expect_malformed(R"({"label":"\ud800","value":""})", "it is not JSON");
  expect_malformed(R"({"label":"a","value":"","version":1e999})", "number that is too large");
  expect_malformed(std::string(100'000, '['), "it is not JSON");
}

TEST(LogLine, RefusesAnotherShape) {
  expect_malformed("[]", "not a JSON object");
  expect_malformed("17", "not a JSON object");
  expect_malformed(R"({"value":""})", "label is missing");
  expect_malformed(R"({"label":"a"})", "value is missing");
  expect_malformed(R"({"label":"a","value":"","comment":1})", "a member besides");
  expect_malformed(R"({"label":"a","label":"b","value":""})", "twice");
  expect_malformed(R"({"label":{"base64url":"YQ","base64url":"YQ"},"value":""})", "twice");
}

TEST(LogLine, RefusesMembersThatAreWrong) {
  for (const char* const label : {"1", "null", "[]", "{}", R"({"base64url":"YQ","hex":"61"})"})
    expect_malformed(std::string(R"({"value":"","label":)") + label + "}", "label is neither");
  expect_malformed(R"({"value":"","label":{"base64url":"YQ=="}})", "label.base64url");
  expect_malformed(R"({"value":"","label":""})", "label is empty");
  expect_malformed(R"({"value":"","label":{"base64url":""}})", "label is empty");
  expect_malformed(R"({"value":"","label":")" + std::string(256, 'a') + "\"}", "255");
  for (const char* const value : {"1", "null", "\"YQ==\"", "\"Y\"", "\"Y Q\"", "{}"})
    expect_malformed(std::string(R"({"label":"a","value":)") + value + "}", "value is not");
  for (const char* const version : {"-1", "1.5", "\"1\"", "4294967296", "null", "1e3"})
    expect_malformed(std::string(R"({"label":"a","value":"","version":)") + version + "}",
                     "version is not");
  expect_malformed(R"({"label":"a","value":"","signature":"*"})", "signature is not");
  expect_malformed(R"({"label":"a","value":"","signature":""})", "signature is empty");
}

TEST(LogLine, RefusesAValueThatIsTooLong) {
  const std::string value(kMaxValueSize / 3 * 4 + 8, 'A');
  expect_malformed(R"({"label":"a","value":")" + value + "\"}", "value is longer than 1048576");
}

// What is wrong is told, and nothing of what is there.
TEST(LogLine, ErrorsQuoteNothing) {
  for (const char* const text :
       {R"({"label":"s3cret" "value":"s3cret"})", R"({"s3cret":1,"label":"a","value":""})",
        R"({"label":"s3cret","value":"s3cret="})", R"({"label":"s3cret","value":"","value":""})"}) {
    const auto line = parse_log_line(text);
    ASSERT_FALSE(line.has_value());
    EXPECT_EQ(line.error().detail.find("s3cret"), std::string::npos) << line.error().detail;
  }
}

}  // namespace
}  // namespace kt::gateway
