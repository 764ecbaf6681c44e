// Every structure of the draft that goes over the wire or under a signature.
//
// The comments quote the draft's definition where ours has to differ in form: a
// `select` becomes a field that is meaningful only in the case that names it.
// Structures are plain data; holding one says nothing about its truth.
//
// Encoding and decoding are in `encode` and `decode` below. What the bytes do not
// say (cipher suite, deployment mode, whether a search named a version) is a
// `WireContext`.
//
// Thread rule: plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "keytrans/bytes.h"
#include "keytrans/cipher_suite.h"
#include "keytrans/prefix_proof.h"
#include "keytrans/result.h"
#include "keytrans/types.h"

namespace kt::keytrans {

// --- Tree Head Signature ---------------------------------------------------------------------

enum class DeploymentMode : std::uint8_t {
  contactMonitoring = 1,
  thirdPartyManagement = 2,
  thirdPartyAuditing = 3,
};

struct TreeHead {
  TreeSize tree_size;
  Bytes signature;

  friend bool operator==(const TreeHead&, const TreeHead&) = default;
};

// Durations are milliseconds.
struct Configuration {
  CipherSuite ciphersuite = CipherSuite::KT_128_SHA256_P256;
  DeploymentMode mode = DeploymentMode::contactMonitoring;
  Bytes signature_public_key;
  Bytes vrf_public_key;

  Bytes leaf_public_key;  // thirdPartyManagement

  std::uint64_t max_auditor_lag = 0;  // thirdPartyAuditing
  EntryIndex auditor_start_pos;       // thirdPartyAuditing
  Bytes auditor_public_key;           // thirdPartyAuditing

  std::uint64_t max_ahead = 0;
  std::uint64_t max_behind = 0;
  std::uint64_t reasonable_monitoring_window = 0;
  std::optional<std::uint64_t> maximum_lifetime;

  friend bool operator==(const Configuration&, const Configuration&) = default;
};

struct TreeHeadTBS {
  Configuration config;
  TreeSize tree_size;
  HashValue root{};

  friend bool operator==(const TreeHeadTBS&, const TreeHeadTBS&) = default;
};

// --- Auditor Tree Head Signature -------------------------------------------------------------

struct AuditorTreeHead {
  Timestamp timestamp;
  TreeSize tree_size;
  Bytes signature;

  friend bool operator==(const AuditorTreeHead&, const AuditorTreeHead&) = default;
};

struct AuditorTreeHeadTBS {
  Configuration config;
  Timestamp timestamp;
  TreeSize tree_size;
  HashValue root{};

  friend bool operator==(const AuditorTreeHeadTBS&, const AuditorTreeHeadTBS&) = default;
};

// --- Full Tree Head Verification -------------------------------------------------------------

enum class FullTreeHeadType : std::uint8_t { same = 1, updated = 2 };

struct FullTreeHead {
  FullTreeHeadType head_type = FullTreeHeadType::same;
  TreeHead tree_head;                 // updated
  AuditorTreeHead auditor_tree_head;  // updated, thirdPartyAuditing

  friend bool operator==(const FullTreeHead&, const FullTreeHead&) = default;
};

// --- Update Format, Commitment, Verifiable Random Function -----------------------------------

struct UpdateSuffix {
  Bytes signature;  // thirdPartyManagement

  friend bool operator==(const UpdateSuffix&, const UpdateSuffix&) = default;
};

struct UpdateValue {
  Bytes value;
  UpdateSuffix suffix;

  friend bool operator==(const UpdateValue&, const UpdateValue&) = default;
};

struct UpdateTBS {
  Configuration config;
  Label label;
  Version version;
  Bytes value;

  friend bool operator==(const UpdateTBS&, const UpdateTBS&) = default;
};

using Opening = std::array<std::uint8_t, kOpeningSize>;

struct CommitmentValue {
  Opening opening{};
  Label label;
  Version version;
  UpdateValue update;

  friend bool operator==(const CommitmentValue&, const CommitmentValue&) = default;
};

struct VrfInput {
  Label label;
  Version version;

