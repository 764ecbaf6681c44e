// Private keys on disk, as PEM that only its owner can read.
//
// Blocking: every function touches the file system, `store_key_file` waits for the disk.
// Thread rule: any thread; nothing is held between calls.
#pragma once

#include <cstddef>
#include <filesystem>

#include "keytrans/bytes.h"
#include "keytrans/cipher_suite.h"
#include "keytrans/result.h"
#include "keytrans/secret.h"

namespace kt::keytrans {

inline constexpr std::size_t kMaxKeyFileSize = std::size_t{16} * 1024;

// Creates `path` with mode 0600 and writes `pem` to it. Returns once file and directory entry are
// on disk. Never replaces anything: a key that is overwritten is gone.
// Errors: conflict when something, a dangling symbolic link included, is already at `path`;
// malformed when `pem` is larger than kMaxKeyFileSize; unavailable when the system refuses, and
// then nothing is left at `path`.
[[nodiscard]] Result<void> store_key_file(const std::filesystem::path& path,
                                          const SecretBytes& pem);

// The contents of the key file at `path`. Symbolic links are followed; what counts is the file.
// Errors: not_found; rejected when it is not a regular file or when group or others have any
// permission on it; malformed when it is larger than kMaxKeyFileSize; unavailable when the system
// refuses.
[[nodiscard]] Result<SecretBytes> load_key_file(const std::filesystem::path& path);

// The private key at `path` whose public key a log's configuration has: `Key` is SigningKey or
// VrfPrivateKey. Errors: those of the file; malformed when it has no key of `suite`; rejected when
// the key is another one.
template <class Key>
[[nodiscard]] Result<Key> load_key(const std::filesystem::path& path, CipherSuite suite,
                                   const Bytes& public_key) {
  KT_TRY(const auto pem, load_key_file(path));
  auto key = Key::from_pem(suite, pem.text());
  if (!key) return fail_in(path.filename().string(), std::move(key).error());
  if (key->public_key() != public_key)
    return fail(Errc::rejected, path.filename().string() + " is not the key of this log");
  return key;
}

}  // namespace kt::keytrans
