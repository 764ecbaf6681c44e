#include "prometheus_text.h"

#include <gtest/gtest.h>

#include "prometheus_samples.h"

namespace kt::gateway {
namespace {

using std::chrono::microseconds;
using std::chrono::seconds;

TEST(PrometheusText, WritesEachMetricWithItsHelpAndType) {
  PrometheusText text;
  text.begin(MetricType::gauge, "ktgate_a_bytes", "How many.");
  text.sample({}, 0);
  text.begin(MetricType::counter, "ktgate_b_total", "How often.");
  text.sample({{"log", "main"}, {"status", "200"}}, 12345678901234.0);
  text.sample({{"log", "other"}, {"status", "200"}}, 0.25);
  EXPECT_EQ(text.take(),
            "# HELP ktgate_a_bytes How many.\n"
            "# TYPE ktgate_a_bytes gauge\n"
            "ktgate_a_bytes 0\n"
            "# HELP ktgate_b_total How often.\n"
            "# TYPE ktgate_b_total counter\n"
            "ktgate_b_total{log=\"main\",status=\"200\"} 12345678901234\n"
            "ktgate_b_total{log=\"other\",status=\"200\"} 0.25\n");
}

TEST(PrometheusText, EscapesTheValuesOfLabels) {
  PrometheusText text;
  text.begin(MetricType::gauge, "ktgate_a", "It.");
  text.sample({{"log", "a\"b\\c\nd"}}, 1);
  EXPECT_TRUE(text.take().ends_with("ktgate_a{log=\"a\\\"b\\\\c\\nd\"} 1\n"));
}

// Bounds belong to their bucket, and every bucket has those before it.
TEST(PrometheusText, WritesAHistogramWithCumulativeBuckets) {
  Latency latency;
  for (const auto time : {microseconds(0), microseconds(100), microseconds(101)}) latency.add(time);
  latency.add(seconds(10));
  latency.add(seconds(11));
  PrometheusText text;
  text.begin(MetricType::histogram, "ktgate_a_seconds", "How long.");
  text.sample({{"endpoint", "search"}}, latency);
  const Samples samples = PrometheusReader::read(text.take());
  const auto bucket = [&](const std::string& bound) {
    return samples.at("ktgate_a_seconds_bucket{endpoint=\"search\",le=\"" + bound + "\"}");
  };
  EXPECT_EQ(samples.size(), Latency::kBounds.size() + 3);
  EXPECT_EQ(bucket("0.0001"), 2);
  EXPECT_EQ(bucket("0.00025"), 3);
  EXPECT_EQ(bucket("5"), 3);
  EXPECT_EQ(bucket("10"), 4);
  EXPECT_EQ(bucket("+Inf"), 5);
  EXPECT_EQ(samples.at("ktgate_a_seconds_count{endpoint=\"search\"}"), 5);
  EXPECT_NEAR(samples.at("ktgate_a_seconds_sum{endpoint=\"search\"}"), 21.000201, 1e-9);
}

}  // namespace
}  // namespace kt::gateway
