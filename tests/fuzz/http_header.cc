// The header of a request: what find_fault() lets through, Beast reads as a field for each line,
// and with the length that its text says.
#include <algorithm>
#include <charconv>
#include <string_view>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http.hpp>

#include "client_identity.h"
#include "keytrans/result.h"
#include "media_type.h"
#include "query.h"
#include "raw_header.h"

namespace {

namespace http = boost::beast::http;

constexpr std::string_view kEnd = "\r\n\r\n";
constexpr std::uint32_t kLimit = 64 * 1024;

std::string_view view(boost::beast::string_view text) { return {text.data(), text.size()}; }

std::size_t count_lines(std::string_view header) {
  std::size_t count = 0;
  for (std::size_t at = 0; (at = header.find("\r\n", at)) != std::string_view::npos; at += 2)
    ++count;
  return count;
}

void look_at_values(const http::request_parser<http::empty_body>::value_type& message) {
  using namespace kt::gateway;
  (void)accepts(view(message[http::field::accept]), "application/json");
  (void)prefers(view(message[http::field::accept]), "application/json", "text/html");
  const auto network = forwarded_network(view(message["X-Forwarded-For"]));
  KT_ASSERT(!network || network->size() == 4 || network->size() == 8);
  const std::string_view target = view(message.target());
  for (const std::string_view found : find_in_query(target, "start"))
    KT_ASSERT(found.size() <= target.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view all(reinterpret_cast<const char*>(data), size);
  const std::size_t end = all.find(kEnd);
  if (end == std::string_view::npos) return 0;
  const std::string_view header = all.substr(0, end + kEnd.size());
  if (kt::gateway::find_fault(header)) return 0;

  http::request_parser<http::empty_body> parser;
  parser.header_limit(kLimit);
  boost::system::error_code error;
  const std::size_t used = parser.put(boost::asio::buffer(header.data(), header.size()), error);
  if (error || !parser.is_header_done()) return 0;
  const auto& message = parser.get();
  KT_ASSERT(used == header.size());
  // The request line and the empty one are no fields.
  KT_ASSERT(static_cast<std::size_t>(std::distance(message.begin(), message.end())) + 2 ==
            count_lines(header));
  KT_ASSERT(message.count(http::field::content_length) <= 1);
  if (const auto length = parser.content_length()) {
    std::string_view digits = view(message[http::field::content_length]);
    std::uint64_t number = 0;
    const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    KT_ASSERT(parsed.ec == std::errc() && parsed.ptr == digits.data() + digits.size());
    KT_ASSERT(number == *length && message.count(http::field::transfer_encoding) == 0);
  }
  look_at_values(message);
  return 0;
}
