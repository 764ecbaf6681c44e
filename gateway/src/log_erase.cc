#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <filesystem>
#include <memory>
#include <system_error>
#include <unistd.h>
#include <vector>

#include "admin_client.h"
#include "commands.h"
#include "log/erase.h"
#include "log_line.h"
#include "program/line_reader.h"

namespace kt::gateway {
namespace {

using program::LineReader;

constexpr const char* kHelp =
    "Erases labels from a log. This cannot be undone. FILE, or standard input for -, has a label\n"
    "on each line, as an export writes it: JSON text, or {\"base64url\": …}.";

constexpr const char* kFooter =
    "LOG is a directory, or with --socket the alias of a log that a gateway serves. The socket is\n"
    "the admin.socket of its configuration.\n\n"
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
    "  ktgate log compact /var/lib/ktgate/example.log\n"
    "  echo '\"bob@example.com\"' | \\\n"
    "      ktgate log erase --socket /run/ktgate/admin.socket example -";

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

struct EraseOptions {
  std::string log;  // a directory, or with a socket an alias
  std::string file;
  std::filesystem::path socket;
};

Result<std::uint64_t> erase_labels(const EraseOptions& options, const std::vector<Label>& labels) {
  if (!options.socket.empty()) return erase_labels_at(options.socket, options.log, labels);
  auto values = log::erase_labels(options.log, labels);
  if (!values && values.error().code == Errc::conflict)
    values.error().detail += "; if a gateway serves it, use --socket";
  return values;
}

Result<int> erase(const EraseOptions& options) {
  KT_TRY(const std::vector<Label> labels, read_labels_from(options.file));
  KT_TRY(const std::uint64_t values, erase_labels(options, labels));
  std::printf("%zu labels: %llu values erased\n", labels.size(),
              static_cast<unsigned long long>(values));
  return 0;
}

}  // namespace

void add_log_erase(const program::Command& group) {
  const auto options = std::make_shared<EraseOptions>();
  const program::Command command = group.add_command("erase", kHelp);
  command.set_footer(kFooter);
  command.add_text("LOG", options->log, "The log's directory; with --socket its alias").required();
  command.add_text("FILE", options->file, "Labels to erase, one a line").required();
  command.add_path("--socket", options->socket,
                   "The admin socket of the gateway that serves the log");
  command.runs([options] { return erase(*options); });
}

}  // namespace kt::gateway
