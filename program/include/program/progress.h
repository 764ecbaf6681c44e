// How far a long command is, on stderr: a bar on a terminal, a line every few seconds otherwise.
//
// Thread rule: one thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kt::program {

class Progress {
 public:
  // `total` is the size of the input, if that is known. `command` begins each line, and `unit` is
  // what is counted.
  Progress(std::string command, std::optional<std::uint64_t> total,
           std::string_view unit = "lines");
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress();  // removes the bar

  // Says how much of the input was read, and how many of its lines, or what else is
  // counted; not every time it is called.
  void show(std::uint64_t bytes, std::uint64_t lines);

  [[nodiscard]] std::chrono::milliseconds elapsed() const;

 private:
  std::string command_;
  std::optional<std::uint64_t> total_;
  std::string unit_;
  bool terminal_;
  bool drawn_ = false;
  std::chrono::steady_clock::time_point start_;
  std::chrono::steady_clock::time_point next_;
};

// "1234 lines, 617/s, 45 %, 2m left": what is known of them. Exposed for its test.
[[nodiscard]] std::string describe_progress(std::uint64_t bytes, std::uint64_t lines,
                                            std::optional<std::uint64_t> total,
                                            std::chrono::milliseconds elapsed,
                                            std::string_view unit = "lines");

}  // namespace kt::program
