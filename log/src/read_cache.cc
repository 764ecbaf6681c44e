#include "read_cache.h"

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <sys/mman.h>

#include "keytrans/result.h"

namespace kt::log {
namespace {

using Word = std::atomic_ref<std::uint64_t>;
static_assert(Word::is_always_lock_free);

constexpr std::size_t kPage = 4096;
constexpr unsigned kSizeBits = 7;
constexpr unsigned kNumberBits = 54;
static_assert(ReadCache::kRecordSize < std::size_t{1} << kSizeBits);

// Different for each key, and never 0.
std::uint64_t id_of(ReadCache::Key key) {
  return (static_cast<std::uint64_t>(key.kind) + 1) << kNumberBits | key.number;
}

}  // namespace

void ReadCache::Free::operator()(Slot* slots) const { std::free(slots); }

// A large block of calloc()'s is zeros that the system makes when they are touched: in large pages
// if it can, for nodes are found all over the place.
ReadCache::ReadCache(std::size_t bytes)
    : memory_(static_cast<Slot*>(std::calloc(bytes / sizeof(Slot), sizeof(Slot)))),
      slots_(memory_.get(), bytes / sizeof(Slot)) {
  if (!memory_ && !slots_.empty()) throw std::bad_alloc();
  void* begin = memory_.get();
  std::size_t size = slots_.size_bytes();
  if (std::align(kPage, kPage, begin, size) != nullptr)
    madvise(begin, size / kPage * kPage, MADV_HUGEPAGE);
}

ReadCache::Slot* ReadCache::slot_of(Key key) const {
  if (slots_.empty() || key.number >> kNumberBits != 0) return nullptr;
  // The numbers of nodes that are near each other are, too: multiplied, they go far apart.
  const std::uint64_t mixed = id_of(key) * 0x9e37'79b9'7f4a'7c15U;
  return &slots_[(mixed >> 20U) % slots_.size()];
}

// The loads and stores of the words are ordered between those of the sequence number: whoever reads
// a word that a writer wrote then also sees that the number is not what it was.
std::optional<ReadCache::Record> ReadCache::find(Key key) const {
  Slot* const slot = slot_of(key);
  if (slot == nullptr) return std::nullopt;
  const Word sequence(slot->sequence);
  const std::uint64_t before = sequence.load(std::memory_order_acquire);
  const std::uint64_t tag = Word(slot->tag).load(std::memory_order_acquire);
  if ((before & 1U) != 0 || tag >> kSizeBits != id_of(key)) return std::nullopt;
  std::array<std::uint64_t, kWords> words;
  for (std::size_t i = 0; i < kWords; ++i)
    words[i] = Word(slot->words[i]).load(std::memory_order_acquire);
  if (sequence.load(std::memory_order_relaxed) != before) return std::nullopt;
  Record record;
  std::memcpy(record.bytes_.data(), words.data(), kRecordSize);
  record.size_ = tag & ((std::uint64_t{1} << kSizeBits) - 1);
  return record;
}

void ReadCache::put(Key key, ByteView record) {
  KT_ASSERT(record.size() <= kRecordSize);
  Slot* const slot = slot_of(key);
  if (slot == nullptr) return;
  std::array<std::uint64_t, kWords> words{};
  if (!record.empty()) std::memcpy(words.data(), record.data(), record.size());
  const Word sequence(slot->sequence);
  std::uint64_t before = sequence.load(std::memory_order_relaxed);
  if ((before & 1U) != 0 ||
      !sequence.compare_exchange_strong(before, before + 1, std::memory_order_acquire))
    return;
  Word(slot->tag).store(id_of(key) << kSizeBits | record.size(), std::memory_order_release);
  for (std::size_t i = 0; i < kWords; ++i)
    Word(slot->words[i]).store(words[i], std::memory_order_release);
  sequence.store(before + 2, std::memory_order_release);
}

}  // namespace kt::log
