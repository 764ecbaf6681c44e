#include "federation/resolver.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <map>
#include <optional>
#include <utility>

#include <ares.h>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "dns_answer.h"
#include "keytrans/random.h"

namespace kt::federation {
namespace {

namespace asio = boost::asio;
using asio::ip::udp;
using boost::system::error_code;
using Descriptor = asio::posix::stream_descriptor;
using TimePoint = Resolver::Time;

constexpr std::uint16_t kDnsPort = 53;
constexpr int kTries = 2;
// c-ares is given the time at least this often.
constexpr std::chrono::milliseconds kTick{500};
constexpr std::size_t kFlagsAt = 3;
constexpr std::uint8_t kWantsAuthentic = 0x20;  // RFC 6840, Section 5.7

struct FreeString {
  void operator()(unsigned char* text) const { ares_free_string(text); }
};

// One question to one server, with a channel of its own: what c-ares keeps of one answer, such as a
// source port or what a server cannot do, is nothing that another one depends on.
class Query : public std::enable_shared_from_this<Query> {
 public:
  Query(const asio::any_io_executor& executor, TimePoint deadline)
      : executor_(executor), done_(executor, deadline), tick_(executor) {}
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;
  ~Query() { close(); }

  Result<void> send(const ResolverOptions& options, const udp::endpoint& server,
                    const Bytes& message);
  // Not from within c-ares.
  void close();

  // Is cancelled when there is an answer.
  [[nodiscard]] asio::steady_timer& done() { return done_; }
  [[nodiscard]] bool is_done() const { return status_.has_value(); }
  // Nothing when there is none.
  [[nodiscard]] const std::optional<Bytes>& answer() const { return answer_; }

 private:
  struct Socket {
    explicit Socket(Descriptor made) : descriptor(std::move(made)) {}
    Descriptor descriptor;
    std::array<bool, 2> is_wanted{};  // to be readable, to be writable
    std::array<bool, 2> is_awaited{};
  };

  static void on_answer(void* query, int status, int timeouts, unsigned char* message, int size);
  static void on_socket(void* query, ares_socket_t number, int is_read, int is_written);
  void set_socket(ares_socket_t number, bool is_read, bool is_written);
  void await_ready(ares_socket_t number, const std::shared_ptr<Socket>& socket, bool to_write);
  void process(ares_socket_t readable, ares_socket_t writable);
  void await_tick();

