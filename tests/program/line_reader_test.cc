#include "program/line_reader.h"

#include <fcntl.h>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

#include <gtest/gtest.h>

#include "must.h"

namespace kt::program {
namespace {

using Got = LineReader::Got;

class Pipe {
 public:
  Pipe() {
    if (pipe(ends_) != 0) throw std::runtime_error("pipe");
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  ~Pipe() {
    close(ends_[0]);
    close_writer();
  }
  [[nodiscard]] int reader() const { return ends_[0]; }
  void write(std::string_view text) const {
    ASSERT_EQ(::write(ends_[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  void close_writer() {
    if (ends_[1] >= 0) close(ends_[1]);
    ends_[1] = -1;
  }

 private:
  int ends_[2] = {-1, -1};
};

std::vector<std::string> lines_of(std::string_view text) {
  Pipe pipe;
  pipe.write(text);
  pipe.close_writer();
  LineReader reader(pipe.reader(), 100);
  std::vector<std::string> lines;
  while (must(reader.next()) == Got::line) {
    lines.emplace_back(reader.line());
    EXPECT_EQ(reader.number(), lines.size());
  }
  EXPECT_EQ(reader.bytes(), text.size());
  EXPECT_EQ(must(reader.next()), Got::end);
  return lines;
}

TEST(LineReader, ReadsLines) {
  using Lines = std::vector<std::string>;
  EXPECT_EQ(lines_of(""), Lines{});
  EXPECT_EQ(lines_of("one\n"), Lines{"one"});
  EXPECT_EQ(lines_of("one\n\ntwo"), (Lines{"one", "", "two"}));
  EXPECT_EQ(lines_of("\n"), Lines{""});
  EXPECT_EQ(lines_of(std::string(100, 'x') + "\n" + std::string(100, 'y')),
            (Lines{std::string(100, 'x'), std::string(100, 'y')}));
}

TEST(LineReader, ALineMayComeInPieces) {
  Pipe pipe;
  LineReader reader(pipe.reader(), 100);
  std::thread writer([&] {
    for (const char c : std::string("one\ntwo\n")) pipe.write(std::string(1, c));
    pipe.close_writer();
  });
  EXPECT_EQ(must(reader.next()), Got::line);
  EXPECT_EQ(reader.line(), "one");
  EXPECT_EQ(must(reader.next()), Got::line);
  EXPECT_EQ(reader.line(), "two");
  EXPECT_EQ(must(reader.next()), Got::end);
  writer.join();
}

TEST(LineReader, RefusesALineThatIsTooLong) {
  for (const char* const end : {"", "\n", "\nmore\n"}) {
    Pipe pipe;
    pipe.write("short\n" + std::string(101, 'x') + end);
    pipe.close_writer();
    LineReader reader(pipe.reader(), 100);
    EXPECT_EQ(must(reader.next()), Got::line);
    const auto refused = reader.next();
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, Errc::malformed);
    EXPECT_EQ(reader.number(), 2U);
  }
}

// A line without an end does not fill the memory: what comes is refused before the writer is done.
TEST(LineReader, ALineWithoutAnEndIsRefusedWhileItComes) {
  Pipe pipe;
  pipe.write(std::string(1'000, 'x'));
  LineReader reader(pipe.reader(), 100);
  EXPECT_FALSE(reader.next().has_value());
}

TEST(LineReader, AnInterruptEndsTheWait) {
  Pipe pipe;
  const Pipe interrupt;
  pipe.write("one\ntw");
  LineReader reader(pipe.reader(), 100, interrupt.reader());
  EXPECT_EQ(must(reader.next()), Got::line);
  interrupt.write("!");
  EXPECT_EQ(must(reader.next()), Got::interrupted);
}

TEST(LineReader, SaysWhatTheSystemSays) {
  const int directory = open("/", O_RDONLY | O_CLOEXEC);
  LineReader reader(directory, 100);
  const auto refused = reader.next();
  close(directory);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Errc::unavailable);
}

}  // namespace
}  // namespace kt::program
