#include "http_server.h"

#include <atomic>
#include <cstring>
#include <thread>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>

#include "client_identity.h"
#include "current.h"
#include "local_socket.h"
#include "media_type.h"
#include "problem.h"
#include "raw_header.h"
#include "sessions.h"

namespace kt::gateway {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using SteadyTime = std::chrono::steady_clock::time_point;
using StreamProtocol = asio::generic::stream_protocol;  // TCP, or a unix socket
using boost::system::error_code;
using std::chrono::milliseconds;

using PlainStream = beast::basic_stream<StreamProtocol>;
using TlsStream = beast::ssl_stream<PlainStream>;
using RequestParser = http::request_parser<http::vector_body<std::uint8_t>>;
using WireResponse = http::response<http::vector_body<std::uint8_t>>;

// How much of what a refused request still sends is read, so that its sender reads the refusal
// before it learns that the connection is closed.
constexpr std::size_t kLingerBytes = std::size_t{256} << 10;
constexpr milliseconds kLingerTime{2'000};
// How long to wait when the system has no descriptor left for a connection.
constexpr milliseconds kAcceptPause{100};
constexpr std::size_t kReadSize = 4096;
constexpr unsigned kHttp11 = 11;
// The name in metrics of what reached no endpoint.
constexpr std::string_view kNoEndpoint = "none";
constexpr std::string_view kEndOfHeader = "\r\n\r\n";
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

PlainStream& plain_layer(PlainStream& stream) { return stream; }
PlainStream& plain_layer(TlsStream& stream) { return stream.next_layer(); }

std::optional<std::string> bearer_token(beast::string_view field) {
  constexpr beast::string_view kScheme = "Bearer ";
  if (field.size() <= kScheme.size() || !beast::iequals(field.substr(0, kScheme.size()), kScheme))
    return std::nullopt;
  return std::string(field.substr(kScheme.size()));
}

// The time that a body of `size` bytes may take.
milliseconds body_time(const LimitsConfiguration& limits, std::size_t size) {
  const milliseconds at_floor(size * 1000 / limits.body_floor);
  return std::max(limits.body_timeout, at_floor);
}

// Where a request could not be read: what to answer, after which the connection is closed.
using Refused = tl::unexpected<Response>;

Refused refuse(Problem problem, std::string_view detail = {}) {
  return Refused(problem_response(problem, detail));
}

// The value of the last field of this name; empty when there is none.
std::string_view last_field(const RequestParser::value_type& message, const std::string& name) {
  std::string_view value;
  const auto [begin, end] = message.equal_range(name);
  for (auto each = begin; each != end; ++each) {
    value = {each->value().data(), each->value().size()};
  }
  return value;
}

tl::expected<RequestHead, Response> read_head(const RequestParser& parser,
                                              const ListenConfiguration& listen,
                                              const Client& client) {
  const auto& message = parser.get();
  if (message.version() != 11 && message.version() != 10)
    return refuse(Problem::version_not_supported);
  if (message.version() == 11 && message.count(http::field::host) != 1)
    return refuse(Problem::malformed, "the field Host is missing");
  if (message.count(http::field::transfer_encoding) > 0)
    return refuse(Problem::length_required, "send the body as it is, with a Content-Length");
  RequestHead head;
  switch (message.method()) {
    case http::verb::get: head.method = Method::get; break;
    case http::verb::post: head.method = Method::post; break;
    default: return refuse(Problem::method_not_allowed, "the methods are GET and POST");
  }
  const auto length = parser.content_length();
  if (head.method == Method::get && length.value_or(0) > 0)
    return refuse(Problem::malformed, "a GET has no body");
  if (head.method == Method::post && !length) return refuse(Problem::length_required);
  const beast::string_view target = message.target();
  if (target.empty() || target.front() != '/')
    return refuse(Problem::malformed, "the request target does not begin with a slash");
  const std::size_t mark = target.find('?');
  head.path = std::string(target.substr(0, mark));
  if (mark != beast::string_view::npos) head.query = std::string(target.substr(mark + 1));
  const beast::string_view content_type = message[http::field::content_type];
  head.content_type = lower_media_type({content_type.data(), content_type.size()});
  head.accept = std::string(message[http::field::accept]);
  head.if_none_match = std::string(message[http::field::if_none_match]);
  head.bearer_token = bearer_token(message[http::field::authorization]);
  head.client = client;
  if (listen.client_address_field) {
    if (auto network = forwarded_network(last_field(message, *listen.client_address_field)))
      head.client.network = *std::move(network);
  }
  return head;
}

WireResponse wire_response(Response response, unsigned version, bool keep_alive) {
  WireResponse wire;
  wire.version(version);
  wire.result(response.status);
  for (const auto& [name, value] : response.headers) wire.set(name, value);
  if (!response.content_type.empty()) wire.set(http::field::content_type, response.content_type);
  if (wire.count(http::field::cache_control) == 0) wire.set(http::field::cache_control, "no-store");
  wire.set("X-Content-Type-Options", "nosniff");
  wire.body() = std::move(response.body);
  wire.keep_alive(keep_alive);
  wire.prepare_payload();
  return wire;
}

// A request but for its body, and what answers it.
struct Received {
  RequestHead head;
  Endpoint endpoint;
};

// The answer to a request that nobody will read to its end, so the last of its connection.
struct Refusal {
  Response response;
  std::string_view endpoint = kNoEndpoint;
};

// What a connection begins with, and keeps.
struct Settings {
  ListenConfiguration listen;  // but for its address, which the server keeps
  LimitsConfiguration limits;
  std::shared_ptr<asio::ssl::context> tls;  // null without TLS
};

// What the connections share.
struct Shared {
  Current<Settings> settings;
  FindEndpoint find;
  ObserveAnswer observe;
  std::atomic<bool> is_draining = false;
  HttpMetrics metrics{};

  void note(const Answered& answered) {
    metrics.answered(answered.endpoint, answered.status, answered.time);
    if (observe) observe(answered);
  }
};

template <class Stream>
class StreamSession final : public Session,
                            public std::enable_shared_from_this<StreamSession<Stream>> {
 public:
  template <class... Args>
  StreamSession(Shared& shared, Sessions& sessions, std::shared_ptr<const Settings> settings,
                Client client, Args&&... stream)
      : Session(client.network),
        shared_(shared),
        settings_(std::move(settings)),
        limits_(settings_->limits),
        client_(std::move(client)),
        sessions_(sessions),
        stream_(std::forward<Args>(stream)...) {
    sessions_.add(this);
    shared_.metrics.connection_began();
  }
  ~StreamSession() override {
    shared_.metrics.connection_ended();
    sessions_.remove(this);
  }

  [[nodiscard]] auto executor() { return stream_.get_executor(); }

  void close_if_idle() override {
    // A session that is going already has nothing to be told.
    if (auto self = this->weak_from_this().lock())
      asio::post(executor(), [self = std::move(self)] {
        if (!self->is_idle_) return;
        self->is_closed_ = true;
        self->close();
      });
  }

  // The connection from its first byte to its last. `self` keeps it.
  static asio::awaitable<void> run(std::shared_ptr<StreamSession> self) {
    if constexpr (std::is_same_v<Stream, TlsStream>) {
      error_code error;
      self->expires_after(self->limits_.header_timeout);
      co_await self->stream_.async_handshake(asio::ssl::stream_base::server,
                                             asio::redirect_error(asio::use_awaitable, error));
      self->note_timeout(error, Limit::header_timeout);
      if (error) co_return;
      add_certificate(self->stream_.native_handle(), self->client_);
    }
    bool goes_on = true;
    bool is_first = true;
    while (goes_on) {
      goes_on = co_await self->serve_one(is_first);
      is_first = false;
    }
    co_await self->finish();
  }

 private:
  void expires_after(milliseconds time) { plain_layer(stream_).expires_after(time); }
  void close() { plain_layer(stream_).close(); }
  void note_timeout(const error_code& error, Limit limit) {
    if (error == beast::error::timeout) shared_.metrics.refused(limit);
  }

  [[nodiscard]] std::string_view buffered() const {
    const auto data = buffer_.cdata();
    return {static_cast<const char*>(data.data()), data.size()};
  }
  // At most `most` bytes more into the buffer, and how many. `error` outlives this.
  asio::awaitable<std::size_t> read_some(std::size_t most, error_code& error);
  asio::awaitable<error_code> wait_for_request(bool is_first);
  asio::awaitable<error_code> read_raw_header();
  tl::expected<RequestHead, Response> parse_header(RequestParser& parser);
  asio::awaitable<std::optional<Response>> read_body(RequestParser& parser, std::size_t limit);
  asio::awaitable<tl::expected<Received, Refusal>> receive(RequestParser& parser);
  // Whether another request may follow, as with the one below.
  asio::awaitable<bool> serve_one(bool is_first);
  asio::awaitable<bool> answer(Response response, unsigned version, bool keep_alive);
  asio::awaitable<void> refuse_last(Refusal refusal);
  asio::awaitable<void> finish();

  Shared& shared_;
  const std::shared_ptr<const Settings> settings_;
  const LimitsConfiguration& limits_;
  Client client_;
  Sessions& sessions_;
  Stream stream_;
  beast::flat_buffer buffer_;
  std::size_t header_size_ = 0;
  bool is_idle_ = true;      // no byte of the next request has come
  bool is_closed_ = false;   // while it was idle
  bool has_unread_ = false;  // the sender may still be sending what nobody will read
};

template <class Stream>
asio::awaitable<std::size_t> StreamSession<Stream>::read_some(std::size_t most, error_code& error) {
  const auto space = buffer_.prepare(std::min(most, kReadSize));
  const std::size_t size =
      co_await stream_.async_read_some(space, asio::redirect_error(asio::use_awaitable, error));
  buffer_.commit(size);
  co_return size;
}

// Waits for the first byte of a request.
template <class Stream>
asio::awaitable<error_code> StreamSession<Stream>::wait_for_request(bool is_first) {
  error_code error;
  if (buffer_.size() > 0) co_return error;
  if (shared_.is_draining && !is_first) co_return asio::error::operation_aborted;
  is_idle_ = true;
  expires_after(is_first ? limits_.header_timeout : limits_.idle_timeout);
  co_await read_some(limits_.header_bytes, error);
  is_idle_ = false;
  // What was read just before it was closed cannot be answered, and so is not done.
  if (is_closed_) co_return asio::error::operation_aborted;
  if (is_first) note_timeout(error, Limit::header_timeout);
  co_return error;
}

// Reads to the end of a header, and no further than the limit says.
template <class Stream>
asio::awaitable<error_code> StreamSession<Stream>::read_raw_header() {
  error_code error;
  expires_after(limits_.header_timeout);
  while (true) {
    const std::string_view seen = buffered();
    const std::size_t end = seen.find(kEndOfHeader);
    if (end != std::string_view::npos && end + kEndOfHeader.size() <= limits_.header_bytes) {
      header_size_ = end + kEndOfHeader.size();
      co_return error;
    }
    if (seen.size() >= limits_.header_bytes) {
      shared_.metrics.refused(Limit::header_bytes);
      co_return http::error::header_limit;
    }
    co_await read_some(limits_.header_bytes - seen.size(), error);
    note_timeout(error, Limit::header_timeout);
    if (error) co_return error;
  }
}

template <class Stream>
tl::expected<RequestHead, Response> StreamSession<Stream>::parse_header(RequestParser& parser) {
  const std::string_view header = buffered().substr(0, header_size_);
  if (const auto fault = find_fault(header)) return refuse(Problem::malformed, *fault);
  parser.header_limit(static_cast<std::uint32_t>(limits_.header_bytes));
  parser.body_limit(std::max(limits_.request_bytes, limits_.update_bytes));
  error_code error;
  const std::size_t size = parser.put(asio::buffer(header.data(), header.size()), error);
  if (error == http::error::body_limit) {
    shared_.metrics.refused(Limit::body_bytes);
    return refuse(Problem::content_too_large);
  }
  if (error || !parser.is_header_done()) return refuse(Problem::malformed, "it is not HTTP");
  buffer_.consume(size);
  return read_head(parser, settings_->listen, client_);
}

// The body, into the parser. Result: what to answer if there is none to be had.
template <class Stream>
asio::awaitable<std::optional<Response>> StreamSession<Stream>::read_body(RequestParser& parser,
                                                                          std::size_t limit) {
  error_code error;
  const std::size_t size = static_cast<std::size_t>(parser.content_length().value_or(0));
  if (size > limit) {
    shared_.metrics.refused(Limit::body_bytes);
    co_return problem_response(Problem::content_too_large);
  }
  expires_after(body_time(limits_, size));
  if (beast::iequals(parser.get()[http::field::expect], "100-continue") && buffer_.size() == 0) {
    co_await asio::async_write(stream_, asio::buffer(kContinue.data(), kContinue.size()),
                               asio::redirect_error(asio::use_awaitable, error));
  }
  if (!error && !parser.is_done())
    co_await http::async_read(stream_, buffer_, parser,
                              asio::redirect_error(asio::use_awaitable, error));
  note_timeout(error, Limit::body_timeout);
  if (error) co_return problem_response(Problem::malformed, "the body ends too early");
  co_return std::nullopt;
}

template <class Stream>
asio::awaitable<bool> StreamSession<Stream>::answer(Response response, unsigned version,
                                                    bool keep_alive) {
  error_code error;
  expires_after(limits_.write_timeout);
  const WireResponse wire = wire_response(std::move(response), version, keep_alive);
  co_await http::async_write(stream_, wire, asio::redirect_error(asio::use_awaitable, error));
  note_timeout(error, Limit::write_timeout);
  co_return keep_alive && !error;
}

// A request, up to the end of its body, which stays in `parser`; or the answer that ends the
// connection.
template <class Stream>
asio::awaitable<tl::expected<Received, Refusal>> StreamSession<Stream>::receive(
    RequestParser& parser) {
  auto head = parse_header(parser);
  if (!head) co_return tl::unexpected<Refusal>({std::move(head).error()});
  auto endpoint = shared_.find(*head);
  if (!endpoint) co_return tl::unexpected<Refusal>({std::move(endpoint).error()});
  std::optional<Response> refused = co_await read_body(parser, endpoint->body_limit);
  if (refused) co_return tl::unexpected<Refusal>({*std::move(refused), endpoint->name});
  co_return Received{*std::move(head), *std::move(endpoint)};
}

template <class Stream>
asio::awaitable<bool> StreamSession<Stream>::serve_one(bool is_first) {
  error_code error = co_await wait_for_request(is_first);
  if (error) co_return false;
  error = co_await read_raw_header();
  if (error && error != http::error::header_limit) co_return false;
  if (error) {
    Refusal refusal{problem_response(Problem::header_too_large)};
    co_await refuse_last(std::move(refusal));
    co_return false;
  }
  RequestParser parser;
  tl::expected<Received, Refusal> received = co_await receive(parser);
  if (!received) {
    co_await refuse_last(std::move(received).error());
    co_return false;
  }

  const unsigned version = parser.get().version();
  const bool keep_alive = parser.get().keep_alive();
  const Endpoint endpoint = std::move(received->endpoint);
  Request request;
  request.head = std::move(received->head);
  request.body = std::move(parser.get().body());
  plain_layer(stream_).expires_never();
  const SteadyTime begin = std::chrono::steady_clock::now();
  Response response = co_await endpoint.handle(std::move(request));
  const auto time = std::chrono::steady_clock::now() - begin;
  shared_.note({endpoint.name, response.status, time, response.body.size()});
  const bool may_go_on = keep_alive && !shared_.is_draining;
  const bool goes_on = co_await answer(std::move(response), version, may_go_on);
  co_return goes_on;
}

template <class Stream>
asio::awaitable<void> StreamSession<Stream>::refuse_last(Refusal refusal) {
  has_unread_ = true;
  shared_.note(
      {refusal.endpoint, refusal.response.status, std::nullopt, refusal.response.body.size()});
  co_await answer(std::move(refusal.response), kHttp11, false);
}

// Says that nothing follows, and lets the other side read what was said.
template <class Stream>
asio::awaitable<void> StreamSession<Stream>::finish() {
  error_code error;
  expires_after(kLingerTime);
  if constexpr (std::is_same_v<Stream, TlsStream>) {
    co_await stream_.async_shutdown(asio::redirect_error(asio::use_awaitable, error));
  } else {
    stream_.socket().shutdown(asio::socket_base::shutdown_send, error);
    std::size_t unread = 0;
    while (has_unread_ && !error && unread < kLingerBytes) {
      buffer_.clear();
      unread += co_await read_some(kReadSize, error);
    }
  }
  close();
}

// --- The server ------------------------------------------------------------------------------

// Asks clients for a certificate, which need not show one; one that is shown has to verify.
Result<void> set_client_authorities(asio::ssl::context& context,
                                    const std::filesystem::path& authorities) {
  if (authorities.empty()) return {};
  error_code error;
  context.load_verify_file(authorities.string(), error);
  auto* const names = error ? nullptr : SSL_load_client_CA_file(authorities.c_str());
  if (names == nullptr)
    return fail(Errc::unavailable, "the authorities of clients' certificates cannot be used");
  SSL_CTX_set_client_CA_list(context.native_handle(), names);  // takes it
  // Without it a session of a client with a certificate could not be resumed.
  constexpr std::string_view kContext = "ktgate";
  SSL_CTX_set_session_id_context(context.native_handle(),
                                 reinterpret_cast<const unsigned char*>(kContext.data()),
                                 static_cast<unsigned>(kContext.size()));
  context.set_verify_mode(asio::ssl::verify_peer, error);
  if (error) return fail(Errc::unavailable, "clients' certificates cannot be asked for");
  return {};
}

// TLS 1.2 and 1.3 with the certificate and the key that `listen` names; null if it names none.
Result<std::shared_ptr<asio::ssl::context>> tls_context(const ListenConfiguration& listen) {
  if (listen.certificate.empty()) return std::shared_ptr<asio::ssl::context>();
  asio::ssl::context context(asio::ssl::context::tls_server);
  error_code error;
  context.set_options(asio::ssl::context::default_workarounds | asio::ssl::context::no_tlsv1 |
                          asio::ssl::context::no_tlsv1_1,
                      error);
  if (!error) context.use_certificate_chain_file(listen.certificate.string(), error);
  if (error) return fail(Errc::unavailable, "the certificate cannot be used: " + error.message());
  context.use_private_key_file(listen.private_key.string(), asio::ssl::context::pem, error);
  if (error || SSL_CTX_check_private_key(context.native_handle()) != 1)
    return fail(Errc::unavailable, "the private key cannot be used, or is not the certificate's");
  KT_TRY(set_client_authorities(context, listen.client_authorities));
  return std::make_shared<asio::ssl::context>(std::move(context));
}

Result<std::shared_ptr<const Settings>> settings_of(const ListenConfiguration& listen,
                                                    const LimitsConfiguration& limits) {
  KT_TRY(auto tls, tls_context(listen));
  return std::make_shared<const Settings>(Settings{listen, limits, std::move(tls)});
}

// Requires: `any` is one of IPv4 or IPv6.
asio::ip::tcp::endpoint internet_endpoint(const StreamProtocol::endpoint& any) {
  asio::ip::tcp::endpoint endpoint;
  KT_ASSERT(any.size() <= endpoint.capacity());
  std::memcpy(endpoint.data(), any.data(), any.size());
  return endpoint;
}

// Client::network of who is at the other end.
std::string network_of_peer(const StreamProtocol::socket& socket) {
  error_code error;
  const auto peer = socket.remote_endpoint(error);
  if (error || peer.protocol().family() == AF_UNIX) return {};
  return network_of(internet_endpoint(peer).address());
}

class BeastServer final : public HttpServer {
 public:
  BeastServer(std::shared_ptr<const Settings> settings, FindEndpoint find, ObserveAnswer observe)
      : shared_{Current<Settings>(std::move(settings)), std::move(find), std::move(observe)},
        acceptor_(context_) {}
  BeastServer(const BeastServer&) = delete;
  BeastServer& operator=(const BeastServer&) = delete;
  ~BeastServer() override { stop(); }

  Result<void> listen(const ListenConfiguration& where);
  Result<void> listen(const AdminConfiguration& where);
  void run();

  Result<void> reload(const ListenConfiguration& listen,
                      const LimitsConfiguration& limits) override {
    KT_TRY(auto settings, settings_of(listen, limits));
    shared_.settings.replace(std::move(settings));
    return {};
  }
  [[nodiscard]] std::uint16_t port() const override { return port_; }
  void drain() override;
  [[nodiscard]] bool is_draining() const override { return shared_.is_draining; }
  [[nodiscard]] const HttpMetrics& metrics() const override { return shared_.metrics; }

 private:
  asio::awaitable<void> accept();
  [[nodiscard]] std::optional<Limit> limit_met(const Settings& settings,
                                               const std::string& network) const;
  template <class Stream, class... Args>
  void begin(std::shared_ptr<const Settings> settings, Client client, Args&&... stream);
  void stop();

  Shared shared_;
  Sessions sessions_;
  asio::io_context context_;
  asio::basic_socket_acceptor<StreamProtocol> acceptor_;
  std::uint16_t port_ = 0;
  std::vector<std::thread> threads_;
};

Result<void> BeastServer::listen(const ListenConfiguration& where) {
  error_code error;
  const auto address = asio::ip::make_address(where.host, error);
  if (error) return fail(Errc::unavailable, "the address to listen at is none");
  const StreamProtocol::endpoint endpoint(asio::ip::tcp::endpoint(address, where.port));
  acceptor_.open(endpoint.protocol(), error);
  if (!error) acceptor_.set_option(asio::socket_base::reuse_address(true), error);
  if (!error) acceptor_.bind(endpoint, error);
  if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
  if (!error) {
    const auto bound = acceptor_.local_endpoint(error);
    port_ = internet_endpoint(bound).port();
  }
  if (error)
    return fail(Errc::unavailable, "the address cannot be listened at: " + error.message());
  return {};
}

// Nobody can connect before listen() is called, and by then access is as it has to be.
Result<void> BeastServer::listen(const AdminConfiguration& where) {
  KT_TRY(remove_stale_socket(where.socket));
  const StreamProtocol::endpoint endpoint(
      asio::local::stream_protocol::endpoint(where.socket.string()));
  error_code error;
  acceptor_.open(endpoint.protocol(), error);
  if (!error) acceptor_.bind(endpoint, error);
  if (!error) {
    KT_TRY(set_socket_access(where.socket, where.group));
    acceptor_.listen(asio::socket_base::max_listen_connections, error);
  }
  if (error) return fail(Errc::unavailable, "it cannot be listened at: " + error.message());
  return {};
}

void BeastServer::run() {
  asio::co_spawn(context_, accept(), asio::detached);
  const unsigned wanted = shared_.settings.snapshot()->limits.threads;
  const unsigned count = wanted != 0 ? wanted : std::thread::hardware_concurrency();
  for (unsigned i = 0; i < std::max(1U, count); ++i)
    threads_.emplace_back([this] { context_.run(); });
}

template <class Stream, class... Args>
void BeastServer::begin(std::shared_ptr<const Settings> settings, Client client, Args&&... stream) {
  const auto session = std::make_shared<StreamSession<Stream>>(
      shared_, sessions_, std::move(settings), std::move(client), std::forward<Args>(stream)...);
  // What went wrong inside ends this connection, and no other.
  asio::co_spawn(session->executor(), StreamSession<Stream>::run(session),
                 [](const std::exception_ptr& /*error*/) {});
}

// The one that one more connection from `network` would go beyond.
std::optional<Limit> BeastServer::limit_met(const Settings& settings,
                                            const std::string& network) const {
  const LimitsConfiguration& limits = settings.limits;
  if (sessions_.count() >= limits.connections) return Limit::connections;
  // All of a proxy's clients come from where it is.
  const bool is_of_clients = !network.empty() && !settings.listen.client_address_field;
  if (is_of_clients && sessions_.count_of(network) >= limits.network_connections)
    return Limit::network_connections;
  return std::nullopt;
}

asio::awaitable<void> BeastServer::accept() {
  asio::steady_timer pause(context_);
  while (acceptor_.is_open()) {
    error_code error;
    StreamProtocol::socket socket = co_await acceptor_.async_accept(
        asio::make_strand(context_), asio::redirect_error(asio::use_awaitable, error));
    if (error == asio::error::operation_aborted) co_return;
    if (error) {
      if (error == asio::error::no_descriptors) shared_.metrics.refused(Limit::descriptors);
      pause.expires_after(kAcceptPause);
      co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, error));
      continue;
    }
    auto settings = shared_.settings.snapshot();
    Client client;
    client.network = network_of_peer(socket);
    if (const auto limit = limit_met(*settings, client.network)) {
      shared_.metrics.refused(*limit);
      continue;  // closes it
    }
    socket.set_option(asio::ip::tcp::no_delay(true), error);  // a unix socket has none
    if (settings->tls != nullptr) {
      asio::ssl::context& tls = *settings->tls;
      begin<TlsStream>(std::move(settings), std::move(client), std::move(socket), tls);
    } else {
      begin<PlainStream>(std::move(settings), std::move(client), std::move(socket));
    }
  }
}

