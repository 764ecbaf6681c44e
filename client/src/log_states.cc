#include "log_states.h"

namespace kt::client {

Cell cell_of(const LogId& log) { return {"logs", to_bytes(log.hash())}; }

Result<LoadedState> load_state(const Session& session,
                               const keytrans::LogConfiguration& configuration,
                               keytrans::ContactPolicy policy) {
  KT_TRY(auto stored, session.state.read(cell_of(configuration.id())));
  if (!stored) return LoadedState{keytrans::ClientState(configuration, policy), std::nullopt};
  auto state = keytrans::ClientState::parse(*stored);
  if (!state) return fail(Errc::corrupt, "the state of a log: " + state.error().detail);
  if (state->configuration() != configuration)
    return fail(Errc::corrupt, "the state of a log is that of another one");
  state->set_contact_policy(policy);
  return LoadedState{*std::move(state), std::move(stored)};
}

Result<Change> change_of(const LoadedState& loaded, const keytrans::ClientState& after) {
  KT_TRY(Bytes bytes, after.serialize());
  return Change{cell_of(after.configuration().id()), loaded.stored, std::move(bytes)};
}

VerifiedTree tree_of(const keytrans::ClientState& state, const std::string& alias) {
  KT_ASSERT(state.view().has_value());
  VerifiedTree tree{state.configuration().id(),
                    alias,
                    state.configuration().mode(),
                    state.configuration().ciphersuite(),
                    state.view()->size,
                    state.view()->rightmost_entry().timestamp,
                    std::nullopt,
                    std::nullopt};
  if (const auto& head = state.auditor_tree_head()) {
    tree.audited = head->tree_size;
    tree.audited_timestamp = head->timestamp;
  }
  return tree;
}

std::optional<Timestamp> monitor_by(const keytrans::ClientState& state, const Label& label) {
  using keytrans::Obligation;
  for (const Obligation& each : state.obligations()) {
    if (each.kind != Obligation::Kind::distinguished && each.label == label) return each.due;
  }
  return std::nullopt;
}

tl::unexpected<Error> overtaken() {
  return fail(Errc::unavailable, "other processes change the state again and again");
}

LogEndpoint endpoint_of(const KnownDomain& known, const federation::DirectoryLog& log) {
  return {{log.url, known.source.authorities}, "log " + log.alias};
}

Result<EntryIndex> find_start(const Session& session, const LogEndpoint& log,
                              keytrans::ClientState& state) {
  KT_TRY(ask_log<keytrans::DistinguishedResponse>(session, log, "distinguished",
                                                  state.distinguished_request(), state));
  if (state.distinguished().empty())
    return fail(Errc::unavailable, "the log has no distinguished entry that is young enough");
  return state.distinguished().back().position();
}

}  // namespace kt::client
