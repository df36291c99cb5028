// Many entries of a table at once: their keys, hashed side by side.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "hot_table.h"
#include "key_batch.h"
#include "packet.h"

namespace tallytree {

struct EntryBatch {
  /// At most kBatch entries; that of number i is at place_of(i).
  template <typename PlaceOf>
  EntryBatch(const HotTable& table, const Secret& secret, size_t size, PlaceOf place_of) noexcept {
    for (size_t i = 0; i < size; ++i) table.copy_key(place_of(i), keys[i]);
    std::array<uint64_t, kBatch> hashes;
    hash_keys(secret, {keys.data(), size}, hashes.data());
    for (size_t i = 0; i < size; ++i) tags[i] = tag_of(hashes[i]);
  }

  std::array<Key, kBatch> keys;
  std::array<Tag, kBatch> tags;
};

/// Shows every entry of a table as (place, key, tag).
template <typename Visit>
void visit_entries(const HotTable& table, const Secret& secret, Visit visit) {
  for (size_t first = 0; first < table.size(); first += kBatch) {
    const size_t n = std::min(kBatch, table.size() - first);
    const EntryBatch batch(table, secret, n, [first](size_t i) { return first + i; });
    for (size_t i = 0; i < n; ++i) visit(first + i, batch.keys[i], batch.tags[i]);
  }
}

}  // namespace tallytree
