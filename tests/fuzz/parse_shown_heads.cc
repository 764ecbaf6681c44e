// What one user shows to another to compare: what is read has one spelling.

#include "client/compare.h"
#include "must.h"
#include "mutation.h"

namespace {

using namespace kt;

Bytes honest_text() {
  HashValue id{};
  id.fill(7);
  const client::ShownHeads shown{LogId(id), {{HashValue{1}, HashValue{2}, HashValue{3}}}};
  return to_bytes(must(shown.text()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Bytes kHonest = honest_text();
  const Bytes message = keytrans::edit(kHonest, {data, size});
  const std::string text(message.begin(), message.end());
  const auto shown = client::ShownHeads::parse(text);
  if (!shown) {
    KT_ASSERT(shown.error().code == Errc::malformed);
    return 0;
  }
  KT_ASSERT(must(shown->text()) == text);
  return 0;
}
