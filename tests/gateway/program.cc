#include "program.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <sys/wait.h>
#include <unistd.h>

namespace kt::gateway {
namespace {

void require(bool condition, const char* what) {
  if (!condition) throw std::runtime_error(what);
}

}  // namespace

Running::Running(const std::vector<std::string>& arguments, const std::string& output,
                 const std::string& program) {
  int input[2] = {-1, -1};
  require(pipe2(input, O_CLOEXEC) == 0, "pipe");
  std::vector<std::string> words{program.empty() ? KTGATE_PROGRAM : program};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  const std::string out = output.empty() ? (directory_.path() / "out").string() : output;
  const std::string err = directory_.path() / "err";
  child_ = fork();
  require(child_ >= 0, "fork");
  if (child_ == 0) {
    dup2(input[0], STDIN_FILENO);
    dup2(open(out.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600), STDOUT_FILENO);
    dup2(open(err.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600), STDERR_FILENO);
    execv(argv[0], argv.data());
    _exit(127);
  }
  close(input[0]);
  input_ = input[1];
}

Running::~Running() {
  if (input_ >= 0) close(input_);
  if (child_ < 0) return;
  kill(child_, SIGKILL);
  waitpid(child_, nullptr, 0);
}

void Running::write(std::string_view text) {
  // A program that has ended says why by itself.
  const auto handler = std::signal(SIGPIPE, SIG_IGN);
  while (!text.empty()) {
    const ssize_t written = ::write(input_, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) break;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  std::signal(SIGPIPE, handler);
}

void Running::close_input() {
  if (input_ >= 0) close(input_);
  input_ = -1;
}

void Running::signal(int number) const {
  // Without a child of ours it would go to every process there is.
  if (child_ <= 0) return;
  require(kill(child_, number) == 0, "kill");
}

Outcome Running::wait() {
  close_input();
  int status = 0;
  require(waitpid(child_, &status, 0) == child_, "waitpid");
  child_ = -1;
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status), out(), err()};
}

std::string Running::out() const { return read_file(directory_.path() / "out"); }
std::string Running::err() const { return read_file(directory_.path() / "err"); }

std::size_t Running::peak_memory() const {
  const std::string status = read_file("/proc/" + std::to_string(child_) + "/status");
  const std::string name = "VmHWM:";
  const std::size_t found = status.find(name);
  require(found != std::string::npos, "VmHWM");
  return std::stoul(status.substr(found + name.size())) * 1024;
}

Outcome run(const std::vector<std::string>& arguments, std::string_view input) {
  Running program(arguments);
  program.write(input);
  return program.wait();
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

void write_file(const std::filesystem::path& path, std::string_view contents) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(contents.data(), static_cast<std::streamsize>(contents.size()));
  require(file.good(), "a file cannot be written");
}

std::vector<std::pair<std::string, std::string>> read_tree(const std::filesystem::path& directory) {
  std::vector<std::pair<std::string, std::string>> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory))
    files.emplace_back(entry.path().string(), entry.is_regular_file() ? read_file(entry) : "");
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace kt::gateway