  asio::any_io_executor executor_;
  ares_channel channel_ = nullptr;
  std::map<ares_socket_t, std::shared_ptr<Socket>> sockets_;
  asio::steady_timer done_;
  asio::steady_timer tick_;
  std::optional<int> status_;
  std::optional<Bytes> answer_;
};

void Query::on_answer(void* query, int status, int /*timeouts*/, unsigned char* message, int size) {
  auto& self = *static_cast<Query*>(query);
  self.status_ = status;
  if (message != nullptr && size > 0)
    self.answer_.emplace(message, message + static_cast<std::size_t>(size));
  self.done_.cancel();
}

void Query::on_socket(void* query, ares_socket_t number, int is_read, int is_written) {
  static_cast<Query*>(query)->set_socket(number, is_read != 0, is_written != 0);
}

// c-ares says this before it closes a socket. What is awaited of it ends, and means nothing then,
// also when the number is another socket's by that time.
void Query::set_socket(ares_socket_t number, bool is_read, bool is_written) {
  auto found = sockets_.find(number);
  if (!is_read && !is_written) {
    if (found == sockets_.end()) return;
    found->second->descriptor.release();
    sockets_.erase(found);
    return;
  }
  if (found == sockets_.end())
    found = sockets_.emplace(number, std::make_shared<Socket>(Descriptor(executor_, number))).first;
  const std::shared_ptr<Socket> socket = found->second;
  socket->is_wanted = {is_read, is_written};
  await_ready(number, socket, false);
  await_ready(number, socket, true);
}

void Query::await_ready(ares_socket_t number, const std::shared_ptr<Socket>& socket,
                        bool to_write) {
  const std::size_t way = to_write ? 1 : 0;
  if (!socket->is_wanted.at(way) || socket->is_awaited.at(way)) return;
  socket->is_awaited.at(way) = true;
  socket->descriptor.async_wait(
      to_write ? Descriptor::wait_write : Descriptor::wait_read,
      [self = shared_from_this(), number, socket, to_write, way](const error_code& error) {
        socket->is_awaited.at(way) = false;
        const auto is_open = [&] {
          const auto found = self->sockets_.find(number);
          return found != self->sockets_.end() && found->second == socket;
        };
        if (error || !is_open()) return;
        self->process(to_write ? ARES_SOCKET_BAD : number, to_write ? number : ARES_SOCKET_BAD);
        if (is_open()) self->await_ready(number, socket, to_write);
      });
}

void Query::process(ares_socket_t readable, ares_socket_t writable) {
  if (channel_ != nullptr && !is_done()) ares_process_fd(channel_, readable, writable);
}

void Query::await_tick() {
  tick_.expires_after(kTick);
  tick_.async_wait([weak = weak_from_this()](const error_code& error) {
    const auto self = weak.lock();
    if (error || self == nullptr || self->channel_ == nullptr || self->is_done()) return;
    self->process(ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    self->await_tick();
  });
}

Result<void> Query::send(const ResolverOptions& options, const udp::endpoint& server,
                         const Bytes& message) {
  ares_options wanted{};
  // Answers are judged here; names are asked for as they are.
  wanted.flags = ARES_FLAG_NOCHECKRESP | ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES;
  wanted.timeout = static_cast<int>(options.patience.count());
  wanted.tries = kTries;
  wanted.sock_state_cb = &Query::on_socket;
  wanted.sock_state_cb_data = this;
  constexpr int kMask =
      ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB;
  if (ares_init_options(&channel_, &wanted, kMask) != ARES_SUCCESS) {
    channel_ = nullptr;
    return fail(Errc::unavailable, "no name server can be asked");
  }
  ares_addr_port_node node{};
  node.udp_port = node.tcp_port = server.port();
  if (server.address().is_v4()) {
    node.family = AF_INET;
    const auto bytes = server.address().to_v4().to_bytes();
    std::memcpy(&node.addr.addr4, bytes.data(), bytes.size());
  } else {
    node.family = AF_INET6;
    const auto bytes = server.address().to_v6().to_bytes();
    std::memcpy(&node.addr.addr6, bytes.data(), bytes.size());
  }
  if (ares_set_servers_ports(channel_, &node) != ARES_SUCCESS)
    return fail(Errc::unavailable, "no name server can be asked");
  ares_send(channel_, message.data(), static_cast<int>(message.size()), &Query::on_answer, this);
  await_tick();
  return {};
}

void Query::close() {
  tick_.cancel();
  ares_channel const channel = std::exchange(channel_, nullptr);
  if (channel != nullptr) ares_destroy(channel);
  KT_ASSERT(sockets_.empty());
}

// The message that asks `question`.
Result<Bytes> message_of(const DnsQuestion& question) {
  unsigned char* made = nullptr;
  int size = 0;
  constexpr int kInternet = 1;
  const int status = ares_create_query(question.name.c_str(), kInternet,
                                       static_cast<int>(question.type), question.id,
                                       /*rd=*/1, &made, &size, /*max_udp_size=*/0);
  const std::unique_ptr<unsigned char, FreeString> owned(made);
  if (status != ARES_SUCCESS || size <= static_cast<int>(kFlagsAt))
    return fail(Errc::malformed, "there is no such name");
  Bytes message(made, made + static_cast<std::size_t>(size));
  message.at(kFlagsAt) |= kWantsAuthentic;
  return message;
}

// The question with an identifier, and the case of letters, that nobody can guess.
Result<DnsQuestion> question_of(std::string name, DnsType type) {
  if (!encode_dns_name(name)) return fail(Errc::malformed, "there is no such name");
  std::array<std::uint8_t, 34> random{};
  KT_TRY(keytrans::fill_random(random));
  std::size_t bit = 16;
  for (char& c : name) {
    const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (is_letter && (random.at(bit / 8) >> (bit % 8) & 1U) != 0) c = static_cast<char>(c ^ 0x20);
    ++bit;
  }
  const auto id = static_cast<std::uint16_t>(random[0] << 8U | random[1]);
  return DnsQuestion{id, std::move(name), type};
}

class AresResolver final : public Resolver {
 public:
  AresResolver(asio::any_io_executor executor, ResolverOptions options)
      : executor_(std::move(executor)), options_(std::move(options)) {}

  asio::awaitable<Result<DnsAnswer>> ask(std::string name, DnsType type, Time deadline) override;

 private:
  asio::awaitable<Result<DnsAnswer>> ask_server(udp::endpoint server, std::string name,
                                                DnsType type, Time deadline);

  asio::any_io_executor executor_;
  ResolverOptions options_;
  std::size_t under_way_ = 0;
};

asio::awaitable<Result<DnsAnswer>> AresResolver::ask_server(udp::endpoint server, std::string name,
                                                            DnsType type, Time deadline) {
  const auto question = question_of(std::move(name), type);
  if (!question) co_return tl::unexpected<Error>(question.error());
  const auto message = message_of(*question);
  if (!message) co_return tl::unexpected<Error>(message.error());
  const auto query = std::make_shared<Query>(executor_, deadline);
  const auto sent = query->send(options_, server, *message);
  // c-ares may have answered already.
  if (sent && !query->is_done()) {
    error_code ignored;
    co_await query->done().async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  query->close();
  if (!sent) co_return tl::unexpected<Error>(sent.error());
  if (!query->answer()) co_return fail(Errc::unavailable, "the name server did not answer in time");
  co_return parse_dns_answer(*query->answer(), *question);
}

asio::awaitable<Result<DnsAnswer>> AresResolver::ask(std::string name, DnsType type,
                                                     Time deadline) {
  if (!encode_dns_name(name)) co_return fail(Errc::malformed, "there is no such name");
  if (under_way_ >= options_.questions)
    co_return fail(Errc::unavailable, "too many questions to name servers are under way");
  struct Counted {
    explicit Counted(std::size_t& counted) : count(counted) { ++count; }
    Counted(const Counted&) = delete;
    Counted& operator=(const Counted&) = delete;
    ~Counted() { --count; }
    std::size_t& count;
  };
  const Counted counted(under_way_);
  Error failure{Errc::unavailable, "no name server did answer in time"};
  for (const udp::endpoint& server : options_.servers) {
    if (std::chrono::steady_clock::now() >= deadline) break;
    auto answer = co_await ask_server(server, name, type, deadline);
    if (answer) co_return std::move(answer);
    failure.detail = std::move(answer).error().detail;
  }
  co_return tl::unexpected<Error>(std::move(failure));
}

// c-ares reads where the system says it.
Result<std::vector<udp::endpoint>> system_servers() {
  ares_channel channel = nullptr;
  if (ares_init(&channel) != ARES_SUCCESS)
    return fail(Errc::unavailable, "the system's name servers cannot be found");
  ares_addr_port_node* first = nullptr;
  const int status = ares_get_servers_ports(channel, &first);
  std::vector<udp::endpoint> servers;
  for (const auto* node = first; status == ARES_SUCCESS && node != nullptr; node = node->next) {
    const auto port = static_cast<std::uint16_t>(node->udp_port == 0 ? kDnsPort : node->udp_port);
    if (node->family == AF_INET) {
      asio::ip::address_v4::bytes_type bytes;
      std::memcpy(bytes.data(), &node->addr.addr4, bytes.size());
      servers.emplace_back(asio::ip::address_v4(bytes), port);
    } else {
      asio::ip::address_v6::bytes_type bytes;
      std::memcpy(bytes.data(), &node->addr.addr6, bytes.size());
      servers.emplace_back(asio::ip::address_v6(bytes), port);
    }
  }
  if (first != nullptr) ares_free_data(first);
  ares_destroy(channel);
  if (servers.empty()) return fail(Errc::unavailable, "the system names no name server");
  return servers;
}

}  // namespace

Result<std::unique_ptr<Resolver>> Resolver::create(asio::any_io_executor executor,
                                                   ResolverOptions options) {
  static const int status = ares_library_init(ARES_LIB_INIT_ALL);
  if (status != ARES_SUCCESS) return fail(Errc::unavailable, "there is no resolver");
  if (options.servers.empty()) {
    KT_TRY(options.servers, system_servers());
  }
  return std::make_unique<AresResolver>(std::move(executor), std::move(options));
}

Result<udp::endpoint> parse_name_server(std::string_view text) {
  const auto malformed = [] {
    return fail(Errc::malformed, "a name server is an IP address, and perhaps a port");
  };
  std::string_view host = text;
  std::string_view port;
  const std::size_t colon = text.rfind(':');
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return malformed();
    host = text.substr(1, end - 1);
    const std::string_view rest = text.substr(end + 1);
    if (!rest.starts_with(':')) return malformed();
    port = rest.substr(1);
  } else if (colon != std::string_view::npos && text.find(':') == colon) {
    host = text.substr(0, colon);
    port = text.substr(colon + 1);
  }
  std::uint16_t number = kDnsPort;
  if (host.size() != text.size()) {
    const char* const end = port.data() + port.size();
    const auto [rest, code] = std::from_chars(port.data(), end, number);
    if (code != std::errc() || rest != end || number == 0) return malformed();
  }
  error_code error;
  const auto address = asio::ip::make_address(std::string(host), error);
  if (error || (address.is_v6() && address.to_v6().scope_id() != 0)) return malformed();
  return udp::endpoint(address, number);
}

}  // namespace kt::federation
