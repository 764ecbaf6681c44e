// The keys of the gateway's Oblivious HTTP, on disk: a file for each private key, readable by its
// owner only, and one that says which there are and since when they are used. Internal.
//
// Whatever the process dies of, the index names no key that is not there, and a key file that it
// does not name is erased when the directory is opened again: docs/formats.md.
//
// Blocking. Thread rule: one thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "federation/ohttp.h"
#include "keytrans/types.h"
#include "ohttp_key_index.h"

namespace kt::gateway {

class OhttpKeyFiles {
 public:
  static constexpr std::size_t kMaxKeys = OhttpKeyIndex::kMaxKeys;

  // Makes `directory`, for its owner only, when it is not there, and erases what was left there
  // unfinished. Errors: corrupt when the index is none, or names a key that is not there or is no
  // key; those of load_key_file(); unavailable when the system refuses.
  static Result<OhttpKeyFiles> open(std::filesystem::path directory);

  // In the order in which they were made.
  [[nodiscard]] const std::vector<StoredOhttpKey>& keys() const { return keys_; }

  // Errors: those of load_key_file(); corrupt when the file has no key.
  [[nodiscard]] Result<keytrans::DhPrivateKey> load(std::uint8_t key_id) const;

  // A new key, under an identifier that no key of the 252 before it had. Durable when it returns.
  // Errors: unavailable when the system refuses. Requires: fewer than kMaxKeys.
  Result<void> add();

  // Says since when the last key is used. Durable when it returns. Errors: as above.
  Result<void> activate_last(Timestamp active_from);

  // Erases the first key: its file is overwritten before it is removed. Errors: as above.
  Result<void> retire_first();

 private:
  OhttpKeyFiles(std::filesystem::path directory, std::uint8_t next_id,
                std::vector<StoredOhttpKey> keys)
      : directory_(std::move(directory)), next_id_(next_id), keys_(std::move(keys)) {}

  [[nodiscard]] std::filesystem::path key_file(std::uint8_t key_id) const;
  Result<void> write_index(std::uint8_t next_id, const std::vector<StoredOhttpKey>& keys) const;
  Result<void> erase_others() const;

  std::filesystem::path directory_;
  std::uint8_t next_id_;
  std::vector<StoredOhttpKey> keys_;
};

}  // namespace kt::gateway
