#include "log_metrics.h"

#include <array>
#include <functional>
#include <optional>

namespace kt::gateway {
namespace {

using keytrans::DeploymentMode;
using log::Trouble;

constexpr std::array kTroubles{Trouble::clock_behind, Trouble::clock_ahead, Trouble::auditor_lags,
                               Trouble::storage, Trouble::failed};

// A log at one instant.
struct Observed {
  const HostedLog& hosted;
  log::LogState state;

  [[nodiscard]] const keytrans::Configuration& wire() const {
    return hosted.log->configuration().wire();
  }
  [[nodiscard]] bool is_audited() const {
    return hosted.log->configuration().mode() == DeploymentMode::thirdPartyAuditing;
  }
};

double number(std::uint64_t count) { return static_cast<double>(count); }
double seconds(std::uint64_t milliseconds) { return number(milliseconds) / 1000; }

// Where there is nothing to be said of a log there is no sample of it.
using Measure = std::optional<double> (*)(const Observed& log, Timestamp now);

struct LogGauge {
  std::string_view name;
  std::string_view help;
  Measure measure;
};

std::optional<double> head_age(const Observed& log, Timestamp now) {
  if (!log.state.rightmost_timestamp) return std::nullopt;
  return seconds(elapsed_ms(*log.state.rightmost_timestamp, now));
}

std::optional<double> audited_tree_size(const Observed& log, Timestamp /*now*/) {
  if (!log.is_audited()) return std::nullopt;
  return log.state.audited ? number(log.state.audited->value()) : 0;
}

std::optional<double> auditor_lag(const Observed& log, Timestamp /*now*/) {
  if (!log.state.audited_timestamp || !log.state.rightmost_timestamp) return std::nullopt;
  return seconds(elapsed_ms(*log.state.audited_timestamp, *log.state.rightmost_timestamp));
}

std::optional<double> max_auditor_lag(const Observed& log, Timestamp /*now*/) {
  if (!log.is_audited()) return std::nullopt;
  return seconds(log.wire().max_auditor_lag);
}

constexpr std::array kGauges{
    LogGauge{"ktgate_log_tree_size", "Entries of the log.",
             [](const Observed& log, Timestamp /*now*/) -> std::optional<double> {
               return number(log.state.size.value());
             }},
    LogGauge{"ktgate_log_head_age_seconds", "Age of the newest entry of the log.", head_age},
    LogGauge{"ktgate_log_max_behind_seconds", "The age at which users refuse the newest entry.",
             [](const Observed& log, Timestamp /*now*/) -> std::optional<double> {
               return seconds(log.wire().max_behind);
             }},
    LogGauge{"ktgate_log_waiting_updates", "Updates that wait to be sequenced.",
             [](const Observed& log, Timestamp /*now*/) -> std::optional<double> {
               return number(log.state.waiting);
             }},
    LogGauge{"ktgate_log_database_used_bytes", "Bytes of the log's database that are in use.",
             [](const Observed& log, Timestamp /*now*/) -> std::optional<double> {
               return number(log.state.usage.used);
             }},
    LogGauge{"ktgate_log_database_limit_bytes", "Bytes that the log's database may have.",
             [](const Observed& log, Timestamp /*now*/) -> std::optional<double> {
               return number(log.state.usage.limit);
             }},
    LogGauge{"ktgate_log_audited_tree_size", "Entries that the log's auditor has signed for.",
             audited_tree_size},
    LogGauge{"ktgate_log_auditor_lag_seconds",
             "By how much the newest entry that the auditor has signed for is older than the "
             "newest one.",
             auditor_lag},
    LogGauge{"ktgate_log_max_auditor_lag_seconds", "The lag at which users refuse the log.",
             max_auditor_lag},
    LogGauge{"ktgate_log_pruning_failed", "Whether the log failed to give up what has expired.",
             [](const Observed& log, Timestamp /*now*/) -> std::optional<double> {
               return log.state.pruning_failed ? 1 : 0;
             }},
};

void write_upstream_metrics(const std::vector<HostedLog>& logs, PrometheusText& text) {
  struct Counted {
    const HostedLog& hosted;
    UpstreamMetrics::Counts counts;
  };
  std::vector<Counted> counted;
  for (const HostedLog& hosted : logs) {
    if (hosted.is_remote()) counted.push_back({hosted, hosted.upstream->metrics()->counts()});
  }
  text.begin(MetricType::counter, "ktgate_upstream_requests_total",
             "Requests to a log at another gateway, by what became of them.");
  for (const Counted& each : counted) {
    for (std::size_t i = 0; i < kRemoteOutcomes.size(); ++i)
      text.sample({{"log", each.hosted.alias}, {"outcome", to_string(kRemoteOutcomes.at(i))}},
                  number(each.counts.outcomes.at(i)));
  }
  text.begin(MetricType::histogram, "ktgate_upstream_request_duration_seconds",
             "How long requests took that went out to a log at another gateway.");
  for (const Counted& each : counted)
    text.sample({{"log", each.hosted.alias}}, each.counts.latency);
  text.begin(
      MetricType::gauge, "ktgate_upstream_ejected",
      "Whether a log at another gateway is left alone, as it failed several times in a row.");
  for (const Counted& each : counted)
    text.sample({{"log", each.hosted.alias}},
                each.hosted.upstream->log().state().is_ejected ? 1 : 0);
}

// Of logs that a third party manages for this gateway.
void write_manager_metrics(const std::vector<HostedLog>& logs, Timestamp now,
                           PrometheusText& text) {
  using routing::ManagerTrouble;
  std::vector<std::pair<std::string_view, routing::ManagedLogState>> managed;
  for (const HostedLog& hosted : logs) {
    if (!hosted.is_remote()) continue;
    if (auto state = hosted.upstream->managed()) managed.emplace_back(hosted.alias, *state);
  }
  text.begin(MetricType::gauge, "ktgate_manager_trouble",
             "1 for why nothing is signed for a log that a third party manages.");
  for (const auto& [alias, state] : managed) {
    for (const ManagerTrouble trouble :
         {ManagerTrouble::unseen, ManagerTrouble::unverified, ManagerTrouble::forked})
      text.sample({{"log", alias}, {"trouble", to_string(trouble)}},
                  state.trouble == trouble ? 1 : 0);
  }
  text.begin(MetricType::gauge, "ktgate_manager_tree_size",
             "Entries of the newest tree of such a log that was verified.");
  for (const auto& [alias, state] : managed)
    text.sample({{"log", alias}}, state.size ? number(state.size->value()) : 0);
  text.begin(MetricType::gauge, "ktgate_manager_followed_age_seconds",
             "How long ago such a log was looked at last, and verified.");
  for (const auto& [alias, state] : managed) {
    if (state.followed_at)
      text.sample({{"log", alias}}, seconds(elapsed_ms(*state.followed_at, now)));
  }
}

}  // namespace

void write_log_metrics(const std::vector<HostedLog>& logs, Timestamp now, PrometheusText& text) {
  std::vector<Observed> observed;
  observed.reserve(logs.size());
  for (const HostedLog& hosted : logs) {
    if (!hosted.is_remote()) observed.push_back({hosted, hosted.log->state()});
  }
  for (const LogGauge& gauge : kGauges) {
    text.begin(MetricType::gauge, gauge.name, gauge.help);
    for (const Observed& log : observed) {
      if (const auto value = gauge.measure(log, now))
        text.sample({{"log", log.hosted.alias}}, *value);
    }
  }
  text.begin(MetricType::gauge, "ktgate_log_trouble", "1 for what keeps the log from growing.");
  for (const Observed& log : observed) {
    for (const Trouble trouble : kTroubles)
      text.sample({{"log", log.hosted.alias}, {"trouble", to_string(trouble)}},
                  log.state.trouble == trouble ? 1 : 0);
  }
  write_upstream_metrics(logs, text);
  write_manager_metrics(logs, now, text);
}

}  // namespace kt::gateway
