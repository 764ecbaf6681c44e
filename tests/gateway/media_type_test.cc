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

TEST(MediaType, WhatIsPreferred) {
  constexpr std::string_view kType = "application/vnd.ktgate.search-response";
  constexpr std::string_view kJson = "application/json";
  for (const char* const accept :
       {"application/json", "application/json, */*;q=0.9", "Application/JSON;q=0.001",
        "application/vnd.ktgate.search-response;q=0.5, application/json;q=0.501",
        "application/*;q=0.2, application/json;q=1.000"})
    EXPECT_TRUE(prefers(accept, kJson, kType)) << accept;
  for (const char* const accept :
       {"", "*/*", "application/*", "application/json, */*", "text/html", "application/json;q=0",
        "application/json;q=0.9, */*", "application/json;q=0.000, application/*;q=0.001",
        // What is no weight counts for nothing.
        "application/json, */*;q=2", "application/json, */*;q=0.12345", "application/json, */*;q="})
    EXPECT_FALSE(prefers(accept, kJson, kType)) << accept;
}

}  // namespace
}  // namespace kt::gateway
