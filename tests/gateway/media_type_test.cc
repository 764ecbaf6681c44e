#include "media_type.h"

#include <gtest/gtest.h>

namespace kt::gateway {
namespace {

TEST(MediaType, OfAMessage) {
  EXPECT_EQ(media_type("search-request"), "application/vnd.ktgate.search-request");
}

TEST(MediaType, WhatIsAccepted) {
  constexpr std::string_view kType = "application/vnd.ktgate.search-response";
  for (const char* const accept :
       {"", " ", "*/*", "application/*", "application/vnd.ktgate.search-response",
        "Application/Vnd.Ktgate.Search-Response", "text/html, */*;q=0.1",
        "application/vnd.ktgate.search-response;q=1, */*;q=0", "text/html;q=0,application/*"})
    EXPECT_TRUE(accepts(accept, kType)) << accept;
  for (const char* const accept :
       {"text/html", "application/json", "text/*", "*/*;q=0", "*/* ; q=0.000",
        "application/vnd.ktgate.search-response;q=0, */*", ",", "application",
        "application/vnd.ktgate.search"})
    EXPECT_FALSE(accepts(accept, kType)) << accept;
}

}  // namespace
}  // namespace kt::gateway
