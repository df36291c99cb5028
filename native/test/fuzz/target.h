// What every fuzz target needs: a check that stops the run, and bytes of which only the length is put right.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <vector>

namespace tallytree::fuzz {

inline void must(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "broken: %s\n", what);
  std::abort();
}

/// The secret of the golden files, which the corpus begins with.
inline constexpr uint64_t kSecret[2] = {0x5eed, 0x600d};

/// The same bytes behind their true length: otherwise hardly any input would be read further.
inline std::vector<uint8_t> framed(std::span<const uint8_t> data) {
  std::vector<uint8_t> bytes(data.begin(), data.end());
  for (size_t i = 0; i < 8 && bytes.size() >= 8; ++i)
    bytes[i] = static_cast<uint8_t>(bytes.size() >> (8 * i));
  return bytes;
}

}  // namespace tallytree::fuzz
