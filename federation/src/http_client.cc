#include "federation/http_client.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <deque>
#include <sys/socket.h>
#include <sys/un.h>
#include <utility>
#include <vector>

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>

namespace kt::federation {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;
using TimePoint = std::chrono::steady_clock::time_point;
using Endpoint = asio::generic::stream_protocol::endpoint;  // of TCP, or a unix socket
using PlainStream = beast::basic_stream<asio::generic::stream_protocol>;

using WireRequest = http::request<http::vector_body<std::uint8_t>>;
using ResponseParser = http::response_parser<http::vector_body<std::uint8_t>>;

// A connection to the origin. Without TLS only the layer below is used.
struct Connection {
  Connection(const asio::any_io_executor& executor, asio::ssl::context& context)
      : stream(executor, context) {}

  [[nodiscard]] PlainStream& plain_layer() { return stream.next_layer(); }

  // Whether nothing has come and it was not closed. What comes when nothing was asked is no answer.
  [[nodiscard]] bool is_quiet() {
    char byte = 0;
    const auto size =
        recv(plain_layer().socket().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
  }

  beast::ssl_stream<PlainStream> stream;
  beast::flat_buffer buffer;
  TimePoint used;
};

// The system's lookup of a name, which cannot be interrupted and may go on when nobody waits for it
// any more.
struct Lookup {
  Lookup(const asio::any_io_executor& executor, TimePoint deadline)
      : resolver(executor), timer(executor, deadline) {}

  tcp::resolver resolver;
  asio::steady_timer timer;
  std::optional<error_code> error;  // when it is done
  tcp::resolver::results_type found;
};

// A request in line.
struct Waiter {
  Waiter(const asio::any_io_executor& executor, TimePoint deadline) : timer(executor, deadline) {}

