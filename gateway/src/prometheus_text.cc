#include "prometheus_text.h"

#include <array>
#include <charconv>

#include "keytrans/result.h"

namespace kt::gateway {
namespace {

std::string_view to_string(MetricType type) {
  switch (type) {
    case MetricType::counter: return "counter";
    case MetricType::gauge: return "gauge";
    case MetricType::histogram: return "histogram";
  }
  return "untyped";
}

// The shortest text without an exponent that is read as this number, which is one of our counts.
std::string format(double value) {
  std::array<char, 64> text{};
  const auto [end, code] =
      std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  KT_ASSERT(code == std::errc());
  return {text.data(), end};
}

std::string escaped(std::string_view value) {
  std::string text;
  for (const char c : value) {
    if (c == '\\' || c == '"') text += '\\';
    text += c == '\n' ? "\\n" : std::string(1, c);
  }
  return text;
}

}  // namespace

void PrometheusText::begin(MetricType type, std::string_view name, std::string_view help) {
  name_ = name;
  text_ += "# HELP " + name_ + " " + std::string(help) + "\n# TYPE " + name_ + " " +
           std::string(to_string(type)) + "\n";
}

void PrometheusText::write(std::string_view suffix, Labels labels, std::string_view last_name,
                           std::string_view last_value, double value) {
  std::string list;
  const auto add = [&list](std::string_view name, std::string_view text) {
    list += (list.empty() ? "" : ",") + std::string(name) + "=\"" + escaped(text) + '"';
  };
  for (const auto& [name, text] : labels) add(name, text);
  if (!last_name.empty()) add(last_name, last_value);
  text_ += name_ + std::string(suffix) + (list.empty() ? "" : "{" + list + "}") + " " +
           format(value) + "\n";
}

void PrometheusText::sample(Labels labels, double value) { write("", labels, "", "", value); }

void PrometheusText::sample(Labels labels, const Latency& latency) {
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < Latency::kBounds.size(); ++i) {
    count += latency.counts()[i];
    write("_bucket", labels, "le", format(Latency::kBounds[i]), static_cast<double>(count));
  }
  count += latency.counts().back();
  write("_bucket", labels, "le", "+Inf", static_cast<double>(count));
  write("_sum", labels, "", "", latency.sum());
  write("_count", labels, "", "", static_cast<double>(count));
}

}  // namespace kt::gateway
