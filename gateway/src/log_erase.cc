#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <filesystem>
#include <memory>
#include <system_error>
#include <unistd.h>
#include <vector>

#include "commands.h"
#include "log/erase.h"
#include "log_line.h"
#include "program/line_reader.h"

namespace kt::gateway {
namespace {

using program::LineReader;

constexpr const char* kHelp =
    "Erases labels from a log that is not running. This cannot be undone. FILE, or standard input\n"
    "for -, has a label on each line, as an export writes it: JSON text, or {\"base64url\": …}.";

constexpr const char* kFooter =
    "All lines are read before anything is erased; nothing is, if one is no label of the log. The\n"
    "values of all versions go at once. The label itself is removed while the log runs, as soon "
    "as\n"
    "users and an auditor allow: with the next entry after the monitoring window. Until entries "
    "with\n"
    "it are expired it cannot be made anew. Other labels are not affected, and what users were "
    "shown\n"
    "still verifies. stat says what is left: erased labels, leaving leaves and pseudonyms. "
    "Remains\n"
    "are in the database's file until it is pruned and compacted, and in older backups.\n\n"
    "Example:\n"
    "  echo '\"alice@example.com\"' | ktgate log erase /var/lib/ktgate/example.log -\n"
    "  ktgate log compact /var/lib/ktgate/example.log";

// Labels that one run erases.
constexpr std::size_t kMaxLabels = 1'000'000;

Result<std::vector<Label>> read_labels(int input) {
  LineReader reader(input, kMaxLineSize);
  std::vector<Label> labels;
  while (true) {
    KT_TRY(const LineReader::Got got, reader.next());
    if (got != LineReader::Got::line) return labels;
    const std::string where = "line " + std::to_string(reader.number());
    if (labels.size() == kMaxLabels) return fail(Errc::malformed, where + ": too many labels");
    auto label = parse_label_line(reader.line());
    if (!label) return fail_in(where, std::move(label).error());
    labels.push_back(*std::move(label));
  }
}

Result<std::vector<Label>> read_labels_from(const std::string& file) {
  if (file == "-") return read_labels(STDIN_FILENO);
  const int input = open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (input < 0)
    return fail(Errc::unavailable,
                "the file cannot be opened: " + std::generic_category().message(errno));
  auto labels = read_labels(input);
  close(input);
  return labels;
}

Result<int> erase(const std::filesystem::path& directory, const std::string& file) {
  KT_TRY(const std::vector<Label> labels, read_labels_from(file));
  KT_TRY(const std::uint64_t values, log::erase_labels(directory, labels));
  std::printf("%zu labels: %llu values erased\n", labels.size(),
              static_cast<unsigned long long>(values));
  return 0;
}

}  // namespace

void add_log_erase(const program::Command& group) {
  struct Options {
    std::filesystem::path directory;
    std::string file;
  };
  const auto options = std::make_shared<Options>();
  const program::Command command = group.add_command("erase", kHelp);
  command.set_footer(kFooter);
  command.add_path("DIR", options->directory, "The log's directory").required();
  command.add_text("FILE", options->file, "Labels to erase, one a line").required();
  command.runs([options] { return erase(options->directory, options->file); });
}

}  // namespace kt::gateway
