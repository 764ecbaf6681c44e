// Asks DNS for the records of one name.
//
// An answer is what a name server says, and no more than that: what is wrong with it, or does not
// come, is never taken for "there is nothing". That there is nothing is an answer too, and needs
// the SOA record that RFC 2308 has in it. Whether the answer was validated (DNSSEC) is known from
// the server's AD bit, which is worth as much as the way to the server: the server is to be on this
// machine.
//
// Each question has a connection to a name server of its own: a source port that nobody else has
// used, an identifier from the system's random numbers, and letters of random case, all of which an
// answer has to repeat. An answer that is too long for UDP is asked for over TCP.
//
// Source: RFC 1035, RFC 2181, RFC 2308, RFC 6840. Thread rule: the functions, and what they await,
// on one executor that runs one handler at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/udp.hpp>

#include "keytrans/result.h"

namespace kt::federation {

enum class DnsType : std::uint16_t { A = 1, TXT = 16, AAAA = 28 };

struct DnsAnswer {
  bool is_authentic = false;    // the server says that it has validated all of it
  bool name_exists = true;      // false for NXDOMAIN
  std::chrono::seconds ttl{0};  // for how long all of it may be kept
  // Of the type that was asked for; none of any other.
  std::vector<std::string> texts;  // the strings of a record are one text
  std::vector<boost::asio::ip::address> addresses;
};

struct ResolverOptions {
  // The name servers, which are asked one after the other until one answers; those of the system
  // (/etc/resolv.conf) when empty.
  std::vector<boost::asio::ip::udp::endpoint> servers;
  // How long a server may take. It is asked twice, and has twice as long at the second time.
  std::chrono::milliseconds patience{700};
  std::size_t questions = 64;  // under way at a time; more are refused
};

class Resolver {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // Errors: unavailable when the system names no server.
  static Result<std::unique_ptr<Resolver>> create(boost::asio::any_io_executor executor,
                                                  ResolverOptions options = {});

  virtual ~Resolver() = default;  // while nothing is awaited

  // The records that `name` has, after at most 8 CNAMEs.
  // Errors: malformed when no name is like that; unavailable when no server has given an answer
  // before `deadline`, or none that holds, and at once when too many questions are under way.
  virtual boost::asio::awaitable<Result<DnsAnswer>> ask(std::string name, DnsType type,
                                                        Time deadline) = 0;
};

// A name server as an operator writes it: "127.0.0.1", "127.0.0.1:5353", "::1" or "[::1]:5353".
// Errors: malformed.
Result<boost::asio::ip::udp::endpoint> parse_name_server(std::string_view text);

}  // namespace kt::federation
