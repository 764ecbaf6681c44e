#include "witness.h"

#include <system_error>

#include "keytrans/fork_evidence.h"
#include "keytrans/hash.h"
#include "log_states.h"
#include "store/files.h"

namespace kt::client {
namespace {

using keytrans::ClientState;
using keytrans::DistinguishedResponse;
using keytrans::KnownDistinguished;

constexpr mode_t kEvidenceMode = 0600;
constexpr std::size_t kNameBytes = 16;

Cell witness_of(const LogId& log) { return {"witnesses", to_bytes(log.hash())}; }

// Both may have seen an entry, and then it is the same.
Result<void> check_common(const std::vector<KnownDistinguished>& known,
                          const std::vector<KnownDistinguished>& shown, const LogEndpoint& log) {
  for (const KnownDistinguished& mine : known) {
    for (const KnownDistinguished& theirs : shown) {
      if (mine.position() == theirs.position() && mine.view.root() != theirs.view.root())
        return fail(Errc::verification_failed,
                    log.name + ": it shows newcomers another history than was verified before");
    }
  }
  return {};
}

}  // namespace

Result<std::filesystem::path> save_evidence(const Session& session, const std::string& kind,
                                            ByteView evidence) {
  const std::filesystem::path directory = session.state.path() / "evidence";
  std::error_code error;
  std::filesystem::create_directory(directory, error);
  if (error) return fail(Errc::unavailable, "the evidence cannot be saved: " + error.message());
  const HashValue hash = keytrans::sha256(evidence);
  std::filesystem::path path =
      directory / (kind + "-" + to_hex(ByteView(hash).first(kNameBytes)) + ".ktevidence");
  const auto written = store::write_new_file(path, evidence, kEvidenceMode);
  // What has the name has the contents.
  if (!written && written.error().code != Errc::conflict)
    return fail(Errc::unavailable, "the evidence cannot be saved: " + written.error().detail);
  return path;
}

Result<std::optional<std::filesystem::path>> compare_with_newcomer(
    const Session& session, const KnownDomain& known, const federation::DirectoryLog& log) {
  using Saved = std::optional<std::filesystem::path>;
  const LogEndpoint endpoint = endpoint_of(known, log);
  const keytrans::RecentPolicy recent;
  ClientState newcomer(log.configuration, keytrans::ContactPolicy::as_required, recent);
  const keytrans::DistinguishedRequest request = newcomer.distinguished_request();
  KT_TRY(Bytes body, keytrans::encode(request));
  KT_TRY(Bytes answer, session.transport->post(
                           endpoint.origin, {"/distinguished", "distinguished", std::move(body)}));
  const auto context = log.configuration.context();
  KT_TRY(const auto response,
         of_verification(keytrans::decode<DistinguishedResponse>(answer, context), endpoint.name));
  KT_TRY(auto verified,
         of_verification(newcomer.verify(request, response, session.now()), endpoint.name));
  KT_TRY(newcomer.apply(std::move(verified)));

  KT_TRY(const auto stored, session.state.read(witness_of(log.id())));
  if (stored) {
    const auto before = keytrans::decode<DistinguishedResponse>(*stored, context);
    if (!before) return fail(Errc::corrupt, "what a newcomer was shown: " + before.error().detail);
    KT_TRY(const auto fork, keytrans::find_fork(log.configuration, *before, response, recent));
    if (fork) {
      KT_TRY(const Bytes evidence, fork->serialize());
      KT_TRY(std::filesystem::path path, save_evidence(session, "fork", evidence));
      return Saved(std::move(path));
    }
  }
  KT_TRY(const LoadedState loaded, load_state(session, log.configuration, known.contact_policy));
  KT_TRY(check_common(loaded.state.distinguished(), newcomer.distinguished(), endpoint));
  // Whoever was faster has kept one that is as good.
  KT_TRY(session.state.write({{witness_of(log.id()), stored, std::move(answer)}}));
  return Saved();
}

}  // namespace kt::client
