#include "ohttp_api.h"

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <utility>

#include "directory_api.h"
#include "entity_tag.h"
#include "federation/binary_http.h"
#include "http_date.h"
#include "media_type.h"
#include "problem.h"

namespace kt::gateway {
namespace {

namespace asio = boost::asio;

using federation::BinaryRequest;
using federation::BinaryResponse;
using federation::OhttpEncoding;

using Refused = tl::unexpected<Response>;

constexpr std::string_view kSingle = "single";
constexpr unsigned kNotModified = 304;
// What encapsulation, framing and fields may add to a body.
constexpr std::size_t kAround = std::size_t{16} << 10U;
// By how much the clock of who asks may differ.
constexpr std::uint64_t kGreatestSkewMs = std::uint64_t{10} * 60 * 1000;

// What anonymous users may ask, by path.
constexpr std::array<std::string_view, 3> kOpenPaths{kDirectoryPath, "/kt/v1/lookup",
                                                     "/kt/v1/monitor"};
constexpr std::string_view kLogs = "/kt/v1/logs/";
constexpr std::array<std::string_view, 5> kOpenOfLogs{"search", "contact-monitor", "owner-monitor",
                                                      "distinguished", "configuration"};

template <std::size_t N>
bool is_one_of(const std::array<std::string_view, N>& all, std::string_view text) {
  return std::find(all.begin(), all.end(), text) != all.end();
}

bool is_open(std::string_view path) {
  if (is_one_of(kOpenPaths, path)) return true;
  if (!path.starts_with(kLogs)) return false;
  const std::string_view rest = path.substr(kLogs.size());
  const std::size_t slash = rest.find('/');
  return slash != std::string_view::npos && is_one_of(kOpenOfLogs, rest.substr(slash + 1));
}

// The path here of a request to `authority`, which may begin as the URLs of its domain do. Nothing
// when that is not this gateway: anything else would make it a proxy.
std::optional<std::string> own_path(const Hosting& hosting, std::string_view authority,
                                    std::string_view path) {
  if (authority.empty()) return std::string(path);
  std::optional<std::string> found;
  for (const DomainConfiguration& domain : hosting.domains()) {
    if (!domain.url || domain.url->authority() != authority) continue;
    const std::string& base = domain.url->path;
    if (!base.empty() && path.starts_with(base + "/")) return std::string(path.substr(base.size()));
    found = path;
  }
  return found;
}

Refused refuse(Problem problem, std::string_view detail = {}) {
  return Refused(problem_response(problem, detail));
}

// Credentials inside are not looked at: nobody is known there.
RequestHead head_of(const BinaryRequest& inner) {
  RequestHead head;
  head.method = inner.method == "GET" ? Method::get : Method::post;
  const std::size_t mark = std::min(inner.path.find('?'), inner.path.size());
  head.path = inner.path.substr(0, mark);
  if (mark < inner.path.size()) head.query = inner.path.substr(mark + 1);
  const auto field = [&inner](std::string_view name) {
    return std::string(federation::find_field(inner.fields, name).value_or(""));
  };
  head.content_type = lower_media_type(field("content-type"));
  head.accept = field("accept");
  head.if_none_match = field("if-none-match");
  return head;
}

std::string lower(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

Result<Bytes> encode(Response response) {
  BinaryResponse inner;
  inner.status = response.status;
  if (!response.content_type.empty())
    inner.fields.push_back({"content-type", std::move(response.content_type)});
  for (auto& [name, value] : response.headers)
    inner.fields.push_back({lower(std::move(name)), std::move(value)});
  inner.content = std::move(response.body);
  return federation::encode_binary_response(inner);
}

asio::awaitable<Response> done(Response response) { co_return response; }

// The encoding of a request with this media type.
std::optional<OhttpEncoding> encoding_of(std::string_view type) {
  if (type == federation::kOhttpRequestType) return OhttpEncoding::whole;
  if (type == federation::kOhttpChunkedRequestType) return OhttpEncoding::chunked;
  return std::nullopt;
}

std::string_view response_type(OhttpEncoding encoding) {
  return encoding == OhttpEncoding::whole ? federation::kOhttpResponseType
                                          : federation::kOhttpChunkedResponseType;
}

}  // namespace

std::size_t padded_size(std::size_t size, std::size_t least) {
  KT_ASSERT(least > 0);
  const std::size_t times = (std::max<std::size_t>(size, 1) + least - 1) / least;
  return least * std::bit_ceil(times);
}

std::vector<ApiOperation> ohttp_operations() {
  ApiOperation keys;
  keys.path = kOhttpPath;
  keys.name = "ohttp-keys";
  keys.help = "The keys that anonymous requests are sealed to";
  keys.query = {{kSingle, false, false, "The preferred key alone, without its length"}};
  keys.response_types = {std::string(federation::kOhttpKeysType)};
  keys.has_tag = true;
  keys.problems = {Problem::no_ohttp, Problem::unavailable};
  ApiOperation request;
  request.method = Method::post;
  request.path = kOhttpPath;
  request.name = "ohttp";
  request.help = "Answers an anonymous request, which is sealed and may come through a relay";
  request.request_types = {std::string(federation::kOhttpRequestType),
                           std::string(federation::kOhttpChunkedRequestType)};
  request.limit = BodyLimit::request_bytes;
  request.response_types = {std::string(federation::kOhttpResponseType),
                            std::string(federation::kOhttpChunkedResponseType)};
  request.problems = {Problem::no_ohttp, Problem::ohttp_key, Problem::unavailable};
  return {std::move(keys), std::move(request)};
}

OhttpApi::OhttpApi(const OhttpPublisher* publisher, std::size_t pad_from, Find find,
                   const log::Clock& clock)
    : publisher_(publisher), pad_from_(pad_from), find_(std::move(find)), clock_(clock) {}

tl::expected<Endpoint, Response> OhttpApi::find(std::shared_ptr<const Hosting> hosting,
                                                const RequestHead& head) const {
  if (publisher_ == nullptr) return refuse(Problem::no_ohttp);
  if (head.method == Method::get) return keys_endpoint(head);
  const auto encoding = encoding_of(head.content_type);
  if (!encoding)
    return refuse(Problem::unsupported_media_type,
                  "it has to be " + std::string(federation::kOhttpRequestType));
  if (!accepts(head.accept, response_type(*encoding))) return refuse(Problem::not_acceptable);
  Endpoint endpoint;
  endpoint.name = "ohttp";
  endpoint.content_type = head.content_type;
  endpoint.body_limit = hosting->request_limit() + kAround;
  endpoint.handle = [this, hosting = std::move(hosting), encoding = *encoding](Request request) {
    return answer(publisher_->published(), hosting, encoding, std::move(request));
  };
  return endpoint;
}

tl::expected<Endpoint, Response> OhttpApi::keys_endpoint(const RequestHead& head) const {
  if (!accepts(head.accept, federation::kOhttpKeysType)) return refuse(Problem::not_acceptable);
  auto published = publisher_->published();
  if (published->keys.empty()) return refuse(Problem::unavailable, "no key is published yet");
  const bool is_single = head.query == kSingle || head.query.starts_with("single=");
  Endpoint endpoint;
  endpoint.name = "ohttp-keys";
  endpoint.handle = [published = std::move(published), is_single](Request request) {
    const Bytes& body = is_single ? published->preferred : published->list;
    const std::string etag = entity_tag(body);
    Response response;
    response.headers = {{"ETag", etag},
                        {"Cache-Control", "max-age=" + std::to_string(published->max_age.count())}};
    if (has_tag(request.head.if_none_match, etag)) {
      response.status = kNotModified;
    } else {
      response.content_type = federation::kOhttpKeysType;
      response.body = body;
    }
    return done(std::move(response));
  };
  return endpoint;
}

asio::awaitable<Response> OhttpApi::answer(std::shared_ptr<const PublishedOhttp> published,
                                           std::shared_ptr<const Hosting> hosting,
                                           OhttpEncoding encoding, Request request) const {
  OhttpCounters& counters = publisher_->counters();
  auto opened = published->open(request.body, encoding);
  if (!opened) {
    ++counters.unopened;
    const bool is_ours = opened.error().code == Errc::unavailable;
    co_return problem_response(is_ours ? Problem::unavailable : Problem::ohttp_key);
  }
  Response inner = co_await ask(std::move(hosting), std::move(opened->request));
  auto encoded = encode(std::move(inner));
  // What is said here is that something went wrong, to whoever opened the request and nobody else.
  if (!encoded) encoded = encode(problem_response(Problem::internal));
  if (!encoded) co_return problem_response(Problem::internal);
  encoded->resize(padded_size(encoded->size(), pad_from_));
  auto sealed = opened->exchange.seal_response(*encoded);
  if (!sealed) co_return problem_response(Problem::unavailable);
  ++counters.answered;
  Response response;
  response.content_type = response_type(encoding);
  response.body = *std::move(sealed);
  co_return response;
}

asio::awaitable<Response> OhttpApi::ask(std::shared_ptr<const Hosting> hosting,
                                        Bytes message) const {
  federation::BinaryHttpLimits limits;
  limits.content = hosting->request_limit();
  auto inner = federation::decode_binary_request(message, limits);
  if (!inner) co_return problem_response(Problem::malformed, inner.error().detail);
  if (const auto date = federation::find_field(inner->fields, "date")) {
    const auto sent = parse_http_date(*date);
    if (!sent) co_return problem_response(Problem::malformed, "the field date is no date");
    const std::uint64_t now = clock_.now().value();
    const std::uint64_t skew = now > sent->value() ? now - sent->value() : sent->value() - now;
    if (skew > kGreatestSkewMs) co_return date_problem();
  }
  const bool is_method = inner->method == "GET" || inner->method == "POST";
  Request request;
  request.head = head_of(*inner);
  auto path = own_path(*hosting, inner->authority, request.head.path);
  if (!is_method || !path || !is_open(*path))
    co_return problem_response(Problem::forbidden, "this is not open to anonymous users");
  request.head.path = *std::move(path);
  auto endpoint = find_(std::move(hosting), request.head);
  if (!endpoint) co_return std::move(endpoint).error();
  if (inner->content.size() > endpoint->body_limit)
    co_return problem_response(Problem::content_too_large);
  request.body = std::move(inner->content);
  const auto handle = std::move(endpoint->handle);
  Response response = co_await handle(std::move(request));
  co_return response;
}

// RFC 9458, Section 6.5.2: the client learns what time it is here.
Response OhttpApi::date_problem() const {
  Response response = problem_response(Problem::date, "use the date of this answer");
  response.headers.emplace_back("Date", format_http_date(clock_.now()));
  return response;
}

}  // namespace kt::gateway
