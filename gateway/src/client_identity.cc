#include "client_identity.h"

#include <algorithm>
#include <memory>

#include <openssl/x509v3.h>

namespace kt::gateway {
namespace {

namespace ip = boost::asio::ip;

// Half an IPv6 address: what one customer has at least.
constexpr std::size_t kIpv6Network = 8;

template <class Bytes>
std::string text_of(const Bytes& bytes, std::size_t size) {
  return {reinterpret_cast<const char*>(bytes.data()), size};
}

// Empty when it has a character that no name has, such as the NUL that once made two names of one.
std::string visible_text(const ASN1_IA5STRING* string) {
  const auto* const data = ASN1_STRING_get0_data(string);
  const std::string text(reinterpret_cast<const char*>(data),
                         static_cast<std::size_t>(ASN1_STRING_length(string)));
  const bool is_visible =
      std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
  return is_visible ? text : std::string();
}

}  // namespace

std::string network_of(const ip::address& address) {
  if (address.is_v4()) return text_of(address.to_v4().to_bytes(), 4);
  const ip::address_v6 v6 = address.to_v6();
  if (v6.is_v4_mapped()) return text_of(ip::make_address_v4(ip::v4_mapped, v6).to_bytes(), 4);
  return text_of(v6.to_bytes(), kIpv6Network);
}

std::optional<std::string> forwarded_network(std::string_view field) {
  const std::size_t comma = field.rfind(',');
  if (comma != std::string_view::npos) field.remove_prefix(comma + 1);
  const std::size_t first = field.find_first_not_of(" \t");
  if (first == std::string_view::npos) return std::nullopt;
  const std::size_t last = field.find_last_not_of(" \t");
  boost::system::error_code error;
  const auto address = ip::make_address(std::string(field.substr(first, last - first + 1)), error);
  if (error) return std::nullopt;
  return network_of(address);
}

void add_certificate(const SSL* connection, Client& client) {
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(
      SSL_get1_peer_certificate(connection), &X509_free);
  if (certificate == nullptr || SSL_get_verify_result(connection) != X509_V_OK) return;
  const std::unique_ptr<GENERAL_NAMES, decltype(&GENERAL_NAMES_free)> alternatives(
      static_cast<GENERAL_NAMES*>(
          X509_get_ext_d2i(certificate.get(), NID_subject_alt_name, nullptr, nullptr)),
      &GENERAL_NAMES_free);
  if (alternatives == nullptr) return;
  for (int i = 0; i < sk_GENERAL_NAME_num(alternatives.get()); ++i) {
    int type = 0;
    const auto* const value = static_cast<const ASN1_IA5STRING*>(
        GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(alternatives.get(), i), &type));
    if (type != GEN_DNS && type != GEN_EMAIL && type != GEN_URI) continue;
    const std::string name = visible_text(value);
    if (!name.empty()) (type == GEN_DNS ? client.hosts : client.identities).push_back(name);
  }
}

}  // namespace kt::gateway
