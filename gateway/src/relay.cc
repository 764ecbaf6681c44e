#include "relay.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <exception>
#include <future>
#include <optional>
#include <utility>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "certificate.h"
#include "log/clock.h"
#include "problem.h"
#include "program/token_file.h"
#include "routing/await.h"
#include "store/files.h"
#include "stored_domains.h"

namespace kt::gateway {
namespace {

namespace asio = boost::asio;
using federation::DiscoveryAlarm;
using federation::Domain;
using federation::HttpMethod;
using federation::HttpRequest;
using federation::HttpResponse;
using federation::Url;
using std::chrono::steady_clock;

constexpr std::string_view kGatewayPath = "/.well-known/ohttp-gateway";  // RFC 9540, Section 5
constexpr std::size_t kMaxFileSize = std::size_t{4} << 20;
constexpr std::size_t kMaxNews = 64;
constexpr std::chrono::seconds kProbeTime{3};

constexpr unsigned kOk = 200;
constexpr unsigned kNotModified = 304;
constexpr unsigned kFirstRedirect = 300;
constexpr unsigned kFirstError = 400;
constexpr unsigned kUnauthorized = 401;
constexpr unsigned kForbidden = 403;
constexpr unsigned kProxyUnauthorized = 407;
constexpr unsigned kTooMany = 429;

// What a field says that is passed on, or made use of: printable, and not too long.
bool is_plain(std::string_view text) {
  constexpr std::size_t kMaxSize = 256;
  return !text.empty() && text.size() <= kMaxSize &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
}

// `max-age` of Cache-Control (RFC 9111, Section 5.2), within bounds.
std::chrono::seconds age_of(std::string_view cache_control) {
  constexpr std::string_view kMaxAge = "max-age=";
  constexpr std::string_view kNoStore = "no-store";
  constexpr std::string_view kNoCache = "no-cache";
  std::chrono::seconds age = Relay::kUsualKeysAge;
  while (!cache_control.empty()) {
    const std::size_t end = std::min(cache_control.find(','), cache_control.size());
    std::string_view each = cache_control.substr(0, end);
    cache_control.remove_prefix(std::min(end + 1, cache_control.size()));
    each.remove_prefix(std::min(each.find_first_not_of(" \t"), each.size()));
    if (each.starts_with(kNoStore) || each.starts_with(kNoCache)) return Relay::kLeastKeysAge;
    if (!each.starts_with(kMaxAge)) continue;
    each.remove_prefix(kMaxAge.size());
    std::uint32_t seconds = 0;
    const auto [rest, code] = std::from_chars(each.data(), each.data() + each.size(), seconds);
    if (code == std::errc() && rest != each.data()) age = std::chrono::seconds(seconds);
  }
  return std::clamp(age, Relay::kLeastKeysAge, Relay::kGreatestKeysAge);
}

constexpr const char* kNowhere = "where the domain's gateway is, is not known";

Response problem(Problem what, std::string_view detail) { return problem_response(what, detail); }

// What may be passed on of an answer, beside its body: Content-Type, Date, Cache-Control and
// Retry-After.
Response passed_on(HttpResponse answer) {
  Response response;
  response.status = answer.status;
  if (is_plain(answer.content_type)) response.content_type = std::move(answer.content_type);
  response.body = std::move(answer.body);
  if (is_plain(answer.date)) response.headers.emplace_back("Date", std::move(answer.date));
  if (is_plain(answer.cache_control))
    response.headers.emplace_back("Cache-Control", std::move(answer.cache_control));
  if (answer.retry_after)
    response.headers.emplace_back("Retry-After", std::to_string(answer.retry_after->count()));
  return response;
}

// What `work`, done in `context`, gives, or unavailable once `stop` was requested. Blocking.
template <class T>
Result<T> wait_for(asio::io_context& context, const std::stop_token& stop,
                   std::function<asio::awaitable<Result<T>>()> work) {
  const auto done = std::make_shared<std::promise<Result<T>>>();
  auto settle = [](std::function<asio::awaitable<Result<T>>()> begin,
                   std::shared_ptr<std::promise<Result<T>>> promise) -> asio::awaitable<void> {
    auto result = co_await begin();
    promise->set_value(std::move(result));
  };
  auto result = done->get_future();
  const auto signal = std::make_shared<asio::cancellation_signal>();
  // The signal is used until the coroutine has ended, which is after its result is there and also
  // after this handler.
  auto ended = [&context, done, signal](std::exception_ptr error) {
    if (error) done->set_exception(std::move(error));
    asio::post(context, [signal] {});
  };
  asio::co_spawn(context, settle(std::move(work), done),
                 asio::bind_cancellation_slot(signal->slot(), std::move(ended)));
  // On the context's thread, and after the work has begun there.
  const std::stop_callback on_stop(stop, [&context, &signal] {
    asio::post(context, [signal] { signal->emit(asio::cancellation_type::terminal); });
  });
  try {
    return result.get();
  } catch (const boost::system::system_error& error) {
    // Whatever was to be awaited next.
    if (error.code() != asio::error::operation_aborted) throw;
    return fail(Errc::unavailable, "nobody waits for the answer any more");
  }
}

std::optional<asio::ip::address> literal_of(const std::string& host) {
  boost::system::error_code error;
  const auto address = asio::ip::make_address(host, error);
  if (error) return std::nullopt;
  return address;
}

}  // namespace

// Another domain's gateway, as it is asked now.
struct Relay::Gateway {
  // A fetch of key configurations, for those who wait for it.
  struct Fetch {
    explicit Fetch(const asio::any_io_executor& executor)
        : over(executor, steady_clock::time_point::max()) {}
    asio::steady_timer over;  // is cancelled
  };

