// The log that an auditor follows, over HTTP. Internal.
//
// Nothing it gives was verified. Blocking. Thread rule: one thread at a time.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "federation/http_client.h"
#include "keytrans/auditor_start.h"
#include "keytrans/log_configuration.h"
#include "keytrans/secret.h"

namespace kt::gateway {

class AuditedLog {
 public:
  // The log with `id` at the gateway at `url`, asked as whoever has `token`.
  // Errors: those of federation::HttpClient::create().
  static Result<std::unique_ptr<AuditedLog>> at(const federation::Url& url,
                                                const federation::HttpClientOptions& options,
                                                const LogId& id, keytrans::SecretBytes token);

  // Where an auditor starts. Errors: those of all: unavailable when the log cannot be asked, or
  // cannot answer now; rejected when it refuses; malformed when the answer is none.
  Result<keytrans::AuditorStart> start();

  // The encoded updates of the entries from `first` on, as many as come at once; none at the end.
  Result<std::vector<Bytes>> updates(EntryIndex first);

  Result<void> push(const keytrans::AuditorTreeHead& head);

 private:
  AuditedLog(const LogId& id, keytrans::SecretBytes token);
  Result<Bytes> ask(federation::HttpMethod method, const std::string& operation, Bytes body = {});

  std::string path_;
  keytrans::SecretBytes token_;
  boost::asio::io_context context_;
  std::unique_ptr<federation::HttpClient> client_;
};

}  // namespace kt::gateway
