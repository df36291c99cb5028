// The keys of a whole batch of packets, built part by part and hashed side by side.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "key.h"
#include "packet.h"

namespace tallytree {

struct KeyBatch {
  size_t size = 0;
  std::array<Key, kBatch> keys;
  std::array<uint64_t, kBatch> hashes;
  std::array<const Packet*, kBatch> packets;  ///< the packet of each key

  /// Of at most kBatch packets, those that have a key of this type. Returns how many wire packets have none.
  uint64_t fill(const KeyType& type, const Secret& secret, std::span<const Packet* const> from) noexcept;

 private:
  /// `alike`: all keys are IPv4, so of one length.
  void hash(const Secret& secret, bool alike) noexcept;
};

}  // namespace tallytree
