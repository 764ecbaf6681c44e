// Domains, labels and logs that tests ask about.
#pragma once

#include <string>
#include <string_view>

#include "federation/domain.h"
#include "keytrans/types.h"
#include "must.h"

namespace kt {

inline federation::Domain domain_of(std::string_view text) {
  return must(federation::Domain::parse(text));
}

inline Label label_of(std::string_view text) { return must(Label::create(text)); }

inline std::string text_of(const Label& label) {
  return {label.bytes().begin(), label.bytes().end()};
}

// A log whose id is 32 times `byte`.
inline LogId log_of(std::uint8_t byte) {
  HashValue hash{};
  hash.fill(byte);
  return LogId(hash);
}

}  // namespace kt
