#include "pkey.h"

#include <array>
#include <climits>
#include <utility>

#include <openssl/core_names.h>
#include <openssl/pem.h>
#include <openssl/rand.h>

namespace kt::keytrans {
namespace {

constexpr std::size_t kSecretSize = 32;
constexpr const char* kP256Name = SN_X9_62_prime256v1;

// libcrypto's own callback would ask for a password on the terminal.
int refuse_password(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*context*/) {
  return -1;
}

struct FreeDer {
  std::size_t size = 0;
  void operator()(unsigned char* der) const { OPENSSL_secure_clear_free(der, size); }
};
using DerPtr = std::unique_ptr<unsigned char, FreeDer>;

Result<DerPtr> read_pkcs8(std::string_view pem) {
  if (pem.size() > INT_MAX) return fail(Errc::malformed, "PEM text is too long");
  const BioPtr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  if (bio == nullptr) return library_failure();
  unsigned char* der = nullptr;
  long size = 0;
  // Blocks of other types before the key are skipped.
  if (PEM_bytes_read_bio_secmem(&der, &size, nullptr, PEM_STRING_PKCS8INF, bio.get(),
                                refuse_password, nullptr) != 1)
    return fail(Errc::malformed, "no unencrypted PKCS#8 private key");
  return DerPtr(der, FreeDer{static_cast<std::size_t>(size)});
}

Result<PkeyPtr> parse_pkcs8(std::string_view pem) {
  KT_TRY(const DerPtr der, read_pkcs8(pem));
  const unsigned char* position = der.get();
  const auto size = der.get_deleter().size;
  const Pkcs8Ptr info(d2i_PKCS8_PRIV_KEY_INFO(nullptr, &position, static_cast<long>(size)));
  if (info == nullptr || position != der.get() + size)
    return fail(Errc::malformed, "the PKCS#8 private key does not parse");
  PkeyPtr key(EVP_PKCS82PKEY(info.get()));
  if (key == nullptr) return fail(Errc::malformed, "the private key does not parse");
  return key;
}

bool is_p256(const EVP_PKEY* key) {
  if (EVP_PKEY_is_a(key, "EC") != 1) return false;
  std::array<char, 64> name{};
  return EVP_PKEY_get_group_name(key, name.data(), name.size(), nullptr) == 1 &&
         std::string_view(name.data()) == kP256Name;
}

Result<SecretBytes> to_secret(const BIGNUM* scalar) {
  SecretBytes secret(kSecretSize);
  const int size = static_cast<int>(kSecretSize);
  if (BN_bn2binpad(scalar, secret.writable().data(), size) != size)
    return fail(Errc::malformed, "a P-256 private key is longer than 32 bytes");
  return secret;
}

Result<SecretBytes> p256_secret(const EVP_PKEY* key) {
  if (!is_p256(key)) return fail(Errc::malformed, "not a P-256 private key");
  BIGNUM* number = nullptr;
  const int found = EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_PRIV_KEY, &number);
  const BnPtr scalar(number);
  if (found != 1) return library_failure();
  return to_secret(scalar.get());
}

Result<SecretBytes> ed25519_secret(const EVP_PKEY* key) {
  SecretBytes secret(kSecretSize);
  std::size_t size = secret.size();
  if (EVP_PKEY_is_a(key, "ED25519") != 1 ||
      EVP_PKEY_get_raw_private_key(key, secret.writable().data(), &size) != 1 ||
      size != kSecretSize)
    return fail(Errc::malformed, "not an Ed25519 private key");
  return secret;
}

Result<SecretBytes> secret_of(CipherSuite suite, const EVP_PKEY* key) {
  return suite == CipherSuite::KT_128_SHA256_P256 ? p256_secret(key) : ed25519_secret(key);
}

// The key made of the public `point` and, unless it is null, the private `scalar`.
Result<ParamsPtr> p256_params(const P256Uncompressed& point, const BIGNUM* scalar) {
  const ParamBuilderPtr builder(OSSL_PARAM_BLD_new());
  if (builder == nullptr ||
      OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, kP256Name, 0) !=
          1 ||
      OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                       point.size()) != 1)
    return library_failure();
  if (scalar != nullptr &&
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_PRIV_KEY, scalar) != 1)
    return library_failure();
  ParamsPtr params(OSSL_PARAM_BLD_to_param(builder.get()));
  if (params == nullptr) return library_failure();
  return params;
}

