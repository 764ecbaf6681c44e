// One line of an export, which is JSON Lines: a version of a label. Internal.
//
//   {"label":"alice@example.com","version":0,"value":"c29tZSBrZXk"}
//
// A label that is not UTF-8 is {"base64url":"…"} in the place of the text. A line without a version
// is of version 0. `signature` is the service operator's, in third-party management mode. There are
// no other members.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "keytrans/types.h"

namespace kt::gateway {

// The most bytes of an imported value: as many as an update over the network may have.
inline constexpr std::size_t kMaxValueSize = std::size_t{1} << 20;
// Of a line: what the longest label, with every byte escaped, and the longest value need.
inline constexpr std::size_t kMaxLineSize = std::size_t{3} << 19;

struct LogLine {
  Label label;
  Version version;
  Bytes value;
  Bytes signature;

  friend bool operator==(const LogLine&, const LogLine&) = default;
};

// Errors: malformed, with what is wrong and nothing of what is there.
Result<LogLine> parse_log_line(std::string_view text);

// A line that has a label and nothing else: what stands behind "label" in the others.
// Errors: malformed, with what is wrong and nothing of what is there.
Result<Label> parse_label_line(std::string_view text);

// Without the newline at its end.
[[nodiscard]] std::string format_log_line(const LogLine& line);
[[nodiscard]] std::string format_label_line(const Label& label);

}  // namespace kt::gateway
