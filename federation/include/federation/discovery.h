// Finds the directory documents of other domains, as a gateway believes them.
//
// A document that is in force and was looked for lately is used as it is. Else the domain's hint is
// asked for, a TXT record of `_kt.DOMAIN` with `v=KT1; id=…`: it says that the domain has a log,
// and, when its id is another one, that there is something new. Then the document is fetched from
// https://kt.DOMAIN/.well-known/key-transparency, at an address that is permitted. Nothing else is
// tried.
//
//  - Which document is believed is for directory_succession.h to say: epochs do not go back, and a
//    domain that changes its logs without the signature of one is held down.
//  - That a domain has no log is known from a name server's answer that says so, and only for a
//    domain that was never known to have one. What fails, fails: it is asked again after a pause.
//  - What is known outlives the process, and what cannot be stored is not believed.
//  - A document that has expired is not used, whatever else fails.
//
// All that others may let it do is bounded: domains, bytes, what is looked for at a time, how
// often.
//
// A domain that is pinned is fetched from there, and again when that is 5 minutes ago.
//
// Source: docs/federation.md, "Discovery". Thread rule: open() before all else; find(), and what it
// awaits, on the executor, which runs one handler at a time; counts() from any thread.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string_view>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "federation/address_finder.h"
#include "federation/directory_client.h"
#include "federation/directory_succession.h"

namespace kt::federation {

// What outlives the process: a few bytes for each of a few thousand domains.
class DiscoveryStore {
 public:
  virtual ~DiscoveryStore() = default;

  // All that is there. Blocking, and called before anything else.
  virtual Result<std::map<Domain, Bytes>> load() = 0;
  virtual boost::asio::awaitable<Result<std::optional<Bytes>>> get(Domain domain) = 0;
  // Durable when it is done. Errors: conflict when there is something else there than `before`, and
  // then nothing changes: somebody else has looked at the domain.
  virtual boost::asio::awaitable<Result<void>> put(Domain domain, std::optional<Bytes> before,
                                                   Bytes record) = 0;
  virtual boost::asio::awaitable<Result<void>> erase(Domain domain) = 0;
};

// How one domain is looked for.
struct DiscoveryRules {
  AddressRules addresses;
  bool needs_dnssec = false;          // an answer of DNS that is not authentic is refused
  std::filesystem::path authorities;  // PEM, for TLS; the system's when empty
  // Where its document is, as an operator says: its hint is not asked for then.
  std::optional<Url> pinned = {};

  friend bool operator==(const DiscoveryRules&, const DiscoveryRules&) = default;
};

// What an operator has to look at.
enum class DiscoveryAlarm : std::uint8_t {
  none,
  held_down,  // the domain publishes logs that none of the former ones has signed for
  withdrawn,  // the domain's hint is gone, though it had one
  refused,    // what its name servers or its gateway say cannot be believed
};

// "withdrawn"
[[nodiscard]] std::string_view to_string(DiscoveryAlarm alarm);

struct DiscoveryOptions {
  DiscoveryRules rules;                      // of all others than
  std::map<Domain, DiscoveryRules> special;  // these
  std::chrono::milliseconds total_timeout{10'000};
  std::size_t domains = 4096;                 // that are known; more are refused
  std::size_t bytes = std::size_t{64} << 20;  // of their documents
  std::size_t unknown_domains = 4096;         // of which it is known that they have none
  std::size_t lookups = 16;                   // at a time
  std::function<Timestamp()> now;             // of the wall clock; always there
  std::function<Url(const Domain&)> url_of = directory_url;
  // Called when a domain's alarm becomes another one. It may throw nothing.
  std::function<void(const Domain&, DiscoveryAlarm)> alarm;
};

struct DiscoveredDomain {
  DirectoryDocument document;
  bool is_authentic;  // whether the hint was
};

class Discovery {
 public:
  // Borrows `resolver` and `store`.
  // Errors: those of `store`; corrupt for what it has and this did not write; rejected for a format
  // that this version does not know.
  static Result<std::unique_ptr<Discovery>> open(boost::asio::any_io_executor executor,
                                                 Resolver& resolver, DiscoveryStore& store,
                                                 DiscoveryOptions options);

  virtual ~Discovery() = default;  // while nothing is awaited

  // Never null. The document is in force.
  // Errors: not_found when the domain has no log; for everything else it is not known now whether
  // it has one, or where: unavailable; rejected, malformed, verification_failed or conflict for
  // what was said and is not believed.
  virtual boost::asio::awaitable<Result<std::shared_ptr<const DiscoveredDomain>>> find(
      Domain domain) = 0;

  struct Counts {
    std::uint64_t known = 0;
    // By their alarm.
    std::uint64_t held_down = 0;
    std::uint64_t withdrawn = 0;
    std::uint64_t refused = 0;
  };
  [[nodiscard]] virtual Counts counts() const = 0;
};

}  // namespace kt::federation
