// Answers as JSON, for people and scripts: a view of the encoded message, out of the same
// description of its fields. Nobody verifies it. Internal.
//
// Source: docs/http-api.md, "Media types". Thread rule: pure functions.
#pragma once

#include <string_view>

#include "federation/routed_messages.h"
#include "http_message.h"
#include "keytrans/log_configuration.h"
#include "media_type.h"
#include "routing/log_service.h"

namespace kt::gateway {

inline constexpr std::string_view kJsonType = "application/json";

// Whether a client that sends this field Accept takes an answer of `type` or the view of it, and
// whether it is to get the view: where both are as good, it is not.
[[nodiscard]] inline bool accepts_answer(std::string_view accept, std::string_view type) {
  return accepts(accept, type) || accepts(accept, kJsonType);
}
[[nodiscard]] inline bool wants_view(std::string_view accept, std::string_view type) {
  return prefers(accept, kJsonType, type);
}

// The answer with the view. What is no such message is our own fault.
[[nodiscard]] Response view_response(Result<Bytes> view);

// Which answer a request has.
struct AnswerKind {
  std::size_t request;     // the index of a routing::LogRequest
  bool version_requested;  // of a search
};
[[nodiscard]] AnswerKind answer_kind(const routing::LogRequest& request);

// The views of what `bytes` are, in UTF-8. Errors: malformed when they are no such message.

Result<Bytes> view_configuration(ByteView bytes);
Result<Bytes> view_auditor_start(ByteView bytes);
Result<Bytes> view_directory_signature(ByteView bytes);
// As a list.
Result<Bytes> view_auditor_updates(ByteView bytes);
// A DistinguishedResponse of a log that need not be hosted here.
Result<Bytes> view_distinguished(const keytrans::LogConfiguration& log, ByteView bytes);
Result<Bytes> view_fork_evidence(ByteView bytes);
Result<Bytes> view_answer(const keytrans::LogConfiguration& log, AnswerKind kind, ByteView bytes);

// What one log of a routed request answered.
struct RoutedAnswer {
  const keytrans::LogConfiguration* log;
  AnswerKind kind;
};
// In the place of each LogAnswer.response is the view of it. `answers` are those of the response,
// in its order.
Result<Bytes> view_routed(const federation::RoutedResponse& response,
                          const std::vector<RoutedAnswer>& answers);

}  // namespace kt::gateway
