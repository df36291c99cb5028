// Process memory: malloc's arenas, and the text of the program.
#include "process_memory.h"

#include <link.h>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

namespace tallytree::binding {
namespace {

/// The program itself comes first (dl_iterate_phdr(3)); what is shared with others stays.
int forget_text(dl_phdr_info* program, size_t, void*) {
  const auto page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  for (size_t i = 0; i < program->dlpi_phnum; ++i) {
    const ElfW(Phdr)& part = program->dlpi_phdr[i];
    if (part.p_type != PT_LOAD || (part.p_flags & PF_W) != 0) continue;
    const uintptr_t start = (program->dlpi_addr + part.p_vaddr) / page * page;
    const uintptr_t end = (program->dlpi_addr + part.p_vaddr + part.p_filesz) / page * page;
    if (end > start) madvise(reinterpret_cast<void*>(start), end - start, MADV_DONTNEED);
  }
  return 1;
}

}  // namespace

void give_memory_back() noexcept {
  constexpr int kMapped = 128 << 10;  // malloc's own limit, until something larger is freed
  constexpr int kSpare = 2 << 20;     // what questions take, so that each need not ask the kernel
  mallopt(M_ARENA_MAX, 1);
  mallopt(M_MMAP_THRESHOLD, kMapped);
  mallopt(M_TRIM_THRESHOLD, kSpare);
}

Napi::Value forget_startup(const Napi::CallbackInfo& info) {
  dl_iterate_phdr(forget_text, nullptr);
  malloc_trim(0);
  return info.Env().Undefined();
}

}  // namespace tallytree::binding
