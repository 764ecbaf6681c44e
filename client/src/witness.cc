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

constexpr mode_t kEvidenceMode = 0600;
constexpr std::size_t kNameBytes = 16;

Cell witness_of(const LogId& log) { return {"witnesses", to_bytes(log.hash())}; }

using Saved = std::optional<std::filesystem::path>;

// What a newcomer knows of `answer`, given to a request of theirs.
Result<NewcomersView> read_view(const keytrans::LogConfiguration& configuration, Bytes answer,
                                Timestamp now, const std::string& name) {
  ClientState newcomer(configuration, keytrans::ContactPolicy::as_required);
  KT_TRY(auto response,
         of_verification(keytrans::decode<DistinguishedResponse>(answer, configuration.context()),
                         name));
  KT_TRY(auto verified,
         of_verification(newcomer.verify(newcomer.distinguished_request(), response, now), name));
  KT_TRY(newcomer.apply(std::move(verified)));
  return NewcomersView{std::move(answer), std::move(response), std::move(newcomer)};
}

// Evidence, if two signed answers are that.
Result<Saved> prove_fork(const Session& session, const federation::DirectoryLog& log,
                         const DistinguishedResponse& a, const DistinguishedResponse& b) {
  KT_TRY(const auto fork, keytrans::find_fork(log.configuration, a, b, keytrans::RecentPolicy()));
  if (!fork) return Saved();
  KT_TRY(const Bytes evidence, fork->serialize());
  KT_TRY(std::filesystem::path path, save_evidence(session, "fork", evidence));
  return Saved(std::move(path));
}

keytrans::ShownTree shown_to(const ClientState& state) {
  return {state.view()->size, state.view()->rightmost_entry().timestamp, state.distinguished()};
}

Result<void> check_same(const ClientState& a, const ClientState& b,
                        const federation::DirectoryLog& log, const char* what) {
  if (!a.view() || !b.view()) return {};  // nothing is known of the log
  if (keytrans::compare_shown(shown_to(a), shown_to(b)) == keytrans::ListComparison::different)
    return fail(Errc::verification_failed, "log " + log.alias + ": " + what);
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

Result<NewcomersView> ask_as_newcomer(const Session& session, const KnownDomain& known,
                                      const federation::DirectoryLog& log, std::string_view token) {
  const LogEndpoint endpoint = endpoint_of(known, log);
  const ClientState newcomer(log.configuration, keytrans::ContactPolicy::as_required);
  KT_TRY(Bytes body, keytrans::encode(newcomer.distinguished_request()));
  KT_TRY(Bytes answer, session.transport->post(endpoint.origin, {"/distinguished", "distinguished",
                                                                 std::move(body), token}));
  return read_view(log.configuration, std::move(answer), session.now(), endpoint.name);
}

Result<Saved> compare_views(const Session& session, const federation::DirectoryLog& log,
                            const NewcomersView& a, const NewcomersView& b) {
  KT_TRY(Saved saved, prove_fork(session, log, a.response, b.response));
  if (saved) return saved;
  KT_TRY(check_same(a.state, b.state, log, "it shows two newcomers two histories"));
  return Saved();
}

Result<Saved> compare_with_known(const Session& session, const KnownDomain& known,
                                 const federation::DirectoryLog& log, const NewcomersView& view) {
  KT_TRY(const auto stored, session.state.read(witness_of(log.id())));
  if (stored) {
    const auto before =
        keytrans::decode<DistinguishedResponse>(*stored, log.configuration.context());
    if (!before) return fail(Errc::corrupt, "what a newcomer was shown: " + before.error().detail);
    KT_TRY(Saved saved, prove_fork(session, log, *before, view.response));
    if (saved) return saved;
  }
  KT_TRY(const LoadedState loaded, load_state(session, log.configuration, known.contact_policy));
  KT_TRY(check_same(loaded.state, view.state, log,
                    "it shows newcomers another history than was verified before"));
  // Whoever was faster has kept one that is as good.
  KT_TRY(session.state.write({{witness_of(log.id()), stored, view.answer}}));
  return Saved();
}

}  // namespace kt::client
