#include "program/progress.h"

#include <algorithm>
#include <cstdio>
#include <unistd.h>

#include "program/duration.h"

namespace kt::program {
namespace {

constexpr std::chrono::milliseconds kBarInterval{200};
constexpr std::chrono::milliseconds kLineInterval{5'000};
constexpr std::size_t kBarWidth = 20;

double fraction(std::uint64_t bytes, std::uint64_t total) {
  if (total == 0) return 1;
  return std::min(1.0, static_cast<double>(bytes) / static_cast<double>(total));
}

}  // namespace

Progress::Progress(std::string command, std::optional<std::uint64_t> total, std::string_view unit)
    : command_(std::move(command)),
      total_(total),
      unit_(unit),
      terminal_(isatty(STDERR_FILENO) == 1),
      start_(std::chrono::steady_clock::now()),
      next_(start_ + (terminal_ ? kBarInterval : kLineInterval)) {}

Progress::~Progress() {
  if (drawn_) std::fputs("\r\033[K", stderr);
}

std::chrono::milliseconds Progress::elapsed() const {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() -
                                                               start_);
}

void Progress::show(std::uint64_t bytes, std::uint64_t lines) {
  const auto now = std::chrono::steady_clock::now();
  if (now < next_) return;
  next_ = now + (terminal_ ? kBarInterval : kLineInterval);
  const std::string text = describe_progress(bytes, lines, total_, elapsed(), unit_);
  if (!terminal_) {
    std::fprintf(stderr, "%s: %s\n", command_.c_str(), text.c_str());
    return;
  }
  std::string bar;
  if (total_) {
    const auto filled = static_cast<std::size_t>(fraction(bytes, *total_) * kBarWidth);
    bar = "[" + std::string(filled, '#') + std::string(kBarWidth - filled, ' ') + "] ";
  }
  std::fprintf(stderr, "\r\033[K%s%s", bar.c_str(), text.c_str());
  drawn_ = true;
}

std::string describe_progress(std::uint64_t bytes, std::uint64_t lines,
                              std::optional<std::uint64_t> total, std::chrono::milliseconds elapsed,
                              std::string_view unit) {
  const auto passed = static_cast<std::uint64_t>(std::max<std::int64_t>(elapsed.count(), 1));
  std::string text = std::to_string(lines) + " " + std::string(unit) + ", " +
                     std::to_string(lines * 1000 / passed) + "/s";
  if (!total) return text;
  const double done = fraction(bytes, *total);
  text += ", " + std::to_string(static_cast<int>(done * 100)) + " %";
  if (done > 0) {
    const double left = static_cast<double>(passed) * (1 - done) / done;
    text += ", " + format_age(static_cast<std::uint64_t>(left) / 1000 * 1000) + " left";
  }
  return text;
}

}  // namespace kt::program
