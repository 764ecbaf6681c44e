// OpenSSL's objects as owning pointers, and its error queue kept clean.
#pragma once

#include <memory>

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/params.h>
#include <openssl/x509.h>

#include "keytrans/result.h"

namespace kt::keytrans {

template <auto function>
struct FreeWith {
  template <class T>
  void operator()(T* object) const noexcept {
    function(object);
  }
};

template <class T, auto function>
using Owned = std::unique_ptr<T, FreeWith<function>>;

// Numbers and points are cleared when freed: telling the secret ones apart is not worth a mistake.
using BioPtr = Owned<BIO, BIO_free>;
using BnPtr = Owned<BIGNUM, BN_clear_free>;
using BnCtxPtr = Owned<BN_CTX, BN_CTX_free>;
using EcdsaSigPtr = Owned<ECDSA_SIG, ECDSA_SIG_free>;
using GroupPtr = Owned<EC_GROUP, EC_GROUP_free>;
using MdCtxPtr = Owned<EVP_MD_CTX, EVP_MD_CTX_free>;
using MdPtr = Owned<EVP_MD, EVP_MD_free>;
using ParamBuilderPtr = Owned<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free>;
using ParamsPtr = Owned<OSSL_PARAM, OSSL_PARAM_free>;
using Pkcs8Ptr = Owned<PKCS8_PRIV_KEY_INFO, PKCS8_PRIV_KEY_INFO_free>;
using PkeyCtxPtr = Owned<EVP_PKEY_CTX, EVP_PKEY_CTX_free>;
using PkeyPtr = Owned<EVP_PKEY, EVP_PKEY_free>;
using PointPtr = Owned<EC_POINT, EC_POINT_clear_free>;

// Drops the errors libcrypto queues for this thread between construction and destruction. A bad
// proof would otherwise leave one behind, for whoever next asks the queue why a TLS read failed.
class ErrorQueueGuard {
 public:
  ErrorQueueGuard() { ERR_set_mark(); }
  ErrorQueueGuard(const ErrorQueueGuard&) = delete;
  ErrorQueueGuard& operator=(const ErrorQueueGuard&) = delete;
  ~ErrorQueueGuard() { ERR_pop_to_mark(); }
};

// The answer when a library call fails that no input can make fail.
[[nodiscard]] inline tl::unexpected<Error> library_failure() {
  return fail(Errc::unavailable, "a cryptographic library call failed");
}

}  // namespace kt::keytrans
