#include "stored_versions.h"

#include "keytrans/codec.h"
#include "store/pages.h"

namespace kt::log {

Result<LabelVersion> parse_version_key(ByteView key) {
  LabelVersion parsed;
  keytrans::Decoder io(key);
  io.label("label", parsed.label);
  io.number("version", parsed.version);
  if (auto finished = std::move(io).finish(); !finished)
    return fail(Errc::corrupt, "the key of a record: " + finished.error().detail);
  return parsed;
}

Result<void> visit_versions(const store::Store& store, store::Table table,
                            const std::optional<LabelVersion>& after, const VersionVisitor& visit) {
  Bytes last = after ? version_key(after->label, after->version) : Bytes();
  while (true) {
    KT_TRY(const auto page, store::read_page(store, table, last));
    if (page.empty()) return {};
    for (const store::OwnedRecord& record : page) {
      KT_TRY(const LabelVersion about, parse_version_key(record.key));
      KT_TRY(visit(about, record.value));
    }
    last = page.back().key;
  }
}

}  // namespace kt::log