void BeastServer::drain() {
  shared_.is_draining = true;
  asio::post(context_, [this] {
    error_code error;
    acceptor_.close(error);
  });
  sessions_.for_each([](Session& session) { session.close_if_idle(); });
  sessions_.wait_for_none(shared_.settings.snapshot()->limits.drain_timeout);
  stop();
}

void BeastServer::stop() {
  context_.stop();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

}  // namespace

Result<std::unique_ptr<HttpServer>> HttpServer::start(const ListenConfiguration& listen,
                                                      const LimitsConfiguration& limits,
                                                      FindEndpoint find, ObserveAnswer observe) {
  KT_TRY(auto settings, settings_of(listen, limits));
  auto server =
      std::make_unique<BeastServer>(std::move(settings), std::move(find), std::move(observe));
  KT_TRY(server->listen(listen));
  server->run();
  return std::unique_ptr<HttpServer>(std::move(server));
}

Result<std::unique_ptr<HttpServer>> HttpServer::start(const AdminConfiguration& admin,
                                                      const LimitsConfiguration& limits,
                                                      FindEndpoint find) {
  KT_TRY(auto settings, settings_of({}, limits));
  auto server =
      std::make_unique<BeastServer>(std::move(settings), std::move(find), ObserveAnswer());
  auto listens = server->listen(admin);
  if (!listens) return fail_in(admin.socket.string(), std::move(listens).error());
  server->run();
  return std::unique_ptr<HttpServer>(std::move(server));
}

}  // namespace kt::gateway
