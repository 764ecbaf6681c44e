// Writes metrics in the text format of Prometheus, version 0.0.4. Internal.
//
//   PrometheusText text;
//   text.begin(MetricType::gauge, "ktgate_log_tree_size", "Entries of the log.");
//   text.sample({{"log", "main"}}, 17);
//
// Source: https://prometheus.io/docs/instrumenting/exposition_formats/, "Text-based format".
//
// Thread rule: one thread at a time.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "latency.h"

namespace kt::gateway {

enum class MetricType : std::uint8_t { counter, gauge, histogram };

class PrometheusText {
 public:
  static constexpr std::string_view kContentType = "text/plain; version=0.0.4; charset=utf-8";

  using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

  // What follows are samples of `name`. Requires: `help` is one line, and neither name nor help
  // needs an escape.
  void begin(MetricType type, std::string_view name, std::string_view help);
  void sample(Labels labels, double value);
  // In seconds.
  void sample(Labels labels, const Latency& latency);

  [[nodiscard]] std::string take() { return std::move(text_); }

 private:
  void write(std::string_view suffix, Labels labels, std::string_view last_name,
             std::string_view last_value, double value);

  std::string text_;
  std::string name_;
};

}  // namespace kt::gateway
