// evaluate_batch on arbitrary sizes, leaves, retained heads and elements.

#include <algorithm>
#include <vector>

#include "keytrans/log_tree.h"

namespace {

using namespace kt;
using namespace kt::keytrans;

// Reads numbers and hashes off the input; zeros past its end.
class Input {
 public:
  explicit Input(ByteView bytes) : bytes_(bytes) {}
  std::uint64_t number(std::size_t octets) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < octets; ++i) value = value << 8U | octet();
    return value;
  }
  HashValue hash() {
    HashValue value{};
    value[0] = octet();
    return value;
  }

 private:
  std::uint8_t octet() {
    if (bytes_.empty()) return 0;
    const std::uint8_t value = bytes_.front();
    bytes_ = bytes_.subspan(1);
    return value;
  }
  ByteView bytes_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input input({data, size});
  const std::size_t width = input.number(1) % 2 == 0 ? 1 : 8;  // small trees, or any
  const TreeSize tree{input.number(width)};
  std::vector<LogLeaf> leaves;
  for (std::uint64_t count = input.number(1) % 16; count > 0; --count)
    leaves.push_back({EntryIndex{input.number(width)}, input.hash()});
  std::sort(leaves.begin(), leaves.end(),
            [](const LogLeaf& a, const LogLeaf& b) { return a.index < b.index; });
  leaves.erase(std::unique(leaves.begin(), leaves.end(),
                           [](const LogLeaf& a, const LogLeaf& b) { return a.index == b.index; }),
               leaves.end());
  std::optional<TreeSize> auditor;
  if (input.number(1) % 2 == 1) auditor = TreeSize{input.number(width)};
  std::optional<RetainedSubtrees> retained;
  std::vector<HashValue> heads;
  if (input.number(1) % 2 == 1) {
    const TreeSize before{input.number(width)};
    for (std::uint64_t count = input.number(1) % 65; count > 0; --count)
      heads.push_back(input.hash());
    retained = RetainedSubtrees{before, heads};
  }
  std::vector<HashValue> elements;
  for (std::uint64_t count = input.number(1); count > 0; --count) elements.push_back(input.hash());

  const auto values = evaluate_batch(tree, leaves, retained, auditor, elements);
  if (!values) return 0;
  KT_ASSERT(values->root_at(tree) == values->root());
  if (auditor && *auditor > TreeSize{0}) KT_ASSERT(values->root_at(*auditor).has_value());
  for (const LogLeaf& leaf : leaves)
    KT_ASSERT(values->root_at(TreeSize{leaf.index.value() + 1}).has_value());
  return 0;
}
