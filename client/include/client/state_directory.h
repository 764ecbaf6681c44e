// What a user's programs keep: cells of bytes in one LMDB file, which any number of processes use
// at the same time.
//
// Nobody holds the file for longer than it takes to read or write: a process reads a cell, asks
// somebody over the network, and writes what comes of it if the cell is still as it was read. Who
// was overtaken reads again and asks again. So no process waits for the network of another one, and
// none undoes what another one has verified.
//
// Who can read the directory learns who its user talks to: it is made for its owner only.
//
// Formats: docs/client.md. Thread rule: const functions from any thread.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "keytrans/bytes.h"
#include "keytrans/result.h"
#include "store/store.h"

namespace kt::client {

// Where bytes are kept. `table` is 1 to 64 of a-z, 0-9 and -, `key` 1 to 511 bytes.
struct Cell {
  std::string table;
  Bytes key;
};

// `before` is what the cell has to hold, nothing for an empty cell; `after` is what it holds then.
struct Change {
  Cell cell;
  std::optional<Bytes> before;
  std::optional<Bytes> after;
};

// Held by who changes what its user owns in logs: an update that was sent is not sent again because
// another one of the same user came between. Released when it goes.
class OwnerLock {
 public:
  OwnerLock(OwnerLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  OwnerLock& operator=(OwnerLock&&) = delete;
  ~OwnerLock();

 private:
  friend class StateDirectory;
  explicit OwnerLock(int descriptor) : descriptor_(descriptor) {}

  int descriptor_;
};

class StateDirectory {
 public:
  // `directory` is made when it is not there. Errors: unavailable when it cannot be made.
  static Result<StateDirectory> open(std::filesystem::path directory);

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  // Errors of all: unavailable when another process holds the file for ten seconds, or the system
  // refuses; corrupt when what is there is not what was written; rejected for a format that this
  // program does not know.
  Result<std::optional<Bytes>> read(const Cell& cell) const;

  // Keys and contents of a table, in the order of the keys.
  Result<std::vector<std::pair<Bytes, Bytes>>> read_all(const std::string& table) const;

  // Makes all changes, durably, or none. Returns whether they were made: not when a cell does not
  // hold its `before` any more. Blocking.
  Result<bool> write(const std::vector<Change>& changes) const;

  // Errors: unavailable when another process has it for ten seconds, or the system refuses.
  Result<OwnerLock> lock_owner() const;

 private:
  explicit StateDirectory(std::filesystem::path path) : path_(std::move(path)) {}
  Result<std::unique_ptr<store::Store>> open_store() const;

  std::filesystem::path path_;
};

// $XDG_STATE_HOME/kt, or ~/.local/state/kt. Errors: not_found when the environment has neither.
Result<std::filesystem::path> default_state_directory();

}  // namespace kt::client