  friend bool operator==(const VrfInput&, const VrfInput&) = default;
};

// --- Log Tree, Combined Tree -----------------------------------------------------------------

struct LogEntry {
  Timestamp timestamp;
  HashValue prefix_tree{};

  friend bool operator==(const LogEntry&, const LogEntry&) = default;
};

struct InclusionProof {
  std::vector<HashValue> elements;

  friend bool operator==(const InclusionProof&, const InclusionProof&) = default;
};

struct CombinedTreeProof {
  std::vector<Timestamp> timestamps;
  std::vector<PrefixProof> prefix_proofs;
  std::vector<HashValue> prefix_roots;
  InclusionProof inclusion;

  friend bool operator==(const CombinedTreeProof&, const CombinedTreeProof&) = default;
};

// --- Search ----------------------------------------------------------------------------------

struct SearchRequest {
  std::optional<TreeSize> last;
  Label label;
  std::optional<Version> version;

  friend bool operator==(const SearchRequest&, const SearchRequest&) = default;
};

struct BinaryLadderStep {
  Bytes proof;  // VRF.Np bytes
  std::optional<HashValue> commitment;

  friend bool operator==(const BinaryLadderStep&, const BinaryLadderStep&) = default;
};

struct SearchResponse {
  FullTreeHead full_tree_head;
  std::optional<Version> version;  // if and only if SearchRequest.version is absent
  Opening opening{};
  UpdateValue value;
  std::vector<BinaryLadderStep> binary_ladder;
  CombinedTreeProof search;

  friend bool operator==(const SearchResponse&, const SearchResponse&) = default;
};

// --- Contact Monitor -------------------------------------------------------------------------

struct MonitorMapEntry {
  EntryIndex position;
  Version version;

  friend bool operator==(const MonitorMapEntry&, const MonitorMapEntry&) = default;
};

struct ContactMonitorRequest {
  std::optional<TreeSize> last;
  Label label;
  std::vector<MonitorMapEntry> entries;

  friend bool operator==(const ContactMonitorRequest&, const ContactMonitorRequest&) = default;
};

struct ContactMonitorResponse {
  FullTreeHead full_tree_head;
  CombinedTreeProof monitor;

  friend bool operator==(const ContactMonitorResponse&, const ContactMonitorResponse&) = default;
};

// --- Owner Initialization, Owner Monitoring --------------------------------------------------

struct OwnerInitRequest {
  std::optional<TreeSize> last;
  Label label;
  EntryIndex start;

  friend bool operator==(const OwnerInitRequest&, const OwnerInitRequest&) = default;
};

struct OwnerInitResponse {
  FullTreeHead full_tree_head;
  std::vector<Version> greatest_versions;
  std::vector<BinaryLadderStep> binary_ladder;
  CombinedTreeProof init;

  friend bool operator==(const OwnerInitResponse&, const OwnerInitResponse&) = default;
};

struct OwnerMonitorRequest {
  std::optional<TreeSize> last;
  Label label;
  std::vector<MonitorMapEntry> entries;
  EntryIndex start;
  std::optional<Version> greatest_version;

  friend bool operator==(const OwnerMonitorRequest&, const OwnerMonitorRequest&) = default;
};

struct OwnerMonitorResponse {
  FullTreeHead full_tree_head;
  CombinedTreeProof monitor;

  friend bool operator==(const OwnerMonitorResponse&, const OwnerMonitorResponse&) = default;
};

// --- Updating a Label ------------------------------------------------------------------------

struct LabelValue {
  Bytes value;

  friend bool operator==(const LabelValue&, const LabelValue&) = default;
};

struct UpdateRequest {
  std::optional<TreeSize> last;
  Label label;
  std::optional<Version> greatest_version;
  std::vector<LabelValue> values;

  friend bool operator==(const UpdateRequest&, const UpdateRequest&) = default;
};

struct UpdateInfo {
  Opening opening{};
  UpdateSuffix suffix;

  friend bool operator==(const UpdateInfo&, const UpdateInfo&) = default;
};

struct UpdateResponse {
  FullTreeHead full_tree_head;
  EntryIndex position;
  std::uint32_t skipped_versions = 0;  // thirdPartyManagement
  std::vector<LabelValue> values;
  std::vector<UpdateInfo> info;
  std::vector<BinaryLadderStep> binary_ladder;
  CombinedTreeProof update;

