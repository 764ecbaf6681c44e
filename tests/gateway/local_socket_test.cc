#include "local_socket.h"

#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <gtest/gtest.h>

#include "program.h"
#include "scratch_directory.h"

namespace kt::gateway {
namespace {

namespace fs = std::filesystem;
using Protocol = boost::asio::local::stream_protocol;

class LocalSocket : public ::testing::Test {
 protected:
  [[nodiscard]] fs::path path() const { return directory_.path() / "admin.socket"; }
  // Takes connections at path() until it goes; its file stays.
  [[nodiscard]] std::unique_ptr<Protocol::acceptor> listen() {
    return std::make_unique<Protocol::acceptor>(context_, Protocol::endpoint(path().string()));
  }
  void expect_refused(Errc code) const {
    const auto refused = remove_stale_socket(path());
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, code) << refused.error().detail;
    EXPECT_TRUE(fs::exists(fs::symlink_status(path())));
  }
  [[nodiscard]] struct stat status() const {
    struct stat status {};
    EXPECT_EQ(lstat(path().c_str(), &status), 0);
    return status;
  }

 private:
  ScratchDirectory directory_;
  boost::asio::io_context context_;
};

TEST_F(LocalSocket, WhatADeadProcessLeftIsRemoved) {
  EXPECT_TRUE(remove_stale_socket(path()).has_value()) << "there is nothing";
  listen().reset();
  ASSERT_TRUE(fs::is_socket(path()));
  EXPECT_TRUE(remove_stale_socket(path()).has_value());
  EXPECT_FALSE(fs::exists(path()));
}

TEST_F(LocalSocket, WhatSomebodyUsesIsLeftAlone) {
  const auto live = listen();
  expect_refused(Errc::conflict);
}

TEST_F(LocalSocket, WhatIsNoSocketIsLeftAlone) {
  write_file(path(), "precious");
  expect_refused(Errc::rejected);
  fs::remove(path());
  fs::create_symlink("somewhere", path());
  expect_refused(Errc::rejected);
}

TEST_F(LocalSocket, TheOwnerAloneOrAGroupMayConnect) {
  const auto live = listen();
  ASSERT_TRUE(set_socket_access(path(), std::nullopt).has_value());
  EXPECT_EQ(status().st_mode & 07777U, 0600U);
  EXPECT_EQ(set_socket_access(path(), "no-such-group").error().code, Errc::not_found);
  EXPECT_EQ(status().st_mode & 07777U, 0600U);
  const group* const own = getgrgid(getegid());
  ASSERT_NE(own, nullptr);
  ASSERT_TRUE(set_socket_access(path(), own->gr_name).has_value());
  EXPECT_EQ(status().st_mode & 07777U, 0660U);
  EXPECT_EQ(status().st_gid, getegid());
}

}  // namespace
}  // namespace kt::gateway
