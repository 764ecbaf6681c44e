#include "client/known_domain.h"

#include <gtest/gtest.h>

#include "directory_world.h"

namespace kt::client {
namespace {

using federation::DirectoryDocument;

DirectoryDocument document(const federation::KeyedLog& log, std::uint64_t epoch) {
  const std::vector<federation::DirectorySigner> signers{signer(log)};
  return must(DirectoryDocument::sign(single_directory(log, epoch), signers));
}

KnownDomain example() {
  const auto log = federation::numbered_log(1);
  const auto other = federation::numbered_log(2);
  return {{document(log, 3), federation::HeldDirectory{document(other, 9), Timestamp{77}}},
          {{true, "kt.example.com", 8443, "/base"}, "/etc/ca.pem"},
          keytrans::ContactPolicy::always,
          Timestamp{55},
          {{log.id(), Version{2}, document(log, 3).entry()}}};
}

TEST(KnownDomain, IsReadAsItWasWritten) {
  const KnownDomain before = example();
  const Bytes bytes = must(before.encode());
  const KnownDomain after = must(KnownDomain::decode(bytes, domain_of("example.com")));
  EXPECT_EQ(after.directory.current.entry(), before.directory.current.entry());
  ASSERT_TRUE(after.directory.held.has_value());
  EXPECT_EQ(after.directory.held->document.entry(), before.directory.held->document.entry());
  EXPECT_EQ(after.directory.held->since, Timestamp{77});
  EXPECT_EQ(after.source.url, before.source.url);
  EXPECT_EQ(after.source.authorities, before.source.authorities);
  EXPECT_EQ(after.contact_policy, before.contact_policy);
  EXPECT_EQ(after.trusted_at, before.trusted_at);
  EXPECT_EQ(after.seen, before.seen);
  EXPECT_EQ(must(after.encode()), bytes);
}

TEST(KnownDomain, WhatIsDamagedIsRefused) {
  const Bytes bytes = must(example().encode());
  const auto domain = domain_of("example.com");
  for (std::size_t size = 0; size < bytes.size(); size += 41) {
    const auto cut = KnownDomain::decode(ByteView(bytes).first(size), domain);
    ASSERT_FALSE(cut.has_value()) << size;
    EXPECT_EQ(cut.error().code, Errc::corrupt);
  }
  EXPECT_EQ(KnownDomain::decode(bytes, domain_of("example.net")).error().code, Errc::corrupt);
  Bytes newer = bytes;
  newer[1] = 2;
  EXPECT_EQ(KnownDomain::decode(newer, domain).error().code, Errc::rejected);
}

}  // namespace
}  // namespace kt::client
