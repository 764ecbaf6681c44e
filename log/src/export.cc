#include "log/export.h"

#include "closed_log.h"
#include "stored_versions.h"

namespace kt::log {

Result<void> export_log(const std::filesystem::path& directory,
                        const std::optional<ExportPosition>& after, const ExportVisitor& visit) {
  KT_TRY(const ClosedLog log, open_closed_log(directory));
  std::optional<LabelVersion> start;
  if (after) start = LabelVersion{after->label, after->version};
  return visit_versions(*log.store, log.tables.values, start,
                        [&visit](const LabelVersion& about, ByteView value) -> Result<void> {
                          KT_TRY(auto stored, decode_record<keytrans::CommittedValue>(value));
                          return visit({about.label, about.version, std::move(stored.update)});
                        });
}

}  // namespace kt::log
