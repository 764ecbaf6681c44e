#include "refusal.h"

#include <gtest/gtest.h>

#include "must.h"
#include "scratch_directory.h"

namespace kt::auditor {
namespace {

const Refusal kRefusal{EntryIndex{812}, "why", {1, 2}, {3}};
// docs/formats.md, "A refused entry".
const char* const kEncoded =
    "4b5452550001"
    "000000000000032c"
    "0003776879"
    "000000020102"
    "0000000103";

TEST(Refusal, WorkedExample) {
  EXPECT_EQ(must(parse_refusal(from_hex(kEncoded).value())), kRefusal);
  const ScratchDirectory scratch;
  const Directory directory{scratch.path()};
  EXPECT_EQ(must(find_refusal(directory)), std::nullopt);
  must(keep_refusal(directory, kRefusal));
  EXPECT_EQ(std::filesystem::file_size(directory.refusal(EntryIndex{812})),
            from_hex(kEncoded)->size());
  EXPECT_EQ(must(find_refusal(directory)), "the log's entry 812 was refused: why");
  // Written once.
  const auto again = keep_refusal(directory, kRefusal);
  ASSERT_FALSE(again.has_value());
  EXPECT_EQ(again.error().code, Errc::conflict);
}

TEST(Refusal, BytesThatItDidNotWrite) {
  const Bytes sound = from_hex(kEncoded).value();
  for (std::size_t size = 0; size < sound.size(); ++size) {
    const auto parsed = parse_refusal(ByteView(sound).first(size));
    ASSERT_FALSE(parsed.has_value()) << size;
    EXPECT_EQ(parsed.error().code, Errc::corrupt);
  }
  Bytes unknown = sound;
  unknown[5] = 2;
  EXPECT_NE(parse_refusal(unknown).error().detail.find("is not one this program knows"),
            std::string::npos);
  unknown = sound;
  unknown[0] ^= 1U;
  EXPECT_NE(parse_refusal(unknown).error().detail.find("Refusal.magic"), std::string::npos);
}

}  // namespace
}  // namespace kt::auditor
