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

/// Of at most kBatch packets, those that have a key of a type. Keys are zero when they are made, and what they
/// hold is written.
struct KeyBatch {
  KeyBatch(const KeyType& type, const Secret& secret, std::span<const Packet* const> from) noexcept;

  size_t size = 0;
  uint64_t unkeyed = 0;  ///< wire packets that have none
  std::array<Key, kBatch> keys;
  std::array<uint64_t, kBatch> hashes;
  std::array<const Packet*, kBatch> packets;  ///< the packet of each key
};

}  // namespace tallytree
