// The one description of every structure, for Encoder, Decoder and Viewer alike.
//
// Internal to the library, so that structures of ours which contain the draft's
// (client state, evidence) are described the same way.
#pragma once

#include <concepts>
#include <type_traits>

#include "keytrans/codec.h"
#include "keytrans/messages.h"

namespace kt::keytrans {

// `S` is `T` or `const T`: the Encoder visits constants, the Decoder variables.
template <class S, class T>
concept Like = std::same_as<std::remove_const_t<S>, T>;

// Wraps a description that needs the context into one for a vector's or optional's element, or for
// a structure within another.
inline auto with(const WireContext& context) {
  return [&context](auto& io, auto& value) { wire(io, value, context); };
}

inline constexpr auto kPlain = [](auto& io, auto& value) { wire(io, value); };

inline constexpr auto kHash = [](auto& io, auto& value) {
  io.fixed("HashValue", value, kHashSize);
};

inline constexpr auto kNumber = [](auto& io, auto& value) { io.number("number", value); };

template <class Io, Like<CipherSuite> S>
void wire_suite(Io& io, S& suite) {
  io.enumeration("Configuration.ciphersuite", suite,
                 {CipherSuite::KT_128_SHA256_P256, CipherSuite::KT_128_SHA256_Ed25519});
}

template <class Io, Like<Configuration> S>
void wire(Io& io, S& s) {
  wire_suite(io, s.ciphersuite);
  io.enumeration("Configuration.mode", s.mode,
                 {DeploymentMode::contactMonitoring, DeploymentMode::thirdPartyManagement,
                  DeploymentMode::thirdPartyAuditing});
  io.template opaque<2>("Configuration.signature_public_key", s.signature_public_key);
  io.template opaque<2>("Configuration.vrf_public_key", s.vrf_public_key);
  if (s.mode == DeploymentMode::thirdPartyManagement) {
    io.template opaque<2>("Configuration.leaf_public_key", s.leaf_public_key);
  } else if (s.mode == DeploymentMode::thirdPartyAuditing) {
    io.number("Configuration.max_auditor_lag", s.max_auditor_lag);
    io.number("Configuration.auditor_start_pos", s.auditor_start_pos);
    io.template opaque<2>("Configuration.auditor_public_key", s.auditor_public_key);
  }
  io.number("Configuration.max_ahead", s.max_ahead);
  io.number("Configuration.max_behind", s.max_behind);
  io.number("Configuration.reasonable_monitoring_window", s.reasonable_monitoring_window);
  io.optional("Configuration.maximum_lifetime", s.maximum_lifetime, kNumber);
}

template <class Io, Like<TreeHead> S>
void wire(Io& io, S& s) {
  io.number("TreeHead.tree_size", s.tree_size);
  io.template opaque<2>("TreeHead.signature", s.signature);
}

template <class Io, Like<TreeHeadTBS> S>
void wire(Io& io, S& s) {
  io.structure("TreeHeadTBS.config", s.config, kPlain);
  io.number("TreeHeadTBS.tree_size", s.tree_size);
  io.fixed("TreeHeadTBS.root", s.root, kHashSize);
}

template <class Io, Like<AuditorTreeHead> S>
void wire(Io& io, S& s) {
  io.number("AuditorTreeHead.timestamp", s.timestamp);
  io.number("AuditorTreeHead.tree_size", s.tree_size);
  io.template opaque<2>("AuditorTreeHead.signature", s.signature);
}

template <class Io, Like<AuditorTreeHeadTBS> S>
void wire(Io& io, S& s) {
  io.structure("AuditorTreeHeadTBS.config", s.config, kPlain);
  io.number("AuditorTreeHeadTBS.timestamp", s.timestamp);
  io.number("AuditorTreeHeadTBS.tree_size", s.tree_size);
  io.fixed("AuditorTreeHeadTBS.root", s.root, kHashSize);
}

template <class Io, Like<FullTreeHead> S>
void wire(Io& io, S& s, const WireContext& context) {
  io.enumeration("FullTreeHead.head_type", s.head_type,
                 {FullTreeHeadType::same, FullTreeHeadType::updated});
  if (s.head_type != FullTreeHeadType::updated) return;
  io.structure("FullTreeHead.tree_head", s.tree_head, kPlain);
  if (context.mode == DeploymentMode::thirdPartyAuditing)
    io.structure("FullTreeHead.auditor_tree_head", s.auditor_tree_head, kPlain);
}

template <class Io, Like<UpdateSuffix> S>
void wire(Io& io, S& s, const WireContext& context) {
  if (context.mode == DeploymentMode::thirdPartyManagement)
    io.template opaque<2>("UpdateSuffix.signature", s.signature);
}

template <class Io, Like<UpdateValue> S>
void wire(Io& io, S& s, const WireContext& context) {
  io.template opaque<4>("UpdateValue.value", s.value);
  io.structure("UpdateValue.suffix", s.suffix, with(context));
}

template <class Io, Like<UpdateTBS> S>
void wire(Io& io, S& s) {
  io.structure("UpdateTBS.config", s.config, kPlain);
  io.label("UpdateTBS.label", s.label);
  io.number("UpdateTBS.version", s.version);
  io.template opaque<4>("UpdateTBS.value", s.value);
}

template <class Io, Like<CommitmentValue> S>
void wire(Io& io, S& s, const WireContext& context) {
  io.fixed("CommitmentValue.opening", s.opening, kOpeningSize);
  io.label("CommitmentValue.label", s.label);
  io.number("CommitmentValue.version", s.version);
  io.structure("CommitmentValue.update", s.update, with(context));
}

template <class Io, Like<VrfInput> S>
void wire(Io& io, S& s) {
  io.label("VrfInput.label", s.label);
  io.number("VrfInput.version", s.version);
}

template <class Io, Like<LogEntry> S>
void wire(Io& io, S& s) {
  io.number("LogEntry.timestamp", s.timestamp);
  io.fixed("LogEntry.prefix_tree", s.prefix_tree, kHashSize);
}

template <class Io, Like<InclusionProof> S>
void wire(Io& io, S& s) {
  io.template vector<2>("InclusionProof.elements", s.elements, kHashSize, kHash);
}

template <class Io, Like<PrefixLeaf> S>
void wire(Io& io, S& s) {
  io.fixed("PrefixLeaf.vrf_output", s.vrf_output, kVrfOutputSize);
  io.fixed("PrefixLeaf.commitment", s.commitment, kHashSize);
}

template <class Io, Like<PrefixSearchResult> S>
void wire(Io& io, S& s) {
  io.enumeration("PrefixSearchResult.result_type", s.result_type,
                 {PrefixSearchResultType::inclusion, PrefixSearchResultType::nonInclusionLeaf,
                  PrefixSearchResultType::nonInclusionParent});
  if (s.result_type == PrefixSearchResultType::nonInclusionLeaf) {
    if constexpr (Io::kDecodes) s.leaf.emplace();
    io.require(s.leaf.has_value(), "PrefixSearchResult.leaf", "is missing");
    if (s.leaf) io.structure("PrefixSearchResult.leaf", *s.leaf, kPlain);
  }
  io.number("PrefixSearchResult.depth", s.depth);
}

template <class Io, Like<PrefixProof> S>
void wire(Io& io, S& s) {
  io.template vector<1>("PrefixProof.results", s.results, 2, kPlain);
  io.template vector<2>("PrefixProof.elements", s.elements, kHashSize, kHash);
}

template <class Io, Like<CombinedTreeProof> S>
void wire(Io& io, S& s) {
  io.template vector<1>("CombinedTreeProof.timestamps", s.timestamps, 8, kNumber);
  io.template vector<1>("CombinedTreeProof.prefix_proofs", s.prefix_proofs, 3, kPlain);
  io.template vector<1>("CombinedTreeProof.prefix_roots", s.prefix_roots, kHashSize, kHash);
  io.structure("CombinedTreeProof.inclusion", s.inclusion, kPlain);
}

template <class Io, Like<SearchRequest> S>
void wire(Io& io, S& s) {
  io.optional("SearchRequest.last", s.last, kNumber);
  io.label("SearchRequest.label", s.label);
  io.optional("SearchRequest.version", s.version, kNumber);
}

template <class Io, Like<BinaryLadderStep> S>
void wire(Io& io, S& s, const WireContext& context) {
  io.fixed("BinaryLadderStep.proof", s.proof, vrf_proof_size(context.ciphersuite));
  io.optional("BinaryLadderStep.commitment", s.commitment, kHash);
}

template <std::size_t LengthSize, class Io, class Steps>
void wire_ladder(Io& io, const char* field, Steps& steps, const WireContext& context) {
  io.template vector<LengthSize>(field, steps, vrf_proof_size(context.ciphersuite) + 1,
                                 with(context));
}

template <class Io, Like<SearchResponse> S>
void wire(Io& io, S& s, const WireContext& context) {
  io.structure("SearchResponse.full_tree_head", s.full_tree_head, with(context));
  if (!context.version_requested) {
    if constexpr (Io::kDecodes) s.version.emplace();
    io.require(s.version.has_value(), "SearchResponse.version", "is missing");
    if (s.version) io.number("SearchResponse.version", *s.version);
  }
  io.fixed("SearchResponse.opening", s.opening, kOpeningSize);
  io.structure("SearchResponse.value", s.value, with(context));
  wire_ladder<1>(io, "SearchResponse.binary_ladder", s.binary_ladder, context);
  io.structure("SearchResponse.search", s.search, kPlain);
}

template <class Io, Like<MonitorMapEntry> S>
void wire(Io& io, S& s) {
  io.number("MonitorMapEntry.position", s.position);
  io.number("MonitorMapEntry.version", s.version);
}

template <class Io, Like<ContactMonitorRequest> S>
void wire(Io& io, S& s) {
  io.optional("ContactMonitorRequest.last", s.last, kNumber);
  io.label("ContactMonitorRequest.label", s.label);
  io.template vector<1>("ContactMonitorRequest.entries", s.entries, 12, kPlain);
}

template <class Io, Like<ContactMonitorResponse> S>
void wire(Io& io, S& s, const WireContext& context) {
  io.structure("ContactMonitorResponse.full_tree_head", s.full_tree_head, with(context));
  io.structure("ContactMonitorResponse.monitor", s.monitor, kPlain);
}

template <class Io, Like<OwnerInitRequest> S>
void wire(Io& io, S& s) {
  io.optional("OwnerInitRequest.last", s.last, kNumber);
  io.label("OwnerInitRequest.label", s.label);
  io.number("OwnerInitRequest.start", s.start);
}

template <class Io, Like<OwnerInitResponse> S>
void wire(Io& io, S& s, const WireContext& context) {
  io.structure("OwnerInitResponse.full_tree_head", s.full_tree_head, with(context));
  io.template vector<1>("OwnerInitResponse.greatest_versions", s.greatest_versions, 4, kNumber);
  wire_ladder<2>(io, "OwnerInitResponse.binary_ladder", s.binary_ladder, context);
  io.structure("OwnerInitResponse.init", s.init, kPlain);
}

template <class Io, Like<OwnerMonitorRequest> S>
void wire(Io& io, S& s) {
  io.optional("OwnerMonitorRequest.last", s.last, kNumber);
  io.label("OwnerMonitorRequest.label", s.label);
  io.template vector<1>("OwnerMonitorRequest.entries", s.entries, 12, kPlain);
  io.number("OwnerMonitorRequest.start", s.start);
  io.optional("OwnerMonitorRequest.greatest_version", s.greatest_version, kNumber);
}

template <class Io, Like<OwnerMonitorResponse> S>
void wire(Io& io, S& s, const WireContext& context) {
  io.structure("OwnerMonitorResponse.full_tree_head", s.full_tree_head, with(context));
  io.structure("OwnerMonitorResponse.monitor", s.monitor, kPlain);
}

template <class Io, Like<LabelValue> S>
void wire(Io& io, S& s) {
  io.template opaque<4>("LabelValue.value", s.value);
}

template <class Io, Like<UpdateRequest> S>
void wire(Io& io, S& s) {
  io.optional("UpdateRequest.last", s.last, kNumber);
  io.label("UpdateRequest.label", s.label);
  io.optional("UpdateRequest.greatest_version", s.greatest_version, kNumber);
  io.template vector<1>("UpdateRequest.values", s.values, 4, kPlain);
}

template <class Io, Like<UpdateInfo> S>
void wire(Io& io, S& s, const WireContext& context) {
  io.fixed("UpdateInfo.opening", s.opening, kOpeningSize);
  io.structure("UpdateInfo.suffix", s.suffix, with(context));
}

template <class Io, Like<UpdateResponse> S>
void wire(Io& io, S& s, const WireContext& context) {
  io.structure("UpdateResponse.full_tree_head", s.full_tree_head, with(context));
  io.number("UpdateResponse.position", s.position);
  if (context.mode == DeploymentMode::thirdPartyManagement)
    io.number("UpdateResponse.skipped_versions", s.skipped_versions);
  io.template vector<1>("UpdateResponse.values", s.values, 4, kPlain);
  io.template vector<1>("UpdateResponse.info", s.info, kOpeningSize, with(context));
  wire_ladder<1>(io, "UpdateResponse.binary_ladder", s.binary_ladder, context);
  io.structure("UpdateResponse.update", s.update, kPlain);
}

template <class Io, Like<DistinguishedRequest> S>
void wire(Io& io, S& s) {
  io.optional("DistinguishedRequest.last", s.last, kNumber);
  io.optional("DistinguishedRequest.stop", s.stop, kNumber);
}

template <class Io, Like<DistinguishedResponse> S>
void wire(Io& io, S& s, const WireContext& context) {
  io.structure("DistinguishedResponse.full_tree_head", s.full_tree_head, with(context));
  io.structure("DistinguishedResponse.distinguished", s.distinguished, kPlain);
}

template <class Io, Like<DistinguishedHead> S>
void wire(Io& io, S& s) {
  io.template vector<1>("DistinguishedHead.heads", s.heads, kHashSize, kHash);
}

template <class Io, Like<Credential> S>
void wire(Io& io, S& s, const WireContext& context) {
  io.label("Credential.label", s.label);
  io.number("Credential.version", s.version);
  io.fixed("Credential.opening", s.opening, kOpeningSize);
  io.structure("Credential.value", s.value, with(context));
  wire_ladder<1>(io, "Credential.binary_ladder", s.binary_ladder, context);
  io.number("Credential.position", s.position);
  io.enumeration("Credential.credential_type", s.credential_type,
                 {CredentialType::standard, CredentialType::provisional});
  if (s.credential_type == CredentialType::standard) {
    io.structure("Credential.distinguished", s.distinguished, kPlain);
  } else {
    io.structure("Credential.tree_head", s.tree_head, kPlain);
    io.structure("Credential.search", s.search, kPlain);
  }
}

template <class Io, Like<CredentialUpdate> S>
void wire(Io& io, S& s) {
  io.structure("CredentialUpdate.monitor", s.monitor, kPlain);
}

template <class Io, Like<ManagerUpdateRequest> S>
void wire(Io& io, S& s, const WireContext& context) {
  io.optional("ManagerUpdateRequest.last", s.last, kNumber);
  io.label("ManagerUpdateRequest.label", s.label);
  io.optional("ManagerUpdateRequest.greatest_version", s.greatest_version, kNumber);
  io.template vector<1>("ManagerUpdateRequest.values", s.values, 4, with(context));
  io.number("ManagerUpdateRequest.signed_version", s.signed_version);
}

template <class Io, Like<AuditorUpdate> S>
void wire(Io& io, S& s) {
  constexpr std::size_t kLeafSize = kVrfOutputSize + kHashSize;
  io.number("AuditorUpdate.timestamp", s.timestamp);
  io.template vector<2>("AuditorUpdate.added", s.added, kLeafSize, kPlain);
  io.template vector<2>("AuditorUpdate.removed", s.removed, kLeafSize, kPlain);
  io.structure("AuditorUpdate.proof", s.proof, kPlain);
}

template <class Io, Like<AuditorStart> S>
void wire(Io& io, S& s) {
  io.template vector<1>("AuditorStart.frontier_entries", s.frontier_entries, 8 + kHashSize, kPlain);
  io.structure("AuditorStart.inclusion", s.inclusion, kPlain);
}

}  // namespace kt::keytrans
