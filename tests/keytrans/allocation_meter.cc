#include "allocation_meter.h"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <malloc.h>
#include <new>

namespace {

// Bytes held now, and the most since a meter was last started.
std::atomic<std::size_t> held{0};
std::atomic<std::size_t> most{0};

void* try_take(std::size_t size) noexcept {
  void* const memory = std::malloc(std::max<std::size_t>(size, 1));
  if (memory == nullptr) return nullptr;
  held += malloc_usable_size(memory);
  most = std::max(most.load(), held.load());
  return memory;
}

void* take(std::size_t size) {
  void* const memory = try_take(size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

void give_back(void* memory) {
  if (memory == nullptr) return;
  held -= malloc_usable_size(memory);
  std::free(memory);
}

}  // namespace

void* operator new(std::size_t size) { return take(size); }
void* operator new[](std::size_t size) { return take(size); }
void* operator new(std::size_t size, const std::nothrow_t& /*tag*/) noexcept {
  return try_take(size);
}
void* operator new[](std::size_t size, const std::nothrow_t& /*tag*/) noexcept {
  return try_take(size);
}
void operator delete(void* memory) noexcept { give_back(memory); }
void operator delete[](void* memory) noexcept { give_back(memory); }
void operator delete(void* memory, std::size_t) noexcept { give_back(memory); }
void operator delete[](void* memory, std::size_t) noexcept { give_back(memory); }
void operator delete(void* memory, const std::nothrow_t& /*tag*/) noexcept { give_back(memory); }
void operator delete[](void* memory, const std::nothrow_t& /*tag*/) noexcept { give_back(memory); }

namespace kt {

AllocationMeter::AllocationMeter() : start_(held) { most = held.load(); }

std::size_t AllocationMeter::peak() const { return most - start_; }

}  // namespace kt
