// What an HTTP server counts. Internal. docs/operations.md says what each is for.
//
// Thread rule: any thread.
#pragma once

#include <array>
#include <atomic>
#include <map>
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>

#include "latency.h"
#include "prometheus_text.h"

namespace kt::gateway {

// What a connection or a request was refused or given up for: the keys of [limits], except that
// `descriptors` are the system's and `body_bytes` what the endpoint takes.
enum class Limit : std::uint8_t {
  connections,
  network_connections,
  descriptors,
  header_bytes,
  body_bytes,
  header_timeout,
  body_timeout,
  write_timeout,
};
inline constexpr std::size_t kLimitCount = 8;

class HttpMetrics {
 public:
  void connection_began() { ++began_; }
  void connection_ended() { ++ended_; }
  void refused(Limit limit) { ++refused_.at(static_cast<std::size_t>(limit)); }
  // `endpoint` is one of a few names, and lives as long as the program. `time` is how long the
  // endpoint took, nothing when the request was refused before it was asked.
  void answered(std::string_view endpoint, unsigned status,
                std::optional<std::chrono::nanoseconds> time);

  void write(PrometheusText& text) const;

 private:
  std::atomic<std::uint64_t> began_ = 0;
  std::atomic<std::uint64_t> ended_ = 0;
  std::array<std::atomic<std::uint64_t>, kLimitCount> refused_{};
  mutable std::mutex mutex_;
  std::map<std::pair<std::string_view, unsigned>, std::uint64_t> answers_;
  std::map<std::string_view, Latency> latencies_;
};

}  // namespace kt::gateway
