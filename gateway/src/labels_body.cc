#include "labels_body.h"

#include <algorithm>

#include "log_line.h"

namespace kt::gateway {

Result<std::vector<Label>> parse_labels(ByteView body) {
  std::string_view text(reinterpret_cast<const char*>(body.data()), body.size());
  std::vector<Label> labels;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    auto label = parse_label_line(text.substr(0, end));
    if (!label)
      return fail_in("line " + std::to_string(labels.size() + 1), std::move(label).error());
    labels.push_back(*std::move(label));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return labels;
}

Bytes format_labels(const std::vector<Label>& labels) {
  std::string text;
  for (const Label& label : labels) text += format_label_line(label) + "\n";
  return to_bytes(text);
}

}  // namespace kt::gateway
