#include "manager_follower.h"

#include <algorithm>
#include <utility>

#include "keytrans/codec.h"
#include "keytrans/directory.h"
#include "store/files.h"

namespace kt::routing {
namespace {

using keytrans::ClientState;
using keytrans::DistinguishedResponse;

constexpr const char* kStateKey = "state";
constexpr const char* kWitnessKey = "witness";
constexpr const char* kForkKey = "fork";

constexpr std::uint32_t kMagic = 0x4b54554d;  // "KTUM"
constexpr std::uint16_t kFormat = 1;

Result<std::optional<Bytes>> get(const store::Snapshot& snapshot, store::Table table,
                                 const char* key) {
  KT_TRY(const auto value, snapshot.get(table, to_bytes(std::string_view(key))));
  if (!value) return std::optional<Bytes>();
  return std::optional<Bytes>(to_bytes(*value));
}

}  // namespace

Result<ManagerFollower> ManagerFollower::open(store::Store& store,
                                              const keytrans::LogConfiguration& configuration,
                                              std::filesystem::path evidence,
                                              const log::Clock& clock) {
  KT_TRY(const store::Table table, store.table(configuration.id().hex(), "manager"));
  KT_TRY(const auto snapshot, store.snapshot());
  KT_TRY(const auto stored, get(*snapshot, table, kStateKey));
  ClientState state(configuration);
  if (stored) {
    auto parsed = ClientState::parse(*stored);
    if (!parsed) return fail(Errc::corrupt, "the manager's last head: " + parsed.error().detail);
    if (parsed->configuration() != configuration)
      return fail(Errc::corrupt, "the manager's last head is that of another log");
    state = *std::move(parsed);
  }
  ManagerFollower follower(store, table, std::move(state), std::move(evidence), clock);
  KT_TRY(follower.witness_, get(*snapshot, table, kWitnessKey));
  KT_TRY(const auto fork, get(*snapshot, table, kForkKey));
  if (fork) follower.fork_.emplace(fork->begin(), fork->end());
  return follower;
}

ManagerFollower::ManagerFollower(store::Store& store, store::Table table, ClientState state,
                                 std::filesystem::path evidence, const log::Clock& clock)
    : store_(&store),
      table_(table),
      state_(std::move(state)),
      evidence_(std::move(evidence)),
      clock_(&clock) {}

Result<void> ManagerFollower::put(const char* key, Bytes value) {
  store::Batch batch;
  batch.put(table_, to_bytes(std::string_view(key)), std::move(value));
  KT_TRY(const store::Committed committed, store_->commit(batch));
  if (committed != store::Committed::ok)
    return fail(Errc::unavailable, "the manager's head cannot be recorded");
  return {};
}

std::filesystem::path ManagerFollower::file(const char* what) const {
  return evidence_ / (std::string(what) + "-" + state_.configuration().id().hex() + ".bin");
}

// The first one is kept until somebody takes it away: there may be many more like it.
Result<void> ManagerFollower::keep_suspicion(const std::string& reason, ByteView response) {
  KT_TRY(const Bytes state, state_.serialize());
  const Bytes text = to_bytes(reason);
  keytrans::Encoder io;
  io.number("Unverified.magic", kMagic);
  io.number("Unverified.format", kFormat);
  io.number("Unverified.time", clock_->now());
  io.opaque<2>("Unverified.reason", text);
  io.opaque<4>("Unverified.client_state", state);
  io.opaque<4>("Unverified.response", response);
  KT_TRY(const Bytes bytes, std::move(io).finish());
  const auto written = store::write_new_file(file("unverified"), bytes, 0600);
  if (!written && written.error().code != Errc::conflict)
    return tl::unexpected<Error>(written.error());
  return keytrans::sync_directory(evidence_);
}

Result<void> ManagerFollower::take_next(const keytrans::DistinguishedRequest& request,
                                        ByteView response) {
  const auto context = state_.configuration().context();
  KT_TRY(const auto decoded, keytrans::decode<DistinguishedResponse>(response, context));
  auto verified = state_.verify(request, decoded, clock_->now());
  if (!verified) {
    if (verified.error().code == Errc::verification_failed) {
      KT_TRY(keep_suspicion(verified.error().detail, response));
    }
    return tl::unexpected<Error>(std::move(verified).error());
  }
  ClientState next = state_;
  KT_TRY(next.apply(*std::move(verified)));
  if (next == state_) return {};
  KT_TRY(Bytes bytes, next.serialize());
  KT_TRY(put(kStateKey, std::move(bytes)));
  state_ = std::move(next);
  return {};
}

Result<void> ManagerFollower::take_witness(ByteView response, bool is_in_line) {
  const auto& configuration = state_.configuration();
  KT_TRY(const auto decoded,
         keytrans::decode<DistinguishedResponse>(response, configuration.context()));
  const Bytes before = witness_ ? *witness_ : to_bytes(response);
  KT_TRY(const auto known,
         keytrans::decode<DistinguishedResponse>(before, configuration.context()));
  const auto fork = keytrans::find_fork(configuration, known, decoded, state_.recent_policy());
  if (!fork) {
    if (fork.error().code == Errc::verification_failed) {
      KT_TRY(keep_suspicion(fork.error().detail, response));
    }
    return tl::unexpected<Error>(fork.error());
  }
  if (*fork) {
    std::string reason = "the log signed two trees that differ in their first " +
                         std::to_string((*fork)->size.value()) + " entries";
    KT_TRY(const Bytes bytes, (*fork)->serialize());
    const auto written = store::write_new_file(file("fork"), bytes, 0600);
    if (!written && written.error().code != Errc::conflict)
      return tl::unexpected<Error>(written.error());
    KT_TRY(keytrans::sync_directory(evidence_));
    fork_ = reason;
    KT_TRY(put(kForkKey, to_bytes(reason)));
    return fail(Errc::verification_failed, std::move(reason));
  }
  if (!is_in_line || (witness_ && std::equal(witness_->begin(), witness_->end(), response.begin(),
                                             response.end())))
    return {};
  KT_TRY(put(kWitnessKey, to_bytes(response)));
  witness_ = to_bytes(response);
  return {};
}

}  // namespace kt::routing
