// Who may do what with a label. Internal.
//
// Source: docs/http-api.md, "Admission". Thread rule: any thread.
#pragma once

#include <optional>

#include <boost/asio/awaitable.hpp>

#include "hosting.h"
#include "http_message.h"
#include "openings.h"
#include "routing/log_service.h"

namespace kt::gateway {

// What the rules make of a request.
struct Admission {
  std::optional<Response> refusal;
  std::optional<Bytes> question;  // for the authoriser, whose word then decides

  // Whether there is anything in the way, so far.
  [[nodiscard]] bool is_open() const { return refusal || question; }
};

// Whether `caller` may ask `hosted` this. What concerns no label of a user, such as distinguished
// heads and the labels of the gateways, everybody may read.
[[nodiscard]] Admission admit(const Hosting& hosting, const Caller& caller, const HostedLog& hosted,
                              const routing::LogRequest& request);

// What is left to find out of a request that the rules do not simply allow.
struct OpenAdmission {
  Admission admission;                            // is_open()
  std::optional<OpeningsToShow> wanted;           // that would allow it whatever the rules say
  std::vector<federation::VersionOpening> shown;  // by the caller
};

// The refusal, unless the caller has shown what is wanted, or the authoriser allows it.
// Requires: `hosted` is of `hosting`, and admit() made the admission with both.
boost::asio::awaitable<std::optional<Response>> settle(std::shared_ptr<const Hosting> hosting,
                                                       const HostedLog& hosted, Caller caller,
                                                       OpenAdmission open);

// Whether anybody might let `caller` update, whatever the label: who may not is refused before a
// body is read.
[[nodiscard]] bool may_update_anything(const Hosting& hosting, const Caller& caller);

// Whether the caller is the other gateway that has the log for a domain of its own.
[[nodiscard]] bool is_gateway_of(const HostedLog& hosted, const Caller& caller);

// The refusal of a caller who is not known, or not allowed.
[[nodiscard]] Response refusal_of(const Caller& caller);

}  // namespace kt::gateway
