#include "federation/address_rules.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>

namespace kt::federation {
namespace {

namespace ip = boost::asio::ip;

// Rows of the registry that are not globally reachable, or reach something else than they say.
constexpr std::array kSpecial4{
    "0.0.0.0/8",        // this network
    "10.0.0.0/8",       // private
    "100.64.0.0/10",    // shared: carrier-grade NAT
    "127.0.0.0/8",      // loopback
    "169.254.0.0/16",   // link-local
    "172.16.0.0/12",    // private
    "192.0.0.0/24",     // protocol assignments
    "192.0.2.0/24",     // documentation
    "192.88.99.0/24",   // 6to4 relays
    "192.168.0.0/16",   // private
    "198.18.0.0/15",    // benchmarks
    "198.51.100.0/24",  // documentation
    "203.0.113.0/24",   // documentation
    "224.0.0.0/4",      // multicast
    "240.0.0.0/4",      // reserved, and the limited broadcast
};

constexpr const char* kGlobalUnicast6 = "2000::/3";
constexpr std::array kSpecial6{
    "2001::/23",      // protocol assignments: Teredo, benchmarks, ORCHID
    "2001:db8::/32",  // documentation
    "2002::/16",      // 6to4
    "3fff::/20",      // documentation
};

template <std::size_t N>
std::vector<Network> networks(const std::array<const char*, N>& texts) {
  std::vector<Network> all;
  for (const char* const text : texts) {
    const auto network = parse_network(text);
    KT_ASSERT(network.has_value());
    all.push_back(*network);
  }
  return all;
}

bool is_in(const std::vector<Network>& networks, const ip::address& address) {
  return std::any_of(networks.begin(), networks.end(),
                     [&address](const Network& network) { return network.has(address); });
}

template <class Address>
bool share_bits(const Address& a, const Address& b, unsigned count) {
  const auto left = a.to_bytes();
  const auto right = b.to_bytes();
  for (std::size_t i = 0; i < left.size() && count > 0; ++i) {
    const unsigned bits = std::min(count, 8U);
    const unsigned mask = 0xffU << (8U - bits);
    if (((left.at(i) ^ right.at(i)) & mask) != 0) return false;
    count -= bits;
  }
  return true;
}

// Whether all bits of `address` after the first `prefix` are 0.
template <class Address>
bool is_blank_after(const Address& address, unsigned prefix) {
  const auto bytes = address.to_bytes();
  for (unsigned bit = prefix; bit < bytes.size() * 8; ++bit) {
    if ((bytes.at(bit / 8) >> (7U - bit % 8) & 1U) != 0) return false;
  }
  return true;
}

}  // namespace

bool Network::has(const ip::address& other) const {
  if (other.is_v4() != address.is_v4()) return false;
  if (address.is_v4()) return share_bits(address.to_v4(), other.to_v4(), prefix);
  return share_bits(address.to_v6(), other.to_v6(), prefix);
}

Result<Network> parse_network(std::string_view text) {
  const std::size_t slash = text.find('/');
  boost::system::error_code error;
  Network network;
  network.address = ip::make_address(std::string(text.substr(0, slash)), error);
  if (error || (network.address.is_v6() && network.address.to_v6().scope_id() != 0))
    return fail(Errc::malformed, "the network does not begin with an IP address");
  const unsigned bits = network.address.is_v4() ? 32 : 128;
  network.prefix = bits;
  if (slash != std::string_view::npos) {
    const std::string_view digits = text.substr(slash + 1);
    const char* const end = digits.data() + digits.size();
    const auto [rest, code] = std::from_chars(digits.data(), end, network.prefix);
    if (code != std::errc() || rest != end || network.prefix > bits)
      return fail(Errc::malformed, "the network's prefix is no number of its bits");
  }
  const bool is_blank = network.address.is_v4()
                            ? is_blank_after(network.address.to_v4(), network.prefix)
                            : is_blank_after(network.address.to_v6(), network.prefix);
  if (!is_blank) return fail(Errc::malformed, "the network has bits after its prefix");
  return network;
}

bool is_public(const ip::address& address) {
  static const std::vector<Network> special4 = networks(kSpecial4);
  static const std::vector<Network> special6 = networks(kSpecial6);
  static const std::vector<Network> unicast6 = networks(std::array{kGlobalUnicast6});
  if (address.is_v4()) return !is_in(special4, address);
  if (address.to_v6().scope_id() != 0) return false;
  return is_in(unicast6, address) && !is_in(special6, address);
}

bool AddressRules::permit(const ip::address& address) const {
  return is_public(address) || is_in(listed_, address);
}

}  // namespace kt::federation
