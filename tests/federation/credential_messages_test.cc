#include "federation/credential_messages.h"

#include <gtest/gtest.h>

#include "names.h"

namespace kt::federation {
namespace {

TEST(CredentialMessages, AsBytes) {
  const CredentialRequest newest{label_of("a"), std::nullopt};
  EXPECT_EQ(to_hex(must(encode(newest))), "016100");
  EXPECT_EQ(must(decode_credential_request(must(encode(newest)))), newest);
  const CredentialRequest at{label_of("a@b.c"), EntryIndex{0x0102}};
  EXPECT_EQ(to_hex(must(encode(at))), "056140622e63010000000000000102");
  EXPECT_EQ(must(decode_credential_request(must(encode(at)))), at);
  const CredentialUpdateRequest update{label_of("a"), Version{1}, EntryIndex{2}, TreeSize{3}};
  EXPECT_EQ(to_hex(must(encode(update))), "01610000000100000000000000020000000000000003");
  EXPECT_EQ(must(decode_credential_update_request(must(encode(update)))), update);
}

TEST(CredentialMessages, WhatDoesNotFitIsRefused) {
  const Bytes at = must(encode(CredentialRequest{label_of("a"), EntryIndex{7}}));
  const Bytes update =
      must(encode(CredentialUpdateRequest{label_of("a"), Version{1}, EntryIndex{2}, TreeSize{3}}));
  for (std::size_t size = 0; size < at.size(); ++size)
    EXPECT_EQ(decode_credential_request(ByteView(at).first(size)).error().code, Errc::malformed);
  for (std::size_t size = 0; size < update.size(); ++size)
    EXPECT_EQ(decode_credential_update_request(ByteView(update).first(size)).error().code,
              Errc::malformed);
  for (Bytes longer : {at, update}) {
    longer.push_back(0);
    EXPECT_FALSE(decode_credential_request(longer));
    EXPECT_FALSE(decode_credential_update_request(longer));
  }
  EXPECT_EQ(decode_credential_request(*from_hex("016102")).error().detail,
            "CredentialRequest.position at byte 2 has a presence octet that is neither 0 nor 1");
}

}  // namespace
}  // namespace kt::federation
