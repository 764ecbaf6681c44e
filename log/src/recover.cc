#include "log/recover.h"

#include "closed_log.h"
#include "highest_head.h"
#include "keytrans/key_file.h"
#include "log/log.h"

namespace kt::log {
namespace {

struct Inspected {
  ClosedLog log;  // and the lease on it
  HeadFinding finding;
  store::SignedHead head;  // of the database
};

Result<HeadTrouble> trouble_of(const LogView& view, const store::SignedHead& highest) {
  KT_TRY(const Standing standing, compare(view, highest));
  if (standing == Standing::behind) return HeadTrouble::behind;
  if (standing == Standing::beside) return HeadTrouble::beside;
  return HeadTrouble::none;
}

Result<Inspected> inspect(const std::filesystem::path& directory) {
  KT_TRY(ClosedLog log, open_closed_log(directory));
  const keytrans::Configuration& wire = log.configuration.wire();
  // Without its keys it would not open afterwards either.
  KT_TRY(load_signature_key(log.files.path, log.configuration));
  KT_TRY(const auto vrf_key, keytrans::load_key<keytrans::VrfPrivateKey>(
                                 log.files.vrf_key(), wire.ciphersuite, wire.vrf_public_key));
  KT_TRY(auto snapshot, log.store->snapshot());
  HeadFinding finding;
  finding.database = log.state.size();
  store::SignedHead head;
  {
    const LogView view(log.configuration, vrf_key, log.tables,
                       std::make_shared<const State>(log.state), std::move(snapshot),
                       Absence::believed, nullptr);
    KT_TRY(head, signed_head(view));
    const auto file = store::HeadFile::open(log.files.head_file());
    if (file) {
      finding.highest = file->highest().head.tree_size;
      KT_TRY(finding.trouble, trouble_of(view, file->highest()));
    } else if (file.error().code == Errc::rejected) {
      finding.trouble = HeadTrouble::missing;
    } else if (file.error().code == Errc::corrupt) {
      finding.trouble = HeadTrouble::unreadable;
    } else {
      return tl::unexpected<Error>(file.error());
    }
  }
  return Inspected{std::move(log), finding, std::move(head)};
}

}  // namespace

Result<HeadFinding> inspect_head(const std::filesystem::path& directory) {
  KT_TRY(const Inspected inspected, inspect(directory));
  return inspected.finding;
}

Result<HeadFinding> recover_log(const std::filesystem::path& directory) {
  KT_TRY(const Inspected inspected, inspect(directory));
  if (inspected.finding.trouble != HeadTrouble::none) {
    KT_TRY(store::HeadFile::replace(inspected.log.files.head_file(), inspected.head));
  }
  return inspected.finding;
}

}  // namespace kt::log
