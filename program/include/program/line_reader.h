// Lines of a file or a pipe, one at a time and of a bounded length.
//
// Thread rule: one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "keytrans/result.h"

namespace kt::program {

class LineReader {
 public:
  // Borrows the descriptor `input`. When `interrupt`, another one, has something to read, reading
  // ends; -1 for none.
  LineReader(int input, std::size_t max_line, int interrupt = -1)
      : input_(input), interrupt_(interrupt), max_line_(max_line) {}

  enum class Got : std::uint8_t { line, end, interrupted };

  // Reads the next line, waiting for it. The last one may do without its newline.
  // Errors: malformed for a line that is too long; unavailable when the system refuses.
  Result<Got> next();

  // Without its newline; valid until next() is called again. Requires: the last was Got::line.
  [[nodiscard]] std::string_view line() const { return line_; }
  // Of the line, from 1; of the one that failed, after an error.
  [[nodiscard]] std::uint64_t number() const { return number_; }
  // Bytes up to the end of the line.
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

 private:
  Result<Got> fill();

  int input_;
  int interrupt_;
  std::size_t max_line_;
  std::string buffer_;
  std::size_t start_ = 0;  // of what was not taken yet, in the buffer
  std::string_view line_;
  std::uint64_t number_ = 0;
  std::uint64_t bytes_ = 0;
  bool ended_ = false;
};

}  // namespace kt::program
