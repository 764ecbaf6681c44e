#include "http_metrics.h"

#include <string>

namespace kt::gateway {
namespace {

constexpr std::array<std::string_view, kLimitCount> kLimitNames{
    "connections", "network_connections", "descriptors",  "header_bytes",
    "body_bytes",  "header_timeout",      "body_timeout", "write_timeout"};

double number(std::uint64_t count) { return static_cast<double>(count); }

}  // namespace

void HttpMetrics::answered(std::string_view endpoint, unsigned status,
                           std::optional<std::chrono::nanoseconds> time) {
  const std::lock_guard lock(mutex_);
  ++answers_[{endpoint, status}];
  if (time) latencies_[endpoint].add(*time);
}

void HttpMetrics::write(PrometheusText& text) const {
  // In this order, so that no connection has ended that did not begin.
  const std::uint64_t ended = ended_;
  const std::uint64_t began = began_;
  text.begin(MetricType::gauge, "ktgate_http_connections", "Connections there are now.");
  text.sample({}, number(began - ended));
  text.begin(MetricType::counter, "ktgate_http_connections_total",
             "Connections that were accepted and not refused.");
  text.sample({}, number(began));
  text.begin(MetricType::counter, "ktgate_http_refused_total",
             "Connections and requests that were refused or given up, by the limit they met.");
  for (std::size_t i = 0; i < kLimitCount; ++i)
    text.sample({{"limit", kLimitNames.at(i)}}, number(refused_.at(i)));

  const std::lock_guard lock(mutex_);
  text.begin(MetricType::counter, "ktgate_http_requests_total",
             "Requests that were answered; endpoint none for those that reached no endpoint.");
  for (const auto& [key, count] : answers_)
    text.sample({{"endpoint", key.first}, {"status", std::to_string(key.second)}}, number(count));
  text.begin(MetricType::histogram, "ktgate_http_request_duration_seconds",
             "How long an endpoint took from a whole request to its answer.");
  for (const auto& [endpoint, latency] : latencies_) text.sample({{"endpoint", endpoint}}, latency);
}

}  // namespace kt::gateway
