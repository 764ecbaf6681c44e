// A strict reader of the text format of Prometheus, version 0.0.4.
//
// Source: https://prometheus.io/docs/instrumenting/exposition_formats/
#pragma once

#include <cmath>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>

namespace kt::gateway {

// Samples as they are written: `name{label="value"}` to its value.
using Samples = std::map<std::string, double>;

class PrometheusReader {
 public:
  // Throws std::runtime_error for text that is not of the format: a sample without or beside its
  // HELP and TYPE, a metric or a sample that is there twice, a histogram that is none.
  static Samples read(const std::string& text) {
    PrometheusReader reader;
    if (!text.ends_with('\n')) throw std::runtime_error("the last line does not end");
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) reader.read_line(line);
    reader.end_metric();
    return reader.samples_;
  }

 private:
  static void require(bool condition, const std::string& line) {
    if (!condition) throw std::runtime_error("not a metric: " + line);
  }

  void read_line(const std::string& line) {
    static const std::regex kHelp(R"(# HELP ([a-z][a-z0-9_]*) (.+))");
    static const std::regex kType(R"(# TYPE ([a-z][a-z0-9_]*) (counter|gauge|histogram))");
    std::smatch match;
    if (std::regex_match(line, match, kHelp)) {
      end_metric();
      name_ = match[1];
      type_.clear();
      require(names_.insert(name_).second, line);
      require(name_.starts_with("ktgate_"), line);
    } else if (std::regex_match(line, match, kType)) {
      require(match[1] == name_ && type_.empty(), line);
      type_ = match[2];
      require((type_ == "counter") == name_.ends_with("_total"), line);
    } else {
      read_sample(line);
    }
  }

  void read_sample(const std::string& line) {
    static const std::string kLabel(R"re([a-z]+="(?:[^"\\]|\\["\\n])*")re");
    static const std::regex kSample("([a-z][a-z0-9_]*)(\\{(" + kLabel + "(?:," + kLabel +
                                    ")*)\\})? ([^ ]+)");
    std::smatch match;
    require(!type_.empty() && std::regex_match(line, match, kSample), line);
    const std::string suffix = match[1].str().substr(std::min(name_.size(), match[1].str().size()));
    require(match[1].str().starts_with(name_), line);
    if (type_ == "histogram") {
      require(suffix == "_bucket" || suffix == "_sum" || suffix == "_count", line);
    } else {
      require(suffix.empty(), line);
    }
    std::size_t end = 0;
    const double value = std::stod(match[4], &end);
    require(end == match[4].str().size() && value >= 0 && std::isfinite(value), line);
    require(samples_.emplace(match[1].str() + match[2].str(), value).second, line);
    if (suffix == "_bucket") read_bucket(match[3], value, line);
    if (suffix == "_count") {
      require(bound_ == "+Inf" && last_count_ == value, line);
      bound_.clear();
    }
  }

  // Buckets go up, in bound and in count, to the one that has all.
  void read_bucket(const std::string& labels, double count, const std::string& line) {
    static const std::regex kBound(R"re((?:.*,)?le="([^"]+)")re");
    std::smatch match;
    require(std::regex_match(labels, match, kBound), line);
    require(bound_.empty() || (bound_ != "+Inf" && count >= last_count_ &&
                               (match[1] == "+Inf" || std::stod(match[1]) > std::stod(bound_))),
            line);
    bound_ = match[1];
    last_count_ = count;
  }

  void end_metric() {
    if (!name_.empty()) require(!type_.empty() && bound_.empty(), name_);
  }

  Samples samples_;
  std::set<std::string> names_;
  std::string name_;
  std::string type_;
  std::string bound_;  // of the bucket before; empty between histograms
  double last_count_ = 0;
};

}  // namespace kt::gateway