Result<PkeyPtr> p256_pkey(const P256Uncompressed& point, const BIGNUM* scalar) {
  KT_TRY(const ParamsPtr params, p256_params(point, scalar));
  const PkeyCtxPtr context(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
  const int selection = scalar == nullptr ? EVP_PKEY_PUBLIC_KEY : EVP_PKEY_KEYPAIR;
  EVP_PKEY* key = nullptr;
  if (context == nullptr || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, selection, params.get()) != 1)
    return library_failure();
  return PkeyPtr(key);
}

Result<PkeyPtr> p256_from_secret(ByteView secret) {
  KT_TRY(const BnPtr scalar, P256::decode_secret(secret));
  KT_TRY(const P256 curve, P256::create());
  KT_TRY(const PointPtr point, curve.multiply_base(scalar.get()));
  KT_TRY(const P256Uncompressed public_key, curve.encode(point.get()));
  return p256_pkey(public_key, scalar.get());
}

Result<PkeyPtr> ed25519_from_secret(ByteView secret) {
  if (secret.size() != kSecretSize)
    return fail(Errc::malformed, "not an Ed25519 private key of 32 bytes");
  PkeyPtr key(
      EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, secret.data(), secret.size()));
  if (key == nullptr) return library_failure();
  return key;
}

Result<SecretBytes> generate_p256() {
  const BnPtr scalar(BN_secure_new());
  if (scalar == nullptr) return library_failure();
  do {
    if (BN_priv_rand_range(scalar.get(), P256::order()) != 1) return library_failure();
  } while (BN_is_zero(scalar.get()) != 0);
  return to_secret(scalar.get());
}

Result<SecretBytes> generate_ed25519() {
  SecretBytes seed(kSecretSize);
  if (RAND_priv_bytes(seed.writable().data(), static_cast<int>(seed.size())) != 1)
    return library_failure();
  return seed;
}

Result<Bytes> p256_public_key_of(const EVP_PKEY* key) {
  P256Uncompressed point{};
  std::size_t size = 0;
  if (EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size(),
                                      &size) != 1 ||
      size != point.size())
    return library_failure();
  return to_bytes(point);
}

Result<Bytes> ed25519_public_key_of(const EVP_PKEY* key) {
  Bytes bytes(32);
  std::size_t size = bytes.size();
  if (EVP_PKEY_get_raw_public_key(key, bytes.data(), &size) != 1 || size != bytes.size())
    return library_failure();
  return bytes;
}

}  // namespace

Result<SecretBytes> generate_secret(CipherSuite suite) {
  return suite == CipherSuite::KT_128_SHA256_P256 ? generate_p256() : generate_ed25519();
}

Result<PkeyPtr> pkey_from_secret(CipherSuite suite, ByteView secret) {
  return suite == CipherSuite::KT_128_SHA256_P256 ? p256_from_secret(secret)
                                                  : ed25519_from_secret(secret);
}

Result<PkeyPtr> p256_public_pkey(const P256Uncompressed& point) {
  return p256_pkey(point, nullptr);
}

Result<SecretBytes> secret_from_pem(CipherSuite suite, std::string_view pem) {
  KT_TRY(const PkeyPtr parsed, parse_pkcs8(pem));
  KT_TRY(SecretBytes secret, secret_of(suite, parsed.get()));
  // A file whose public key is not that of its private key is damaged. The key is built again from
  // the secret alone, which also checks the secret's range.
  KT_TRY(const PkeyPtr rebuilt, pkey_from_secret(suite, secret.view()));
  if (EVP_PKEY_eq(parsed.get(), rebuilt.get()) != 1)
    return fail(Errc::malformed, "the private key does not match its public key");
  return secret;
}

Result<SecretBytes> pkey_to_pem(const EVP_PKEY* key) {
  const BioPtr bio(BIO_new(BIO_s_secmem()));
  if (bio == nullptr ||
      PEM_write_bio_PKCS8PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1)
    return library_failure();
  const std::uint8_t* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  if (size <= 0) return library_failure();
  return SecretBytes::copy_of({text, static_cast<std::size_t>(size)});
}

Result<Bytes> public_key_of(CipherSuite suite, const EVP_PKEY* key) {
  return suite == CipherSuite::KT_128_SHA256_P256 ? p256_public_key_of(key)
                                                  : ed25519_public_key_of(key);
}

}  // namespace kt::keytrans
