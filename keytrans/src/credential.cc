#include "keytrans/credential.h"

#include <algorithm>

#include "keytrans/ibst.h"
#include "response_verifier.h"
#include "state_wire.h"

namespace kt::keytrans {
namespace {

constexpr std::uint16_t kStateVersion = 1;

const KnownDistinguished* find_known(std::span<const KnownDistinguished> known,
                                     EntryIndex position) {
  const auto found = std::find_if(known.begin(), known.end(), [position](const auto& candidate) {
    return candidate.position() == position;
  });
  return found == known.end() ? nullptr : &*found;
}

Result<VerifiedCredential> verify_standard(const LogConfiguration& configuration,
                                           const KnownDistinguished& base,
                                           const Credential& credential,
                                           const LabelVersions& versions) {
  // The known view makes the reader compare the root the proof leads to with the retained one.
  CombinedTreeProof proof;
  proof.prefix_proofs.push_back(credential.distinguished);
  ProofReader reader(proof, &base.view, versions);
  CombinedTree tree(reader, configuration.wire(), base.view.size);
  KT_TRY(const LadderOutcome outcome, tree.search_ladder(credential.position, credential.version));
  if (outcome != LadderOutcome::equal)
    return fail(Errc::verification_failed,
                "the distinguished log entry contradicts the credential's version");
  return CredentialOutcome{credential.label, credential.version, credential.value.value};
}

Result<VerifiedCredential> verify_provisional(const LogConfiguration& configuration,
                                              const KnownDistinguished& base,
                                              const Credential& credential,
                                              LabelVersions versions) {
  const TreeSize size = credential.tree_head.tree_size;
  if (size <= base.view.size)
    return fail(Errc::verification_failed,
                "Credential.tree_head does not extend the log beyond its position");
  ProofReader reader(credential.search, &base.view, versions);
  CombinedTree tree(reader, configuration.wire(), size);
  KT_TRY(update_view(tree, base.view.size));
  KT_TRY(const Terminal terminal, search_greatest_version(tree, credential.version));
  if (terminal.entry <= credential.position)
    return fail(Errc::verification_failed,
                "a standard credential could have been given for this position");
  KT_TRY(const CandidateTree candidate, reader.finish(size, std::nullopt));
  KT_TRY(configuration.verify_tree_head(credential.tree_head, candidate.root()));
  return RetainedCredential{{credential.label, credential.version, credential.value.value},
                            std::move(versions),
                            credential.position,
                            terminal.entry,
                            *candidate.view_at(size)};
}

// The entry at which the credential's search ended, as the credential's tree has it.
const LogEntry* terminal_entry(const RetainedCredential& credential) {
  const std::vector<EntryIndex> entries = frontier(credential.view.size);
  const auto found = std::find(entries.begin(), entries.end(), credential.terminal);
  if (found == entries.end()) return nullptr;
  return &credential.view.frontier_entries[static_cast<std::size_t>(found - entries.begin())];
}

}  // namespace

Result<VerifiedCredential> verify_credential(const LogConfiguration& configuration,
                                             std::span<const KnownDistinguished> known,
                                             const Credential& credential) {
  const KnownDistinguished* const base = find_known(known, credential.position);
  if (base == nullptr)
    return fail(Errc::unavailable,
                "no known distinguished log entry has the credential's position");
  KT_TRY(LabelVersions versions,
         verify_target(configuration, {credential.label, credential.version, credential.opening,
                                       credential.value, credential.binary_ladder, true}));
  return credential.credential_type == CredentialType::standard
             ? verify_standard(configuration, *base, credential, versions)
             : verify_provisional(configuration, *base, credential, std::move(versions));
}

Result<void> finally_verify(const RetainedCredential& credential,
                            std::span<const KnownDistinguished> known) {
  const KnownDistinguished* const settled = find_known(known, credential.terminal);
  if (settled == nullptr)
    return fail(Errc::unavailable, "the terminal log entry is not a known distinguished one");
  const LogEntry* const entry = terminal_entry(credential);
  if (entry == nullptr || *entry != settled->view.rightmost_entry())
    return fail(Errc::verification_failed,
                "the credential's terminal log entry is not the one in the log");
  return {};
}

Result<void> finally_verify(const LogConfiguration& configuration,
                            const RetainedCredential& credential,
                            std::span<const KnownDistinguished> known,
                            const CredentialUpdate& update) {
  const auto settled = std::find_if(known.begin(), known.end(), [&](const auto& candidate) {
    return candidate.position() > credential.terminal;
  });
  if (settled == known.end())
    return fail(Errc::unavailable, "no distinguished log entry after the terminal one is known");
  const TreeSize size = settled->view.size;
  if (size < credential.view.size)
    return fail(Errc::verification_failed,
                "the log has distinguished entries that the credential's tree cannot have");

  ProofReader reader(update.monitor, &credential.view, credential.versions);
  CombinedTree tree(reader, configuration.wire(), size);
  KT_TRY(update_view(tree, credential.view.size));
  if (configuration.mode() == DeploymentMode::contactMonitoring) {
    // A terminal entry that is itself distinguished would be passed over without a proof.
    KT_TRY(const bool distinguished, tree.is_distinguished(credential.terminal));
    if (distinguished)
      return fail(Errc::verification_failed,
                  "the terminal log entry is distinguished and needs no update");
    const MonitorMapEntry monitored{credential.terminal, credential.outcome.version};
    KT_TRY(const auto remaining,
           expect_positive(monitor_contact(tree, std::span(&monitored, 1), std::nullopt)));
    if (!remaining.empty() && remaining.front().entry.position != settled->position())
      return fail(Errc::verification_failed,
                  "the monitoring path does not lead to the distinguished log entry");
  }
  KT_TRY(const CandidateTree candidate, reader.finish(size, std::nullopt));
  if (candidate.view_at(size) != settled->view)
    return fail(Errc::verification_failed,
                "the credential's tree is not one that the log extends: a fork");
  return {};
}

// --- Storage ---------------------------------------------------------------------------------

Result<Bytes> RetainedCredential::serialize() const {
  Encoder io;
  io.number("RetainedCredential.version", kStateVersion);
  io.label("RetainedCredential.label", outcome.label);
  io.number("RetainedCredential.label_version", outcome.version);
  io.opaque<4>("RetainedCredential.value", outcome.value);
  wire(io, versions);
  io.number("RetainedCredential.position", position);
  io.number("RetainedCredential.terminal", terminal);
  wire(io, view);
  return std::move(io).finish();
}

Result<RetainedCredential> RetainedCredential::parse(ByteView bytes) {
  RetainedCredential credential;
  std::uint16_t version = 0;
  Decoder io(bytes);
  io.number("RetainedCredential.version", version);
  io.require(version == kStateVersion, "RetainedCredential.version",
             "is not one this program knows");
  io.label("RetainedCredential.label", credential.outcome.label);
  io.number("RetainedCredential.label_version", credential.outcome.version);
  io.opaque<4>("RetainedCredential.value", credential.outcome.value);
  wire(io, credential.versions);
  io.number("RetainedCredential.position", credential.position);
  io.number("RetainedCredential.terminal", credential.terminal);
  wire(io, credential.view);
  KT_TRY(std::move(io).finish());
  if (!credential.view.is_well_formed() || credential.position >= credential.terminal ||
      terminal_entry(credential) == nullptr)
    return fail(Errc::malformed, "RetainedCredential contradicts itself");
  return credential;
}

}  // namespace kt::keytrans
