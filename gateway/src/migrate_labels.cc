#include "migrate_labels.h"

#include <cerrno>
#include <fcntl.h>
#include <string_view>
#include <system_error>
#include <unistd.h>
#include <vector>

#include "admin_client.h"
#include "federation/domain.h"
#include "federation/reserved.h"
#include "log_line.h"
#include "program/interrupt.h"
#include "program/line_reader.h"

namespace kt::gateway {
namespace {

using program::LineReader;

// In one request: the longest labels, in the longest way to write them, are less than 1 MiB.
constexpr std::size_t kAtOnce = 2000;

class Input {
 public:
  static Result<Input> open(const std::filesystem::path& file) {
    if (file == "-") return Input(STDIN_FILENO);
    const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0)
      return fail(errno == ENOENT ? Errc::not_found : Errc::unavailable,
                  file.string() + ": " + std::generic_category().message(errno));
    return Input(descriptor);
  }
  Input(Input&& other) noexcept : descriptor_(other.descriptor_) { other.descriptor_ = -1; }
  Input& operator=(Input&&) = delete;
  ~Input() {
    if (descriptor_ > STDIN_FILENO) close(descriptor_);
  }
  [[nodiscard]] int descriptor() const { return descriptor_; }

 private:
  explicit Input(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

// The label that a line has. Nothing when it is of an export, and there already or the gateways'.
class Labels {
 public:
  Result<std::optional<Label>> read(std::string_view text) {
    // A line of an export has members, a label alone has none but one.
    auto exported = parse_log_line(text);
    if (!exported) {
      KT_TRY(Label label, parse_label_line(text));
      return label;
    }
    if (federation::is_reserved(exported->label)) return std::nullopt;
    // Versions of a label follow each other.
    if (last_ && *last_ == exported->label) return std::nullopt;
    last_ = exported->label;
    return std::move(exported->label);
  }

 private:
  std::optional<Label> last_;
};

tl::unexpected<Error> in_line(const LineReader& reader, Error error) {
  return fail_in("line " + std::to_string(reader.number()), std::move(error));
}

}  // namespace

Result<std::uint64_t> send_labels(const std::filesystem::path& socket, const std::string& domain,
                                  const std::filesystem::path& file) {
  KT_TRY(const auto name, federation::Domain::parse(domain));
  KT_TRY(const Input input, Input::open(file));
  const std::string path = "/migrations/" + name.text() + "/";
  const program::Interrupt interrupt;
  LineReader reader(input.descriptor(), kMaxLineSize, interrupt.descriptor());
  Labels labels;
  std::vector<Label> page;
  std::uint64_t count = 0;
  const auto send = [&]() -> Result<void> {
    if (page.empty()) return {};
    KT_TRY(post_to_admin(socket, path + "labels", page));
    count += page.size();
    page.clear();
    return {};
  };
  KT_TRY(post_to_admin(socket, path + "labels-begin", nlohmann::json::object()));
  while (true) {
    const auto got = reader.next();
    if (!got) return in_line(reader, got.error());
    if (*got == LineReader::Got::interrupted)
      return fail(Errc::unavailable, "interrupted: there is no list now");
    if (*got == LineReader::Got::end) break;
    auto label = labels.read(reader.line());
    if (!label) return in_line(reader, std::move(label).error());
    if (!*label) continue;
    page.push_back(**std::move(label));
    if (page.size() < kAtOnce) continue;
    KT_TRY(send());
  }
  KT_TRY(send());
  KT_TRY(post_to_admin(socket, path + "labels-end", nlohmann::json{{"count", count}}));
  return count;
}

}  // namespace kt::gateway
