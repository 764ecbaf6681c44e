// A name server on the loopback interface that says what a test wants of it, over UDP and TCP at
// one port.
#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <sys/eventfd.h>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/ip/udp.hpp>

#include "dns_message.h"
#include "loopback.h"

namespace kt::federation {

// What came, as far as a test needs it.
struct DnsAsked {
  std::uint16_t id = 0;
  std::string name;  // as it came
  std::string small_name;
  std::uint16_t type = 0;
  std::uint16_t flags = 0;
  bool is_tcp = false;
  std::uint16_t port = 0;  // of who asks
};

class DnsServer {
 public:
  // What to send to that; nothing for no answer at all. Called on the server's thread.
  using Script = std::function<std::optional<Bytes>(const DnsAsked&)>;

  explicit DnsServer(Script script) : script_(std::move(script)) {
    bind_both();
    thread_ = std::thread([this] { run(); });
  }
  DnsServer(const DnsServer&) = delete;
  DnsServer& operator=(const DnsServer&) = delete;
  ~DnsServer() {
    const std::uint64_t one = 1;
    if (::write(stop_, &one, sizeof(one)) != sizeof(one)) std::abort();
    thread_.join();
    for (const int each : {udp_, tcp_, stop_}) close(each);
  }

  [[nodiscard]] boost::asio::ip::udp::endpoint endpoint() const {
    return {boost::asio::ip::address_v4::loopback(), port_};
  }
  [[nodiscard]] std::vector<DnsAsked> asked() const {
    const std::lock_guard lock(mutex_);
    return asked_;
  }

 private:
  void bind_both() {
    for (int i = 0; i < 100; ++i) {
      udp_ = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
      tcp_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
      sockaddr_in address = loopback_address(0);
      socklen_t size = sizeof(address);
      auto* const any = reinterpret_cast<sockaddr*>(&address);
      if (bind(udp_, any, size) != 0 || getsockname(udp_, any, &size) != 0) throw_system("bind");
      port_ = ntohs(address.sin_port);
      if (bind(tcp_, any, size) == 0 && listen(tcp_, 16) == 0) return;
      close(udp_);
      close(tcp_);
    }
    throw_system("no port is free for both");
  }

  void run() {
    std::array<pollfd, 3> wait{pollfd{udp_, POLLIN, 0}, pollfd{tcp_, POLLIN, 0},
                               pollfd{stop_, POLLIN, 0}};
    while (poll(wait.data(), wait.size(), -1) > 0 && wait[2].revents == 0) {
      if (wait[0].revents != 0) answer_datagram();
      if (wait[1].revents != 0) answer_connection();
    }
  }

  void answer_datagram() {
    Bytes question(65536);
    sockaddr_in from{};
    socklen_t size = sizeof(from);
    auto* const any = reinterpret_cast<sockaddr*>(&from);
    const ssize_t read = recvfrom(udp_, question.data(), question.size(), 0, any, &size);
    if (read < 0) return;
    question.resize(static_cast<std::size_t>(read));
    const auto answer = answer_to(question, false, ntohs(from.sin_port));
    if (answer) sendto(udp_, answer->data(), answer->size(), MSG_NOSIGNAL, any, size);
  }

  void answer_connection() {
    const LoopbackConnection connection(::accept(tcp_, nullptr, nullptr));
    std::string text = connection.read_some();
    const auto whole = [&text] {
      return text.size() >= 2 && text.size() >= 2 + (static_cast<unsigned char>(text[0]) * 256U +
                                                     static_cast<unsigned char>(text[1]));
    };
    while (!whole()) {
      const std::string more = connection.read_some();
      if (more.empty()) return;
      text += more;
    }
    const auto answer = answer_to(Bytes(text.begin() + 2, text.end()), true, 0);
    if (!answer) return;
    const Bytes framed =
        joined({dns_number(static_cast<std::uint32_t>(answer->size()), 2), *answer});
    connection.write(std::string(framed.begin(), framed.end()));
    static_cast<void>(connection.read_all());
  }

  std::optional<Bytes> answer_to(const Bytes& question, bool is_tcp, std::uint16_t port) {
    constexpr std::size_t kHeaderSize = 12;
    DnsAsked asked;
    asked.is_tcp = is_tcp;
    asked.port = port;
    if (question.size() < kHeaderSize) return std::nullopt;
    asked.id = static_cast<std::uint16_t>(question[0] * 256 + question[1]);
    asked.flags = static_cast<std::uint16_t>(question[2] * 256 + question[3]);
    std::size_t at = kHeaderSize;
    while (at < question.size() && question[at] != 0) {
      if (!asked.name.empty()) asked.name += '.';
      asked.name.append(question.begin() + static_cast<std::ptrdiff_t>(at) + 1,
                        question.begin() + static_cast<std::ptrdiff_t>(at) + 1 + question[at]);
      at += 1U + question[at];
    }
    asked.type = static_cast<std::uint16_t>(question.at(at + 1) * 256 + question.at(at + 2));
    for (const char c : asked.name)
      asked.small_name += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    {
      const std::lock_guard lock(mutex_);
      asked_.push_back(asked);
    }
    return script_(asked);
  }

  Script script_;
  int udp_ = -1;
  int tcp_ = -1;
  int stop_ = eventfd(0, EFD_CLOEXEC);
  std::uint16_t port_ = 0;
  mutable std::mutex mutex_;
  std::vector<DnsAsked> asked_;
  std::thread thread_;
};

// A name server that knows these records, which are of a zone each is in itself: there is nothing
// else.
struct DnsZone {
  std::vector<DnsRecord> records;
  std::uint16_t flags = kDnsResponse;

  [[nodiscard]] DnsReply reply(const DnsAsked& asked) const {
    DnsReply reply;
    reply.flags = flags;
    for (const DnsRecord& record : records) {
      if (record.type == asked.type && record.owner == dns_name(asked.small_name))
        reply.answers.push_back(record);
    }
    if (reply.answers.empty()) reply.authorities = {soa_record("", 60)};
    return reply;
  }
  [[nodiscard]] Bytes answer(const DnsAsked& asked) const {
    return dns_message(asked.id, asked.name, asked.type, reply(asked));
  }
};

}  // namespace kt::federation
