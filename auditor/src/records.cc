#include "records.h"

#include "keytrans/codec.h"

namespace kt::auditor {
namespace {

using keytrans::Auditor;
using keytrans::Configuration;
using keytrans::Decoder;
using keytrans::Encoder;
using keytrans::LogConfiguration;

constexpr std::uint16_t kFormat = 1;
constexpr const char* kSpace = "auditor";

// The state as it is stored: what keytrans has formats of its own for is bytes here.
struct StoredState {
  Bytes configuration;
  std::optional<Bytes> auditor;
  std::optional<SignedHead> last_signed;
  TreeSize pushed;
};

template <class Io, class S>
void wire_state(Io& io, S& s) {
  std::uint16_t format = kFormat;
  io.number("State.format", format);
  io.require(format == kFormat, "State.format", "is not one this program knows");
  io.template opaque<4>("State.configuration", s.configuration);
  io.optional("State.auditor", s.auditor, [](auto& inner, auto& auditor) {
    inner.template opaque<4>("State.auditor", auditor);
  });
  io.optional("State.last_signed", s.last_signed, [](auto& inner, auto& last) {
    inner.number("AuditorTreeHead.timestamp", last.head.timestamp);
    inner.number("AuditorTreeHead.tree_size", last.head.tree_size);
    inner.template opaque<2>("AuditorTreeHead.signature", last.head.signature);
    inner.fixed("State.root", last.root, last.root.size());
  });
  io.number("State.pushed", s.pushed);
}

// What this program has made fits its own records.
Bytes must_fit(Result<Bytes> bytes) {
  KT_ASSERT(bytes.has_value());
  return *std::move(bytes);
}

tl::unexpected<Error> corrupt(std::string_view why) {
  return fail(Errc::corrupt, "the auditor's state: " + std::string(why));
}

// The parts of a state have to be about one tree.
Result<void> check(const State& state) {
  if (state.auditor && !(state.auditor->configuration() == state.configuration))
    return corrupt("it is of two logs");
  if (state.pushed > state.signed_size()) return corrupt("more was pushed than was signed");
  if (!state.last_signed) return {};
  const auto& [head, root] = *state.last_signed;
  if (head.tree_size > state.size()) return corrupt("more was signed than was processed");
  if (head.tree_size == state.size() && root != state.auditor->root())
    return corrupt("another tree was signed than was processed");
  if (auto verified = state.configuration.verify_auditor_tree_head(head, root); !verified)
    return corrupt(verified.error().detail);
  return {};
}

}  // namespace

Result<Tables> Tables::open(store::Store& store) {
  KT_TRY(const store::Table state, store.table(kSpace, "state"));
  KT_TRY(const store::Table leaves, store.table(kSpace, "leaves"));
  return Tables{state, leaves};
}

Bytes state_key() { return to_bytes("state"); }

Bytes encode_record(const State& state) {
  StoredState stored{must_fit(keytrans::encode(state.configuration.wire())), std::nullopt,
                     state.last_signed, state.pushed};
  if (state.auditor) stored.auditor = must_fit(state.auditor->serialize());
  Encoder io;
  wire_state(io, stored);
  return must_fit(std::move(io).finish());
}

Result<State> decode_state(ByteView bytes) {
  StoredState stored;
  Decoder io(bytes);
  wire_state(io, stored);
  if (auto finished = std::move(io).finish(); !finished) return corrupt(finished.error().detail);
  auto wire = keytrans::decode<Configuration>(stored.configuration);
  if (!wire) return corrupt(wire.error().detail);
  auto configuration = LogConfiguration::create(*std::move(wire));
  if (!configuration) return corrupt(configuration.error().detail);
  if (configuration->mode() != keytrans::DeploymentMode::thirdPartyAuditing)
    return corrupt("the log is not deployed with a third-party auditor");
  State state{*std::move(configuration), std::nullopt, std::move(stored.last_signed),
              stored.pushed};
  if (stored.auditor) {
    auto auditor = Auditor::parse(*stored.auditor);
    if (!auditor) return corrupt(auditor.error().detail);
    state.auditor = *std::move(auditor);
  }
  KT_TRY(check(state));
  return state;
}

Bytes leaf_key(const HashValue& vrf_output) { return to_bytes(vrf_output); }

Bytes encode_record(EntryIndex added_at) {
  Encoder io;
  io.number("added_at", added_at);
  return must_fit(std::move(io).finish());
}

Result<EntryIndex> decode_added_at(ByteView bytes) {
  EntryIndex added_at;
  Decoder io(bytes);
  io.number("added_at", added_at);
  if (auto finished = std::move(io).finish(); !finished)
    return fail(Errc::corrupt, "the auditor's record of a leaf: " + finished.error().detail);
  return added_at;
}

}  // namespace kt::auditor
