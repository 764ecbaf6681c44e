#include <array>
#include <csignal>
#include <cstdio>
#include <map>
#include <memory>
#include <poll.h>
#include <string>

#include "admin_api.h"
#include "commands.h"
#include "configuration.h"
#include "configuration_change.h"
#include "current.h"
#include "federation/url.h"
#include "http_server.h"
#include "journal.h"
#include "migration_thread.h"
#include "open_logs.h"
#include "program/interrupt.h"
#include "public_api.h"
#include "publishing_thread.h"
#include "witness_thread.h"

namespace kt::gateway {
namespace {

constexpr const char* kHelp =
    "Serves the logs and domains that a configuration file names, until SIGTERM.";

constexpr const char* kFooter =
    "Prints where it listens once it does. On SIGTERM or SIGINT it takes no more connections, "
    "answers\nwhat it was asked, and ends; with an admin listener it first says there that it is "
    "not "
    "ready,\nfor limits.drain_delay or until it is signalled again. On SIGHUP it reads the file "
    "again, and follows it or "
    "says what is\nwrong and goes on as before.\n\n"
    "Example:\n"
    "  ktgate serve /etc/ktgate/ktgate.toml";

using routing::ManagerTrouble;

// How often the logs are looked at.
constexpr int kLookMilliseconds = 1000;
// The same, while people wait for it.
constexpr int kMovingMilliseconds = 100;

// What stood in the way of each log when it was last looked at.
class Watch {
 public:
  Watch(const Current<Hosting>& hosting, Journal& journal) : hosting_(hosting), journal_(journal) {}

  // Says what has changed since the last look.
  void look() {
    const auto hosting = hosting_.snapshot();
    if (hosting->authoriser() != nullptr) look_at_authoriser(*hosting->authoriser());
    if (hosting->relay() != nullptr) {
      for (const std::string& news : hosting->relay()->take_news())
        journal_.say(Severity::warning, news);
    }
    for (const HostedLog& hosted : hosting->logs()) {
      if (hosted.is_remote()) {
        look_at_remote(hosted);
        continue;
      }
      const log::Trouble now = hosted.log->state().trouble;
      log::Trouble& before = before_[hosted.log->configuration().id()];
      if (now == before) continue;
      before = now;
      if (now == log::Trouble::none) {
        journal_.say(Severity::info, "log " + hosted.alias + " grows again");
      } else {
        journal_.say(Severity::error,
                     "log " + hosted.alias + " does not grow: " + std::string(to_string(now)));
      }
    }
  }

 private:
  void look_at_authoriser(const Authoriser& authoriser) {
    const auto failure = authoriser.failure();
    if (!failure || failure->empty() != authoriser_failed_) return;
    authoriser_failed_ = !failure->empty();
    if (authoriser_failed_) {
      journal_.say(Severity::error, "the authoriser gives no decision: " + *failure);
    } else {
      journal_.say(Severity::info, "the authoriser decides again");
    }
  }

  void look_at_remote(const HostedLog& hosted) {
    look_at_managed(hosted);
    const routing::RemoteLogState now = hosted.upstream->log().state();
    bool& was_ejected = was_ejected_[hosted.configuration().id()];
    if (now.is_ejected == was_ejected) return;
    was_ejected = now.is_ejected;
    if (now.is_ejected) {
      journal_.say(Severity::warning,
                   "remote log " + hosted.alias + " is left alone for a while: " + now.failure);
    } else {
      journal_.say(Severity::info, "remote log " + hosted.alias + " is asked again");
    }
  }

  void look_at_managed(const HostedLog& hosted) {
    const auto managed = hosted.upstream->managed();
    if (!managed || managed->trouble == ManagerTrouble::unseen) return;
    ManagerTrouble& before = managed_before_[hosted.configuration().id()];
    if (managed->trouble == before) return;
    before = managed->trouble;
    if (before == ManagerTrouble::none) {
      journal_.say(Severity::info, "remote log " + hosted.alias + " is signed for again");
    } else {
      journal_.say(Severity::error,
                   "remote log " + hosted.alias + " is not signed for: " + managed->reason);
    }
  }

