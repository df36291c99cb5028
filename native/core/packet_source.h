// The default tap: a copy of every packet of every device, by one AF_PACKET ring. It cannot delay or drop
// traffic.
#pragma once

#include <array>

#include "links.h"
#include "own_addresses.h"
#include "packet_ring.h"
#include "parse.h"
#include "ring_rest.h"
#include "source.h"
#include "unparsed_counts.h"

namespace tallytree {

/// Sees packets as devices hand them over: before the host's input firewall, after its output firewall. Input
/// is what is addressed to this host, broadcasts and multicasts included; output is what it sends. Each
/// packet is delivered once where devices are stacked: frames of bridge ports and bond slaves, and tagged
/// frames of a device that has a VLAN device for the tag, are ignored for they come again from the device
/// above. While somebody asks, what is addressed to another host is told apart: forward arrives here to be
/// routed on, mirror is neither to, from nor through this host. A tunnel's outer and inner packets are two
/// packets. Loopback packets are delivered, marked, once as output and once as input. Super-packets (GSO,
/// GRO) count as the wire packets they carry, by the segment size the kernel states. SourceStats.seen is what
/// lies behind us (settled()); what still waits in the ring is offered() - settled().
class PacketSource final : public Source {
 public:
  static constexpr uint32_t kDefaultRingMiB = 16;

  /// `ring_mib`: kernel memory for packets that wait to be counted, at least 1. `group`: a Fanout.
  /// `retire_ms`: as of PacketRing. Throws std::system_error.
  explicit PacketSource(uint32_t ring_mib = kDefaultRingMiB, int group = Fanout::kAlone,
                        const Tunnels& tunnels = {}, uint32_t retire_ms = PacketRing::kRetireMs);

  /// The group's number, or Fanout::kAlone.
  int group() const noexcept { return ring_.group(); }

  size_t read(std::span<Packet> out) noexcept override;
  void heed(const Interest& interest) noexcept override;
  std::span<const int> descriptors() const noexcept override { return descriptors_; }
  uint64_t offered() noexcept override;
  uint64_t settled() noexcept override;
  std::chrono::microseconds rest(size_t packets) noexcept override {
    return packets < kMany ? std::chrono::microseconds(0) : rest_.after(packets);
  }
  void tick() noexcept override;
  SourceStats stats() override;

 private:
  enum Ignored : size_t { kOtherHost, kBridgePort, kVlanParent, kIgnoredReasons };

  void look_around() noexcept;
  bool is_wanted(uint8_t type) const noexcept;
  Direction direction_of(const Packet& packet, uint8_t type, const Link* link) const noexcept;
  Direction passing(const Packet& packet, uint8_t type, const Link* link) const noexcept;
  bool deliver_plain(const RingFrame& frame, Packet& out) noexcept;
  size_t deliver(const RingFrame& frame, Packet* out) noexcept;
  size_t finish(const RingFrame& frame, ParseError error, const Headers& headers, Packet* out) noexcept;
  size_t open(const RingFrame& frame, ParseError error, const Headers& headers, Packet* out) noexcept;
  size_t ignore(Ignored reason) noexcept;

  Links links_;
  OwnAddresses own_;
  Interest interest_;
  Tunnels tunnels_;
  PacketRing ring_;
  std::array<int, 3> descriptors_{};
  RingRest rest_;
  uint64_t next_look_ns_ = 0;
  uint64_t read_ = 0;
  uint64_t super_packets_ = 0;
  uint64_t unopened_ = 0;
  std::array<uint64_t, kIgnoredReasons> ignored_{};
  UnparsedCounts unparsed_;
};

}  // namespace tallytree
