#include "federation/binary_http.h"

#include <algorithm>
#include <cctype>
#include <ostream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "must.h"
#include "vectors.h"

namespace kt::federation {
namespace {

constexpr BinaryFraming kFramings[] = {BinaryFraming::known_length,
                                       BinaryFraming::indeterminate_length};

Bytes hex(std::string_view text) { return from_hex(text).value(); }

BinaryFields fields_of(const nlohmann::json& json) {
  BinaryFields fields;
  for (const auto& line : json)
    fields.push_back({line.at(0).get<std::string>(), line.at(1).get<std::string>()});
  // As decoding does.
  for (BinaryField& field : fields)
    std::transform(field.name.begin(), field.name.end(), field.name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return fields;
}

Bytes content_of(const nlohmann::json& json) {
  return to_bytes(
      json.at(json.contains("content") ? "content" : "content_text").get<std::string>());
}

BinaryRequest request_of(const nlohmann::json& json) {
  return {json.at("method"),
          json.at("scheme"),
          json.at("authority"),
          json.at("path"),
          fields_of(json.at("headers")),
          content_of(json),
          fields_of(json.at("trailers"))};
}

BinaryResponse response_of(const nlohmann::json& json) {
  BinaryResponse response;
  for (const auto& informational : json.at("informational"))
    response.informational.push_back(
        {informational.at("status").get<unsigned>(), fields_of(informational.at("headers"))});
  response.status = json.at("status");
  response.fields = fields_of(json.at("headers"));
  response.content = content_of(json);
  response.trailers = fields_of(json.at("trailers"));
  return response;
}

// ---- Vectors

struct NamedVector {
  std::string name;
  nlohmann::json json;

  friend std::ostream& operator<<(std::ostream& out, const NamedVector& vector) {
    return out << vector.name;
  }
};

std::vector<NamedVector> vectors_of(const char* list) {
  std::vector<NamedVector> vectors;
  const nlohmann::json file = load_vectors("bhttp/rfc9292-examples.json");
  for (const auto& json : file.at(list)) {
    const std::string name = json.contains("name") ? json.at("name") : json.at("why");
    vectors.push_back({name, json});
  }
  return vectors;
}

std::string vector_name(const ::testing::TestParamInfo<NamedVector>& info) {
  return test_name(info.param.name);
}

class BinaryHttpVector : public ::testing::TestWithParam<NamedVector> {};
INSTANTIATE_TEST_SUITE_P(Rfc9292, BinaryHttpVector, ::testing::ValuesIn(vectors_of("vectors")),
                         vector_name);

TEST_P(BinaryHttpVector, DecodesAndComesBackAsItWas) {
  const auto& json = GetParam().json;
  const Bytes message = hex_field(json, "bytes");
  const auto& decoded = json.at("decoded");
  const int kind = json.at("framing");
  if (kind == 0 || kind == 2) {
    const BinaryRequest expected = request_of(decoded);
    EXPECT_EQ(must(decode_binary_request(message)), expected);
    EXPECT_FALSE(decode_binary_response(message));
    for (const BinaryFraming framing : kFramings)
      EXPECT_EQ(must(decode_binary_request(must(encode_binary_request(expected, framing)))),
                expected);
  } else {
    const BinaryResponse expected = response_of(decoded);
    EXPECT_EQ(must(decode_binary_response(message)), expected);
    EXPECT_FALSE(decode_binary_request(message));
    for (const BinaryFraming framing : kFramings)
      EXPECT_EQ(must(decode_binary_response(must(encode_binary_response(expected, framing)))),
                expected);
  }
}

class BinaryHttpRefused : public ::testing::TestWithParam<NamedVector> {};
INSTANTIATE_TEST_SUITE_P(Rfc9292, BinaryHttpRefused, ::testing::ValuesIn(vectors_of("must_reject")),
                         vector_name);

TEST_P(BinaryHttpRefused, IsRefused) {
  const Bytes message = hex_field(GetParam().json, "bytes");
  const auto request = decode_binary_request(message);
  ASSERT_FALSE(request);
  EXPECT_EQ(request.error().code, Errc::malformed);
  EXPECT_FALSE(decode_binary_response(message));
}

// What is written is byte for byte the RFC's, where the RFC leaves nothing out.
TEST(BinaryHttp, WritesTheExamplesOfTheRfc) {
  std::size_t compared = 0;
  for (const NamedVector& vector : vectors_of("vectors")) {
    const Bytes message = hex_field(vector.json, "bytes");
    const auto& decoded = vector.json.at("decoded");
    if (vector.name == "request-known-length") {
      EXPECT_EQ(must(encode_binary_request(request_of(decoded))), message);
      ++compared;
    }
    if (vector.name == "request-indeterminate-length") {
      const Bytes whole(message.begin(), message.end() - 10);  // without its padding
      EXPECT_EQ(
          must(encode_binary_request(request_of(decoded), BinaryFraming::indeterminate_length)),
          whole);
      ++compared;
    }
    if (vector.name == "response-chunked-known-length") {
      EXPECT_EQ(must(encode_binary_response(response_of(decoded))), message);
      ++compared;
    }
    if (vector.name == "response-chunked-indeterminate-length") {
      EXPECT_EQ(
          must(encode_binary_response(response_of(decoded), BinaryFraming::indeterminate_length)),
          message);
      ++compared;
    }
  }
  EXPECT_EQ(compared, 4U);
}

// ---- What is left out, and what is cut off

const BinaryRequest kRequest{"POST",
                             "https",
                             "example.com",
                             "/kt",
                             {{"accept", "a/b"}},
                             to_bytes(std::string_view("content")),
                             {{"trailer", "text"}}};
const BinaryResponse kResponse{{{103, {{"link", "</a>"}}}},
                               200,
                               {{"content-type", "a/b"}},
                               to_bytes(std::string_view("content")),
                               {{"trailer", "text"}}};

TEST(BinaryHttp, EveryMessageThatIsCutShortIsRefused) {
  for (const BinaryFraming framing : kFramings) {
    const Bytes request = must(encode_binary_request(kRequest, framing));
    const Bytes response = must(encode_binary_response(kResponse, framing));
    for (const Bytes& message : {request, response}) {
      int accepted = 0;
      for (std::size_t size = 0; size < message.size(); ++size) {
        const ByteView part = ByteView(message).first(size);
        const auto as_request = decode_binary_request(part);
        const auto as_response = decode_binary_response(part);
        if (!as_request && !as_response) continue;
        // Only between sections: a message that has no more of them is whole.
        ++accepted;
        const auto& trailers = as_request ? as_request->trailers : as_response->trailers;
        EXPECT_TRUE(trailers.empty());
      }
      EXPECT_EQ(accepted, 3) << "before the fields, the content and the trailers";
    }
  }
}

TEST(BinaryHttp, PaddingIsZerosOfAnyNumber) {
  for (const BinaryFraming framing : kFramings) {
    Bytes message = must(encode_binary_request(kRequest, framing));
    for (const std::size_t padding : {std::size_t{1}, std::size_t{1000}}) {
      message.resize(message.size() + padding);
      EXPECT_EQ(must(decode_binary_request(message)), kRequest);
    }
    message.back() = 1;
    EXPECT_FALSE(decode_binary_request(message));
  }
}

TEST(BinaryHttp, LowersFieldNames) {
  // GET https "" / with one field, A-B: c
  const auto request =
      must(decode_binary_request(hex("0003474554056874747073"
                                     "00"
                                     "012f"
                                     "0603412d420163")));
  EXPECT_EQ(request.fields, (BinaryFields{{"a-b", "c"}}));
  EXPECT_EQ(find_field(request.fields, "a-b"), "c");
  EXPECT_EQ(find_field(request.fields, "b"), std::nullopt);
}

TEST(BinaryHttp, RefusesWhatCouldBeReadInTwoWays) {
  const auto with = [](auto change) {
    BinaryRequest request = kRequest;
    change(request);
    return encode_binary_request(request);
  };
  EXPECT_FALSE(with([](auto& r) { r.method = "GE T"; }));
  EXPECT_FALSE(with([](auto& r) { r.method = ""; }));
  EXPECT_FALSE(with([](auto& r) { r.scheme = "https:"; }));
  EXPECT_FALSE(with([](auto& r) { r.scheme = ""; }));
  EXPECT_FALSE(with([](auto& r) { r.authority = "a b"; }));
  EXPECT_FALSE(with([](auto& r) { r.path = ""; }));
  EXPECT_FALSE(with([](auto& r) { r.path = "/a\r\nb"; }));
  EXPECT_FALSE(with([](auto& r) { r.fields = {{"", "v"}}; }));
  EXPECT_FALSE(with([](auto& r) { r.fields = {{":path", "v"}}; }));
  EXPECT_FALSE(with([](auto& r) { r.fields = {{"Accept", "v"}}; }));
  EXPECT_FALSE(with([](auto& r) { r.fields = {{"a", "v\nb"}}; }));
  EXPECT_FALSE(with([](auto& r) { r.fields = {{"a", " v"}}; }));
  EXPECT_FALSE(with([](auto& r) { r.trailers = {{"a", std::string("\0", 1)}}; }));
  EXPECT_TRUE(with([](auto& r) {
    r.method = "CONNECT";
    r.path = "";
  }));
  for (const unsigned status : {0U, 103U, 199U, 600U, 9999U}) {
    BinaryResponse response = kResponse;
    response.status = status;
    EXPECT_FALSE(encode_binary_response(response)) << status;
  }
}

TEST(BinaryHttp, ReadsNothingThatItWouldNotWrite) {
  // GET https "" / with a field whose value holds a line feed, a space before, a NUL; a name with a
  // colon, and an empty one.
  const auto decode_with = [](const char* section) {
    return decode_binary_request(hex(std::string("000347455405687474707300012f") + section));
  };
  EXPECT_TRUE(decode_with("0401610162"));
  for (const char* section :
       {"060161030a6262", "06016103206262", "0401610100", "05033a616200", "020000"})
    EXPECT_FALSE(decode_with(section)) << section;
  EXPECT_FALSE(decode_binary_response(hex("014258")));    // 600
  EXPECT_FALSE(decode_binary_response(hex("01406400")));  // 100, and no final response
  EXPECT_FALSE(decode_binary_request({}));
  EXPECT_FALSE(decode_binary_request(hex("04")));
}

TEST(BinaryHttp, HoldsItsLimits) {
  BinaryHttpLimits limits;
  limits.content = 7;
  limits.fields = 1;
  limits.field_bytes = 11;
  limits.control = 11;
  limits.informational = 1;
  for (const BinaryFraming framing : kFramings) {
    const auto decode = [&](const BinaryRequest& request) {
      return decode_binary_request(must(encode_binary_request(request, framing)), limits);
    };
    EXPECT_TRUE(decode(kRequest));
    BinaryRequest request = kRequest;
    request.content.push_back(0);
    EXPECT_FALSE(decode(request));
    request = kRequest;
    request.fields.push_back({"a", ""});
    EXPECT_FALSE(decode(request));
    request = kRequest;
    request.trailers[0].value = "textual";
    EXPECT_FALSE(decode(request));
    request = kRequest;
    request.authority += 'm';
    EXPECT_FALSE(decode(request));

    BinaryResponse response = kResponse;
    response.fields.clear();
    response.trailers.clear();
    const auto decode_response = [&] {
      return decode_binary_response(must(encode_binary_response(response, framing)), limits);
    };
    EXPECT_TRUE(decode_response());
    response.informational.push_back({100, {}});
    EXPECT_FALSE(decode_response());
  }
}

// Content in more chunks than one, and what an empty chunk ends.
TEST(BinaryHttp, JoinsChunks) {
  const Bytes two =
      hex("0340c80003616263"
          "026465"
          "00"
          "00");
  EXPECT_EQ(must(decode_binary_response(two)).content, to_bytes(std::string_view("abcde")));
  EXPECT_FALSE(
      decode_binary_response(hex("0340c80003616263"
                                 "026465")));  // no end
  EXPECT_FALSE(
      decode_binary_response(hex("0340c80003616263"
                                 "00"
                                 "026465")));  // after the end
}

// Whatever is accepted says the same when it is written and read again.
TEST(BinaryHttp, FlippedBytesAreRefusedOrMeanSomethingElse) {
  for (const BinaryFraming framing : kFramings) {
    const Bytes message = must(encode_binary_response(kResponse, framing));
    for (std::size_t at = 0; at < message.size(); ++at) {
      for (unsigned bit = 0; bit < 8; ++bit) {
        Bytes changed = message;
        changed[at] = static_cast<std::uint8_t>(changed[at] ^ (1U << bit));
        const auto response = decode_binary_response(changed);
        if (!response) continue;
        const Bytes again = must(encode_binary_response(*response, framing));
        EXPECT_EQ(must(decode_binary_response(again)), *response);
      }
    }
  }
}

}  // namespace
}  // namespace kt::federation
