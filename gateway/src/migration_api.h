// The endpoints of the admin listener for migrations: what moves, and the commands. Internal.
// docs/operations.md lists them.
//
// Thread rule: any thread.
#pragma once

#include <boost/asio/thread_pool.hpp>
#include <tl/expected.hpp>

#include "current.h"
#include "http_message.h"
#include "log/clock.h"
#include "migrations.h"
#include "prometheus_text.h"

namespace kt::gateway {

inline constexpr std::string_view kMigrationsPath = "/migrations";

class MigrationApi {
 public:
  // Borrows all of them. What waits for the disk is done by `blocking`.
  MigrationApi(Migrations& migrations, const Current<Hosting>& hosting,
               const DirectoryPublisher& publisher, boost::asio::thread_pool& blocking,
               const log::Clock& clock)
      : migrations_(migrations),
        hosting_(hosting),
        publisher_(publisher),
        blocking_(blocking),
        clock_(clock) {}

  // GET /migrations, and POST /migrations/{domain}/{command}. Requires: the path begins with
  // kMigrationsPath. A handler borrows this object.
  [[nodiscard]] tl::expected<Endpoint, Response> find(const RequestHead& head);

  void write_metrics(PrometheusText& text) const;

 private:
  struct Command;

  boost::asio::awaitable<Response> list();
  boost::asio::awaitable<Response> run(const Command& command, federation::Domain domain,
                                       Request request);

  Migrations& migrations_;
  const Current<Hosting>& hosting_;
  const DirectoryPublisher& publisher_;
  boost::asio::thread_pool& blocking_;
  const log::Clock& clock_;
};

}  // namespace kt::gateway
