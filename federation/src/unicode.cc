#include "unicode.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <unicase.h>
#include <uninorm.h>
#include <unistr.h>
#include <utility>

namespace kt::federation {
namespace {

const std::uint8_t* data(std::string_view text) {
  return reinterpret_cast<const std::uint8_t*>(text.data());
}

// What libunistring allocated. It only fails without memory or, against what is required, UTF-8.
struct Free {
  void operator()(void* memory) const { std::free(memory); }
};

std::string take(std::uint8_t* result, std::size_t size) {
  KT_ASSERT(result != nullptr);
  const std::unique_ptr<std::uint8_t, Free> owner(result);
  return {reinterpret_cast<const char*>(result), size};
}

}  // namespace

Result<CodePoints> decode_utf8(std::string_view text) {
  if (const std::uint8_t* const bad = u8_check(data(text), text.size()))
    return fail(Errc::malformed, "not UTF-8 at byte " + std::to_string(bad - data(text)));
  CodePoints points;
  for (std::size_t offset = 0; offset < text.size();) {
    ucs4_t value = 0;
    const int size = u8_mbtouc(&value, data(text) + offset, text.size() - offset);
    points.push_back({value, offset});
    offset += static_cast<std::size_t>(size);
  }
  return points;
}

std::string encode_utf8(const CodePoints& points) {
  std::string text;
  for (const CodePoint& point : points) {
    std::array<std::uint8_t, 6> units{};
    const int size = u8_uctomb(units.data(), point.value, units.size());
    KT_ASSERT(size > 0);
    text.append(reinterpret_cast<const char*>(units.data()), static_cast<std::size_t>(size));
  }
  return text;
}

CodePoints map_width(const CodePoints& points) {
  CodePoints mapped;
  for (const CodePoint& point : points) {
    std::array<ucs4_t, UC_DECOMPOSITION_MAX_LENGTH> decomposition{};
    int tag = UC_DECOMP_CANONICAL;
    const int size = uc_decomposition(point.value, &tag, decomposition.data());
    if (size > 0 && (tag == UC_DECOMP_WIDE || tag == UC_DECOMP_NARROW)) {
      for (int i = 0; i < size; ++i)
        mapped.push_back({decomposition.at(static_cast<std::size_t>(i)), point.offset});
    } else {
      mapped.push_back(point);
    }
  }
  return mapped;
}

std::string to_nfc(std::string_view text) {
  std::size_t size = 0;
  std::uint8_t* const result = u8_normalize(UNINORM_NFC, data(text), text.size(), nullptr, &size);
  return take(result, size);
}

bool is_nfkc(char32_t code_point) {
  const ucs4_t given = code_point;
  std::array<ucs4_t, 32> buffer{};  // the longest decomposition has 18 code points
  std::size_t size = buffer.size();
  const ucs4_t* const result = u32_normalize(UNINORM_NFKC, &given, 1, buffer.data(), &size);
  KT_ASSERT(result == buffer.data());
  return size == 1 && buffer[0] == given;
}

std::string to_lower(std::string_view text) {
  std::size_t size = 0;
  std::uint8_t* const result =
      u8_tolower(data(text), text.size(), nullptr, nullptr, nullptr, &size);
  return take(result, size);
}

bool is_visible_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
}

std::string ascii_lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

}  // namespace kt::federation
