// Keys and certificates for servers in tests, as PEM.
#pragma once

#include <memory>
#include <stdexcept>
#include <string>

#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "keytrans/bytes.h"

namespace kt::gateway {

using Pkey = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

inline Pkey new_key() {
  return {EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"), &EVP_PKEY_free};
}

// What `write` writes.
template <class Write>
std::string pem_of(Write write) {
  const std::unique_ptr<BIO, decltype(&BIO_free_all)> bio(BIO_new(BIO_s_mem()), &BIO_free_all);
  if (write(bio.get()) != 1) throw std::runtime_error("PEM cannot be written");
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

inline std::string pem_of_key(EVP_PKEY* key, const EVP_CIPHER* cipher = nullptr) {
  return pem_of([&](BIO* bio) {
    return PEM_write_bio_PKCS8PrivateKey(bio, key, cipher, cipher == nullptr ? nullptr : "secret",
                                         cipher == nullptr ? 0 : 6, nullptr, nullptr);
  });
}

// A certificate that `key` signed itself, for an hour, for whoever has these names: as many as
// there are in openssl's form, "IP:127.0.0.1,email:alice@example.com".
inline std::string pem_of_certificate(EVP_PKEY* key, const std::string& of = "IP:127.0.0.1") {
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(X509_new(), &X509_free);
  X509_set_version(certificate.get(), X509_VERSION_3);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), 0);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
  X509_set_pubkey(certificate.get(), key);
  // An authority is found by its subject.
  X509_NAME* const subject = X509_get_subject_name(certificate.get());
  const auto name = to_bytes(of);
  if (X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, name.data(),
                                 static_cast<int>(name.size()), -1, 0) != 1 ||
      X509_set_issuer_name(certificate.get(), subject) != 1)
    throw std::runtime_error("a certificate cannot be named");
  const std::unique_ptr<X509_EXTENSION, decltype(&X509_EXTENSION_free)> names(
      X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, of.c_str()),
      &X509_EXTENSION_free);
  if (names == nullptr || X509_add_ext(certificate.get(), names.get(), -1) != 1 ||
      X509_sign(certificate.get(), key, EVP_sha256()) == 0)
    throw std::runtime_error("a certificate cannot be made");
  return pem_of([&](BIO* bio) { return PEM_write_bio_X509(bio, certificate.get()); });
}

}  // namespace kt::gateway
