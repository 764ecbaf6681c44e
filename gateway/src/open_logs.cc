#include "open_logs.h"

#include <algorithm>
#include <poll.h>

#include "configuration_change.h"
#include "log/statistics.h"
#include "routing/embedded_log.h"
#include "store/lmdb_store.h"
#include "store/new_directory.h"

namespace kt::gateway {
namespace {

// How often a log that is empty is looked at while it makes its first entry.
constexpr int kStartMilliseconds = 2;

// Whether `log` can answer, or something is in its way.
bool has_begun(const log::Log& log) {
  const log::LogState state = log.state();
  return state.size > TreeSize{0} || state.is_sealed || state.trouble != log::Trouble::none;
}

// The logs whose final head is known, and that nobody is to believe any more after it.
std::set<LogId> sealed_by(const Moving& moving) {
  std::set<LogId> sealed;
  for (const migration::Record& each : moving.records) {
    if (each.is_compromised && each.final_head) sealed.insert(each.from);
  }
  return sealed;
}

// Made for the gateway's user alone, if it is not there.
Result<void> require_directory(const std::filesystem::path& directory) {
  std::error_code error;
  if (std::filesystem::is_directory(directory, error)) return {};
  return store::make_directory(directory,
                               [](const std::filesystem::path&) -> Result<void> { return {}; });
}

}  // namespace

Result<log::Log*> OpenLogs::open(const ServedLogConfiguration& named, const std::set<LogId>& sealed,
                                 const program::Interrupt& interrupt) {
  const std::filesystem::path directory = named.directory.lexically_normal();
  const auto found = logs_.find(directory);
  if (found != logs_.end()) {
    if (const auto key = find_fixed_change(found->second.opened_with, named))
      return fail(Errc::rejected, *key + " cannot change while the gateway runs");
    return found->second.log.get();
  }
  KT_TRY(const auto configuration, log::read_configuration(named.directory));
  log::LogOptions options = named.options;
  options.is_sealed = sealed.contains(configuration.id());
  KT_TRY(auto log, log::Log::open(named.directory, options));
  pollfd wait{interrupt.descriptor(), POLLIN, 0};
  while (!has_begun(*log) && poll(&wait, 1, kStartMilliseconds) == 0) {
  }
  return logs_.emplace(directory, OpenLog{named, std::move(log)}).first->second.log.get();
}

Result<store::Store*> OpenLogs::state_store(const std::filesystem::path& state) {
  KT_TRY(require_directory(state));
  if (store_ == nullptr) {
    KT_TRY(store_, store::open_lmdb_store(state / "store"));
  }
  return store_.get();
}

Result<SigningState> OpenLogs::signing_state(const std::filesystem::path& directory) {
  KT_TRY(store::Store* const opened, state_store(directory));
  KT_TRY(std::filesystem::path evidence, evidence_directory(directory));
  return SigningState{opened, std::move(evidence)};
}

Result<std::filesystem::path> OpenLogs::evidence_directory(const std::filesystem::path& state) {
  std::filesystem::path evidence = state / "evidence";
  KT_TRY(require_directory(evidence));
  return evidence;
}

Result<std::shared_ptr<Relay>> OpenLogs::open_relay(const GatewayConfiguration& configuration) {
  if (!configuration.relay.is_on() && configuration.federation.witness.empty()) return nullptr;
  auto settings = RelaySettings::of(configuration);
  KT_TRY(auto files, read_peer_files(settings.peers));
  auto metrics = std::make_shared<RelayMetrics>();
  if (!relays_.empty()) {
    if (relays_.back()->is_of(settings, files)) return relays_.back();
    metrics = relays_.back()->metrics();
  }
  KT_TRY(store::Store* const store, state_store(configuration.state));
  KT_TRY(auto relay,
         Relay::open(std::move(settings), std::move(files), *store, std::move(metrics)));
  relays_.push_back(relay);
  return relay;
}

Result<std::shared_ptr<Upstream>> OpenLogs::open(const RemoteLogConfiguration& named,
                                                 const std::filesystem::path& state) {
  KT_TRY(UpstreamFiles files, read_upstream_files(named));
  auto metrics = std::make_shared<UpstreamMetrics>();
  for (auto each = upstreams_.rbegin(); each != upstreams_.rend(); ++each) {
    if ((*each)->alias() != named.alias) continue;
    if ((*each)->is_of(named, files)) return *each;
    metrics = (*each)->metrics();
    break;
  }
  std::optional<SigningState> signing;
  if (files.leaf_key) {
    KT_TRY(signing, signing_state(state));
  }
  KT_TRY(auto upstream, Upstream::open(named, std::move(files), std::move(metrics), signing));
  upstreams_.push_back(upstream);
  return upstream;
}

// Null when there is none.
Result<std::shared_ptr<Authoriser>> OpenLogs::open(const AuthoriserConfiguration& named) {
  if (!named.url) return nullptr;
  KT_TRY(AuthoriserFiles files, read_authoriser_files(named));
  auto metrics = std::make_shared<AuthoriserMetrics>();
  if (!authorisers_.empty()) {
    if (authorisers_.back()->is_of(named, files)) return authorisers_.back();
    metrics = authorisers_.back()->metrics();
  }
  KT_TRY(auto authoriser, Authoriser::open(named, std::move(files), std::move(metrics)));
  authorisers_.push_back(authoriser);
  return authoriser;
}

Result<std::shared_ptr<const Hosting>> OpenLogs::host(const GatewayConfiguration& configuration,
                                                      const program::Interrupt& interrupt,
                                                      Migrations* migrations) {
  Moving moving;
  if (migrations != nullptr) {
    KT_TRY(moving, migrations->moving());
  }
  const std::set<LogId> sealed = sealed_by(moving);
  std::vector<HostedLog> hosted;
  std::set<LogId> ids;
  for (const ServedLogConfiguration& named : configuration.logs) {
    const auto log = open(named, sealed, interrupt);
    if (!log) return fail_in(named.directory.string(), log.error());
    if (!ids.insert((*log)->configuration().id()).second)
      return fail(Errc::rejected, named.directory.string() + ": it is a copy of another log here");
    hosted.push_back({named.alias, named.directory, named.writer, named.auditor, *log,
                      routing::make_embedded(**log)});
    if (named.gateway) hosted.back().gateway = LogGateway{*named.gateway, *named.gateway_domain};
  }
  for (const RemoteLogConfiguration& named : configuration.remote_logs) {
    auto upstream = open(named, configuration.state);
    if (!upstream) return fail_in("remote log " + named.alias, std::move(upstream).error());
    if (!ids.insert((*upstream)->configuration().id()).second)
      return fail(Errc::rejected, "remote log " + named.alias + ": it is another log here, too");
    std::shared_ptr<routing::LogService> service(*upstream, &(*upstream)->service());
    hosted.push_back({named.alias,
                      {},
                      named.writer,
                      std::nullopt,
                      nullptr,
                      std::move(service),
                      *std::move(upstream)});
  }
  auto authoriser = open(configuration.authoriser);
  if (!authoriser) return fail_in("authoriser", std::move(authoriser).error());
  auto relay = open_relay(configuration);
  if (!relay) return fail_in("relay", std::move(relay).error());
  KT_TRY(auto hosting, Hosting::create(configuration, std::move(hosted), std::move(moving),
                                       *std::move(authoriser), *std::move(relay)));
  given_.push_back(hosting);
  return hosting;
}

void OpenLogs::close_unused() {
  std::set<const log::Log*> used;
  std::set<const Upstream*> used_upstreams;
  std::set<const Authoriser*> used_authorisers;
  std::set<const Relay*> used_relays;
  std::erase_if(given_, [&](const std::weak_ptr<const Hosting>& given) {
    const auto hosting = given.lock();
    if (hosting == nullptr) return true;
    used_authorisers.insert(hosting->authoriser());
    used_relays.insert(hosting->relay().get());
    for (const HostedLog& hosted : hosting->logs()) {
      used.insert(hosted.log);
      used_upstreams.insert(hosted.upstream.get());
    }
    return false;
  });
  std::erase_if(logs_, [&used](const auto& open) { return !used.contains(open.second.log.get()); });
  std::erase_if(upstreams_,
                [&](const auto& upstream) { return !used_upstreams.contains(upstream.get()); });
  std::erase_if(authorisers_, [&](const auto& authoriser) {
    return !used_authorisers.contains(authoriser.get());
  });
  std::erase_if(relays_,
                [&used_relays](const auto& relay) { return !used_relays.contains(relay.get()); });
}

}  // namespace kt::gateway
