// The endpoints of the admin listener: how the gateway is, and the administration of its logs.
// Internal. docs/operations.md lists them.
//
// Who may connect may ask anything; nobody else can.
//
// Thread rule: any thread.
#pragma once

#include <atomic>
#include <optional>
#include <string_view>

#include <boost/asio/thread_pool.hpp>
#include <tl/expected.hpp>

#include "current.h"
#include "hosting.h"
#include "http_message.h"
#include "http_server.h"
#include "log/clock.h"
#include "migration_api.h"
#include "ohttp_publisher.h"
#include "prometheus_text.h"
#include "witness.h"

namespace kt::gateway {

class AdminApi {
 public:
  // Borrows all of them. The process begins now, as far as metrics are concerned.
  AdminApi(const Current<Hosting>& hosting, const HttpServer& server,
           const log::Clock& clock = log::system_clock());

  // The endpoint for `head`, or the problem with it. Its handler borrows this object.
  [[nodiscard]] tl::expected<Endpoint, Response> find(const RequestHead& head);

  // Has the endpoints of migrations, too. Borrows both. Before anything is found.
  void add_migrations(Migrations& migrations, const DirectoryPublisher& publisher) {
    migrations_.emplace(migrations, hosting_, publisher, blocking_, clock_);
  }

  // What metrics say of the last reload of the configuration.
  void note_reload(bool failed) { reload_failed_ = failed; }
  // It is not ready from now on.
  void note_ending() { is_ending_ = true; }
  // Where Oblivious HTTP is offered, how it is and how its keys are rotated. Borrowed.
  void set_ohttp(OhttpPublisher* ohttp) { ohttp_ = ohttp; }
  // What is measured of it; null for none. Borrowed.
  void set_witness(const Witness* witness) { witness_ = witness; }
  // And of domains whose directory document is not in step.
  void note_unpublished(std::size_t domains) { unpublished_ = domains; }

  // Finishes what has begun in the logs. Requires: no endpoint is called any more.
  void close() { blocking_.join(); }

 private:
  struct Operation;

  [[nodiscard]] tl::expected<Endpoint, Response> find_on_log(std::string_view path,
                                                             const RequestHead& head);
  [[nodiscard]] tl::expected<Endpoint, Response> rotate(const RequestHead& head) const;
  void write_ohttp_metrics(PrometheusText& text) const;
  boost::asio::awaitable<Response> erase(log::Log& log, Request request);
  [[nodiscard]] static Response livez();
  [[nodiscard]] Response readyz() const;
  [[nodiscard]] Response metrics() const;

  const Current<Hosting>& hosting_;
  const HttpServer& server_;
  const log::Clock& clock_;
  const Timestamp started_;
  OhttpPublisher* ohttp_ = nullptr;
  const Witness* witness_ = nullptr;
  std::atomic<bool> reload_failed_ = false;
  std::atomic<bool> is_ending_ = false;
  std::atomic<std::size_t> unpublished_ = 0;
  boost::asio::thread_pool blocking_{1};  // for what waits for the disk
  std::optional<MigrationApi> migrations_;
};

}  // namespace kt::gateway
