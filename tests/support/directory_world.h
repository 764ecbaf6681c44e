// Logs that a directory document can name, with their keys, and documents made without the code
// that makes them.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "federation/directory_document.h"
#include "keytrans/base64url.h"
#include "keytrans/hash.h"
#include "keytrans/vrf.h"
#include "must.h"
#include "names.h"

namespace kt::federation {

using keytrans::CipherSuite;

// The Ed25519 key of RFC 8032 with this secret.
inline keytrans::SigningKey ed25519_key(const HashValue& secret) {
  Bytes der = *from_hex("302e020100300506032b657004220420");  // RFC 8410, Section 7
  der.insert(der.end(), secret.begin(), secret.end());
  std::string base64 = to_base64url(der);
  std::replace(base64.begin(), base64.end(), '-', '+');
  std::replace(base64.begin(), base64.end(), '_', '/');
  return must(keytrans::SigningKey::from_pem(
      CipherSuite::KT_128_SHA256_Ed25519,
      "-----BEGIN PRIVATE KEY-----\n" + base64 + "\n-----END PRIVATE KEY-----\n"));
}

struct KeyedLog {
  keytrans::SigningKey key;
  keytrans::LogConfiguration configuration;

  [[nodiscard]] const LogId& id() const { return configuration.id(); }
  [[nodiscard]] DirectoryLog as(LogState state, const std::string& alias) const {
    return {configuration, alias, state, {true, "kt.example.com", 443, "/kt/v1/logs/" + alias}};
  }
};

inline KeyedLog keyed_log(keytrans::SigningKey key, Bytes vrf_public_key) {
  keytrans::Configuration configuration;
  configuration.ciphersuite = key.suite();
  configuration.signature_public_key = key.public_key();
  configuration.vrf_public_key = std::move(vrf_public_key);
  configuration.max_ahead = 60'000;
  configuration.max_behind = 3'600'000;
  configuration.reasonable_monitoring_window = 86'400'000;
  return {std::move(key), must(keytrans::LogConfiguration::create(configuration))};
}

// The same log for each `number`, of the suite with Ed25519.
inline KeyedLog numbered_log(int number) {
  const std::string name = std::to_string(number);
  const auto vrf = must(keytrans::VrfPrivateKey::from_secret(
      CipherSuite::KT_128_SHA256_Ed25519, keytrans::sha256(to_bytes("vrf " + name))));
  return keyed_log(ed25519_key(keytrans::sha256(to_bytes("signature " + name))), vrf.public_key());
}

inline KeyedLog p256_log() {
  constexpr CipherSuite kSuite = CipherSuite::KT_128_SHA256_P256;
  const auto vrf = must(keytrans::VrfPrivateKey::generate(kSuite));
  return keyed_log(must(keytrans::SigningKey::generate(kSuite)), vrf.public_key());
}

inline DirectorySigner signer(const KeyedLog& log) { return {log.id(), &log.key}; }

// What a log signs of `payload`, as docs/directory-document.md says.
inline Bytes to_be_signed(const LogId& log, std::string_view payload) {
  Bytes message = to_bytes("\x19ktgate directory document");
  message.insert(message.end(), log.hash().begin(), log.hash().end());
  const HashValue hash = keytrans::sha256(to_bytes(payload));
  message.insert(message.end(), hash.begin(), hash.end());
  return message;
}

// `payload`, whatever it is, as a document with the signatures of `logs`.
inline std::string envelope_of(std::string_view payload, const std::vector<const KeyedLog*>& logs) {
  std::string signatures;
  for (const KeyedLog* const log : logs) {
    if (!signatures.empty()) signatures += ',';
    signatures += R"({"log_id":")" + log->id().hex() + R"(","signature":")" +
                  to_base64url(must(log->key.sign(to_be_signed(log->id(), payload)))) + "\"}";
  }
  return R"({"payload":")" + to_base64url(to_bytes(payload)) + R"(","signatures":[)" + signatures +
         "]}";
}

inline constexpr Timestamp kNotBefore{1'795'305'600'000};  // 2026-11-22
inline constexpr std::uint64_t kWeekMs = std::uint64_t{7} * 24 * 60 * 60 * 1000;

// Of example.com: everything to `log`, its only one.
inline Directory single_directory(const KeyedLog& log, std::uint64_t epoch = 1) {
  return {domain_of("example.com"),
          Epoch{epoch},
          kNotBefore,
          Timestamp{kNotBefore.value() + kWeekMs},
          LabelRule::ascii_lower,
          {true, "kt.example.com", 443, ""},
          SinglePolicy{log.id()},
          {log.as(LogState::active, "main")}};
}

}  // namespace kt::federation