  // Ends a fetch, however it ends.
  class Fetching {
   public:
    Fetching(Gateway& gateway, const asio::any_io_executor& executor) : gateway_(gateway) {
      gateway_.fetch = std::make_shared<Fetch>(executor);
    }
    Fetching(const Fetching&) = delete;
    Fetching& operator=(const Fetching&) = delete;
    ~Fetching() { std::exchange(gateway_.fetch, nullptr)->over.cancel(); }

   private:
    Gateway& gateway_;
  };

  Url url;
  std::string token;
  std::unique_ptr<federation::HttpClient> http;
  std::uint64_t last_use = 0;
  // The key configurations that were fetched last, until when they are kept, and their tag.
  Bytes keys;
  std::string etag;
  steady_clock::time_point keys_until;  // of `failure` if there is one
  std::optional<Error> failure;
  std::shared_ptr<Fetch> fetch;
};

Result<std::map<Domain, PeerFiles>> read_peer_files(const std::vector<PeerConfiguration>& peers) {
  std::map<Domain, PeerFiles> all;
  for (const PeerConfiguration& peer : peers) {
    const std::string name = "peer " + peer.domain->text();
    PeerFiles files;
    if (!peer.token_file.empty()) {
      auto token = program::read_token_file(peer.token_file);
      if (!token) return fail_in(name + ": token_file", std::move(token).error());
      files.token = *std::move(token);
    }
    if (!peer.authorities.empty()) {
      auto authorities = store::read_small_file(peer.authorities, kMaxFileSize);
      if (!authorities) return fail_in(name + ": authorities", std::move(authorities).error());
      files.authorities = *std::move(authorities);
    }
    if (!peer.certificate.empty()) {
      auto fits = verify_key_pair(peer.certificate, peer.private_key);
      if (!fits) return fail_in(name + ": certificate", std::move(fits).error());
      auto certificate = store::read_small_file(peer.certificate, kMaxFileSize);
      if (!certificate) return fail_in(name + ": certificate", std::move(certificate).error());
      files.certificate = *std::move(certificate);
    }
    all.emplace(*peer.domain, std::move(files));
  }
  return all;
}

Result<std::shared_ptr<Relay>> Relay::open(RelaySettings settings,
                                           std::map<Domain, PeerFiles> files, store::Store& store,
                                           std::shared_ptr<RelayMetrics> metrics,
                                           DomainUrl url_of) {
  std::shared_ptr<Relay> relay(
      new Relay(std::move(settings), std::move(files), std::move(metrics)));
  KT_TRY(relay->start(store, std::move(url_of)));
  return relay;
}

Relay::Relay(RelaySettings settings, std::map<Domain, PeerFiles> files,
             std::shared_ptr<RelayMetrics> metrics)
    : settings_(std::move(settings)),
      files_(std::move(files)),
      metrics_(std::move(metrics)),
      work_(context_.get_executor()) {}

Result<void> Relay::start(store::Store& store, DomainUrl url_of) {
  federation::ResolverOptions resolver;
  resolver.servers = settings_.federation.resolvers;
  KT_TRY(resolver_, federation::Resolver::create(context_.get_executor(), std::move(resolver)));
  KT_TRY(stored_, StoredDomains::open(store));
  federation::DiscoveryOptions options;
  options.rules.addresses = address_rules(nullptr);
  for (const PeerConfiguration& peer : settings_.peers)
    options.special[*peer.domain] = {address_rules(&peer), peer.dnssec == DnssecPolicy::require,
                                     peer.authorities, peer.url};
  options.total_timeout = settings_.relay.total_timeout;
  options.now = [] { return log::system_clock().now(); };
  options.url_of = std::move(url_of);
  options.alarm = [this](const Domain& domain, DiscoveryAlarm alarm) { note(domain, alarm); };
  KT_TRY(discovery_, federation::Discovery::open(context_.get_executor(), *resolver_, *stored_,
                                                 std::move(options)));
  std::vector<Domain> validated;
  for (const PeerConfiguration& peer : settings_.peers) {
    if (peer.dnssec == DnssecPolicy::require && !peer.url) validated.push_back(*peer.domain);
  }
  if (!validated.empty()) {
    ++under_way_;
    asio::co_spawn(context_, probe_dnssec(std::move(validated)),
                   [this](const std::exception_ptr& /*error*/) {
                     const std::lock_guard lock(mutex_);
                     --under_way_;
                     idle_.notify_all();
                   });
  }
  thread_ = std::thread([this] { context_.run(); });
  return {};
}

Relay::~Relay() {
  try {
    close();
  } catch (const std::exception&) {
    std::abort();  // there is no memory
  }
  work_.reset();
  context_.stop();
  if (thread_.joinable()) thread_.join();
}

void Relay::close() {
  std::unique_lock lock(mutex_);
  is_closed_ = true;
  idle_.wait(lock, [this] { return under_way_ == 0; });
}

bool Relay::is_of(const RelaySettings& settings, const std::map<Domain, PeerFiles>& files) const {
  return settings == settings_ &&
         std::equal(files.begin(), files.end(), files_.begin(), files_.end(),
                    [](const auto& a, const auto& b) {
                      return a.first == b.first && a.second.token.equal(b.second.token.view()) &&
                             a.second.authorities == b.second.authorities &&
                             a.second.certificate == b.second.certificate;
                    });
}

const PeerConfiguration* Relay::find_peer(const Domain& domain) const {
  for (const PeerConfiguration& peer : settings_.peers) {
    if (peer.domain == domain) return &peer;
  }
  return nullptr;
}

// What an operator has written as an address in a URL is permitted by that.
federation::AddressRules Relay::address_rules(const PeerConfiguration* peer) const {
  std::vector<federation::Network> listed = settings_.federation.allowed_addresses;
  if (peer != nullptr) {
    listed.insert(listed.end(), peer->allowed_addresses.begin(), peer->allowed_addresses.end());
    const auto literal = peer->url ? literal_of(peer->url->host) : std::nullopt;
    if (literal) listed.push_back({*literal, literal->is_v4() ? 32U : 128U});
  }
  return federation::AddressRules(std::move(listed));
}

std::string Relay::token_for(const Domain& domain) const {
  const auto found = files_.find(domain);
  return found == files_.end() ? std::string() : std::string(found->second.token.text());
}

void Relay::note(const Domain& domain, DiscoveryAlarm alarm) {
  std::string what = "the domain " + domain.text();
  switch (alarm) {
    case DiscoveryAlarm::none: what += " is as it should be again"; break;
    case DiscoveryAlarm::held_down:
      what += " publishes logs that none of its former ones has signed for, and is held down";
      break;
    case DiscoveryAlarm::withdrawn: what += " says no more that it has a log"; break;
    case DiscoveryAlarm::refused: what += " says what is not believed"; break;
  }
  add_news(std::move(what));
}

void Relay::add_news(std::string what) {
  const std::lock_guard lock(mutex_);
  if (news_.size() < kMaxNews) news_.push_back(std::move(what));
}

// Name servers that do not validate say of nothing that they have, and then none of the domains
// that need it is found. That somebody does not answer now says nothing.
asio::awaitable<void> Relay::probe_dnssec(std::vector<Domain> domains) {
  const auto deadline = steady_clock::now() + kProbeTime;
  bool has_answered = false;
  for (const Domain& domain : domains) {
    std::string name = "_kt." + domain.text();
    const auto answer =
        co_await resolver_->ask(std::move(name), federation::DnsType::TXT, deadline);
    if (!answer) continue;
    if (answer->is_authentic) co_return;
    has_answered = true;
  }
  if (has_answered)
    add_news(
        "the name servers have validated (DNSSEC) nothing of the domains that need it by "
        "peer.dnssec, which are not found like that: do they validate?");
}

std::vector<std::string> Relay::take_news() {
  const std::lock_guard lock(mutex_);
  return std::exchange(news_, {});
}

asio::awaitable<Response> Relay::forward(Domain domain, Bytes body) {
  Work work = [this, domain = std::move(domain), body = std::move(body)]() mutable {
    return forward_here(domain, std::move(body));
  };
  return run(std::move(work));
}

asio::awaitable<Response> Relay::keys(Domain domain) {
  Work work = [this, domain = std::move(domain)] { return keys_here(domain); };
  return run(std::move(work));
}

// `work` on the relay's thread.
asio::awaitable<Response> Relay::run(Work work) {
  {
    const std::lock_guard lock(mutex_);
    if (is_closed_) co_return problem_response(Problem::draining);
    ++under_way_;
  }
  auto start = [this, work = std::move(work)](auto done) {
    asio::co_spawn(
        context_, work,
        [this, done = std::move(done)](const std::exception_ptr& error, Response answer) {
          done(error ? problem_response(Problem::internal) : std::move(answer));
          const std::lock_guard lock(mutex_);
          --under_way_;
          idle_.notify_all();
        });
  };
  co_return co_await routing::await_callback<Response>(std::move(start));
}

// What is said of a gateway that could not be found or asked.
Response Relay::refuse(const Error& error) {
  switch (error.code) {
    case Errc::not_found:
      metrics_->note(RelayOutcome::no_log);
      return problem(Problem::no_log, "the domain has no log");
    case Errc::unavailable:
      metrics_->note(RelayOutcome::unavailable);
      return problem(Problem::unavailable, "the domain's gateway cannot be reached now");
    case Errc::rejected:  // the address it has
      metrics_->note(RelayOutcome::undiscovered);
      return problem(Problem::discovery_unavailable, kNowhere);
    default: break;
  }
  metrics_->note(RelayOutcome::invalid);
  return problem(Problem::upstream_invalid, "the domain's gateway answered something else");
}

asio::awaitable<Result<std::shared_ptr<Relay::Gateway>>> Relay::find_gateway(Domain domain) {
  const PeerConfiguration* const peer = find_peer(domain);
  if (peer != nullptr && peer->url) co_return take_gateway(domain, *peer->url);
  auto found = co_await discovery_->find(domain);
  if (!found) co_return tl::unexpected<Error>(std::move(found).error());
  co_return take_gateway(domain, (*found)->document.directory().url);
}

federation::HttpClientOptions Relay::http_options(const PeerConfiguration* peer) const {
  const auto finder = std::make_shared<const federation::AddressFinder>(
      *resolver_, address_rules(peer), peer != nullptr && peer->dnssec == DnssecPolicy::require);
  federation::HttpClientOptions options;
  options.connect_timeout = settings_.relay.connect_timeout;
  options.total_timeout = settings_.relay.total_timeout;
  options.find_addresses = [finder](std::string host, steady_clock::time_point deadline) {
    return finder->find(std::move(host), deadline);
  };
  if (peer != nullptr) options.authorities = peer->authorities;
  return options;
}

Result<std::shared_ptr<const federation::DiscoveredDomain>> Relay::find(
    const Domain& domain, const std::stop_token& stop) {
  using Found = std::shared_ptr<const federation::DiscoveredDomain>;
  return wait_for<Found>(context_, stop, [this, domain] { return discovery_->find(domain); });
}

Result<HttpResponse> Relay::ask(const Domain& domain, const Url& url, HttpRequest request,
                                std::size_t response_limit, const std::stop_token& stop) {
  const PeerConfiguration* const peer = find_peer(domain);
  const bool is_plain_by_will = peer != nullptr && peer->url && !peer->url->has_tls;
  if (!url.has_tls && !is_plain_by_will) return fail(Errc::rejected, "the URL has no TLS");
  federation::HttpClientOptions options = http_options(peer);
  options.response_limit = response_limit;
  return wait_for<HttpResponse>(
      context_, stop, [this, &url, &options, &request] { return ask_once(url, options, request); });
}

// The connection ends on the thread that it was made on.
asio::awaitable<Result<HttpResponse>> Relay::ask_once(Url url,
                                                      federation::HttpClientOptions options,
                                                      HttpRequest request) {
  auto http =
      federation::HttpClient::create(context_.get_executor(), std::move(url), std::move(options));
  if (!http) co_return tl::unexpected<Error>(std::move(http).error());
  auto answer = co_await (*http)->send(std::move(request));
  co_return std::move(answer);
}

// Those of a gateway that is forgotten end with the last request on it.
Result<std::shared_ptr<Relay::Gateway>> Relay::take_gateway(const Domain& domain, Url url) {
  const auto known = gateways_.find(domain);
  if (known != gateways_.end() && known->second->url == url) {
    known->second->last_use = ++uses_;
    return known->second;
  }
  const PeerConfiguration* const peer = find_peer(domain);
  federation::HttpClientOptions options = http_options(peer);
  options.connections = settings_.relay.connections;
  options.waiting = settings_.relay.waiting;
  options.response_limit = std::max(settings_.relay.response_bytes, kMaxKeysSize);
  if (peer != nullptr) {
    options.certificate = peer->certificate;
    options.private_key = peer->private_key;
  }
  auto gateway = std::make_shared<Gateway>();
  gateway->url = url;
  gateway->token = token_for(domain);
  KT_TRY(gateway->http, federation::HttpClient::create(context_.get_executor(), std::move(url),
                                                       std::move(options)));
  gateway->last_use = ++uses_;
  if (known == gateways_.end() && gateways_.size() >= kMaxGateways)
    gateways_.erase(std::min_element(
        gateways_.begin(), gateways_.end(),
        [](const auto& a, const auto& b) { return a.second->last_use < b.second->last_use; }));
  gateways_.insert_or_assign(domain, gateway);
  return gateway;
}

asio::awaitable<Response> Relay::forward_here(Domain domain, Bytes body) {
  const auto gateway = co_await find_gateway(std::move(domain));
  if (!gateway) {
    if (gateway.error().code == Errc::not_found) co_return refuse(gateway.error());
    metrics_->note(RelayOutcome::undiscovered);
    co_return problem(Problem::discovery_unavailable, kNowhere);
  }
  HttpRequest request;
  request.method = HttpMethod::post;
  request.target = kGatewayPath;
  request.content_type = kSealedRequestType;
  request.bearer_token = (*gateway)->token;
  request.body = std::move(body);
  auto answer = co_await (*gateway)->http->send(std::move(request));
  if (!answer) co_return refuse(answer.error());
  const unsigned status = answer->status;
  if (status == kUnauthorized || status == kForbidden || status == kProxyUnauthorized ||
      status == kTooMany) {
    // This is between the two gateways, and nothing that the user could do another way.
    metrics_->note(RelayOutcome::unavailable);
    Response refusal =
        problem(Problem::unavailable, "the domain's gateway takes nothing from this one now");
    if (answer->retry_after) {
      refusal.headers.clear();
      refusal.headers.emplace_back("Retry-After", std::to_string(answer->retry_after->count()));
    }
    co_return refusal;
  }
  const bool is_redirect = status >= kFirstRedirect && status < kFirstError;
  const bool is_sealed = status == kOk && answer->content_type == kSealedResponseType;
  if (is_redirect || (status < kFirstRedirect && !is_sealed) ||
      answer->body.size() > settings_.relay.response_bytes)
    co_return refuse({Errc::malformed, ""});
  metrics_->note(RelayOutcome::answered);
  co_return passed_on(*std::move(answer));
}

asio::awaitable<Response> Relay::keys_here(Domain domain) {
  const auto found = co_await find_gateway(std::move(domain));
  if (!found) {
    if (found.error().code == Errc::not_found) co_return refuse(found.error());
    metrics_->note(RelayOutcome::undiscovered);
    co_return problem(Problem::discovery_unavailable, kNowhere);
  }
  const std::shared_ptr<Gateway>& gateway = *found;
  const std::shared_ptr<Gateway::Fetch> under_way = gateway->fetch;
  if (steady_clock::now() < gateway->keys_until) co_return answer_keys(*gateway);
  if (under_way != nullptr) {
    boost::system::error_code ignored;
    co_await under_way->over.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  } else {
    co_await fetch_keys(gateway);
  }
  co_return answer_keys(*gateway);
}

asio::awaitable<void> Relay::fetch_keys(std::shared_ptr<Gateway> gateway) {
  const Gateway::Fetching fetching(*gateway, context_.get_executor());
  HttpRequest request;
  request.target = kGatewayPath;
  request.accept = kKeysType;
  request.bearer_token = gateway->token;
  if (!gateway->keys.empty()) request.if_none_match = gateway->etag;
  auto answer = co_await gateway->http->send(std::move(request));
  gateway->failure.reset();
  std::chrono::seconds age = kKeysPause;
  if (!answer) {
    gateway->failure = std::move(answer).error();
  } else if (answer->status == kNotModified && !gateway->etag.empty()) {
    age = age_of(answer->cache_control);
  } else if (answer->status == kOk && answer->content_type == kKeysType && !answer->body.empty() &&
             answer->body.size() <= kMaxKeysSize) {
    age = age_of(answer->cache_control);
    gateway->keys = std::move(answer->body);
    gateway->etag = is_plain(answer->etag) ? std::move(answer->etag) : std::string();
  } else {
    const bool is_refused = answer->status == kUnauthorized || answer->status == kForbidden ||
                            answer->status == kTooMany || answer->status >= 500;
    gateway->failure = Error{is_refused ? Errc::unavailable : Errc::malformed, ""};
  }
  gateway->keys_until = steady_clock::now() + age;
}

// The same bytes for everybody, and for as long.
Response Relay::answer_keys(const Gateway& gateway) {
  if (gateway.failure) return refuse(*gateway.failure);
  metrics_->note(RelayOutcome::answered);
  Response response;
  response.content_type = kKeysType;
  response.body = gateway.keys;
  const auto left =
      std::chrono::ceil<std::chrono::seconds>(gateway.keys_until - steady_clock::now());
  response.headers.emplace_back(
      "Cache-Control", "max-age=" + std::to_string(std::max<std::int64_t>(0, left.count())));
  return response;
}

}  // namespace kt::gateway
