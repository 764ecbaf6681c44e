#include "keytrans/base64url.h"

#include <gtest/gtest.h>

namespace kt {
namespace {

// RFC 4648, Section 10, without the padding.
TEST(Base64Url, VectorsOfTheRfc) {
  const std::pair<const char*, const char*> vectors[] = {
      {"", ""},           {"f", "Zg"},          {"fo", "Zm8"},         {"foo", "Zm9v"},
      {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, encoded] : vectors) {
    EXPECT_EQ(to_base64url(to_bytes(plain)), encoded);
    EXPECT_EQ(from_base64url(encoded), to_bytes(plain));
  }
}

TEST(Base64Url, UsesTheAlphabetForUrls) {
  const Bytes bytes{0xfb, 0xff, 0xbf};
  EXPECT_EQ(to_base64url(bytes), "-_-_");
  EXPECT_EQ(from_base64url("-_-_"), bytes);
}

TEST(Base64Url, EverySizeRoundTrips) {
  Bytes bytes;
  for (int i = 0; i < 300; ++i) {
    EXPECT_EQ(from_base64url(to_base64url(bytes)), bytes);
    bytes.push_back(static_cast<std::uint8_t>(i * 37));
  }
}

TEST(Base64Url, RefusesEverythingElse) {
  for (const char* const text :
       {"Zg==", "Zg=", "Z", "Zm9vY", "Zm 9", "Zm9\n", "+/+/", "Zh", "Zm9", "Zm9v*", "\xc3\xa4"})
    EXPECT_EQ(from_base64url(text), std::nullopt) << text;
  EXPECT_EQ(from_base64url(std::string_view("Zg\0\0", 4)), std::nullopt);
}

// Each character with each other byte in its place: what is not of the alphabet is refused, what is
// stands for other bytes. libsodium 1.0.18 takes bytes from 0x80 on for some of them.
TEST(Base64Url, NoByteStandsForAnother) {
  std::size_t accepted = 0;
  for (int byte = 0; byte < 256; ++byte) {
    const std::string text{'A', 'A', 'A', static_cast<char>(byte)};
    const auto bytes = from_base64url(text);
    if (!bytes) continue;
    ++accepted;
    EXPECT_EQ(to_base64url(*bytes), text) << byte;
  }
  EXPECT_EQ(accepted, 64U);
}

}  // namespace
}  // namespace kt
