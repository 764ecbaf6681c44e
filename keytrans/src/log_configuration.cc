#include "keytrans/log_configuration.h"

#include "keytrans/hash.h"

namespace kt::keytrans {
namespace {

// One Ed25519 secret for both would sign with the nonces that the VRF derives from it.
Result<void> check_keys(const Configuration& configuration) {
  if (configuration.signature_public_key == configuration.vrf_public_key)
    return fail(Errc::malformed, "Configuration has one key for signatures and for the VRF");
  return {};
}

Result<void> check_durations(const Configuration& configuration) {
  const auto& lifetime = configuration.maximum_lifetime;
  if (lifetime && (*lifetime == 0 || *lifetime <= configuration.reasonable_monitoring_window))
    return fail(Errc::malformed,
                "Configuration.maximum_lifetime is not greater than the monitoring window");
  return {};
}

// The additional key that `configuration.mode` calls for.
Result<std::optional<VerifyingKey>> third_party_key(const Configuration& configuration) {
  std::optional<VerifyingKey> key;
  if (configuration.mode == DeploymentMode::thirdPartyManagement) {
    KT_TRY(key, VerifyingKey::parse(configuration.ciphersuite, configuration.leaf_public_key));
  } else if (configuration.mode == DeploymentMode::thirdPartyAuditing) {
    KT_TRY(key, VerifyingKey::parse(configuration.ciphersuite, configuration.auditor_public_key));
  }
  return key;
}

}  // namespace

Result<LogConfiguration> LogConfiguration::create(Configuration configuration) {
  KT_TRY(check_durations(configuration));
  KT_TRY(check_keys(configuration));
  KT_TRY(const Bytes encoded, encode(configuration));
  // Forgets the fields that other modes have, so that equal configurations compare equal.
  KT_TRY(configuration, decode<Configuration>(encoded));
  KT_TRY(auto signature_key,
         VerifyingKey::parse(configuration.ciphersuite, configuration.signature_public_key));
  KT_TRY(auto vrf_key,
         VrfPublicKey::parse(configuration.ciphersuite, configuration.vrf_public_key));
  KT_TRY(auto third_party, third_party_key(configuration));
  return LogConfiguration(std::make_shared<const Parts>(
      Parts{std::move(configuration), LogId(sha256(encoded)), std::move(signature_key),
            std::move(vrf_key), std::move(third_party)}));
}

bool LogConfiguration::expired(Timestamp timestamp, Timestamp rightmost) const {
  const auto& lifetime = wire().maximum_lifetime;
  return lifetime && elapsed_ms(timestamp, rightmost) >= *lifetime;
}

Result<void> LogConfiguration::verify_tree_head(const TreeHead& head, const HashValue& root) const {
  KT_TRY(const Bytes signed_bytes, encode(TreeHeadTBS{wire(), head.tree_size, root}));
  if (auto verified = parts_->signature_key.verify(signed_bytes, head.signature); !verified)
    return fail_in("TreeHead.signature", std::move(verified).error());
  return {};
}

Result<void> LogConfiguration::verify_auditor_tree_head(const AuditorTreeHead& head,
                                                        const HashValue& root) const {
  KT_ASSERT(mode() == DeploymentMode::thirdPartyAuditing);
  KT_TRY(const Bytes signed_bytes,
         encode(AuditorTreeHeadTBS{wire(), head.timestamp, head.tree_size, root}));
  if (auto verified = parts_->third_party_key->verify(signed_bytes, head.signature); !verified)
    return fail_in("AuditorTreeHead.signature", std::move(verified).error());
  return {};
}

Result<void> LogConfiguration::verify_update_value(const Label& label, Version version,
                                                   const UpdateValue& value) const {
  if (mode() != DeploymentMode::thirdPartyManagement) return {};
  KT_TRY(const Bytes signed_bytes, encode(UpdateTBS{wire(), label, version, value.value}));
  if (auto verified = parts_->third_party_key->verify(signed_bytes, value.suffix.signature);
      !verified)
    return fail_in("UpdateSuffix.signature", std::move(verified).error());
  return {};
}

Result<TreeHead> sign_tree_head(const SigningKey& key, const Configuration& configuration,
                                TreeSize size, const HashValue& root) {
  KT_TRY(const Bytes to_sign, encode(TreeHeadTBS{configuration, size, root}));
  KT_TRY(Bytes signature, key.sign(to_sign));
  return TreeHead{size, std::move(signature)};
}

Result<AuditorTreeHead> sign_auditor_tree_head(const SigningKey& key,
                                               const Configuration& configuration,
                                               Timestamp timestamp, TreeSize size,
                                               const HashValue& root) {
  KT_TRY(const Bytes to_sign, encode(AuditorTreeHeadTBS{configuration, timestamp, size, root}));
  KT_TRY(Bytes signature, key.sign(to_sign));
  return AuditorTreeHead{timestamp, size, std::move(signature)};
}

Result<UpdateValue> sign_update_value(const SigningKey& key, const Configuration& configuration,
                                      const Label& label, Version version, Bytes value) {
  UpdateTBS tbs{configuration, label, version, std::move(value)};
  KT_TRY(const Bytes to_sign, encode(tbs));
  KT_TRY(Bytes signature, key.sign(to_sign));
  return UpdateValue{std::move(tbs.value), {std::move(signature)}};
}

}  // namespace kt::keytrans
