#include "program/line_reader.h"

#include <array>
#include <cerrno>
#include <poll.h>
#include <system_error>
#include <unistd.h>

namespace kt::program {
namespace {

constexpr std::size_t kReadSize = std::size_t{64} << 10;

tl::unexpected<Error> cannot_read() {
  return fail(Errc::unavailable,
              "the input cannot be read: " + std::generic_category().message(errno));
}

}  // namespace

Result<LineReader::Got> LineReader::next() {
  ++number_;
  std::size_t searched = 0;
  while (true) {
    const std::string_view rest = std::string_view(buffer_).substr(start_);
    const std::size_t newline = rest.find('\n', searched);
    const std::size_t length = newline == std::string_view::npos ? rest.size() : newline;
    if (length > max_line_)
      return fail(Errc::malformed,
                  "the line is longer than " + std::to_string(max_line_) + " bytes");
    if (newline != std::string_view::npos || (ended_ && !rest.empty())) {
      line_ = rest.substr(0, length);
      const std::size_t taken = newline == std::string_view::npos ? length : length + 1;
      start_ += taken;
      bytes_ += taken;
      return Got::line;
    }
    if (ended_) return Got::end;
    searched = rest.size();
    KT_TRY(const Got got, fill());
    if (got == Got::interrupted) return got;
  }
}

// Reads more into the buffer. Result: end when there is no more.
Result<LineReader::Got> LineReader::fill() {
  std::array<pollfd, 2> waits{{{input_, POLLIN, 0}, {interrupt_, POLLIN, 0}}};
  while (poll(waits.data(), waits.size(), -1) < 0) {
    if (errno != EINTR) return cannot_read();
  }
  if ((waits[1].revents & POLLIN) != 0) return Got::interrupted;

  buffer_.erase(0, start_);
  start_ = 0;
  const std::size_t before = buffer_.size();
  buffer_.resize(before + kReadSize);
  ssize_t size = 0;
  do {
    size = read(input_, buffer_.data() + before, kReadSize);
  } while (size < 0 && errno == EINTR);
  buffer_.resize(before + static_cast<std::size_t>(size > 0 ? size : 0));
  if (size < 0) return cannot_read();
  ended_ = size == 0;
  return ended_ ? Got::end : Got::line;
}

}  // namespace kt::program
