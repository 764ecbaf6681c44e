// Who may do what with a label. Internal.
//
// Source: docs/http-api.md, "Admission". Thread rule: any thread.
#pragma once

#include <optional>

#include <boost/asio/awaitable.hpp>

#include "hosting.h"
#include "http_message.h"
#include "routing/log_service.h"

namespace kt::gateway {

// What the rules make of a request.
struct Admission {
  std::optional<Response> refusal;
  std::optional<Bytes> question;  // for the authoriser, whose word then decides
};

// Whether `caller` may ask `hosted` this. What concerns no label of a user, such as distinguished
// heads and the labels of the gateways, everybody may read.
[[nodiscard]] Admission admit(const Hosting& hosting, const Caller& caller, const HostedLog& hosted,
                              const routing::LogRequest& request);

// The refusal, unless the authoriser allows what `question` asks. Requires: `hosting` has one,
// which admit() with it made the question for.
boost::asio::awaitable<std::optional<Response>> ask_authoriser(
    std::shared_ptr<const Hosting> hosting, Caller caller, Bytes question);

// Whether anybody might let `caller` update, whatever the label: who may not is refused before a
// body is read.
[[nodiscard]] bool may_update_anything(const Hosting& hosting, const Caller& caller);

// The refusal of a caller who is not known, or not allowed.
[[nodiscard]] Response refusal_of(const Caller& caller);

}  // namespace kt::gateway
