// The program `ktgate`, or another one, as a child of the test: what goes in, what comes out.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

#include "scratch_directory.h"

namespace kt::gateway {

struct Outcome {
  int code = -1;  // exit code, or minus the signal that ended the program
  std::string out;
  std::string err;
};

// One run, with a pipe as its input. Throws when the system refuses. Killed when this object goes
// before the program has ended.
class Running {
 public:
  // What it prints goes to `output`, if that is given. The program is `ktgate`, unless `program`
  // names the file of another one.
  explicit Running(const std::vector<std::string>& arguments, const std::string& output = "",
                   const std::string& program = "");
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
  ~Running();

  // Waits until the program has taken all of `text` into its pipe.
  void write(std::string_view text);
  void close_input();
  // Nothing once it has ended and was waited for.
  void signal(int number) const;
  [[nodiscard]] pid_t id() const { return child_; }
  // Closes the input and waits for the end.
  Outcome wait();
  // What it has printed so far.
  [[nodiscard]] std::string out() const;
  [[nodiscard]] std::string err() const;
  // The most memory that the program has had so far, in bytes. Requires: it has not ended.
  [[nodiscard]] std::size_t peak_memory() const;

 private:
  ScratchDirectory directory_;
  pid_t child_ = -1;
  int input_ = -1;
};

// A whole run.
Outcome run(const std::vector<std::string>& arguments, std::string_view input = "");

[[nodiscard]] std::string read_file(const std::filesystem::path& path);
void write_file(const std::filesystem::path& path, std::string_view contents);
// Every file below `directory`, with its contents.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> read_tree(
    const std::filesystem::path& directory);

}  // namespace kt::gateway
