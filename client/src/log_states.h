// The states of logs in the state directory, and the one way to change them: read, ask, verify,
// write if nobody else has meanwhile. Internal.
//
// Thread rule: that of a Session.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "client/session.h"
#include "keytrans/client_state.h"
#include "peer.h"

namespace kt::client {

// How often what another process has overtaken is done again.
inline constexpr int kAttempts = 16;

struct LoadedState {
  keytrans::ClientState state;
  std::optional<Bytes> stored;  // as it was read
};

[[nodiscard]] Cell cell_of(const LogId& log);

// What is known of a log; that of a newcomer when nothing is. `policy` holds from now on.
Result<LoadedState> load_state(const Session& session,
                               const keytrans::LogConfiguration& configuration,
                               keytrans::ContactPolicy policy);

// What makes `after` of what was loaded.
Result<Change> change_of(const LoadedState& loaded, const keytrans::ClientState& after);

[[nodiscard]] VerifiedTree tree_of(const keytrans::ClientState& state, const std::string& alias);

// When a label is to be monitored next, if it is.
[[nodiscard]] std::optional<Timestamp> monitor_by(const keytrans::ClientState& state,
                                                  const Label& label);

[[nodiscard]] tl::unexpected<Error> overtaken();

// Has `attempt`, which is given a ClientState&, change the state of a log, and stores that before
// its outcome is used. It is called again, with what is known then, when another process was
// faster.
template <class Attempt>
auto change_state(const Session& session, const keytrans::LogConfiguration& configuration,
                  keytrans::ContactPolicy policy, Attempt attempt)
    -> decltype(attempt(std::declval<keytrans::ClientState&>())) {
  for (int i = 0; i < kAttempts; ++i) {
    KT_TRY(const LoadedState loaded, load_state(session, configuration, policy));
    keytrans::ClientState changed = loaded.state;
    KT_TRY(auto outcome, attempt(changed));
    KT_TRY(Change change, change_of(loaded, changed));
    KT_TRY(const bool is_written, session.state.write({std::move(change)}));
    if (is_written) return outcome;
  }
  return overtaken();
}

// What one log is asked at its own endpoints, for the state that changes by it.
struct LogEndpoint {
  Origin origin;  // of the log
  std::string name;
};
[[nodiscard]] LogEndpoint endpoint_of(const KnownDomain& known,
                                      const federation::DirectoryLog& log);

// Applies what a log answered to `request`, which was made from `state`, once it is verified.
template <class Response, class Request>
auto take_answer(const Session& session, const LogEndpoint& log, const Request& request,
                 const Bytes& answer, keytrans::ClientState& state, bool version_requested = false)
    -> decltype(state.apply(*state.verify(request, std::declval<Response>(), Timestamp{}))) {
  const auto context = keytrans::WireContext::of(state.configuration().wire(), version_requested);
  KT_TRY(const Response response,
         of_verification(keytrans::decode<Response>(answer, context), log.name));
  KT_TRY(auto verified, of_verification(state.verify(request, response, session.now()), log.name));
  return state.apply(std::move(verified));
}

// Sends `request`, which was made from `state`, and applies what comes once it is verified. The
// operation is named as in URLs.
template <class Response, class Request>
auto ask_log(const Session& session, const LogEndpoint& log, const std::string& operation,
             const Request& request, keytrans::ClientState& state, bool version_requested = false)
    -> decltype(state.apply(*state.verify(request, std::declval<Response>(), Timestamp{}))) {
  KT_TRY(Bytes body, keytrans::encode(request));
  KT_TRY(const Bytes answer,
         session.transport->post(log.origin, {"/" + operation, operation, std::move(body)}));
  return take_answer<Response>(session, log, request, answer, state, version_requested);
}

// The last distinguished entry, from which on an owner may monitor. Errors besides: unavailable
// when there is none that is young enough.
Result<EntryIndex> find_start(const Session& session, const LogEndpoint& log,
                              keytrans::ClientState& state);

}  // namespace kt::client
