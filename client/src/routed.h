// What a gateway's routed answers have to be. Internal.
//
// Thread rule: pure functions.
#pragma once

#include "federation/routed_messages.h"
#include "subject.h"

namespace kt::client {

// The one answer that a routed response has for a subject: that of the log which has its label.
// Errors: verification_failed when the gateway has asked other logs.
Result<Bytes> only_answer(const federation::RoutedResponse& response, const Subject& subject);

// Whether the gateway goes by a newer document than the subject's.
[[nodiscard]] bool is_newer(const federation::RoutedResponse& response, const Subject& subject);

}  // namespace kt::client
