#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <filesystem>
#include <memory>
#include <string>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

#include "commands.h"
#include "log/export.h"
#include "log/statistics.h"
#include "log_line.h"

namespace kt::gateway {
namespace {

struct ExportOptions {
  std::filesystem::path directory;
  std::filesystem::path output;
  bool resume = false;
};

constexpr const char* kHelp =
    "Writes every label-version of a log that is not running and has a value as JSON Lines, as\n"
    "import reads them.";

constexpr const char* kFooter =
    "A value that was erased, pruned or skipped is not there to be written, so an export of a log\n"
    "that lost some leaves gaps. Signatures, in third-party-management, are over this log's\n"
    "configuration and hold in no other.\n\n"
    "Example:\n"
    "  ktgate log export /var/lib/ktgate/example.log --output keys.jsonl\n"
    "  ktgate log export /var/lib/ktgate/example.log --output keys.jsonl --resume";

constexpr std::size_t kBufferSize = std::size_t{256} << 10;

tl::unexpected<Error> output_failure(const char* what) {
  return fail(Errc::unavailable, std::string("the output cannot be ") + what + ": " +
                                     std::generic_category().message(errno));
}

// Where the lines go, in large pieces.
class Output {
 public:
  // Borrows stdout.
  Output() : descriptor_(STDOUT_FILENO) {}
  // Owns `descriptor`.
  explicit Output(int descriptor) : descriptor_(descriptor) {}
  Output(Output&& other) noexcept
      : descriptor_(other.descriptor_), buffer_(std::move(other.buffer_)) {
    other.descriptor_ = -1;
  }
  Output& operator=(Output&&) = delete;
  ~Output() {
    if (descriptor_ > STDOUT_FILENO) close(descriptor_);
  }

  [[nodiscard]] int descriptor() const { return descriptor_; }

  Result<void> write_line(const std::string& line) {
    buffer_ += line;
    buffer_ += '\n';
    if (buffer_.size() < kBufferSize) return {};
    return flush();
  }

  // Writes what is left. A file is on disk then.
  Result<void> finish() {
    KT_TRY(flush());
    if (descriptor_ != STDOUT_FILENO && fsync(descriptor_) != 0) return output_failure("synced");
    return {};
  }

 private:
  Result<void> flush() {
    std::size_t done = 0;
    while (done < buffer_.size()) {
      const ssize_t written = write(descriptor_, buffer_.data() + done, buffer_.size() - done);
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return output_failure("written");
      done += static_cast<std::size_t>(written);
    }
    buffer_.clear();
    return {};
  }

  int descriptor_;
  std::string buffer_;
};

// Where the last complete line of a file begins and ends.
struct LastLine {
  std::string text;  // without its newline
  off_t end = 0;     // after it
};

// Reads at most the end of the file that two lines can take.
Result<LastLine> find_last_line(int descriptor) {
  struct stat status {};
  if (fstat(descriptor, &status) != 0) return output_failure("examined");
  if (!S_ISREG(status.st_mode)) return fail(Errc::rejected, "the output is not a regular file");
  const off_t window = std::min(status.st_size, static_cast<off_t>(2 * (kMaxLineSize + 1)));
  const off_t start = status.st_size - window;
  std::string tail(static_cast<std::size_t>(window), '\0');
  std::size_t read = 0;
  while (read < tail.size()) {
    const ssize_t size =
        pread(descriptor, tail.data() + read, tail.size() - read, start + static_cast<off_t>(read));
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return output_failure("read");
    read += static_cast<std::size_t>(size);
  }
  const std::size_t last = tail.rfind('\n');
  if (last == std::string::npos) {
    if (start > 0) return fail(Errc::malformed, "the output has a line that is too long");
    return LastLine{};
  }
  const std::size_t before = last == 0 ? std::string::npos : tail.rfind('\n', last - 1);
  if (before == std::string::npos && start > 0)
    return fail(Errc::malformed, "the output has a line that is too long");
  const std::size_t first = before == std::string::npos ? 0 : before + 1;
  return LastLine{tail.substr(first, last - first), start + static_cast<off_t>(last) + 1};
}

// Finds where the export in the file goes on, and cuts off what comes after its last whole line.
Result<std::optional<log::ExportPosition>> find_position(int descriptor) {
  KT_TRY(const LastLine last, find_last_line(descriptor));
  std::optional<log::ExportPosition> position;
  if (last.end > 0) {
    auto line = parse_log_line(last.text);
    if (!line) return fail_in("the last line of the output", std::move(line).error());
    position = log::ExportPosition{std::move(line->label), line->version};
  }
  if (ftruncate(descriptor, last.end) != 0 || lseek(descriptor, 0, SEEK_END) < 0)
    return output_failure("cut off after its last whole line");
  return position;
}

Result<Output> open_output(const ExportOptions& options) {
  if (options.output.empty()) return Output();
  // What is written are identities: for the owner only.
  const int flags = options.resume ? O_RDWR | O_CREAT : O_WRONLY | O_CREAT | O_EXCL;
  const int descriptor = open(options.output.c_str(), flags | O_CLOEXEC, 0600);
  if (descriptor < 0 && errno == EEXIST)
    return fail(Errc::conflict, "the output is there already; --resume goes on with it");
  if (descriptor < 0) return output_failure("opened");
  return Output(descriptor);
}

Result<int> run_export(const ExportOptions& options) {
  // A log that is not there must not leave an empty file.
  KT_TRY(log::read_configuration(options.directory));
  KT_TRY(Output output, open_output(options));
  std::optional<log::ExportPosition> after;
  if (options.resume) {
    KT_TRY(after, find_position(output.descriptor()));
  }
  KT_TRY(log::export_log(options.directory, after, [&output](const log::ExportedVersion& exported) {
    return output.write_line(format_log_line(
        {exported.label, exported.version, exported.value.value, exported.value.suffix.signature}));
  }));
  KT_TRY(output.finish());
  return 0;
}

}  // namespace

void add_log_export(const program::Command& group) {
  const auto options = std::make_shared<ExportOptions>();
  const program::Command command = group.add_command("export", kHelp);
  command.set_footer(kFooter);
  command.add_path("DIR", options->directory, "The log's directory").required();
  const program::Option output =
      command
          .add_path("--output", options->output,
                    "The file to write, which must not be there yet. Default: standard output")
          .type_name("FILE");
  command
      .add_flag(
          "--resume", options->resume,
          "Go on after the last whole line of FILE, if it is there; an incomplete line at its "
          "end is cut off")
      .needs(output);
  command.runs([options] { return run_export(*options); });
}

}  // namespace kt::gateway
