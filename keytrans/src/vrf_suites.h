// What a cipher suite's VRF has to provide: one file for each, behind the classes of vrf.h.
#pragma once

#include <memory>

#include "keytrans/bytes.h"
#include "keytrans/result.h"
#include "keytrans/vrf.h"

namespace kt::keytrans {

// The domain separators of RFC 9381, the same in both suites.
inline constexpr std::uint8_t kEncodeToCurveFront = 0x01;  // 5.4.1.1
inline constexpr std::uint8_t kChallengeFront = 0x02;      // 5.4.3
inline constexpr std::uint8_t kProofToHashFront = 0x03;    // 5.2
inline constexpr std::uint8_t kBack = 0x00;                // all three

inline constexpr unsigned kMaxTries = 256;  // 5.4.1.1: ctr is one octet

class VrfProver {
 public:
  VrfProver() = default;
  VrfProver(const VrfProver&) = delete;
  VrfProver& operator=(const VrfProver&) = delete;
  virtual ~VrfProver() = default;

  [[nodiscard]] virtual const Bytes& public_key() const = 0;
  [[nodiscard]] virtual Result<VrfOutputAndProof> prove(ByteView alpha) const = 0;
};

class VrfVerifier {
 public:
  VrfVerifier() = default;
  VrfVerifier(const VrfVerifier&) = delete;
  VrfVerifier& operator=(const VrfVerifier&) = delete;
  virtual ~VrfVerifier() = default;

  [[nodiscard]] virtual Result<HashValue> verify(ByteView alpha, ByteView proof) const = 0;
};

// ECVRF-P256-SHA256-TAI (RFC 9381, 5.5).
[[nodiscard]] Result<std::unique_ptr<const VrfProver>> make_p256_prover(ByteView sk);
[[nodiscard]] Result<std::unique_ptr<const VrfVerifier>> make_p256_verifier(ByteView public_key);

// ECVRF-EDWARDS25519-SHA512-TAI (RFC 9381, 5.5), outputs cut to 32 bytes.
[[nodiscard]] Result<std::unique_ptr<const VrfProver>> make_ed25519_prover(ByteView sk);
[[nodiscard]] Result<std::unique_ptr<const VrfVerifier>> make_ed25519_verifier(ByteView public_key);

}  // namespace kt::keytrans