  const Current<Hosting>& hosting_;
  Journal& journal_;
  std::map<LogId, log::Trouble> before_;
  std::map<LogId, ManagerTrouble> managed_before_;
  std::map<LogId, bool> was_ejected_;
  bool authoriser_failed_ = false;
};

// For the few who ask how the gateway is, also when it has no room for anybody else.
LimitsConfiguration admin_limits() {
  LimitsConfiguration limits;
  limits.connections = 64;
  limits.threads = 1;
  limits.drain_timeout = std::chrono::seconds(1);
  return limits;
}

// What runs of a configuration, and can follow another one.
struct Running {
  GatewayConfiguration configuration;
  OpenLogs& logs;
  Migrations* migrations;  // null where no domain publishes anything
  Current<Hosting>& hosting;
  HttpServer& server;
  Journal& journal;
  std::string unhosted{};  // why a migration is not followed, as it was said
};

// Follows what `file` says now, all of it or nothing.
// Errors: those of read_configuration(), OpenLogs::host() and HttpServer::reload(); rejected when
// what cannot change has.
Result<void> reload(const std::filesystem::path& file, Running& running,
                    const program::Interrupt& interrupt) {
  KT_TRY(GatewayConfiguration next, read_configuration(file));
  if (const auto key = find_fixed_change(running.configuration, next))
    return fail(Errc::rejected,
                file.string() + ": " + *key + " cannot change while the gateway runs");
  KT_TRY(auto hosting, running.logs.host(next, interrupt, running.migrations));
  KT_TRY(running.server.reload(next.listen, next.limits));
  running.hosting.replace(std::move(hosting));
  running.journal.configure(next.journal);
  running.configuration = std::move(next);
  return {};
}

// Hosts what migrations have come to.
void follow_migrations(Running& running, const program::Interrupt& interrupt) {
  if (running.migrations == nullptr || !running.migrations->take_change()) return;
  auto hosting = running.logs.host(running.configuration, interrupt, running.migrations);
  if (hosting) {
    running.unhosted.clear();
    running.hosting.replace(*std::move(hosting));
    return;
  }
  running.migrations->note_change();
  const std::string& fault = hosting.error().detail;
  if (fault != running.unhosted)
    running.journal.say(Severity::error, "what has moved is not hosted: " + fault);
  running.unhosted = fault;
}

int milliseconds_to_next(const Running& running) {
  const bool is_waited_for = running.migrations != nullptr && !running.migrations->is_idle();
  return is_waited_for ? kMovingMilliseconds : kLookMilliseconds;
}

void say_published(const PublishedDirectories& published, Journal& journal) {
  for (const auto& [domain, document] : published)
    journal.say(Severity::info, PublishingThread::words_for(domain, document.directory().epoch));
}

Result<int> serve(const std::filesystem::path& file) {
  const program::Interrupt interrupt;  // before there are threads
  const program::Interrupt hangup({SIGHUP});
  KT_TRY(const GatewayConfiguration configuration, read_configuration(file));
  OpenLogs logs;
  std::unique_ptr<Migrations> migrations;
  std::unique_ptr<Witness> witness;
  if (!configuration.state.empty()) {
    KT_TRY(store::Store* const state, logs.state_store(configuration.state));
    KT_TRY(migrations, Migrations::open(*state));
    KT_TRY(std::filesystem::path evidence, OpenLogs::evidence_directory(configuration.state));
    KT_TRY(witness, Witness::open(*state, std::move(evidence)));
  }
  KT_TRY(auto first, logs.host(configuration, interrupt, migrations.get()));
  Current<Hosting> hosting(std::move(first));
  KT_TRY(const auto publisher, DirectoryPublisher::create(configuration.state));
  publisher->restore(*hosting.snapshot());  // before anybody asks
  std::unique_ptr<OhttpPublisher> ohttp;
  if (configuration.ohttp.enabled) {
    KT_TRY(ohttp, OhttpPublisher::create(configuration.state / "ohttp", configuration.ohttp));
  }
  PublicApi api(hosting, *publisher, ohttp.get(), configuration.ohttp.pad_from, witness.get());
  Journal journal(configuration.journal, public_operations());
  KT_TRY(const auto server, HttpServer::start(
                                configuration.listen, configuration.limits,
                                [&api](const RequestHead& head) { return api.find(head); },
                                [&journal](const Answered& answered) { journal.note(answered); }));
  AdminApi admin_api(hosting, *server);
  admin_api.set_ohttp(ohttp.get());
  admin_api.set_witness(witness.get());
  if (migrations != nullptr) admin_api.add_migrations(*migrations, *publisher);
  std::unique_ptr<HttpServer> admin;
  if (!configuration.admin.socket.empty()) {
    auto started =
        HttpServer::start(configuration.admin, admin_limits(),
                          [&admin_api](const RequestHead& head) { return admin_api.find(head); });
    if (!started) {
      server->drain();
      api.close();
      return tl::unexpected<Error>(std::move(started).error());
    }
    admin = *std::move(started);
  }
  const ListenConfiguration& listen = configuration.listen;
  const federation::Url url{!listen.certificate.empty(), listen.host, server->port(), ""};
  std::printf("%s://%s\n", url.has_tls ? "https" : "http", url.authority().c_str());
  std::fflush(stdout);

  say_published(*publisher->published(), journal);
  Running running{configuration, logs, migrations.get(), hosting, *server, journal};
  Watch watch(hosting, journal);
  const auto say = [&journal](bool is_well, const std::string& what) {
    journal.say(is_well ? Severity::info : Severity::error, what);
  };
  PublishingThread publishing(*publisher, ohttp.get(), hosting, say);
  std::optional<MigrationThread> moving;
  if (migrations != nullptr) moving.emplace(*migrations, hosting, *publisher, say);
  std::optional<WitnessThread> witnessing;
  if (witness != nullptr) witnessing.emplace(*witness, hosting, say);
  std::array<pollfd, 2> wait{pollfd{interrupt.descriptor(), POLLIN, 0},
                             pollfd{hangup.descriptor(), POLLIN, 0}};
  while (!interrupt.came()) {
    if (hangup.take()) {
      const auto reloaded = reload(file, running, interrupt);
      admin_api.note_reload(!reloaded);
      if (reloaded) {
        journal.say(Severity::info, "the configuration was reloaded");
      } else {
        journal.say(Severity::error, "nothing was reloaded: " + reloaded.error().detail);
      }
    }
    follow_migrations(running, interrupt);
    watch.look();
    admin_api.note_unpublished(publishing.failing());
    logs.close_unused();
    poll(wait.data(), wait.size(), milliseconds_to_next(running));
  }
  if (admin != nullptr) {
    // Who sends requests here has to learn that it is time to send them elsewhere.
    admin_api.note_ending();
    static_cast<void>(interrupt.take());
    pollfd hurry{interrupt.descriptor(), POLLIN, 0};
    poll(&hurry, 1, static_cast<int>(running.configuration.limits.drain_delay.count()));
  }
  if (witnessing) witnessing->request_stop();
  if (moving) moving->stop();
  publishing.stop();
  server->drain();
  if (admin != nullptr) admin->drain();
  admin_api.close();
  api.close();
  if (witnessing) witnessing->stop();
  // They answer what still waits, to a server that is there but sends nothing any more.
  logs.close_all();
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
