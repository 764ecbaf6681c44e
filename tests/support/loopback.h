// Blocking TCP on the loopback interface: the other side of what a test is about.
#pragma once

#include <arpa/inet.h>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <netinet/in.h>
#include <poll.h>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace kt {

inline sockaddr_in loopback_address(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

[[noreturn]] inline void throw_system(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

// One end of a connection. Nothing it does takes longer than ten seconds.
class LoopbackConnection {
 public:
  explicit LoopbackConnection(int descriptor) : descriptor_(descriptor) {}
  LoopbackConnection(LoopbackConnection&& other) noexcept
      : descriptor_(std::exchange(other.descriptor_, -1)) {}
  LoopbackConnection& operator=(LoopbackConnection&&) = delete;
  ~LoopbackConnection() {
    if (descriptor_ >= 0) close(descriptor_);
  }

  // `from` is the last byte of the address to come from.
  static LoopbackConnection to(std::uint16_t port, std::uint8_t from = 1) {
    LoopbackConnection connection(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const sockaddr_in address = loopback_address(port);
    sockaddr_in source = loopback_address(0);
    source.sin_addr.s_addr = htonl((INADDR_LOOPBACK & ~0xffU) | from);
    // The interface of the system.
    if (bind(connection.descriptor_, reinterpret_cast<const sockaddr*>(&source), sizeof(source)) !=
        0)
      throw_system("bind");
    if (connect(connection.descriptor_, reinterpret_cast<const sockaddr*>(&address),
                sizeof(address)) != 0)
      throw_system("connect");
    return connection;
  }

  // Whether all of it could be written.
  bool write(std::string_view text) const {
    while (!text.empty()) {
      const ssize_t size = send(descriptor_, text.data(), text.size(), MSG_NOSIGNAL);
      if (size <= 0) return false;
      text.remove_prefix(static_cast<std::size_t>(size));
    }
    return true;
  }
  void end_writing() const { shutdown(descriptor_, SHUT_WR); }

  // What has come, at least a byte; empty at the end, and when nothing comes.
  [[nodiscard]] std::string read_some() const {
    pollfd wait{descriptor_, POLLIN, 0};
    if (poll(&wait, 1, 10'000) != 1) return {};
    std::string text(65536, '\0');
    const ssize_t size = recv(descriptor_, text.data(), text.size(), 0);
    text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
    return text;
  }
  // All until `mark` has come, or the end.
  [[nodiscard]] std::string read_until(std::string_view mark) const {
    std::string text;
    while (text.find(mark) == std::string::npos) {
      const std::string more = read_some();
      if (more.empty()) break;
      text += more;
    }
    return text;
  }
  [[nodiscard]] std::string read_all() const {
    std::string text;
    for (std::string more = read_some(); !more.empty(); more = read_some()) text += more;
    return text;
  }

 private:
  int descriptor_;
};

// Takes connections at a port of its own.
class LoopbackListener {
 public:
  LoopbackListener() : descriptor_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address = loopback_address(0);
    socklen_t size = sizeof(address);
    if (bind(descriptor_, reinterpret_cast<const sockaddr*>(&address), size) != 0 ||
        listen(descriptor_, 16) != 0 ||
        getsockname(descriptor_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
      throw_system("listen");
    port_ = ntohs(address.sin_port);
  }
  LoopbackListener(const LoopbackListener&) = delete;
  LoopbackListener& operator=(const LoopbackListener&) = delete;
  ~LoopbackListener() { close(descriptor_); }

  [[nodiscard]] std::uint16_t port() const { return port_; }
  // The next one, if it comes within a minute: a test may have much to do before.
  [[nodiscard]] LoopbackConnection accept() const {
    pollfd wait{descriptor_, POLLIN, 0};
    if (poll(&wait, 1, 60'000) != 1) throw_system("nobody connects");
    const int connection = ::accept(descriptor_, nullptr, nullptr);
    if (connection < 0) throw_system("accept");
    return LoopbackConnection(connection);
  }

 private:
  int descriptor_;
  std::uint16_t port_ = 0;
};

}  // namespace kt
