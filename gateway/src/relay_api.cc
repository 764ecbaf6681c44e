#include "relay_api.h"

#include <algorithm>
#include <chrono>
#include <optional>

#include "access.h"
#include "media_type.h"
#include "problem.h"
#include "relay.h"

namespace kt::gateway {
namespace {

using federation::Domain;

constexpr std::string_view kKeys = "/keys";
constexpr const char* kForwardName = "relay";
constexpr const char* kKeysName = "relay-keys";

using Refused = tl::unexpected<Response>;

Refused refuse(Problem problem, std::string_view detail = {}) {
  return Refused(problem_response(problem, detail));
}

// By what limits know a user: as finely as the gateway does.
std::string user_of(const Caller& caller) {
  if (caller.principal) return "principal " + *caller.principal;
  if (!caller.identities.empty()) return "identity " + caller.identities.front();
  return caller.rate_key;
}

bool is_hosted(const Hosting& hosting, const Domain& domain) {
  const auto& domains = hosting.domains();
  return std::any_of(domains.begin(), domains.end(),
                     [&domain](const auto& each) { return *each.name == domain; });
}

}  // namespace

struct RelayApi::Call {
  std::shared_ptr<const Hosting> hosting;  // keeps the relay
  Domain domain;
  std::string user;
  bool is_for_keys;
};

class RelayApi::Turn {
 public:
  // Requires: begin() has counted it.
  Turn(UnderWay& under_way, std::string user) : under_way_(under_way), user_(std::move(user)) {}
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  ~Turn() { under_way_.end(user_); }

 private:
  UnderWay& under_way_;
  const std::string user_;
};

bool RelayApi::UnderWay::begin(const std::string& user, unsigned most) {
  const std::lock_guard lock(mutex_);
  unsigned& count = counts_[user];
  if (count >= most) return false;
  ++count;
  return true;
}

void RelayApi::UnderWay::end(const std::string& user) {
  const std::lock_guard lock(mutex_);
  const auto found = counts_.find(user);
  if (--found->second == 0) counts_.erase(found);
}

std::vector<ApiOperation> RelayApi::operations() {
  ApiOperation forward;
  forward.method = Method::post;
  forward.path = std::string(kRelayPath) + "{domain}";
  forward.name = kForwardName;
  forward.help = "Carries a sealed request to another domain's gateway (RFC 9458)";
  forward.audience = Audience::admitted;
  forward.request_types = {std::string(kSealedRequestType)};
  forward.limit = BodyLimit::request_bytes;
  forward.response_types = {std::string(kSealedResponseType)};
  forward.problems = {Problem::no_log, Problem::unavailable, Problem::discovery_unavailable,
                      Problem::upstream_invalid, Problem::draining};
  ApiOperation keys;
  keys.path = std::string(kRelayPath) + "{domain}" + std::string(kKeys);
  keys.name = kKeysName;
  keys.help = "The key configurations of another domain's gateway (RFC 9458), the same for all";
  keys.audience = Audience::admitted;
  keys.response_types = {std::string(kKeysType)};
  keys.problems = forward.problems;
  return {forward, keys};
}

tl::expected<Endpoint, Response> RelayApi::find(std::shared_ptr<const Hosting> hosting,
                                                const Caller& caller, const RequestHead& head) {
  std::string_view name = std::string_view(head.path).substr(kRelayPath.size());
  const bool is_for_keys = name.ends_with(kKeys);
  if (is_for_keys) name.remove_suffix(kKeys.size());
  if (name.empty() || name.find('/') != std::string_view::npos) return refuse(Problem::not_found);
  const Method method = is_for_keys ? Method::get : Method::post;
  if (head.method != method) return Refused(method_not_allowed(method));
  if (hosting->relay() == nullptr || !hosting->relay()->settings().relay.is_on() ||
      !caller.is_known() || (caller.principal && hosting->is_relay(*caller.principal)))
    return Refused(refusal_of(caller));
  const std::string user = user_of(caller);
  const auto now = std::chrono::steady_clock::now();
  const RelayConfiguration& relay = hosting->relay()->settings().relay;
  const Rate rate{relay.requests_per_second, relay.burst};
  if (const auto wait = limiter_.take("relay " + user, rate, now))
    return Refused(rate_limited(*wait));
  auto domain = Domain::parse(name);
  // Whoever asks there knows how its domain is written.
  if (!domain || domain->text() != name)
    return refuse(Problem::malformed, "the domain has to be in lower case and A-labels");
  if (is_hosted(*hosting, *domain))
    return refuse(Problem::forbidden,
                  "this is the domain's own gateway, which would learn both who asks and what");
  const std::string_view answer_type = is_for_keys ? kKeysType : kSealedResponseType;
  if (!accepts(head.accept, answer_type)) return refuse(Problem::not_acceptable);
  Endpoint endpoint;
  endpoint.name = is_for_keys ? kKeysName : kForwardName;
  if (!is_for_keys) {
    endpoint.content_type = kSealedRequestType;
    endpoint.body_limit = hosting->request_limit();
    if (head.content_type != kSealedRequestType)
      return refuse(Problem::unsupported_media_type,
                    "it has to be " + std::string(kSealedRequestType));
  }
  auto call =
      std::make_shared<const Call>(Call{std::move(hosting), *std::move(domain), user, is_for_keys});
  endpoint.handle = [this, call = std::move(call)](Request request) {
    return handle(call, std::move(request));
  };
  return endpoint;
}

boost::asio::awaitable<Response> RelayApi::handle(std::shared_ptr<const Call> call,
                                                  Request request) {
  Relay& relay = *call->hosting->relay();
  if (!under_way_.begin(call->user, relay.settings().relay.requests)) {
    relay.metrics()->note(RelayOutcome::busy);
    co_return rate_limited(std::chrono::seconds(1));
  }
  const Turn turn(under_way_, call->user);
  if (call->is_for_keys) {
    Response keys = co_await relay.keys(call->domain);
    co_return keys;
  }
  Response answer = co_await relay.forward(call->domain, std::move(request.body));
  co_return answer;
}

}  // namespace kt::gateway
