#include "keytrans/signature.h"

#include <algorithm>
#include <array>
#include <utility>

#include "ed25519.h"
#include "openssl.h"
#include "p256.h"
#include "pkey.h"

namespace kt::keytrans {
namespace {

constexpr std::size_t kHalf = kSignatureSize / 2;  // r, and s

// Ed25519 hashes as part of the algorithm.
const char* digest_name(CipherSuite suite) {
  return suite == CipherSuite::KT_128_SHA256_P256 ? "SHA256" : nullptr;
}

Result<Bytes> sign_message(CipherSuite suite, EVP_PKEY* key, ByteView message) {
  const MdCtxPtr context(EVP_MD_CTX_new());
  Bytes signature(static_cast<std::size_t>(EVP_PKEY_get_size(key)));
  std::size_t size = signature.size();
  if (context == nullptr ||
      EVP_DigestSignInit_ex(context.get(), nullptr, digest_name(suite), nullptr, nullptr, key,
                            nullptr) != 1 ||
      EVP_DigestSign(context.get(), signature.data(), &size, message.data(), message.size()) != 1)
    return library_failure();
  signature.resize(size);
  return signature;
}

Result<void> verify_message(CipherSuite suite, EVP_PKEY* key, ByteView message,
                            ByteView signature) {
  const MdCtxPtr context(EVP_MD_CTX_new());
  if (context == nullptr || EVP_DigestVerifyInit_ex(context.get(), nullptr, digest_name(suite),
                                                    nullptr, nullptr, key, nullptr) != 1)
    return library_failure();
  if (EVP_DigestVerify(context.get(), signature.data(), signature.size(), message.data(),
                       message.size()) != 1)
    return fail(Errc::verification_failed, "a signature does not verify");
  return {};
}

// OpenSSL speaks X9.62's DER of r and s, the draft their plain concatenation.
Result<Bytes> raw_from_der(ByteView der) {
  const unsigned char* position = der.data();
  const EcdsaSigPtr parsed(d2i_ECDSA_SIG(nullptr, &position, static_cast<long>(der.size())));
  if (parsed == nullptr) return library_failure();
  Bytes raw(kSignatureSize);
  const int half = static_cast<int>(kHalf);
  if (BN_bn2binpad(ECDSA_SIG_get0_r(parsed.get()), raw.data(), half) != half ||
      BN_bn2binpad(ECDSA_SIG_get0_s(parsed.get()), raw.data() + kHalf, half) != half)
    return library_failure();
  return raw;
}

Result<EcdsaSigPtr> parse_raw(ByteView raw) {
  EcdsaSigPtr signature(ECDSA_SIG_new());
  BnPtr r(BN_bin2bn(raw.data(), static_cast<int>(kHalf), nullptr));
  BnPtr s(BN_bin2bn(raw.data() + kHalf, static_cast<int>(kHalf), nullptr));
  if (signature == nullptr || r == nullptr || s == nullptr ||
      ECDSA_SIG_set0(signature.get(), r.get(), s.get()) != 1)
    return library_failure();
  // The signature owns them now.
  static_cast<void>(r.release());
  static_cast<void>(s.release());
  return signature;
}

Result<Bytes> der_from_raw(ByteView raw) {
  KT_TRY(const EcdsaSigPtr signature, parse_raw(raw));
  const int size = i2d_ECDSA_SIG(signature.get(), nullptr);
  if (size <= 0) return library_failure();
  Bytes der(static_cast<std::size_t>(size));
  unsigned char* position = der.data();
  if (i2d_ECDSA_SIG(signature.get(), &position) != size) return library_failure();
  return der;
}

Result<PkeyPtr> parse_p256(ByteView bytes) {
  P256Uncompressed point;
  if (bytes.size() != point.size())
    return fail(Errc::malformed, "not an uncompressed P-256 point of 65 bytes");
  std::copy(bytes.begin(), bytes.end(), point.begin());
  // Decoding is the validation: the cofactor is 1, so every point of the curve but infinity, which
  // has another size, is a valid key.
  KT_TRY(const P256 curve, P256::create());
  KT_TRY(curve.decode(point));
  return p256_public_pkey(point);
}

Result<PkeyPtr> parse_ed25519(ByteView bytes) {
  KT_TRY(const ed25519::Point point, ed25519::decode_public_key(bytes));
  PkeyPtr key(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, point.data(), point.size()));
  if (key == nullptr) return library_failure();
  return key;
}

}  // namespace

SigningKey::SigningKey(CipherSuite suite, Key key, Bytes public_key)
    : suite_(suite), key_(std::move(key)), public_key_(std::move(public_key)) {}

Result<SigningKey> SigningKey::from_secret(CipherSuite suite, ByteView secret) {
  KT_TRY(PkeyPtr key, pkey_from_secret(suite, secret));
  KT_TRY(Bytes public_key, public_key_of(suite, key.get()));
  return SigningKey(suite, Key(key.release(), EVP_PKEY_free), std::move(public_key));
}

Result<SigningKey> SigningKey::generate(CipherSuite suite) {
  const ErrorQueueGuard guard;
  KT_TRY(const SecretBytes secret, generate_secret(suite));
  return from_secret(suite, secret.view());
}

Result<SigningKey> SigningKey::from_pem(CipherSuite suite, std::string_view pem) {
  const ErrorQueueGuard guard;
  KT_TRY(const SecretBytes secret, secret_from_pem(suite, pem));
  return from_secret(suite, secret.view());
}

Result<SecretBytes> SigningKey::to_pem() const {
  const ErrorQueueGuard guard;
  return pkey_to_pem(key_.get());
}

Result<Bytes> SigningKey::sign(ByteView message) const {
  const ErrorQueueGuard guard;
  KT_TRY(Bytes signature, sign_message(suite_, key_.get(), message));
  if (suite_ == CipherSuite::KT_128_SHA256_P256) return raw_from_der(signature);
  return signature;
}

VerifyingKey::VerifyingKey(CipherSuite suite, std::shared_ptr<evp_pkey_st> key)
    : suite_(suite), key_(std::move(key)) {}

Result<VerifyingKey> VerifyingKey::parse(CipherSuite suite, ByteView public_key) {
  const ErrorQueueGuard guard;
  KT_TRY(PkeyPtr key, suite == CipherSuite::KT_128_SHA256_P256 ? parse_p256(public_key)
                                                               : parse_ed25519(public_key));
  return VerifyingKey(suite, std::move(key));
}

Result<void> VerifyingKey::verify(ByteView message, ByteView signature) const {
  const ErrorQueueGuard guard;
  if (signature.size() != kSignatureSize)
    return fail(Errc::malformed, "a signature does not have 64 bytes");
  if (suite_ == CipherSuite::KT_128_SHA256_Ed25519)
    return verify_message(suite_, key_.get(), message, signature);
  KT_TRY(const Bytes der, der_from_raw(signature));
  return verify_message(suite_, key_.get(), message, der);
}

}  // namespace kt::keytrans
