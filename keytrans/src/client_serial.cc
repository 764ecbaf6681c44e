#include <algorithm>
#include <limits>

#include "keytrans/client_state.h"
#include "state_wire.h"

namespace kt::keytrans {

// The descriptions are in the namespace of what they describe, where lookup by argument finds them.

// A label and its state, as a vector's element.
struct KnownLabel {
  Label label;
  LabelState state;
};

template <class Io, Like<KnownDistinguished> S>
void wire(Io& io, S& s) {
  wire(io, s.view);
}

template <class Io, Like<OwnerState::Update> S>
void wire(Io& io, S& s) {
  io.number("OwnerState.position", s.position);
  io.number("OwnerState.greatest", s.greatest);
}

template <class Io, Like<OwnerState> S>
void wire(Io& io, S& s) {
  io.number("OwnerState.start", s.start);
  io.optional("OwnerState.greatest_at_start", s.greatest_at_start, kNumber);
  io.template vector<4>("OwnerState.updates", s.updates, 12, kPlain);
}

// The format before this one, without openings.
constexpr std::uint16_t kFirstFormat = 1;
constexpr std::uint16_t kFormat = 2;

template <class Io, class Openings>
void wire_openings(Io& io, Openings& openings) {
  // A map is not a vector: it is copied into one, or filled from one.
  std::vector<std::pair<Version, Opening>> known;
  if constexpr (!Io::kDecodes) known.assign(openings.begin(), openings.end());
  io.template vector<2>("LabelState.openings", known, 4 + kOpeningSize, [](auto& in, auto& each) {
    in.number("LabelState.opening_version", each.first);
    in.fixed("LabelState.opening", each.second, kOpeningSize);
  });
  if constexpr (Io::kDecodes) {
    openings.insert(known.begin(), known.end());
    io.require(std::equal(known.begin(), known.end(), openings.begin(), openings.end(),
                          [](const auto& a, const auto& b) {
                            return a.first == b.first && a.second == b.second;
                          }),
               "LabelState.openings", "is not ascending");
  }
}

template <class Io, Like<LabelState> S>
void wire(Io& io, S& s, std::uint16_t format) {
  wire(io, s.versions);
  // A set is not a vector: it is copied into one, or filled from one.
  std::vector<Version> claimed;
  if constexpr (!Io::kDecodes) claimed.assign(s.claimed.begin(), s.claimed.end());
  io.template vector<4>("LabelState.claimed", claimed, 4, kNumber);
  if constexpr (Io::kDecodes) {
    s.claimed.insert(claimed.begin(), claimed.end());
    io.require(std::equal(claimed.begin(), claimed.end(), s.claimed.begin(), s.claimed.end()),
               "LabelState.claimed", "is not ascending");
  }
  io.template vector<1>("LabelState.monitor", s.monitor, 12, kPlain);
  io.optional("LabelState.owner", s.owner, kPlain);
  io.number("LabelState.monitored_at", s.monitored_at);
  if (format != kFirstFormat) wire_openings(io, s.openings);
}

template <class Io, Like<KnownLabel> S>
void wire(Io& io, S& s, std::uint16_t format) {
  io.label("KnownLabel.label", s.label);
  wire(io, s.state, format);
}

template <class Io, Like<RecentPolicy> S>
void wire(Io& io, S& s) {
  std::uint8_t kind = s.kind == RecentPolicy::Kind::count ? 1 : 2;
  io.number("RecentPolicy.kind", kind);
  io.require(kind == 1 || kind == 2, "RecentPolicy.kind", "is not defined");
  if constexpr (Io::kDecodes)
    s.kind = kind == 1 ? RecentPolicy::Kind::count : RecentPolicy::Kind::max_age;
  io.number("RecentPolicy.value", s.value);
}

// The last verified heads and the view they belong to.
struct Heads {
  TreeView view;
  TreeHead tree_head;
  std::optional<AuditorTreeHead> auditor_tree_head;
};

template <class Io, Like<Heads> S>
void wire(Io& io, S& s) {
  wire(io, s.view);
  wire(io, s.tree_head);
  io.optional("ClientState.auditor_tree_head", s.auditor_tree_head, kPlain);
}

namespace {

bool is_consistent(const LabelState& state, TreeSize size) {
  const auto ascending = [](const MonitorMapEntry& a, const MonitorMapEntry& b) {
    return a.position < b.position && a.version < b.version;
  };
  const bool claims_known =
      std::all_of(state.claimed.begin(), state.claimed.end(), [&state](Version version) {
        const auto known = state.versions.find(version);
        return known != state.versions.end() && known->second.commitment.has_value();
      });
  if (!claims_known) return false;
  for (std::size_t i = 1; i < state.monitor.size(); ++i) {
    if (!ascending(state.monitor[i - 1], state.monitor[i])) return false;
  }
  if (!state.monitor.empty() && state.monitor.back().position > rightmost(size)) return false;
  if (!state.owner) return true;
  EntryIndex before = state.owner->start;
  std::optional<Version> greatest = state.owner->greatest_at_start;
  for (const OwnerState::Update& update : state.owner->updates) {
    if (update.position <= before || (greatest && update.greatest <= *greatest)) return false;
    before = update.position;
    greatest = update.greatest;
  }
  return before <= rightmost(size);
}

}  // namespace

Result<Bytes> ClientState::serialize() const {
  std::optional<Heads> heads;
  if (view_) heads = Heads{*view_, tree_head_, auditor_tree_head_};
  std::vector<KnownLabel> labels;
  labels.reserve(labels_.size());
  for (const auto& [label, state] : labels_) labels.push_back({label, state});

  Encoder io;
  io.number("ClientState.version", kFormat);
  wire(io, configuration_.wire());
  io.enumeration("ClientState.policy", policy_,
                 {ContactPolicy::as_required, ContactPolicy::always});
  wire(io, recent_);
  io.optional("ClientState.heads", heads, kPlain);
  io.vector<2>("ClientState.distinguished", distinguished_, 10, kPlain);
  io.vector<4>("ClientState.labels", labels, 19,
               [](auto& in, auto& each) { wire(in, each, kFormat); });
  return std::move(io).finish();
}

Result<ClientState> ClientState::parse(ByteView bytes) {
  std::uint16_t version = 0;
  Configuration wire_configuration;
  ContactPolicy policy = ContactPolicy::as_required;
  RecentPolicy recent;
  std::optional<Heads> heads;
  std::vector<KnownDistinguished> distinguished;
  std::vector<KnownLabel> labels;

  Decoder io(bytes);
  io.number("ClientState.version", version);
  io.require(version == kFirstFormat || version == kFormat, "ClientState.version",
             "is not one this program knows");
  wire(io, wire_configuration);
  io.enumeration("ClientState.policy", policy, {ContactPolicy::as_required, ContactPolicy::always});
  wire(io, recent);
  io.optional("ClientState.heads", heads, kPlain);
  io.vector<2>("ClientState.distinguished", distinguished, 10, kPlain);
  io.vector<4>("ClientState.labels", labels, 19,
               [version](auto& in, auto& each) { wire(in, each, version); });
  KT_TRY(std::move(io).finish());

  KT_TRY(LogConfiguration configuration, LogConfiguration::create(std::move(wire_configuration)));
  ClientState state(std::move(configuration), policy, recent);
  if (!heads) {
    if (!distinguished.empty() || !labels.empty())
      return fail(Errc::malformed, "ClientState has knowledge of a log it never saw");
    return state;
  }
  const bool audited = state.configuration_.mode() == DeploymentMode::thirdPartyAuditing;
  if (!heads->view.is_well_formed() || heads->tree_head.tree_size != heads->view.size ||
      heads->auditor_tree_head.has_value() != audited)
    return fail(Errc::malformed, "ClientState.heads do not fit each other");
  const TreeSize size = heads->view.size;
  TreeSize before{0};
  for (const KnownDistinguished& known : distinguished) {
    if (!known.view.is_well_formed() || known.view.size <= before || known.view.size > size)
      return fail(Errc::malformed, "ClientState.distinguished is out of order");
    before = known.view.size;
  }
  for (KnownLabel& known : labels) {
    if (!is_consistent(known.state, size))
      return fail(Errc::malformed, "ClientState.labels contradict themselves");
    if (!state.labels_.emplace(std::move(known.label), std::move(known.state)).second)
      return fail(Errc::malformed, "ClientState.labels has one twice");
  }
  state.view_ = std::move(heads->view);
  state.tree_head_ = std::move(heads->tree_head);
  state.auditor_tree_head_ = std::move(heads->auditor_tree_head);
  state.distinguished_ = std::move(distinguished);
  return state;
}

}  // namespace kt::keytrans
