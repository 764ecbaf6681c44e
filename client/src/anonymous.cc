#include "client/anonymous.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "domains.h"
#include "federation/binary_http.h"
#include "federation/media_type.h"
#include "federation/ohttp.h"
#include "federation/ohttp_keys_entry.h"
#include "http_exchange.h"
#include "log_states.h"
#include "peer.h"

namespace kt::client {
namespace {

using federation::BinaryRequest;
using federation::BinaryResponse;
using federation::HttpRequest;
using federation::HttpResponse;
using keytrans::SearchOutcome;
using keytrans::SearchResponse;

constexpr unsigned kOk = 200;
// Requests are filled up to this, or to it doubled as often as they need, so that a label's length
// does not show.
constexpr std::size_t kLeastSize = 1024;
constexpr std::string_view kDocumentType = "application/json";

HttpResponse http_response(BinaryResponse inner) {
  HttpResponse response;
  response.status = inner.status;
  response.content_type = federation::find_field(inner.fields, "content-type").value_or("");
  response.body = std::move(inner.content);
  return response;
}

class AnonymousTransport final : public Transport {
 public:
  static Result<std::unique_ptr<AnonymousTransport>> create(Relay relay,
                                                            const federation::Domain& domain,
                                                            std::chrono::milliseconds timeout) {
    std::unique_ptr<AnonymousTransport> transport(
        new AnonymousTransport(std::move(relay), domain, timeout));
    KT_TRY(transport->fetch_keys());
    return transport;
  }

  // The key configurations as they came.
  [[nodiscard]] const Bytes& list() const { return list_; }

  Result<Bytes> post(const Origin& origin, const Question& question) override {
    // A token would say who asks.
    KT_ASSERT(question.token.empty() && question.changes_nothing);
    BinaryRequest inner = request_to(origin, "POST", question.target);
    const std::string expected = federation::media_type(question.operation + "-response");
    inner.fields = {{"content-type", federation::media_type(question.body_message())},
                    {"accept", expected}};
    inner.content = question.body;
    return ask(inner, expected);
  }

  Result<federation::DirectoryDocument> fetch(const Origin& origin,
                                              const federation::Domain& domain) override {
    BinaryRequest inner =
        request_to(origin, "GET", "/.well-known/key-transparency?domain=" + domain.text());
    inner.fields = {{"accept", std::string(kDocumentType)}};
    KT_TRY(const Bytes body, ask(inner, kDocumentType));
    return of_peer(federation::DirectoryDocument::parse(
                       {reinterpret_cast<const char*>(body.data()), body.size()}, domain),
                   "the directory document");
  }

 private:
  AnonymousTransport(Relay relay, const federation::Domain& domain,
                     std::chrono::milliseconds timeout)
      : relay_(std::move(relay)), target_("/relay/" + domain.text()), exchange_(timeout) {}

  Result<void> fetch_keys() {
    HttpRequest request;
    request.target = target_ + "/keys";
    request.accept = federation::kOhttpKeysType;
    request.bearer_token = relay_.token.text();
    KT_TRY(HttpResponse response, send(request));
    auto configs = of_peer(federation::decode_key_configs(response.body), "the gateway's keys");
    if (!configs) return tl::unexpected<Error>(std::move(configs).error());
    config_ = configs->front();
    list_ = std::move(response.body);
    return {};
  }

  // What the relay answers, which has to be of the type that is accepted.
  Result<HttpResponse> send(const HttpRequest& request) {
    KT_TRY(HttpResponse response, exchange_.send(relay_.gateway, request));
    if (response.status != kOk)
      return fail_in("the relay " + relay_.gateway.url.authority(), problem_of(response));
    if (response.content_type != request.accept)
      return fail(Errc::verification_failed, "the relay's answer is of another type");
    return response;
  }

  static BinaryRequest request_to(const Origin& origin, const char* method,
                                  const std::string& target) {
    BinaryRequest inner;
    inner.method = method;
    inner.scheme = origin.url.has_tls ? "https" : "http";
    inner.authority = origin.url.authority();
    inner.path = origin.url.path + target;
    return inner;
  }

