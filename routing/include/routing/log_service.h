// One log, for whoever asks it: the draft's requests in, and ours for credentials, the log's own
// bytes out.
//
// Where the log is does not show: embedded in this process (embedded_log.h), at another gateway
// (remote_log.h), or with a third party that manages it for us (managed_log.h).
//
// Thread rule: any thread, several requests at a time. What is awaited goes on on the executor of
// whoever awaits.
#pragma once

#include <variant>

#include <boost/asio/awaitable.hpp>

#include "federation/credential_messages.h"
#include "keytrans/consistency.h"
#include "keytrans/messages.h"

namespace kt::routing {

using LogRequest = std::variant<keytrans::SearchRequest, keytrans::ContactMonitorRequest,
                                keytrans::OwnerInitRequest, keytrans::OwnerMonitorRequest,
                                keytrans::DistinguishedRequest, keytrans::UpdateRequest,
                                keytrans::ManagerUpdateRequest, federation::CredentialRequest,
                                federation::CredentialUpdateRequest, keytrans::ConsistencyRequest>;

class LogService {
 public:
  LogService() = default;
  LogService(const LogService&) = delete;
  LogService& operator=(const LogService&) = delete;
  virtual ~LogService() = default;  // while nothing is awaited

  // The log's response to `request`, encoded, as the log gave it. That to an update comes when the
  // new versions are durable.
  // Errors: malformed or rejected when the request breaks a rule of the log; not_found for an
  // unknown label or version; conflict when the advertised tree is larger than the log's, and for
  // an update whose caller is ahead of the log or asks for nothing new; unavailable when the log
  // cannot answer now; corrupt when it contradicts itself, or what comes from it is no response.
  virtual boost::asio::awaitable<Result<Bytes>> ask(LogRequest request) = 0;
};

}  // namespace kt::routing
