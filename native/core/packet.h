// A parsed packet: what every tap hands to the counting engine, one cache line, no pointers.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace tallytree {

/// Packets are handed on in batches of at most so many.
inline constexpr size_t kBatch = 64;

/// How a packet passes this host. Of a packet a set, of a sketch one: a routed packet is input and forward.
/// `any`: the source cannot tell (a capture file).
enum class Direction : uint8_t { none = 0, input = 1, output = 2, forward = 4, mirror = 8, any = 15 };

constexpr Direction operator|(Direction a, Direction b) noexcept {
  return static_cast<Direction>(static_cast<uint8_t>(a) | static_cast<uint8_t>(b));
}
constexpr Direction operator&(Direction a, Direction b) noexcept {
  return static_cast<Direction>(static_cast<uint8_t>(a) & static_cast<uint8_t>(b));
}
constexpr bool includes(Direction set, Direction one) noexcept {
  return (static_cast<uint8_t>(set) & static_cast<uint8_t>(one)) != 0;
}

/// An IPv4 address stands in the first 4 bytes, the other 12 are zero. Network byte order.
using Address = std::array<uint8_t, 16>;

inline constexpr uint16_t kNoVlan = 0x1fff;
inline constexpr uint32_t kMostPackets = 0xffffff;  ///< that a Packet can stand for
inline constexpr uint64_t kMostBytes = 0xff'ffff'ffff;

/// What carried a packet that was found inside another, and which number it had.
enum class Carrier : uint8_t {
  none,    ///< the packet stands for itself
  other,   ///< a tunnel without a number
  vni,     ///< VXLAN, Geneve
  gre_key  ///< GRE with a key
};

struct alignas(64) Packet {
  // What tells its flow from others comes first.
  Address src{};
  Address dst{};
  uint16_t sport = 0;  ///< host byte order; meaningful when has_ports
  uint16_t dport = 0;
  uint16_t vlan : 13 = kNoVlan;
  Carrier carrier : 2 = Carrier::none;
  bool foreign : 1 = false;  ///< seen in another network namespace than this process's
  uint8_t proto = 0;         ///< the transport protocol, after any IPv6 extension headers
  uint8_t family : 3 = 4;    ///< 4 or 6
  Direction direction : 4 = Direction::any;
  bool has_ports : 1 = false;  ///< false for ICMP and for every fragment but the first
  uint32_t tunnel = 0;         ///< the number that `carrier` names
  uint32_t ifindex : 31 = 0;   ///< 0: unknown; of a foreign packet the number of its namespace (Labels)
  bool loopback : 1 = false;   ///< seen on a loopback device: counted only for sketches that name that device

  uint64_t second : 39 = 0;   ///< wall clock, since 1970
  uint64_t inside : 1 = 0;    ///< found in the packet before it in the batch: one socket buffer has both
  uint64_t full : 24 = 0;     ///< bytes of each but the last of several packets
  uint64_t bytes : 40 = 0;    ///< IP total length, summed over the wire packets
  uint64_t packets : 24 = 1;  ///< packets on the wire: a segmentation-offload super-packet carries several
};
static_assert(sizeof(Packet) == 64);

/// The bytes of a packet that tell its flow from others: all but time, bytes and number.
struct FlowBits {
  std::array<uint64_t, 6> words{};

  FlowBits() = default;
  explicit FlowBits(const Packet& packet) noexcept { std::memcpy(words.data(), &packet, sizeof words); }
  bool operator==(const FlowBits&) const = default;

  /// One of them, without the others.
  static uint64_t word(const Packet& packet, size_t i) noexcept {
    uint64_t word;
    std::memcpy(&word, reinterpret_cast<const uint8_t*>(&packet) + i * sizeof word, sizeof word);
    return word;
  }
};
static_assert(offsetof(Packet, tunnel) + sizeof(Packet::tunnel) + sizeof(uint32_t) == sizeof(FlowBits));

}  // namespace tallytree
