// What a log has shown to a newcomer, as a witness keeps it. Internal. docs/formats.md, "What
// witnesses saw".
//
// Thread rule: plain values and pure functions.
#pragma once

#include <optional>

#include "federation/domain.h"
#include "keytrans/log_configuration.h"
#include "keytrans/messages.h"

namespace kt::gateway {

// Bytes of a DistinguishedResponse that is looked at.
inline constexpr std::size_t kMaxShownSize = std::size_t{64} << 10;

// Errors: malformed, also when it is too large.
Result<keytrans::DistinguishedResponse> read_shown(const keytrans::LogConfiguration& configuration,
                                                   ByteView bytes);

struct SeenLog {
  std::optional<federation::Domain> domain;  // nothing for a log that is hosted here
  keytrans::LogConfiguration configuration;
  Timestamp seen_at;
  Bytes shown;  // the DistinguishedResponse, as it came

  // Errors: malformed for what is too large.
  [[nodiscard]] Result<Bytes> encode() const;
  // Of what was stored for the log `id`. Whether what was shown verifies is another question.
  // Errors: corrupt; rejected for a format that this version does not know.
  static Result<SeenLog> decode(ByteView bytes, const LogId& id);
};

// Two answers that a log has given to newcomers and that contradict one another, though not in a
// way that a ForkEvidence proves: kept for the operator.
struct Contradiction {
  keytrans::LogConfiguration configuration;
  Timestamp found_at;
  Bytes first;  // a DistinguishedResponse, as are both
  Bytes second;

  [[nodiscard]] Result<Bytes> encode() const;
};

}  // namespace kt::gateway