  asio::steady_timer timer;
  bool has_place = false;
};

// unix(7)
constexpr std::size_t kMaxSocketPathSize = sizeof(sockaddr_un::sun_path) - 1;

Error lost(const char* what, const error_code& error) {
  if (error == beast::error::timeout || error == asio::error::operation_aborted)
    return {Errc::unavailable, "the origin did not answer in time"};
  return {Errc::unavailable, std::string(what) + ": " + error.message()};
}

// What a failed exchange says of the origin: that it is gone, or that it speaks something else.
Error no_answer(const error_code& error) {
  const bool ended = error == http::error::end_of_stream || error == http::error::partial_message;
  if (error == http::error::body_limit || error == http::error::header_limit)
    return {Errc::malformed, "the answer is larger than is allowed"};
  if (error.category() == make_error_code(http::error::end_of_stream).category() && !ended)
    return {Errc::malformed, "the answer is not HTTP: " + error.message()};
  return lost("the connection was lost", error);
}

std::string media_type(beast::string_view field) {
  std::string type(field.substr(0, field.find(';')));
  while (type.ends_with(' ') || type.ends_with('\t')) type.pop_back();
  std::transform(type.begin(), type.end(), type.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return type;
}

// Delay in seconds; a date is of no use to those who do not believe the peer's clock.
std::optional<std::chrono::seconds> retry_after(beast::string_view field) {
  std::uint32_t seconds = 0;
  const auto [end, code] = std::from_chars(field.begin(), field.end(), seconds);
  if (code != std::errc() || end != field.end()) return std::nullopt;
  return std::chrono::seconds(seconds);
}

// The answer that was read.
Result<HttpResponse> take_response(ResponseParser& parser) {
  auto& message = parser.get();
  if (message.result_int() < 200)
    return fail(Errc::malformed, "the answer is not the last one to the request");
  if (message.count(http::field::content_encoding) > 0)
    return fail(Errc::malformed, "the answer has a content encoding that was not asked for");
  HttpResponse response;
  response.status = message.result_int();
  response.content_type = media_type(message[http::field::content_type]);
  response.etag = std::string(message[http::field::etag]);
  response.date = std::string(message[http::field::date]);
  response.cache_control = std::string(message[http::field::cache_control]);
  response.retry_after = retry_after(message[http::field::retry_after]);
  response.body = std::move(message.body());
  return response;
}

template <class Stream>
asio::awaitable<error_code> exchange(Stream& stream, beast::flat_buffer& buffer,
                                     const WireRequest& request, ResponseParser& parser) {
  error_code error;
  co_await http::async_write(stream, request, asio::redirect_error(asio::use_awaitable, error));
  // An origin that refuses early may close while the request is still being written.
  error_code read_error;
  co_await http::async_read(stream, buffer, parser,
                            asio::redirect_error(asio::use_awaitable, read_error));
  if (!read_error) co_return read_error;
  co_return error ? error : read_error;
}

class BeastClient final : public HttpClient {
 public:
  BeastClient(asio::any_io_executor executor, asio::ssl::context context, Url url,
              HttpClientOptions options)
      : executor_(std::move(executor)),
        context_(std::move(context)),
        url_(std::move(url)),
        options_(std::move(options)) {}

  asio::awaitable<Result<HttpResponse>> send(HttpRequest request) override;

 private:
  // One of as many as there may be connections, for as long as this object is there.
  class Place {
   public:
    explicit Place(BeastClient& client) : client_(client) {}
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place() { client_.pass_place_on(); }

   private:
    BeastClient& client_;
  };

  asio::awaitable<Result<void>> take_place(TimePoint deadline);
  void pass_place_on();
  std::unique_ptr<Connection> take_idle();
  asio::awaitable<Result<HttpResponse>> send_on_place(HttpRequest request, TimePoint deadline);
  [[nodiscard]] WireRequest wire_request(HttpRequest request) const;
  asio::awaitable<Result<std::vector<Endpoint>>> resolve(TimePoint deadline) const;
  asio::awaitable<Result<std::vector<Endpoint>>> resolve_by_system(TimePoint deadline) const;
  asio::awaitable<Result<std::vector<Endpoint>>> resolve_as_told(TimePoint deadline) const;
  asio::awaitable<Result<std::unique_ptr<Connection>>> connect(TimePoint deadline);
  asio::awaitable<error_code> exchange_on(Connection& connection, const WireRequest& request,
                                          ResponseParser& parser) const;

  asio::any_io_executor executor_;
  asio::ssl::context context_;
  Url url_;
  HttpClientOptions options_;
  std::vector<std::unique_ptr<Connection>> idle_;  // the one used last at the end
  std::size_t under_way_ = 0;
  std::deque<std::shared_ptr<Waiter>> waiting_;
};

asio::awaitable<Result<void>> BeastClient::take_place(TimePoint deadline) {
  if (under_way_ < options_.connections) {
    ++under_way_;
    co_return Result<void>();
  }
  if (waiting_.size() >= options_.waiting)
    co_return fail(Errc::unavailable, "too many requests wait for the origin");
  const auto waiter = std::make_shared<Waiter>(executor_, deadline);
  waiting_.push_back(waiter);
  error_code ignored;
  co_await waiter->timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  if (waiter->has_place) co_return Result<void>();
  std::erase(waiting_, waiter);
  co_return fail(Errc::unavailable, "the origin did not answer in time");
}

// A place that becomes free belongs to who has waited longest.
void BeastClient::pass_place_on() {
  if (waiting_.empty()) {
    --under_way_;
    return;
  }
  const auto next = std::move(waiting_.front());
  waiting_.pop_front();
  next->has_place = true;
  next->timer.cancel();
}

std::unique_ptr<Connection> BeastClient::take_idle() {
  const TimePoint oldest = std::chrono::steady_clock::now() - options_.idle_timeout;
  std::erase_if(idle_, [oldest](const auto& each) { return each->used < oldest; });
  while (!idle_.empty()) {
    std::unique_ptr<Connection> connection = std::move(idle_.back());
    idle_.pop_back();
    if (connection->is_quiet()) return connection;
  }
  return nullptr;
}

WireRequest BeastClient::wire_request(HttpRequest request) const {
  WireRequest wire(request.method == HttpMethod::get ? http::verb::get : http::verb::post,
                   url_.path + request.target, 11);
  wire.set(http::field::host, url_.authority());
  wire.set(http::field::user_agent, "ktgate");
  if (!request.accept.empty()) wire.set(http::field::accept, request.accept);
  if (!request.bearer_token.empty())
    wire.set(http::field::authorization, "Bearer " + request.bearer_token);
  if (!request.if_none_match.empty()) wire.set(http::field::if_none_match, request.if_none_match);
  if (request.method == HttpMethod::post) {
    wire.set(http::field::content_type, request.content_type);
    wire.body() = std::move(request.body);
    wire.prepare_payload();
  }
  return wire;
}

asio::awaitable<Result<std::vector<Endpoint>>> BeastClient::resolve_as_told(
    TimePoint deadline) const {
  auto found = co_await options_.find_addresses(url_.host, deadline);
  if (!found) co_return tl::unexpected<Error>(std::move(found).error());
  std::vector<Endpoint> endpoints;
  for (const auto& address : *found) endpoints.emplace_back(tcp::endpoint(address, url_.port));
  co_return std::move(endpoints);
}

asio::awaitable<Result<std::vector<Endpoint>>> BeastClient::resolve(TimePoint deadline) const {
  if (options_.socket.empty() && options_.find_addresses) return resolve_as_told(deadline);
  return resolve_by_system(deadline);
}

asio::awaitable<Result<std::vector<Endpoint>>> BeastClient::resolve_by_system(
    TimePoint deadline) const {
  std::vector<Endpoint> endpoints;
  if (!options_.socket.empty()) {
    endpoints.emplace_back(asio::local::stream_protocol::endpoint(options_.socket.string()));
    co_return std::move(endpoints);
  }
  error_code error;
  const auto literal = asio::ip::make_address(url_.host, error);
  if (!error) {
    endpoints.emplace_back(tcp::endpoint(literal, url_.port));
    co_return std::move(endpoints);
  }
  const auto lookup = std::make_shared<Lookup>(executor_, deadline);
  lookup->resolver.async_resolve(
      url_.host, std::to_string(url_.port),
      [lookup](const error_code& failed, tcp::resolver::results_type found) {
        lookup->error = failed;
        lookup->found = std::move(found);
        lookup->timer.cancel();
      });
  co_await lookup->timer.async_wait(asio::redirect_error(asio::use_awaitable, error));
  if (!lookup->error) lookup->resolver.cancel();
  if (!lookup->error || *lookup->error)
    co_return tl::unexpected<Error>(lost("the origin's name has no address",
                                         lookup->error.value_or(asio::error::operation_aborted)));
  for (const auto& address : lookup->found) endpoints.emplace_back(address.endpoint());
  co_return std::move(endpoints);
}

asio::awaitable<Result<std::unique_ptr<Connection>>> BeastClient::connect(TimePoint deadline) {
  const auto endpoints = co_await resolve(deadline);
  if (!endpoints) co_return tl::unexpected<Error>(endpoints.error());
  auto connection = std::make_unique<Connection>(executor_, context_);
  error_code error = asio::error::host_not_found;
  connection->plain_layer().expires_at(deadline);
  for (const Endpoint& endpoint : *endpoints) {
    error_code ignored;
    connection->plain_layer().socket().close(ignored);
    co_await connection->plain_layer().async_connect(
        endpoint, asio::redirect_error(asio::use_awaitable, error));
    if (!error || error == beast::error::timeout) break;
  }
  if (error) co_return tl::unexpected<Error>(lost("the origin cannot be reached", error));
  connection->plain_layer().socket().set_option(tcp::no_delay(true), error);
  if (!url_.has_tls) co_return std::move(connection);

  asio::ip::make_address(url_.host, error);
  const bool is_name = error.failed();
  SSL* const handle = connection->stream.native_handle();
  if (is_name && SSL_set_tlsext_host_name(handle, url_.host.c_str()) != 1)
    co_return fail(Errc::unavailable, "the origin's name cannot be sent");
  connection->stream.set_verify_callback(asio::ssl::host_name_verification(url_.host), error);
  if (error) co_return tl::unexpected<Error>(lost("TLS cannot be set up", error));
  co_await connection->stream.async_handshake(asio::ssl::stream_base::client,
                                              asio::redirect_error(asio::use_awaitable, error));
  if (error) co_return tl::unexpected<Error>(lost("the origin has no TLS to be trusted", error));
  co_return std::move(connection);
}

asio::awaitable<error_code> BeastClient::exchange_on(Connection& connection,
                                                     const WireRequest& request,
                                                     ResponseParser& parser) const {
  if (url_.has_tls) return exchange(connection.stream, connection.buffer, request, parser);
  return exchange(connection.plain_layer(), connection.buffer, request, parser);
}

asio::awaitable<Result<HttpResponse>> BeastClient::send(HttpRequest request) {
  TimePoint deadline = std::chrono::steady_clock::now() + options_.total_timeout;
  if (request.deadline) deadline = std::min(deadline, *request.deadline);
  const auto placed = co_await take_place(deadline);
  if (!placed) co_return tl::unexpected<Error>(placed.error());
  const Place place(*this);
  co_return co_await send_on_place(std::move(request), deadline);
}

asio::awaitable<Result<HttpResponse>> BeastClient::send_on_place(HttpRequest request,
                                                                 TimePoint deadline) {
  const TimePoint connect_deadline =
      std::min(deadline, std::chrono::steady_clock::now() + options_.connect_timeout);
  const bool may_repeat = request.method == HttpMethod::get || request.changes_nothing;
  const WireRequest wire = wire_request(std::move(request));

  while (true) {
    std::unique_ptr<Connection> connection = take_idle();
    const bool is_reused = connection != nullptr;
    if (!is_reused) {
      auto connected = co_await connect(connect_deadline);
      if (!connected) co_return tl::unexpected<Error>(std::move(connected).error());
      connection = *std::move(connected);
    }
    ResponseParser parser;
    parser.header_limit(static_cast<std::uint32_t>(options_.header_limit));
    parser.body_limit(options_.response_limit);
    connection->plain_layer().expires_at(deadline);
    const error_code error = co_await exchange_on(*connection, wire, parser);
    if (error) {
      const bool has_timed_out = std::chrono::steady_clock::now() >= deadline;
      if (is_reused && may_repeat && !parser.got_some() && !has_timed_out) continue;
      co_return tl::unexpected<Error>(no_answer(error));
    }
    connection->plain_layer().expires_never();
    if (parser.get().keep_alive() && connection->buffer.size() == 0) {
      connection->used = std::chrono::steady_clock::now();
      idle_.push_back(std::move(connection));
    }
    co_return take_response(parser);
  }
}

}  // namespace

Result<std::unique_ptr<HttpClient>> HttpClient::create(asio::any_io_executor executor, Url url,
                                                       HttpClientOptions options) {
  KT_ASSERT(options.connections > 0);
  if (options.socket.native().size() > kMaxSocketPathSize)
    return fail(Errc::malformed, "the path of the socket is too long");
  asio::ssl::context context(asio::ssl::context::tls_client);
  error_code error;
  context.set_options(asio::ssl::context::default_workarounds | asio::ssl::context::no_tlsv1 |
                          asio::ssl::context::no_tlsv1_1,
                      error);
  if (!error) context.set_verify_mode(asio::ssl::verify_peer, error);
  if (!error && url.has_tls && options.authorities.empty()) context.set_default_verify_paths(error);
  if (!error && url.has_tls && !options.authorities.empty())
    context.load_verify_file(options.authorities.string(), error);
  if (error)
    return fail(Errc::unavailable,
                "the certificate authorities cannot be read: " + error.message());
  if (!options.certificate.empty()) {
    context.use_certificate_chain_file(options.certificate.string(), error);
    if (!error)
      context.use_private_key_file(options.private_key.string(), asio::ssl::context::pem, error);
    if (error || SSL_CTX_check_private_key(context.native_handle()) != 1)
      return fail(Errc::unavailable, "the client's certificate and its key cannot be used");
  }
  return std::make_unique<BeastClient>(std::move(executor), std::move(context), std::move(url),
                                       std::move(options));
}

}  // namespace kt::federation
