#include "man_in_the_middle.h"

#include <algorithm>
#include <cctype>
#include <optional>

namespace kt::client {
namespace {

constexpr std::string_view kEndOfHead = "\r\n\r\n";

std::size_t content_length(std::string head) {
  std::transform(head.begin(), head.end(), head.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const std::size_t field = head.find("content-length:");
  return field == std::string::npos ? 0 : std::stoul(head.substr(field + 15));
}

// One HTTP message.
std::string read_message(const LoopbackConnection& connection) {
  std::string message = connection.read_until(kEndOfHead);
  const std::size_t head = message.find(kEndOfHead);
  if (head == std::string::npos) return "";
  const std::size_t size = head + kEndOfHead.size() + content_length(message.substr(0, head));
  while (message.size() < size) {
    const std::string more = connection.read_some();
    if (more.empty()) break;
    message += more;
  }
  return message;
}

}  // namespace

std::size_t body_of(const std::string& message) {
  return message.find(kEndOfHead) + kEndOfHead.size();
}

ManInTheMiddle::ManInTheMiddle() : thread_([this] { serve(); }) {}

ManInTheMiddle::~ManInTheMiddle() {
  ends_ = true;
  const auto last = LoopbackConnection::to(listener_.port());
  thread_.join();
}

void ManInTheMiddle::ask(std::uint16_t port) {
  const std::scoped_lock lock(mutex_);
  port_ = port;
}

void ManInTheMiddle::meddle(Meddle meddle) {
  const std::scoped_lock lock(mutex_);
  meddle_ = std::move(meddle);
}

void ManInTheMiddle::rewrite(Rewrite rewrite) {
  const std::scoped_lock lock(mutex_);
  rewrite_ = std::move(rewrite);
}

std::vector<Exchange> ManInTheMiddle::exchanges() const {
  const std::scoped_lock lock(mutex_);
  return exchanges_;
}

void ManInTheMiddle::serve() {
  while (true) {
    std::optional<LoopbackConnection> connection;
    try {
      connection.emplace(listener_.accept());
    } catch (const std::system_error&) {
      if (ends_) return;
      continue;  // nobody came for a while
    }
    if (ends_) return;
    handle(*connection);
  }
}

// One request for a connection: the client makes others.
void ManInTheMiddle::handle(const LoopbackConnection& connection) {
  const std::string request = read_message(connection);
  if (request.empty()) return;
  Exchange exchange{request.substr(0, request.find(kEndOfHead)), ""};
  const std::scoped_lock lock(mutex_);
  if (port_ != 0) {
    const auto gateway = LoopbackConnection::to(port_);
    gateway.write(rewrite_ ? rewrite_(request) : request);
    exchange.answer = read_message(gateway);
    const std::size_t end_of_line = exchange.answer.find("\r\n");
    if (end_of_line != std::string::npos)
      exchange.answer.insert(end_of_line, "\r\nConnection: close");
  }
  const std::string answer = meddle_ ? meddle_(exchange) : exchange.answer;
  exchanges_.push_back(std::move(exchange));
  connection.write(answer);
}

}  // namespace kt::client
