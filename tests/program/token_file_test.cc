#include "program/token_file.h"

#include <fstream>

#include <gtest/gtest.h>

#include "scratch_directory.h"

namespace kt::program {
namespace {

class TokenFile : public testing::Test {
 protected:
  Result<keytrans::SecretBytes> read(
      std::string_view contents,
      std::filesystem::perms mode = std::filesystem::perms::owner_read |
                                    std::filesystem::perms::owner_write) {
    const auto path = scratch_.path() / "token";
    std::filesystem::remove(path);
    std::ofstream(path, std::ios::binary) << contents;
    std::filesystem::permissions(path, mode);
    return read_token_file(path);
  }

  ScratchDirectory scratch_;
};

TEST_F(TokenFile, IsOneLineOfPrintableCharacters) {
  for (const char* const contents : {"the-token", "the-token\n", "the-token\r\n"}) {
    const auto token = read(contents);
    ASSERT_TRUE(token.has_value()) << contents;
    EXPECT_EQ(token->text(), "the-token");
  }
  for (const char* const contents : {"", "\n", "two\nlines", "a token", "t\xc3\xb6ken"})
    EXPECT_EQ(read(contents).error().code, Errc::malformed) << contents;
}

TEST_F(TokenFile, IsItsOwnersAlone) {
  EXPECT_EQ(read("t", std::filesystem::perms::owner_all | std::filesystem::perms::group_read)
                .error()
                .code,
            Errc::rejected);
  EXPECT_EQ(read_token_file(scratch_.path() / "none").error().code, Errc::not_found);
}

}  // namespace
}  // namespace kt::program
