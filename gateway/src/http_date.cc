#include "http_date.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>

#include "keytrans/result.h"

namespace kt::gateway {
namespace {

constexpr std::array<std::string_view, 7> kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::size_t kSize = std::string_view("Sun, 06 Nov 1994 08:49:37 GMT").size();

}  // namespace

// Read into numbers at fixed places, and then written again: what comes out the same was a date.
std::optional<Timestamp> parse_http_date(std::string_view text) {
  if (text.size() != kSize) return std::nullopt;
  const auto number = [text](std::size_t at, std::size_t size) {
    int value = 0;
    for (const char c : text.substr(at, size)) {
      if (c < '0' || c > '9') return -1;
      value = 10 * value + (c - '0');
    }
    return value;
  };
  const auto* const month = std::find(kMonths.begin(), kMonths.end(), text.substr(8, 3));
  const int year = number(12, 4);
  const int day = number(5, 2);
  const int hour = number(17, 2);
  const int minute = number(20, 2);
  const int second = number(23, 2);
  if (month == kMonths.end() || year < 1970 || day < 1 || hour < 0 || hour > 23 || minute < 0 ||
      minute > 59 || second < 0 || second > 59)
    return std::nullopt;
  const std::chrono::year_month_day date(
      std::chrono::year(year),
      std::chrono::month(static_cast<unsigned>(month - kMonths.begin()) + 1),
      std::chrono::day(static_cast<unsigned>(day)));
  if (!date.ok()) return std::nullopt;
  const auto time = std::chrono::sys_days(date).time_since_epoch() + std::chrono::hours(hour) +
                    std::chrono::minutes(minute) + std::chrono::seconds(second);
  const Timestamp read{static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(time).count())};
  if (format_http_date(read) != text) return std::nullopt;
  return read;
}

std::string format_http_date(Timestamp time) {
  const std::chrono::seconds seconds(time.value() / 1000);
  const auto days = std::chrono::floor<std::chrono::days>(seconds);
  const std::chrono::sys_days at{std::chrono::days(days)};
  const std::chrono::year_month_day date(at);
  const auto rest = (seconds - days).count();
  KT_ASSERT(static_cast<int>(date.year()) <= 9999);
  std::array<char, 64> text{};
  const int size = std::snprintf(
      text.data(), text.size(), "%s, %02u %s %04d %02d:%02d:%02d GMT",
      kDays.at(std::chrono::weekday(at).c_encoding()).data(), static_cast<unsigned>(date.day()),
      kMonths.at(static_cast<unsigned>(date.month()) - 1).data(), static_cast<int>(date.year()),
      static_cast<int>(rest / 3600), static_cast<int>(rest / 60 % 60), static_cast<int>(rest % 60));
  return {text.data(), static_cast<std::size_t>(size)};
}

}  // namespace kt::gateway
