// The keys of a whole batch of packets, built part by part and hashed side by side.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "key.h"
#include "packet.h"

namespace tallytree {

/// Hashes of at most kBatch keys, as Key::hash().
void hash_keys(const Secret& secret, std::span<const Key> keys, uint64_t* hashes) noexcept;

struct KeyBatch {
  size_t size = 0;
  std::array<Key, kBatch> keys;
  std::array<uint64_t, kBatch> hashes;
  std::array<const Packet*, kBatch> packets;  ///< the packet of each key

  /// Of at most kBatch packets, those that have a key of this type. Returns how many wire packets have none.
  uint64_t fill(const KeyType& type, const Secret& secret, std::span<const Packet* const> from) noexcept;
};

}  // namespace tallytree
