#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <filesystem>
#include <memory>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

#include "commands.h"
#include "federation/reserved.h"
#include "importer.h"
#include "log/statistics.h"
#include "log_line.h"
#include "program/interrupt.h"
#include "program/line_reader.h"
#include "program/progress.h"

namespace kt::gateway {
namespace {

using keytrans::DeploymentMode;
using program::Interrupt;
using program::LineReader;
using program::Progress;

struct ImportOptions {
  std::filesystem::path directory;
  std::filesystem::path file;
  bool allow_reserved = false;
  bool check = false;
};

constexpr const char* kHelp =
    "Brings label-versions into a log that is not running, from JSON Lines:\n"
    "  {\"label\":\"alice@example.com\",\"version\":0,\"value\":\"c29tZSBrZXk\"}";

constexpr const char* kFooter =
    "A label is text, or {\"base64url\":\"…\"} when it is not UTF-8; a value is base64url without\n"
    "padding; a line without a version is of version 0. In third-party-management a signature,\n"
    "base64url too, has to be there.\n"
    "What is in the log already with the same value is counted and left alone, so an import that "
    "was\n"
    "interrupted goes on when it is started again. Nothing of a line that is wrong, or of those "
    "after\n"
    "it, is imported; those before it are.\n\n"
    "Example:\n"
    "  ktgate log import /var/lib/ktgate/example.log keys.jsonl --check &&\n"
    "  ktgate log import /var/lib/ktgate/example.log keys.jsonl";

// The input, closed with this object unless it is stdin.
class Input {
 public:
  static Result<Input> open(const std::filesystem::path& file) {
    if (file == "-") return Input(STDIN_FILENO);
    const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0)
      return fail(errno == ENOENT ? Errc::not_found : Errc::unavailable,
                  "the input cannot be opened: " + std::generic_category().message(errno));
    return Input(descriptor);
  }
  Input(Input&& other) noexcept : descriptor_(other.descriptor_) { other.descriptor_ = -1; }
  Input& operator=(Input&&) = delete;
  ~Input() {
    if (descriptor_ > STDIN_FILENO) close(descriptor_);
  }

