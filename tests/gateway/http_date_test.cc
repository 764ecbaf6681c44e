#include "http_date.h"

#include <gtest/gtest.h>

namespace kt::gateway {
namespace {

// The example of RFC 9110, Section 5.6.7, and days at the edges, by date(1).
TEST(HttpDate, IsReadAndWritten) {
  const std::pair<std::uint64_t, const char*> dates[] = {
      {784'111'777, "Sun, 06 Nov 1994 08:49:37 GMT"},
      {0, "Thu, 01 Jan 1970 00:00:00 GMT"},
      {951'782'400, "Tue, 29 Feb 2000 00:00:00 GMT"},
      {253'402'300'799, "Fri, 31 Dec 9999 23:59:59 GMT"},
  };
  for (const auto& [seconds, text] : dates) {
    EXPECT_EQ(parse_http_date(text), Timestamp{seconds * 1000}) << text;
    EXPECT_EQ(format_http_date(Timestamp{seconds * 1000 + 999}), text);
  }
}

TEST(HttpDate, NothingElseIsRead) {
  for (const char* const text :
       {"", "Mon, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 UTC",
        "Sun, 6 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994", "Sun, 06 nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:49:37 GMT", "Sun, 06 Nov 1994 08:60:37 GMT",
        "Sun, 06 Nov 1994 08:49:60 GMT", "Sun, 00 Nov 1994 08:49:37 GMT",
        "Thu, 30 Feb 2000 00:00:00 GMT", "Wed, 31 Dec 1969 23:59:59 GMT",
        "Sun, +6 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 GMT "})
    EXPECT_EQ(parse_http_date(text), std::nullopt) << text;
}

}  // namespace
}  // namespace kt::gateway
