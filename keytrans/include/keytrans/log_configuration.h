// The long-term configuration of one Transparency Log, checked, with its keys parsed.
//
// Source: draft, "Tree Head Signature", "Auditor Tree Head Signature", "Update Format",
// "Maximum Lifetime". The LogId is ours: SHA-256 of the encoded Configuration.
//
// Immutable; cheap to copy. Thread rule: constants are safe from any thread.
#pragma once

#include <memory>
#include <optional>

#include "keytrans/messages.h"
#include "keytrans/signature.h"
#include "keytrans/vrf.h"

namespace kt::keytrans {

class LogConfiguration {
 public:
  // Errors: malformed for a key that does not parse, for one key in two roles, for a maximum
  // lifetime that is not greater than zero and the Reasonable Monitoring Window.
  static Result<LogConfiguration> create(Configuration configuration);

  [[nodiscard]] const Configuration& wire() const { return parts_->configuration; }
  [[nodiscard]] const LogId& id() const { return parts_->id; }
  [[nodiscard]] CipherSuite ciphersuite() const { return wire().ciphersuite; }
  [[nodiscard]] DeploymentMode mode() const { return wire().mode; }
  [[nodiscard]] WireContext context(bool version_requested = false) const {
    return WireContext::of(wire(), version_requested);
  }
  [[nodiscard]] const VrfPublicKey& vrf_key() const { return parts_->vrf_key; }

  // Whether the entry with `timestamp` is expired in a log whose rightmost entry has `rightmost`.
  [[nodiscard]] bool expired(Timestamp timestamp, Timestamp rightmost) const;

  // Errors: verification_failed when `head` is not the log's signature over `root`.
  Result<void> verify_tree_head(const TreeHead& head, const HashValue& root) const;

  // Step 4 of the auditor's verification. Requires: mode() is thirdPartyAuditing.
  // Errors: verification_failed when `head` is not the auditor's signature over `root`.
  Result<void> verify_auditor_tree_head(const AuditorTreeHead& head, const HashValue& root) const;

  // The Service Operator's signature on a value ("Update Format"); nothing to verify in other
  // modes. Errors: verification_failed.
  Result<void> verify_update_value(const Label& label, Version version,
                                   const UpdateValue& value) const;

  friend bool operator==(const LogConfiguration& a, const LogConfiguration& b) {
    return a.id() == b.id();
  }

 private:
  struct Parts {
    Configuration configuration;
    LogId id;
    VerifyingKey signature_key;
    VrfPublicKey vrf_key;
    std::optional<VerifyingKey> third_party_key;  // the leaf key, or the auditor's
  };
  explicit LogConfiguration(std::shared_ptr<const Parts> parts) : parts_(std::move(parts)) {}

  std::shared_ptr<const Parts> parts_;
};

// What the log, or the manager in its place, signs ("Tree Head Signature").
Result<TreeHead> sign_tree_head(const SigningKey& key, const Configuration& configuration,
                                TreeSize size, const HashValue& root);

// What the auditor signs ("Auditor Tree Head Signature").
Result<AuditorTreeHead> sign_auditor_tree_head(const SigningKey& key,
                                               const Configuration& configuration,
                                               Timestamp timestamp, TreeSize size,
                                               const HashValue& root);

// What the Service Operator signs with the leaf key in third-party management ("Update Format").
Result<UpdateValue> sign_update_value(const SigningKey& key, const Configuration& configuration,
                                      const Label& label, Version version, Bytes value);

}  // namespace kt::keytrans
