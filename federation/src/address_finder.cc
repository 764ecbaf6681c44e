#include "federation/address_finder.h"

#include <algorithm>

namespace kt::federation {
namespace {

using Addresses = std::vector<boost::asio::ip::address>;

tl::unexpected<Error> forbidden() {
  return fail(Errc::rejected, "the host has no address that may be connected to");
}

}  // namespace

boost::asio::awaitable<Result<Addresses>> AddressFinder::find(std::string host,
                                                              Resolver::Time deadline) const {
  boost::system::error_code error;
  const auto literal = boost::asio::ip::make_address(host, error);
  if (!error && !rules_.permit(literal)) co_return forbidden();
  if (!error) co_return Addresses(1, literal);

  Addresses addresses;
  bool has_forbidden = false;
  Error failure{Errc::unavailable, "the host has no address"};
  for (const DnsType type : {DnsType::A, DnsType::AAAA}) {
    auto answer = co_await resolver_.ask(host, type, deadline);
    if (!answer) {
      failure = std::move(answer).error();
      continue;
    }
    if (needs_dnssec_ && !answer->is_authentic)
      co_return fail(Errc::rejected, "the host's address is not authentic");
    for (const auto& address : answer->addresses) {
      if (rules_.permit(address)) {
        addresses.push_back(address);
      } else {
        has_forbidden = true;
      }
    }
  }
  if (!addresses.empty()) co_return std::move(addresses);
  if (has_forbidden) co_return forbidden();
  co_return tl::unexpected<Error>(std::move(failure));
}

}  // namespace kt::federation
