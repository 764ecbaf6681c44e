#include "keytrans/secret.h"

#include <type_traits>
#include <utility>

#include <gtest/gtest.h>

namespace kt::keytrans {
namespace {

TEST(SecretBytes, ComparesContents) {
  const SecretBytes secret = SecretBytes::copy_of(to_bytes("secret"));
  EXPECT_TRUE(secret.equal(to_bytes("secret")));
  EXPECT_FALSE(secret.equal(to_bytes("secreT")));
  EXPECT_FALSE(secret.equal(to_bytes("secre")));
  EXPECT_FALSE(secret.equal(ByteView()));
  EXPECT_TRUE(SecretBytes().equal(ByteView()));
}

TEST(SecretBytes, MovesButDoesNotCopy) {
  static_assert(!std::is_copy_constructible_v<SecretBytes>);
  static_assert(!std::is_copy_assignable_v<SecretBytes>);
  static_assert(!std::is_convertible_v<SecretBytes, ByteView>);
  SecretBytes first = SecretBytes::copy_of(to_bytes("first"));
  SecretBytes second = SecretBytes::copy_of(to_bytes("second"));
  second = std::move(first);
  EXPECT_EQ(second.text(), "first");
  EXPECT_EQ(first.size(), 0U);  // NOLINT(bugprone-use-after-move): it promises to be empty
}

TEST(SecretBytes, Shortens) {
  SecretBytes secret = SecretBytes::copy_of(to_bytes("0123456789"));
  secret.shorten(4);
  EXPECT_EQ(secret.text(), "0123");
  secret.shorten(0);
  EXPECT_EQ(secret.size(), 0U);
}

}  // namespace
}  // namespace kt::keytrans