  friend bool operator==(const UpdateResponse&, const UpdateResponse&) = default;
};

// --- Walking Distinguished Heads -------------------------------------------------------------

struct DistinguishedRequest {
  std::optional<TreeSize> last;
  std::optional<EntryIndex> stop;

  friend bool operator==(const DistinguishedRequest&, const DistinguishedRequest&) = default;
};

struct DistinguishedResponse {
  FullTreeHead full_tree_head;
  CombinedTreeProof distinguished;

  friend bool operator==(const DistinguishedResponse&, const DistinguishedResponse&) = default;
};

struct DistinguishedHead {
  std::vector<HashValue> heads;

  friend bool operator==(const DistinguishedHead&, const DistinguishedHead&) = default;
};

// --- Credentials -----------------------------------------------------------------------------

enum class CredentialType : std::uint8_t { standard = 1, provisional = 2 };

struct Credential {
  Label label;
  Version version;
  Opening opening{};
  UpdateValue value;
  std::vector<BinaryLadderStep> binary_ladder;
  EntryIndex position;
  CredentialType credential_type = CredentialType::standard;

  PrefixProof distinguished;  // standard
  TreeHead tree_head;         // provisional
  CombinedTreeProof search;   // provisional

  friend bool operator==(const Credential&, const Credential&) = default;
};

struct CredentialUpdate {
  CombinedTreeProof monitor;

  friend bool operator==(const CredentialUpdate&, const CredentialUpdate&) = default;
};

// --- Third Parties ---------------------------------------------------------------------------

struct ManagerUpdateRequest {
  std::optional<TreeSize> last;
  Label label;
  std::optional<Version> greatest_version;
  std::vector<UpdateValue> values;
  Version signed_version;

  friend bool operator==(const ManagerUpdateRequest&, const ManagerUpdateRequest&) = default;
};

struct AuditorUpdate {
  Timestamp timestamp;
  std::vector<PrefixLeaf> added;
  std::vector<PrefixLeaf> removed;
  PrefixProof proof;

  friend bool operator==(const AuditorUpdate&, const AuditorUpdate&) = default;
};

// Ours, not the draft's: the tree that an auditor starts from, which has auditor_start_pos entries.
// See auditor_start.h.
struct AuditorStart {
  std::vector<LogEntry> frontier_entries;  // in the order of the frontier
  InclusionProof inclusion;                // of those entries

  friend bool operator==(const AuditorStart&, const AuditorStart&) = default;
};

// --- Encoding --------------------------------------------------------------------------------

// What a decoder has to know beside the bytes.
struct WireContext {
  CipherSuite ciphersuite;
  DeploymentMode mode;
  bool version_requested = false;  // SearchRequest.version was present

  // The context of a log's messages.
  [[nodiscard]] static WireContext of(const Configuration& config, bool version_requested = false) {
    return {config.ciphersuite, config.mode, version_requested};
  }
};

// The TLS encoding of a structure. Errors: malformed when a field does not fit its bounds.
//
// Without a context: Configuration, TreeHead, TreeHeadTBS, AuditorTreeHead, AuditorTreeHeadTBS,
// UpdateTBS, VrfInput, LogEntry, InclusionProof, PrefixProof, CombinedTreeProof, every request
// (SearchRequest … DistinguishedRequest), MonitorMapEntry, LabelValue, DistinguishedHead,
// CredentialUpdate, AuditorUpdate, AuditorStart.
// With a context: FullTreeHead, UpdateValue, CommitmentValue, BinaryLadderStep, every response,
// UpdateInfo, Credential, ManagerUpdateRequest.
template <class T>
Result<Bytes> encode(const T& message);
template <class T>
Result<Bytes> encode(const T& message, const WireContext& context);

// The structure that `bytes` are, to the last byte. Errors: malformed, with field and offset.
template <class T>
Result<T> decode(ByteView bytes);
template <class T>
Result<T> decode(ByteView bytes, const WireContext& context);

}  // namespace kt::keytrans
