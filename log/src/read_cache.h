// Short records that were read before, for all views of a log at once. Internal.
//
// For records that never change: whoever finds one finds what was put. They are put after their
// checksums were verified. The cache takes the bytes it is given and no more; a record gives way to
// another one that needs its place. Memory that was never used is not taken from the system.
//
// Every search begins with the same nodes, so readers take no lock. A slot has a sequence number,
// which is odd while somebody writes to the slot. A reader who sees it change, or odd, has found
// nothing; a writer who sees it odd leaves the slot to the other.
//
// Thread rule: any thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "keytrans/bytes.h"

namespace kt::log {

class ReadCache {
 public:
  // Bytes that a record may have.
  static constexpr std::size_t kRecordSize = 80;

  class Record {
   public:
    [[nodiscard]] ByteView view() const { return ByteView(bytes_).first(size_); }

   private:
    friend class ReadCache;
    std::array<std::uint8_t, kRecordSize> bytes_;
    std::size_t size_ = 0;
  };

  enum class Kind : std::uint8_t { prefix_node, entry, log_node };
  struct Key {
    Kind kind;
    std::uint64_t number;  // records with numbers from 2^54 on are not kept
  };

  // With fewer than a slot takes, nothing is kept.
  explicit ReadCache(std::size_t bytes);

  [[nodiscard]] std::optional<Record> find(Key key) const;

  // Requires: `record` has at most kRecordSize bytes, and is what the log has under `key` for ever.
  void put(Key key, ByteView record);

 private:
  static constexpr std::size_t kWords = kRecordSize / sizeof(std::uint64_t);
  // Used through std::atomic_ref alone.
  struct Slot {
    std::uint64_t sequence;
    std::uint64_t tag;  // the key and the record's size; 0 if there is none
    std::array<std::uint64_t, kWords> words;
  };
  // Where the record of a key is, if it is; null if it can be nowhere.
  [[nodiscard]] Slot* slot_of(Key key) const;

  struct Free {
    void operator()(Slot* slots) const;
  };
  std::unique_ptr<Slot, Free> memory_;  // of slots_
  std::span<Slot> slots_;
};

}  // namespace kt::log
