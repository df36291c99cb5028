// What the flow cache's tables keep of a flow: a whole packet, or that part of it which the counters ask for.
#pragma once

#include <cstdint>
#include <cstring>

#include "packet.h"
#include "siphash.h"

namespace tallytree {

/// Both halves of a product: each bit depends on all bits of both factors.
inline uint64_t mixed(uint64_t one, uint64_t other) noexcept {
  const auto product = static_cast<unsigned __int128>(one) * other;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

/// A flow of any kind. A place without packets is free.
struct WholeFlow {
  static constexpr size_t kWays = 2;

  struct Key : FlowBits {
    using FlowBits::FlowBits;
    uint64_t hash(const Secret& secret) const noexcept {
      const uint64_t addresses = mixed(words[0] ^ secret.k0, words[2] ^ secret.k1);
      const uint64_t rest = mixed(words[1] ^ secret.k1, words[3] ^ secret.k0);
      return mixed(addresses ^ rest ^ secret.k1 ^ words[5], words[4] ^ secret.k0);
    }
  };

  uint64_t packets() const noexcept { return packet.packets; }
  bool is_odd() const noexcept { return packet.second % 2 != 0; }
  bool holds(const Key& key, uint64_t second) const noexcept {
    return packet.second == second && FlowBits(packet) == key;
  }
  bool has_room(const Packet& more) const noexcept {
    return packets() > 0 && packets() <= kMostPackets - more.packets &&
           packet.bytes + more.bytes <= kMostBytes;
  }
  /// Bytes and packets share a word, so one sum does for both.
  void add(const Packet& more) noexcept {
    constexpr size_t kWord = sizeof(Packet) - sizeof(uint64_t);
    uint64_t sum, added;
    std::memcpy(&sum, reinterpret_cast<const uint8_t*>(&packet) + kWord, sizeof sum);
    std::memcpy(&added, reinterpret_cast<const uint8_t*>(&more) + kWord, sizeof added);
    sum += added;
    std::memcpy(reinterpret_cast<uint8_t*>(&packet) + kWord, &sum, sizeof sum);
  }
  void begin(const Key&, const Packet& first, uint64_t second) noexcept {
    packet = first;
    packet.second = second;
  }
  /// Gives all that is here as one packet; the place is free then.
  void leave(Packet& out) noexcept {
    out = packet;
    packet.packets = 0;
  }

  Packet packet;
};

/// An IPv4 flow for counters that look at addresses only: four of them in a cache line.
struct AddressPair {
  static constexpr size_t kWays = 4;

  struct Key {
    uint64_t addresses;
    explicit Key(const Packet& packet) noexcept {
      uint32_t src, dst;
      std::memcpy(&src, packet.src.data(), sizeof src);
      std::memcpy(&dst, packet.dst.data(), sizeof dst);
      addresses = uint64_t{dst} << 32 | src;
    }
    uint64_t hash(const Secret& secret) const noexcept {
      constexpr uint64_t kManyBits = 0x9e3779b97f4a7c15;  // a factor of few bits mixes little
      return mixed(addresses ^ secret.k0, secret.k1 ^ kManyBits);
    }
  };

  static bool fits(const Packet& packet) noexcept {
    return packet.family == 4 && packet.packets <= kMostPairPackets;
  }

  uint64_t packets() const noexcept { return counts >> kPacketsAt; }
  bool is_odd() const noexcept { return (counts >> kOddAt & 1) != 0; }
  bool holds(const Key& key, uint64_t second) const noexcept {
    return addresses == key.addresses && is_odd() == (second % 2 != 0);
  }
  bool has_room(const Packet& more) const noexcept {
    return packets() > 0 && packets() <= kMostPairPackets - more.packets &&
           bytes() + more.bytes <= kMostBytes;
  }
  void add(const Packet& more) noexcept { counts += uint64_t{more.packets} << kPacketsAt | more.bytes; }
  void begin(const Key& key, const Packet& first, uint64_t second) noexcept {
    addresses = key.addresses;
    counts = second % 2 << kOddAt;
    add(first);
  }
  void leave(Packet& out) noexcept {
    const auto src = static_cast<uint32_t>(addresses), dst = static_cast<uint32_t>(addresses >> 32);
    out = Packet{};
    std::memcpy(out.src.data(), &src, sizeof src);
    std::memcpy(out.dst.data(), &dst, sizeof dst);
    out.packets = packets();
    out.bytes = bytes();
    counts = 0;
  }

  uint64_t bytes() const noexcept { return counts & kMostBytes; }

  static constexpr uint32_t kMostPairPackets = (1u << 23) - 1;
  static constexpr unsigned kOddAt = 40, kPacketsAt = 41;

  uint64_t addresses;
  uint64_t counts;  ///< from the lowest bit: bytes, whether the second is odd, packets
};
static_assert(AddressPair::kWays * sizeof(AddressPair) == 64);
static_assert(kMostBytes == (uint64_t{1} << AddressPair::kOddAt) - 1);

}  // namespace tallytree
