#include "listen_address.h"

#include <gtest/gtest.h>

namespace kt::gateway {
namespace {

TEST(ListenAddress, BothFamilies) {
  EXPECT_EQ(parse_listen_address("127.0.0.1:8443"), (ListenAddress{"127.0.0.1", 8443}));
  EXPECT_EQ(parse_listen_address("0.0.0.0:65535"), (ListenAddress{"0.0.0.0", 65535}));
  EXPECT_EQ(parse_listen_address("[::1]:0"), (ListenAddress{"::1", 0}));
  EXPECT_EQ(parse_listen_address("[2001:db8::1]:443"), (ListenAddress{"2001:db8::1", 443}));
}

TEST(ListenAddress, RefusesWhatIsNone) {
  for (const std::string_view text :
       {"", ":", ":80", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1",
        "127.0.0.1:80 ", " 127.0.0.1:80", "127.0.0.1:8o", "localhost:80", "[127.0.0.1]:80",
        "::1:80", "[::1]", "[::1:80", "[]:80", "[fe80::1%lo]:80", "127.1:80", "[::1]]:80"})
    EXPECT_EQ(parse_listen_address(text), std::nullopt) << text;
  EXPECT_EQ(parse_listen_address(std::string_view("127.0.0.1\0:80", 13)), std::nullopt);
}

}  // namespace
}  // namespace kt::gateway
