#include <csignal>
#include <cstdio>
#include <map>
#include <memory>
#include <poll.h>
#include <set>
#include <string>

#include "admin_api.h"
#include "commands.h"
#include "configuration.h"
#include "federation/url.h"
#include "http_server.h"
#include "log_api.h"
#include "principals.h"
#include "program/interrupt.h"

namespace kt::gateway {
namespace {

constexpr const char* kHelp = "Serves the logs that a configuration file names, until SIGTERM.";

constexpr const char* kFooter =
    "Prints where it listens once it does. On SIGTERM or SIGINT it takes no more connections, "
    "answers\nwhat it was asked, and ends.\n\n"
    "Example:\n"
    "  ktgate serve /etc/ktgate/ktgate.toml";

// How often the logs are looked at: while they run, and while one that is empty makes its first
// entry.
constexpr int kLookMilliseconds = 1000;
constexpr int kStartMilliseconds = 2;

// What stood in the way of each log when it was last looked at.
class Watch {
 public:
  explicit Watch(const LogApi& logs) : logs_(logs) {}

  // Says what has changed since the last look.
  void look() {
    for (const HostedLog& hosted : logs_.logs()) {
      const log::Trouble now = hosted.log->state().trouble;
      log::Trouble& before = before_[&hosted];
      if (now == before) continue;
      before = now;
      const std::string what = now == log::Trouble::none
                                   ? std::string("grows again")
                                   : "does not grow: " + std::string(to_string(now));
      std::fprintf(stderr, "ktgate serve: log %s %s\n", name_of(hosted).c_str(), what.c_str());
    }
  }

 private:
  static std::string name_of(const HostedLog& hosted) {
    return hosted.alias.empty() ? hosted.log->configuration().id().hex() : hosted.alias;
  }

  const LogApi& logs_;
  std::map<const HostedLog*, log::Trouble> before_;
};

// Whether `log` can answer, or something is in its way.
bool has_begun(const log::Log& log) {
  const log::LogState state = log.state();
  return state.size > TreeSize{0} || state.trouble != log::Trouble::none;
}

// For the few who ask how the gateway is, also when it has no room for anybody else.
LimitsConfiguration admin_limits() {
  LimitsConfiguration limits;
  limits.connections = 64;
  limits.threads = 1;
  limits.drain_timeout = std::chrono::seconds(1);
  return limits;
}

Result<std::vector<HostedLog>> open_logs(const std::vector<ServedLogConfiguration>& named) {
  std::vector<HostedLog> logs;
  std::set<LogId> ids;
  for (const ServedLogConfiguration& each : named) {
    auto log = log::Log::open(each.directory, each.options);
    if (!log) return fail_in(each.directory.string(), std::move(log).error());
    if (!ids.insert((*log)->configuration().id()).second)
      return fail(Errc::rejected, each.directory.string() + ": it is a copy of another log here");
    logs.push_back({each.alias, each.writer, each.auditor, *std::move(log)});
  }
  return logs;
}

Result<int> serve(const std::filesystem::path& file) {
  const program::Interrupt interrupt;  // before there are threads
  KT_TRY(const GatewayConfiguration configuration, read_configuration(file));
  KT_TRY(std::vector<HostedLog> logs, open_logs(configuration.logs));
  pollfd wait{interrupt.descriptor(), POLLIN, 0};
  for (const HostedLog& hosted : logs) {
    while (!has_begun(*hosted.log) && poll(&wait, 1, kStartMilliseconds) == 0) {
    }
  }
  const Principals principals(configuration.principals);
  LogApi api(std::move(logs), principals, configuration.limits);
  KT_TRY(const auto server,
         HttpServer::start(configuration.listen, configuration.limits,
                           [&api](const RequestHead& head) { return api.find(head); }));
  const AdminApi admin_api(api, *server);
  std::unique_ptr<HttpServer> admin;
  if (!configuration.admin.socket.empty()) {
    KT_TRY(admin, HttpServer::start(
                      configuration.admin, admin_limits(),
                      [&admin_api](const RequestHead& head) { return admin_api.find(head); }));
  }
  const ListenConfiguration& listen = configuration.listen;
  const federation::Url url{!listen.certificate.empty(), listen.host, server->port(), ""};
  std::printf("%s://%s\n", url.has_tls ? "https" : "http", url.authority().c_str());
  std::fflush(stdout);

  Watch watch(api);
  while (poll(&wait, 1, kLookMilliseconds) == 0) watch.look();
  server->drain();
  if (admin != nullptr) admin->drain();
  // The logs answer what still waits, to a server that is there but sends nothing any more.
  api.close_logs();
  return program::kDone;
}

}  // namespace

void add_serve(const program::Command& root) {
  const auto file = std::make_shared<std::filesystem::path>();
  const program::Command command = root.add_command("serve", kHelp);
  command.set_footer(kFooter);
  command.add_path("FILE", *file, "The configuration file").required();
  command.runs([file] { return serve(*file); });
}

}  // namespace kt::gateway
