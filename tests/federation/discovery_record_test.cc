#include "discovery_record.h"

#include <gtest/gtest.h>

#include "directory_world.h"

namespace kt::federation {
namespace {

DirectoryDocument document_of(int log_number, std::uint64_t epoch) {
  const KeyedLog log = numbered_log(log_number);
  const DirectorySigner signers[] = {signer(log)};
  return must(DirectoryDocument::sign(single_directory(log, epoch), signers));
}

DiscoveryRecord record() {
  return {{document_of(1, 3), HeldDirectory{document_of(2, 4), Timestamp{77}}},
          "20261101T01",
          Timestamp{99},
          true};
}

TEST(DiscoveryRecord, IsReadBack) {
  for (const bool is_held : {true, false}) {
    DiscoveryRecord written = record();
    if (!is_held) written.directory.held.reset();
    const DiscoveryRecord read =
        must(DiscoveryRecord::decode(must(written.encode()), domain_of("example.com")));
    EXPECT_EQ(read.directory.current.text(), written.directory.current.text());
    ASSERT_EQ(read.directory.held.has_value(), is_held);
    if (is_held) {
      EXPECT_EQ(read.directory.held->document.text(), written.directory.held->document.text());
      EXPECT_EQ(read.directory.held->since, Timestamp{77});
    }
    EXPECT_EQ(read.hint, "20261101T01");
    EXPECT_EQ(read.fetched, Timestamp{99});
    EXPECT_TRUE(read.is_authentic);
    EXPECT_EQ(read.size(), written.size());
  }
}

TEST(DiscoveryRecord, WhatIsNotOursIsRefused) {
  const Bytes bytes = must(record().encode());
  const Domain domain = domain_of("example.com");
  for (std::size_t size = 0; size < bytes.size(); size += 7)
    EXPECT_FALSE(DiscoveryRecord::decode(ByteView(bytes).first(size), domain).has_value());
  const auto of_other = DiscoveryRecord::decode(bytes, domain_of("example.net"));
  ASSERT_FALSE(of_other.has_value());
  EXPECT_EQ(of_other.error().code, Errc::corrupt);
  Bytes later = bytes;
  later[1] = 2;
  const auto of_later = DiscoveryRecord::decode(later, domain);
  ASSERT_FALSE(of_later.has_value());
  EXPECT_EQ(of_later.error().code, Errc::rejected);
}

TEST(DiscoveryHint, IsTheOneTextOfTheVersion) {
  const auto hint = [](const std::vector<std::string>& texts) { return must(find_hint(texts)); };
  EXPECT_EQ(hint({"v=KT1; id=20261101T01"}), "20261101T01");
  EXPECT_EQ(hint({"v=spf1 -all", " v=KT1 ;\tmore=1; id=a.b_c-D ; ;"}), "a.b_c-D");
  for (const auto& texts : std::vector<std::vector<std::string>>{
           {}, {""}, {"v=KT2; id=1"}, {"v=KT1x; id=1"}, {"id=1; v=KT1"}, {"V=KT1; id=1"}})
    EXPECT_EQ(hint(texts), std::nullopt);
}

TEST(DiscoveryHint, WhatCouldMeanTwoThingsIsRefused) {
  for (const auto& texts :
       std::vector<std::vector<std::string>>{{"v=KT1; id=1", "v=KT1; id=1"},
                                             {"v=KT1; id=1", "v=KT1"},
                                             {"v=KT1"},
                                             {"v=KT1; "},
                                             {"v=KT1; id="},
                                             {"v=KT1; ID=1"},
                                             {"v=KT1; id=1; id=1"},
                                             {"v=KT1; id=a b"},
                                             {"v=KT1; id=" + std::string(65, 'a')}}) {
    const auto hint = find_hint(texts);
    ASSERT_FALSE(hint.has_value()) << texts.at(0);
    EXPECT_EQ(hint.error().code, Errc::malformed);
  }
}

}  // namespace
}  // namespace kt::federation
