// SHA-256, the hash of both cipher suites, and HMAC over it (KT Cipher Suites).
//
// Free functions for whole inputs, `Sha256` for inputs that arrive in parts. Inputs are borrowed
// for the call. Hashing fails only if memory runs out or libcrypto lacks SHA-256; the process is
// then ended, because there is no answer to give without it.
//
// Thread rule: free functions from any thread; a `Sha256` belongs to one thread at a time.
#pragma once

#include <initializer_list>
#include <memory>

#include "keytrans/bytes.h"

struct evp_md_ctx_st;  // OpenSSL's EVP_MD_CTX

namespace kt::keytrans {

// FIPS 180-4.
[[nodiscard]] HashValue sha256(ByteView bytes);

// The hash of `pieces` one after the other. Copies nothing.
[[nodiscard]] HashValue sha256(std::initializer_list<ByteView> pieces);

// RFC 2104. Any key size; the key leaves no copy behind.
[[nodiscard]] HashValue hmac_sha256(ByteView key, ByteView data);

// The same of `pieces` one after the other. Copies nothing.
[[nodiscard]] HashValue hmac_sha256(ByteView key, std::initializer_list<ByteView> pieces);

// A hash in progress. A moved-from one may only be assigned to or destroyed.
class Sha256 {
 public:
  Sha256();
  Sha256(Sha256&&) noexcept = default;
  Sha256& operator=(Sha256&&) noexcept = default;
  ~Sha256() = default;

  Sha256& update(ByteView bytes);

  // The hash of everything since construction or the last `finish`. The next `update` begins a
  // new input.
  [[nodiscard]] HashValue finish();

 private:
  std::unique_ptr<evp_md_ctx_st, void (*)(evp_md_ctx_st*)> context_;
};

}  // namespace kt::keytrans