  // The content of the answer to `inner`.
  Result<Bytes> ask(const BinaryRequest& inner, std::string_view expected) {
    KT_TRY(Bytes message, federation::encode_binary_request(inner));
    message.resize(std::max(kLeastSize, std::bit_ceil(message.size())));
    KT_TRY(auto sealed, federation::seal_ohttp_request(config_, message));
    HttpRequest request;
    request.method = federation::HttpMethod::post;
    request.target = target_;
    request.content_type = federation::kOhttpRequestType;
    request.accept = federation::kOhttpResponseType;
    request.bearer_token = relay_.token.text();
    request.body = std::move(sealed.message);
    request.changes_nothing = true;
    KT_TRY(const HttpResponse answer, send(request));
    KT_TRY(const Bytes opened, sealed.exchange.open_response(answer.body));
    KT_TRY(BinaryResponse decoded,
           of_peer(federation::decode_binary_response(opened), "the gateway"));
    HttpResponse response = http_response(std::move(decoded));
    if (response.status != kOk) return tl::unexpected<Error>(problem_of(response));
    if (response.content_type != expected)
      return fail(Errc::verification_failed, "the answer is not of the type that was asked for");
    return std::move(response.body);
  }

  Relay relay_;
  std::string target_;
  HttpExchange exchange_;
  federation::KeyConfig config_{};
  Bytes list_;
};

// Verifies that the domain's log has `list`. Everybody looks at the same one: the first that is
// active.
Result<void> check_list(const Session& session, const KnownDomain& known, ByteView list,
                        KeysAskedAs asked_as) {
  const auto& logs = known.current().logs;
  const auto log = std::find_if(logs.begin(), logs.end(), [](const auto& each) {
    return each.state == federation::LogState::active;
  });
  if (log == logs.end()) return fail(Errc::rejected, "the domain has no active log");
  const LogEndpoint endpoint = endpoint_of(known, *log);
  KT_TRY(const Label label, Label::create(federation::kOhttpKeysLabel));
  const auto ask = [&](keytrans::ClientState& state) -> Result<SearchOutcome> {
    return ask_log<SearchResponse>(session, endpoint, "search", state.search_request(label), state);
  };
  keytrans::ClientState newcomer(log->configuration, known.contact_policy);
  auto found = asked_as == KeysAskedAs::newcomer
                   ? ask(newcomer)
                   : change_state(session, log->configuration, known.contact_policy, ask);
  const auto mistrust = [&endpoint](const char* what) {
    return fail(Errc::verification_failed, endpoint.name + ": " + what);
  };
  if (!found && found.error().code == Errc::not_found)
    return mistrust("it says that it has no kt:ohttp-keys");
  KT_TRY(const SearchOutcome outcome, std::move(found));
  KT_TRY(const auto entry, of_verification(federation::OhttpKeysEntry::decode(outcome.value),
                                           endpoint.name + ": kt:ohttp-keys"));
  if (!entry.has(list))
    return mistrust("its kt:ohttp-keys does not have the keys that the gateway's relay has given");
  return {};
}

}  // namespace

Result<Relay> relay_of(const Session& session, const RelayAccess& access,
                       keytrans::SecretBytes token) {
  KT_TRY(const KnownDomain known, domain_in_force(session, access.domain));
  return Relay{{known.current().url, known.source.authorities}, std::move(token)};
}

Result<std::unique_ptr<Transport>> go_anonymous(Session& session, Relay relay,
                                                const federation::Domain& domain,
                                                std::chrono::milliseconds timeout,
                                                KeysAskedAs keys_asked_as) {
  KT_TRY(auto transport, AnonymousTransport::create(std::move(relay), domain, timeout));
  Transport* const before = std::exchange(session.transport, transport.get());
  auto checked = by_document(session, domain, [&](const KnownDomain& known) {
    return check_list(session, known, transport->list(), keys_asked_as);
  });
  if (!checked) {
    session.transport = before;
    return tl::unexpected<Error>(std::move(checked).error());
  }
  return std::unique_ptr<Transport>(std::move(transport));
}

}  // namespace kt::client
