// Durable state as tables of records: what a log and a gateway keep, behind an interface that a
// database can implement.
//
// A store holds tables, each in a space of its own: the space is the LogId of the log whose state
// it is, in hexadecimal, or a name of the program's own. A table maps keys to values, both byte
// strings, and orders keys byte by byte. Readers see snapshots; a writer commits one batch at a
// time, atomically and durably. Nobody waits for a reader, and no reader for a writer.
//
// Every value is stored with a checksum over table, key and value, which is verified whenever the
// record is read. It finds what a disk or a file system has changed, not what an attacker has.
//
// A process that holds a store open is the only one that does, so whoever opened it holds the lease
// on everything in it.
//
// Error details name tables and never the contents of keys or values.
//
// Thread rule: every function of a Store from any thread. A Snapshot is used by one thread at a
// time. Nothing here may be kept over a wait for the network: snapshots are bounded in time.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "keytrans/bytes.h"
#include "keytrans/result.h"

namespace kt::store {

inline constexpr std::size_t kMaxKeySize = 511;                     // bytes; a key has at least 1
inline constexpr std::size_t kMaxValueSize = std::size_t{1} << 30;  // bytes

// A table of one open store. Made by Store::table() and by nothing else.
class Table {
 public:
  explicit constexpr Table(std::uint32_t number) : number_(number) {}
  [[nodiscard]] constexpr std::uint32_t number() const { return number_; }
  friend constexpr bool operator==(Table, Table) = default;

 private:
  std::uint32_t number_;
};

struct TableName {
  std::string space;
  std::string name;

  friend auto operator<=>(const TableName&, const TableName&) = default;
};

// Borrows from the snapshot it was read from.
struct Record {
  ByteView key;
  ByteView value;
};

// The whole store as it was at one instant. What it returns is valid until it is destroyed.
//
// Errors of every function: corrupt for a record whose checksum does not hold; unavailable when the
// table was opened after the snapshot was taken, when the snapshot is older than the store lets one
// become, or when the storage fails.
class Snapshot {
 public:
  virtual ~Snapshot() = default;

  // The value stored under `key`, or nothing.
  virtual Result<std::optional<ByteView>> get(Table table, ByteView key) const = 0;

  // Calls `visit` for each record whose key is not before `from`, in ascending order, until it
  // returns false or an error, which is then the result.
  using Visitor = std::function<Result<bool>(const Record&)>;
  virtual Result<void> scan(Table table, ByteView from, const Visitor& visit) const = 0;

  // The same for the keys alone. No value is read, so damaged records are like all others.
  using KeyVisitor = std::function<Result<bool>(ByteView key)>;
  virtual Result<void> scan_keys(Table table, ByteView from, const KeyVisitor& visit) const = 0;

  // The record with the greatest key before `end`, or nothing. With an empty `end`, the last one.
  virtual Result<std::optional<Record>> last_before(Table table, ByteView end) const = 0;

  // How many records the table has. Reads none of them.
  virtual Result<std::uint64_t> count(Table table) const = 0;
};

// Changes that are made together or not at all, and what must hold for that.
//
// Requires, of every function: a key of 1 to kMaxKeySize bytes, a value of at most kMaxValueSize.
class Batch {
 public:
  // Creates or replaces a record.
  void put(Table table, Bytes key, Bytes value);

  // Removes a record. One that is not there is no error.
  void erase(Table table, Bytes key);

  // Makes the commit a conflict unless the record under `key` has `value` before the batch, or
  // there is none if `value` is nothing. This is how a head is compared and set.
  void expect(Table table, Bytes key, std::optional<Bytes> value);

  struct Put {
    Table table;
    Bytes key;
    Bytes value;
  };
  struct Erase {
    Table table;
    Bytes key;
  };
  struct Expectation {
    Table table;
    Bytes key;
    std::optional<Bytes> value;
  };
  [[nodiscard]] const std::vector<Expectation>& expectations() const { return expectations_; }
  [[nodiscard]] const std::vector<Erase>& erasures() const { return erasures_; }
  [[nodiscard]] const std::vector<Put>& puts() const { return puts_; }

 private:
  std::vector<Expectation> expectations_;
  std::vector<Erase> erasures_;  // made before the puts
  std::vector<Put> puts_;
};

// How a commit ended.
enum class Committed : std::uint8_t {
  ok,        // durable
  conflict,  // an expectation did not hold; nothing was changed
  unknown,   // the storage failed at an instant that leaves open whether the batch is durable: the
             // store answers nothing any more, and has to be opened again to find out
};

// How full a store is, in bytes.
struct Usage {
  std::uint64_t used = 0;
  std::uint64_t limit = 0;

  // Whether an operator has to act before updates are refused.
  [[nodiscard]] bool is_nearly_full() const { return used >= limit / 5 * 4; }
};

class Store {
 public:
  virtual ~Store() = default;

  // The table `name` of `space`, created if it is not there yet.
  // Errors: malformed unless both are 1 to 64 characters of a-z, 0-9 and '-'; unavailable when
  // there are too many tables or the storage fails.
  virtual Result<Table> table(std::string_view space, std::string_view name) = 0;

  // The names of all tables there are, in ascending order. Errors: corrupt for a name that is none;
  // unavailable when the storage fails.
  virtual Result<std::vector<TableName>> tables() const = 0;

  // Errors: unavailable when there are too many snapshots, or after Committed::unknown.
  virtual Result<std::unique_ptr<Snapshot>> snapshot() const = 0;

  // Waits for the storage. Errors: unavailable when there is no room, or after Committed::unknown.
  // After an error nothing has changed, and once there is room commits succeed again.
  virtual Result<Committed> commit(const Batch& batch) = 0;

  // After the last commit.
  [[nodiscard]] virtual Usage usage() const = 0;
};

}  // namespace kt::store
