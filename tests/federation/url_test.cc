#include "federation/url.h"

#include <gtest/gtest.h>

#include "must.h"

namespace kt::federation {
namespace {

TEST(Url, Parts) {
  EXPECT_EQ(must(parse_url("https://kt.example.com")), (Url{true, "kt.example.com", 443, ""}));
  EXPECT_EQ(must(parse_url("http://127.0.0.1:8080/base/")),
            (Url{false, "127.0.0.1", 8080, "/base"}));
  EXPECT_EQ(must(parse_url("https://[2001:db8::1]:8443/a/b")),
            (Url{true, "2001:db8::1", 8443, "/a/b"}));
  EXPECT_EQ(must(parse_url("HTTPS://KT.Example.COM/")), (Url{true, "kt.example.com", 443, ""}));
}

TEST(Url, Authority) {
  EXPECT_EQ((Url{true, "kt.example.com", 443, ""}.authority()), "kt.example.com");
  EXPECT_EQ((Url{false, "kt.example.com", 443, ""}.authority()), "kt.example.com:443");
  EXPECT_EQ((Url{true, "2001:db8::1", 8443, ""}.authority()), "[2001:db8::1]:8443");
}

TEST(Url, TextIsReadAgain) {
  for (const char* const text :
       {"https://kt.example.com", "http://127.0.0.1:8080/base", "https://[2001:db8::1]:8443/a/b",
        "https://kt.example.com:80//a/%20b"}) {
    const Url url = must(parse_url(text));
    EXPECT_EQ(url.text(), text);
    EXPECT_EQ(must(parse_url(url.text())), url);
  }
}

TEST(Url, Loopback) {
  for (const char* const host : {"127.0.0.1", "127.255.255.255", "::1"})
    EXPECT_TRUE(is_loopback(host)) << host;
  for (const char* const host :
       {"0.0.0.0", "126.0.0.1", "128.0.0.1", "::", "::2", "2001:db8::1", "localhost", ""})
    EXPECT_FALSE(is_loopback(host)) << host;
}

TEST(Url, RefusesWhatIsNone) {
  for (const char* const text :
       {"", "kt.example.com", "//kt.example.com", "ftp://kt.example.com", "https://", "https:///a",
        "https://user@kt.example.com", "https://kt.example.com?a", "https://kt.example.com#a",
        "https://kt.example.com:0", "https://kt.example.com:99999", "https://kt example.com",
        "https://kt%20.example.com", "https://kt.example.com%0d%0aa:%20b",
        "https://127.0.0.1%00.example.com", "https://k%C3%A4.example.com", "https://[v1.a]"}) {
    const auto url = parse_url(text);
    ASSERT_FALSE(url.has_value()) << text;
    EXPECT_EQ(url.error().code, Errc::malformed) << text;
  }
}

}  // namespace
}  // namespace kt::federation
