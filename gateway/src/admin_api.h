// The endpoints of the admin listener: how the gateway is. Internal. docs/operations.md lists them.
//
// Who may connect may ask anything; nobody else can.
//
// Thread rule: any thread.
#pragma once

#include <atomic>

#include <tl/expected.hpp>

#include "http_message.h"
#include "http_server.h"
#include "log/clock.h"
#include "log_api.h"

namespace kt::gateway {

class AdminApi {
 public:
  // Borrows all of them. The process begins now, as far as metrics are concerned.
  AdminApi(const LogApi& logs, const HttpServer& server,
           const log::Clock& clock = log::system_clock());

  // The endpoint for `head`, or the problem with it. Its handler borrows this object.
  [[nodiscard]] tl::expected<Endpoint, Response> find(const RequestHead& head) const;

  // What metrics say of the last reload of the configuration.
  void note_reload(bool failed) { reload_failed_ = failed; }

 private:
  struct Operation;

  [[nodiscard]] Response livez() const;
  [[nodiscard]] Response readyz() const;
  [[nodiscard]] Response metrics() const;

  const LogApi& logs_;
  const HttpServer& server_;
  const log::Clock& clock_;
  const Timestamp started_;
  std::atomic<bool> reload_failed_ = false;
};

}  // namespace kt::gateway
