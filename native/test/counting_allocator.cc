// malloc and operator new that keep books: each block has its size in front of it.
#include "counting_allocator.h"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>

extern "C" {
void* __real_malloc(size_t size);
void __real_free(void* memory);
void* __wrap_malloc(size_t size);
void* __wrap_calloc(size_t count, size_t size);
void* __wrap_realloc(void* memory, size_t size);
void __wrap_free(void* memory);
}

namespace {

constexpr size_t kFront = 16;  // keeps the alignment
std::atomic<size_t> now{0}, peak{0}, calls{0};

size_t* front(void* memory) { return reinterpret_cast<size_t*>(static_cast<char*>(memory) - kFront); }

void book(size_t size) {
  const size_t sum = now += size;
  ++calls;
  for (size_t most = peak; most < sum && !peak.compare_exchange_weak(most, sum);) {
  }
}

}  // namespace

void* __wrap_malloc(size_t size) {
  auto* block = static_cast<char*>(__real_malloc(size + kFront));
  if (block == nullptr) return nullptr;
  *reinterpret_cast<size_t*>(block) = size;
  book(size);
  return block + kFront;
}

void* __wrap_calloc(size_t count, size_t size) {
  void* memory = __wrap_malloc(count * size);
  if (memory != nullptr) std::memset(memory, 0, count * size);
  return memory;
}

/// In the books a block grows where it stands, as large ones do in the kernel.
void* __wrap_realloc(void* memory, size_t size) {
  if (memory == nullptr) return __wrap_malloc(size);
  const size_t old = *front(memory);
  now -= old;
  void* moved = __wrap_malloc(size);
  if (moved == nullptr) return nullptr;
  std::memcpy(moved, memory, std::min(old, size));
  __real_free(front(memory));
  return moved;
}

void __wrap_free(void* memory) {
  if (memory == nullptr) return;
  now -= *front(memory);
  __real_free(front(memory));
}

void* operator new(size_t size) {
  if (void* memory = __wrap_malloc(size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { __wrap_free(memory); }
void operator delete(void* memory, size_t) noexcept { __wrap_free(memory); }

namespace tallytree::test {

Allocated allocated() noexcept { return {now, peak, calls}; }
void forget_peak() noexcept { peak = now.load(); }

}  // namespace tallytree::test
