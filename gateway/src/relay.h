// The way to other domains' gateways: which of them there is, what its key configurations are, and
// what it answers to what users have sealed for it. Internal. docs/federation.md, "The relay".
//
// What goes out has nothing of who asks: the body, its type, and what this gateway shows for
// itself. What comes back is the body and four fields. Nothing is sent twice, no redirect is
// followed, and everybody gets the same key configurations.
//
// It also asks other domains for this gateway itself, which shows nothing of itself then: what a
// witness asks (witness_thread.h).
//
// Source: RFC 9458, Sections 5 and 6; RFC 9540. Thread rule: any thread; close() from one, when
// nobody asks any more.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include "configuration.h"
#include "federation/discovery.h"
#include "http_message.h"
#include "keytrans/secret.h"
#include "relay_metrics.h"
#include "store/store.h"

namespace kt::gateway {

inline constexpr std::string_view kSealedRequestType = "message/ohttp-req";
inline constexpr std::string_view kSealedResponseType = "message/ohttp-res";
inline constexpr std::string_view kKeysType = "application/ohttp-keys";

// What of a configuration concerns it.
struct RelaySettings {
  FederationConfiguration federation;
  RelayConfiguration relay;
  std::vector<PeerConfiguration> peers;

  static RelaySettings of(const GatewayConfiguration& configuration) {
    return {configuration.federation, configuration.relay, configuration.peers};
  }
  friend bool operator==(const RelaySettings&, const RelaySettings&) = default;
};

// What the files say that the peers name.
struct PeerFiles {
  keytrans::SecretBytes token;  // empty for none
  Bytes authorities;            // as are these
  Bytes certificate;
};

// By domain. Errors, which name the domain and the key: those of program::read_token_file(), of
// read_small_file() and of verify_key_pair().
Result<std::map<federation::Domain, PeerFiles>> read_peer_files(
    const std::vector<PeerConfiguration>& peers);

// Where other domains are; for tests.
using DomainUrl = std::function<federation::Url(const federation::Domain&)>;

class Relay {
 public:
  // Most gateways that are remembered, with their connections and key configurations.
  static constexpr std::size_t kMaxGateways = 256;
  static constexpr std::size_t kMaxKeysSize = std::size_t{64} << 10;
  // How long key configurations are kept, whatever their gateway says; and if it says nothing.
  static constexpr std::chrono::seconds kLeastKeysAge{1};
  static constexpr std::chrono::seconds kGreatestKeysAge{24 * 3600};
  static constexpr std::chrono::seconds kUsualKeysAge{60};
  // How long nobody asks again for those that could not be had.
  static constexpr std::chrono::seconds kKeysPause{1};

  // Asks on a thread of its own. Borrows `store`. `metrics` go on counting.
  // Errors: those of read_peer_files(), Resolver::create(), StoredDomains and Discovery::open().
  static Result<std::shared_ptr<Relay>> open(RelaySettings settings,
                                             std::map<federation::Domain, PeerFiles> files,
                                             store::Store& store,
                                             std::shared_ptr<RelayMetrics> metrics,
                                             DomainUrl url_of = federation::directory_url);
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;
  ~Relay();

  // Carries `body` to the domain's gateway, and its answer back. Waits on the caller's executor.
  boost::asio::awaitable<Response> forward(federation::Domain domain, Bytes body);
  // The key configurations of the domain's gateway.
  boost::asio::awaitable<Response> keys(federation::Domain domain);

  // The directory document of a domain that is believed now. Blocking, and for a thread that is
  // none of a server's. Errors: those of Discovery::find(); unavailable when `stop` was requested,
  // which ends what is under way.
  Result<std::shared_ptr<const federation::DiscoveredDomain>> find(const federation::Domain& domain,
                                                                   const std::stop_token& stop);
  // Asks at a URL that the domain's document names, by the rules for the domain, as anybody would.
  // Blocking, as above. Errors: those of HttpClient::send(); rejected where there is no TLS;
  // unavailable, as above.
  Result<federation::HttpResponse> ask(const federation::Domain& domain, const federation::Url& url,
                                       federation::HttpRequest request, std::size_t response_limit,
                                       const std::stop_token& stop);

  // Answers what waits, which takes no longer than an answer may. Nothing is asked any more.
  // Blocking.
  void close();

  [[nodiscard]] const RelaySettings& settings() const { return settings_; }
  [[nodiscard]] const std::shared_ptr<RelayMetrics>& metrics() const { return metrics_; }
  [[nodiscard]] federation::Discovery::Counts domains() const { return discovery_->counts(); }
  // What an operator is to be told of since the last call, a line each.
  [[nodiscard]] std::vector<std::string> take_news();

  // Whether open() with these would make the same.
  [[nodiscard]] bool is_of(const RelaySettings& settings,
                           const std::map<federation::Domain, PeerFiles>& files) const;

 private:
  struct Gateway;
  using Work = std::function<boost::asio::awaitable<Response>()>;

  Relay(RelaySettings settings, std::map<federation::Domain, PeerFiles> files,
        std::shared_ptr<RelayMetrics> metrics);
  Result<void> start(store::Store& store, DomainUrl url_of);
  [[nodiscard]] const PeerConfiguration* find_peer(const federation::Domain& domain) const;
  [[nodiscard]] federation::AddressRules address_rules(const PeerConfiguration* peer) const;
  // As a gateway of the domain is asked, without what this one shows for itself.
  [[nodiscard]] federation::HttpClientOptions http_options(const PeerConfiguration* peer) const;
  [[nodiscard]] std::string token_for(const federation::Domain& domain) const;
  void note(const federation::Domain& domain, federation::DiscoveryAlarm alarm);
  void add_news(std::string what);

  boost::asio::awaitable<Response> run(Work work);
  // On the relay's thread.
  boost::asio::awaitable<void> probe_dnssec(std::vector<federation::Domain> domains);
  boost::asio::awaitable<Response> forward_here(federation::Domain domain, Bytes body);
  boost::asio::awaitable<Response> keys_here(federation::Domain domain);
  boost::asio::awaitable<Result<federation::HttpResponse>> ask_once(
      federation::Url url, federation::HttpClientOptions options, federation::HttpRequest request);
  boost::asio::awaitable<Result<std::shared_ptr<Gateway>>> find_gateway(federation::Domain domain);
  Result<std::shared_ptr<Gateway>> take_gateway(const federation::Domain& domain,
                                                federation::Url url);
  boost::asio::awaitable<void> fetch_keys(std::shared_ptr<Gateway> gateway);
  Response answer_keys(const Gateway& gateway);
  Response refuse(const Error& error);

  const RelaySettings settings_;
  const std::map<federation::Domain, PeerFiles> files_;
  const std::shared_ptr<RelayMetrics> metrics_;
  boost::asio::io_context context_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  std::unique_ptr<federation::Resolver> resolver_;
  std::unique_ptr<federation::DiscoveryStore> stored_;
  std::unique_ptr<federation::Discovery> discovery_;
  std::map<federation::Domain, std::shared_ptr<Gateway>> gateways_;  // on the thread
  std::uint64_t uses_ = 0;                                           // of any of them

  std::mutex mutex_;
  std::condition_variable idle_;
  std::size_t under_way_ = 0;
  bool is_closed_ = false;
  std::vector<std::string> news_;
  std::thread thread_;
};

}  // namespace kt::gateway
