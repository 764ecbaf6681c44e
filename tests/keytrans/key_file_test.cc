#include "keytrans/key_file.h"

#include <filesystem>
#include <fstream>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "keytrans/vrf.h"
#include "suites.h"

namespace kt::keytrans {
namespace {

namespace fs = std::filesystem;

SecretBytes secret(std::string_view text) { return SecretBytes::copy_of(to_bytes(text)); }

mode_t mode_of(const fs::path& path) {
  struct stat status {};
  EXPECT_EQ(::lstat(path.c_str(), &status), 0);
  return status.st_mode & 07777U;
}

Errc load_error(const fs::path& path) {
  const auto loaded = load_key_file(path);
  EXPECT_FALSE(loaded.has_value());
  return loaded ? Errc::corrupt : loaded.error().code;
}

Errc store_error(const fs::path& path, const SecretBytes& pem) {
  const auto stored = store_key_file(path, pem);
  EXPECT_FALSE(stored.has_value());
  return stored ? Errc::corrupt : stored.error().code;
}

fs::path make_directory() {
  std::string name = (fs::temp_directory_path() / "ktgate-key-file-XXXXXX").string();
  EXPECT_NE(::mkdtemp(name.data()), nullptr);
  return name;
}

class KeyFile : public ::testing::Test {
 protected:
  ~KeyFile() override { fs::remove_all(directory); }

  // Writes `text` without the care of store_key_file.
  void write(std::string_view text, mode_t mode) const {
    std::ofstream(path) << text;
    EXPECT_EQ(::chmod(path.c_str(), mode), 0);
  }

  const fs::path directory = make_directory();
  const fs::path path = directory / "key.pem";
};

TEST_F(KeyFile, LoadsWhatWasStored) {
  ASSERT_TRUE(store_key_file(path, secret("a key")));
  EXPECT_EQ(load_key_file(path).value().text(), "a key");
  EXPECT_EQ(mode_of(path), 0600U);
}

TEST_F(KeyFile, KeysSurviveTheWayThroughAFile) {
  for (const CipherSuite suite : {kP256Suite, kEd25519Suite}) {
    const fs::path key_file = directory / std::string(to_string(suite));
    const auto key = VrfPrivateKey::generate(suite).value();
    ASSERT_TRUE(store_key_file(key_file, key.to_pem().value()));
    const auto loaded = load_key_file(key_file).value();
    EXPECT_EQ(VrfPrivateKey::from_pem(suite, loaded.text()).value().public_key(), key.public_key());
  }
}

TEST_F(KeyFile, TheModeDoesNotDependOnTheUmask) {
  for (const mode_t mask : {0000U, 0077U, 0777U}) {
    const fs::path key_file = directory / std::to_string(mask);
    const mode_t before = ::umask(mask);
    const auto stored = store_key_file(key_file, secret("a key"));
    ::umask(before);
    ASSERT_TRUE(stored);
    EXPECT_EQ(mode_of(key_file), 0600U);
  }
}

TEST_F(KeyFile, StoringNeverReplaces) {
  ASSERT_TRUE(store_key_file(path, secret("the first")));
  EXPECT_EQ(store_error(path, secret("the second")), Errc::conflict);
  EXPECT_EQ(load_key_file(path).value().text(), "the first");
}

TEST_F(KeyFile, StoringDoesNotFollowLinks) {
  const fs::path target = directory / "elsewhere";
  fs::create_symlink(target, path);
  EXPECT_EQ(store_error(path, secret("a key")), Errc::conflict);
  EXPECT_FALSE(fs::exists(target));
}

TEST_F(KeyFile, StoringNeedsTheDirectory) {
  EXPECT_EQ(store_error(directory / "missing" / "key.pem", secret("a key")), Errc::unavailable);
}

TEST_F(KeyFile, StoresInTheCurrentDirectory) {
  const fs::path before = fs::current_path();
  fs::current_path(directory);
  const auto stored = store_key_file("key.pem", secret("a key"));
  fs::current_path(before);
  ASSERT_TRUE(stored);
  EXPECT_EQ(load_key_file(path).value().text(), "a key");
}

TEST_F(KeyFile, SizesAreBounded) {
  const std::string largest(kMaxKeyFileSize, 'x');
  EXPECT_EQ(store_error(path, secret(largest + "x")), Errc::malformed);
  EXPECT_FALSE(fs::exists(path));
  ASSERT_TRUE(store_key_file(path, secret(largest)));
  EXPECT_EQ(load_key_file(path).value().text(), largest);
  write(largest + "x", 0600);
  EXPECT_EQ(load_error(path), Errc::malformed);
}

TEST_F(KeyFile, AMissingFileIsNotFound) { EXPECT_EQ(load_error(path), Errc::not_found); }

TEST_F(KeyFile, OnlyTheOwnerMayHavePermissions) {
  for (const mode_t mode : {0400U, 0600U, 0700U}) {
    write("a key", mode);
    EXPECT_TRUE(load_key_file(path)) << mode;
  }
  for (const mode_t bit : {0040U, 0020U, 0010U, 0004U, 0002U, 0001U}) {
    write("a key", 0600U | bit);
    EXPECT_EQ(load_error(path), Errc::rejected) << bit;
  }
}

TEST_F(KeyFile, OnlyRegularFilesAreLoaded) {
  fs::permissions(directory, fs::perms::owner_all);
  EXPECT_EQ(load_error(directory), Errc::rejected);
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  EXPECT_EQ(load_error(path), Errc::rejected);
}

TEST_F(KeyFile, LoadingFollowsLinksToPrivateFiles) {
  write("a key", 0600);
  const fs::path link = directory / "link";
  fs::create_symlink(path, link);
  EXPECT_EQ(load_key_file(link).value().text(), "a key");
  write("a key", 0644);
  EXPECT_EQ(load_error(link), Errc::rejected);
}

}  // namespace
}  // namespace kt::keytrans