  [[nodiscard]] int descriptor() const { return descriptor_; }
  // Its size, if it is a file.
  [[nodiscard]] std::optional<std::uint64_t> size() const {
    struct stat status {};
    if (fstat(descriptor_, &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
    return static_cast<std::uint64_t>(status.st_size);
  }

 private:
  explicit Input(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

// The line as it may be imported into a log of `mode`.
Result<LogLine> read_line(std::string_view text, DeploymentMode mode, bool allow_reserved) {
  KT_TRY(LogLine line, parse_log_line(text));
  const bool managed = mode == DeploymentMode::thirdPartyManagement;
  if (managed && line.signature.empty())
    return fail(Errc::malformed, "signature is missing, which third-party-management needs");
  if (!managed && !line.signature.empty())
    return fail(Errc::malformed, "signature is there, which only third-party-management has");
  if (!allow_reserved && federation::is_reserved(line.label))
    return fail(Errc::rejected, "label begins with kt:, which is reserved (--allow-reserved)");
  if (!allow_reserved && federation::is_like_a_tombstone(line.value))
    return fail(Errc::rejected,
                "value begins like a tombstone, which is reserved (--allow-reserved)");
  return line;
}

tl::unexpected<Error> in_line(std::uint64_t number, Error error) {
  return fail_in("line " + std::to_string(number), std::move(error));
}

Result<int> check(const ImportOptions& options, const Input& input) {
  KT_TRY(const auto configuration, log::read_configuration(options.directory));
  LineReader reader(input.descriptor(), kMaxLineSize);
  Progress progress("ktgate log import", input.size());
  while (true) {
    const auto got = reader.next();
    if (!got) return in_line(reader.number(), got.error());
    if (*got == LineReader::Got::end) break;
    auto line = read_line(reader.line(), configuration.mode(), options.allow_reserved);
    if (!line) return in_line(reader.number(), std::move(line).error());
    progress.show(reader.bytes(), reader.number());
  }
  std::printf("%llu lines are well-formed; nothing was imported\n",
              static_cast<unsigned long long>(reader.number() - 1));
  return program::kDone;
}

// How reading ended: with the input, with a signal, or with a line that is wrong.
struct Ending {
  std::uint64_t lines = 0;  // that were read and were right
  bool interrupted = false;
  std::optional<LineError> wrong;
};

Ending read_all(LineReader& reader, Importer& importer, DeploymentMode mode,
                const ImportOptions& options, const Interrupt& interrupt, Progress& progress) {
  Ending ending;
  while (!interrupt.came()) {
    const auto got = reader.next();
    if (!got) {
      ending.wrong = LineError{reader.number(), got.error()};
      return ending;
    }
    if (*got == LineReader::Got::end) return ending;
    if (*got == LineReader::Got::interrupted) break;
    auto line = read_line(reader.line(), mode, options.allow_reserved);
    if (!line) {
      ending.wrong = LineError{reader.number(), std::move(line).error()};
      return ending;
    }
    ending.wrong = importer.add(*std::move(line), reader.number());
    if (ending.wrong) return ending;
    ++ending.lines;
    progress.show(reader.bytes(), reader.number());
  }
  ending.interrupted = true;
  return ending;
}

Result<int> import(const ImportOptions& options, const Input& input) {
  const Interrupt interrupt;
  KT_TRY(const auto log, log::Log::open(options.directory));
  Importer importer(*log);
  LineReader reader(input.descriptor(), kMaxLineSize, interrupt.descriptor());
  Ending ending;
  std::uint64_t milliseconds = 0;
  {
    Progress progress("ktgate log import", input.size());
    ending = read_all(reader, importer, log->configuration().mode(), options, interrupt, progress);
    // What was read before a wrong line can be wrong in the log.
    if (auto refused = importer.finish();
        refused && (!ending.wrong || refused->line < ending.wrong->line))
      ending.wrong = std::move(refused);
    milliseconds = static_cast<std::uint64_t>(progress.elapsed().count());
  }
  if (ending.wrong) {
    Error& error = ending.wrong->error;
    error.detail += "; what stands before it is in the log, what stands after it " +
                    std::string(error.code == Errc::unavailable ? "may not be" : "is not");
    return in_line(ending.wrong->line, std::move(error));
  }
  const std::uint64_t imported = importer.imported();
  std::printf("%llu lines: %llu versions imported, %llu there already, %llu.%llu s, %llu lines/s\n",
              static_cast<unsigned long long>(ending.lines),
              static_cast<unsigned long long>(imported),
              static_cast<unsigned long long>(importer.already_there()),
              static_cast<unsigned long long>(milliseconds / 1000),
              static_cast<unsigned long long>(milliseconds % 1000 / 100),
              static_cast<unsigned long long>(ending.lines * 1000 / (milliseconds + 1)));
  if (!ending.interrupted) return program::kDone;
  std::printf("interrupted; the same command goes on\n");
  return program::kInterrupted;
}

Result<int> run_import(const ImportOptions& options) {
  KT_TRY(const Input input, Input::open(options.file));
  return options.check ? check(options, input) : import(options, input);
}

}  // namespace

void add_log_import(const program::Command& group) {
  const auto options = std::make_shared<ImportOptions>();
  const program::Command command = group.add_command("import", kHelp);
  command.set_footer(kFooter);
  command.add_path("DIR", options->directory, "The log's directory").required();
  command.add_path("FILE", options->file, "The file to read, or - for standard input").required();
  command.add_flag(
      "--check", options->check,
      "Read the whole file, say what is wrong with a line, and import nothing. What is "
      "in the log is not compared");
  command.add_flag("--allow-reserved", options->allow_reserved,
                   "Accept what belongs to gateways: labels that begin with kt:, and values that "
                   "begin like tombstones. For the export of a gateway's log");
  command.runs([options] { return run_import(*options); });
}

}  // namespace kt::gateway
