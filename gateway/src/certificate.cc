#include "certificate.h"

#include <climits>
#include <memory>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "keytrans/key_file.h"
#include "store/files.h"

namespace kt::gateway {
namespace {

constexpr std::size_t kMaxChainSize = std::size_t{1} << 20;

template <auto Free>
struct Deleter {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};
using Bio = std::unique_ptr<BIO, Deleter<&BIO_free_all>>;
using Certificate = std::unique_ptr<X509, Deleter<&X509_free>>;
using PrivateKey = std::unique_ptr<EVP_PKEY, Deleter<&EVP_PKEY_free>>;

// libcrypto's own callback would ask for a password on the terminal.
int refuse_password(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*context*/) {
  return -1;
}

tl::unexpected<Error> failure(Errc code, const char* what) {
  ERR_clear_error();
  return fail(code, what);
}

// Borrows `pem`, which is no longer than one of the limits on files.
Bio bio_of(ByteView pem) {
  KT_ASSERT(pem.size() <= INT_MAX);
  return Bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

Result<Certificate> load_certificate(const std::filesystem::path& path) {
  KT_TRY(const Bytes pem, store::read_small_file(path, kMaxChainSize));
  const Bio bio = bio_of(pem);
  if (bio == nullptr) return failure(Errc::unavailable, "out of memory");
  Certificate certificate(PEM_read_bio_X509(bio.get(), nullptr, refuse_password, nullptr));
  if (certificate == nullptr) return failure(Errc::malformed, "there is no certificate in PEM");
  return certificate;
}

Result<PrivateKey> load_private_key(const std::filesystem::path& path) {
  KT_TRY(const auto pem, keytrans::load_key_file(path));
  const Bio bio = bio_of(pem.view());
  if (bio == nullptr) return failure(Errc::unavailable, "out of memory");
  PrivateKey key(PEM_read_bio_PrivateKey(bio.get(), nullptr, refuse_password, nullptr));
  if (key == nullptr) return failure(Errc::malformed, "there is no unencrypted private key in PEM");
  return key;
}

}  // namespace

Result<void> verify_authorities(const std::filesystem::path& authorities) {
  auto loaded = load_certificate(authorities);
  if (!loaded) return fail_in("the authorities of clients", std::move(loaded).error());
  return {};
}

Result<void> verify_key_pair(const std::filesystem::path& certificate,
                             const std::filesystem::path& private_key) {
  auto loaded_certificate = load_certificate(certificate);
  if (!loaded_certificate) return fail_in("the certificate", std::move(loaded_certificate).error());
  auto loaded_key = load_private_key(private_key);
  if (!loaded_key) return fail_in("the private key", std::move(loaded_key).error());
  if (X509_check_private_key(loaded_certificate->get(), loaded_key->get()) != 1)
    return failure(Errc::rejected, "the private key is not that of the certificate");
  return {};
}

}  // namespace kt::gateway
