// The AF_PACKET TPACKET_V3 ring as such: a socket, its mapped blocks and its statistics.
#pragma once

#include <linux/if_packet.h>

#include <cstddef>
#include <cstdint>

#include "descriptor.h"

namespace tallytree {

/// The virtio header before each frame (virtio 1.2, 5.1.6); <linux/virtio_net.h> is no valid C++.
struct OffloadHeader {
  uint8_t flags = 0;
  uint8_t gso_type = 0;  ///< 0: an ordinary packet
  uint16_t header_length = 0;
  uint16_t gso_size = 0;
  uint16_t checksum_start = 0;
  uint16_t checksum_offset = 0;
};
static_assert(sizeof(OffloadHeader) == 10);

/// One frame of the ring; its pointers hold until the next call of open_block().
struct RingFrame {
  const tpacket3_hdr* header = nullptr;
  const sockaddr_ll* address = nullptr;
  const uint8_t* bytes = nullptr;  ///< from the link header on, header->tp_snaplen of them
  OffloadHeader offload;
};

/// Which rings share the packets among them, flow by flow: a group's number, or one of these.
struct Fanout {
  static constexpr int kAlone = -2;     ///< every packet
  static constexpr int kNewGroup = -1;  ///< the first of a group, whose number the kernel chooses
};

/// Owned and used by one thread. See Documentation/networking/packet_mmap.rst in the Linux sources.
class PacketRing {
 public:
  static constexpr uint32_t kSnapLength = 160;  ///< of TCP right behind IP less: 48, behind IPv6 68
  static constexpr uint32_t kDeepSnapLength = 512;
  enum class Kept { headers, deep };  ///< deep: for what tunnels carry, and for frame filters
  static constexpr uint32_t kRetireMs = 1;

  /// All devices, both directions; `mib`: its size; `retire_ms`: how long the kernel may keep a block that is
  /// not full. Throws std::system_error.
  explicit PacketRing(uint32_t mib, int group = Fanout::kAlone, uint32_t retire_ms = kRetireMs);
  ~PacketRing();
  PacketRing(const PacketRing&) = delete;
  PacketRing& operator=(const PacketRing&) = delete;

  int descriptor() const noexcept { return socket_.get(); }
  int group() const noexcept { return group_; }

  /// How much of a frame it holds from now on; what waits in it stays as it is.
  void keep(Kept kept) noexcept;

  /// Whether packets that this host sends come as well; at first they do not. In a group they always do: it
  /// would have to be said before the group is made.
  void take_outgoing(bool wanted) noexcept;

  /// Frames left in the open block.
  uint32_t remaining() const noexcept { return remaining_; }

  /// Gives the open block back and opens the next one. False: the kernel still fills it.
  bool open_block() noexcept;

  /// Takes the next frame of the open block. False: the kernel gave this frame up and counted it as lost.
  /// Precondition: remaining() > 0.
  bool take(RingFrame& out) noexcept;

  /// Reads the kernel's counters, which start anew at each reading: nobody else may.
  void update_statistics() noexcept;
  uint64_t seen() const noexcept { return seen_; }  ///< lost ones included
  uint64_t lost() const noexcept { return lost_; }

  /// Clears an error that would keep poll() from sleeping.
  void clear_error() noexcept;

 private:
  void configure(uint32_t mib, uint32_t retire_ms);
  void bind_to(int group);
  tpacket_block_desc* block() const noexcept;
  void prefetch(const uint8_t* from, uint32_t frame_size) const noexcept;

  Descriptor socket_;
  int group_ = Fanout::kAlone;
  uint8_t* memory_ = nullptr;
  size_t size_ = 0;
  uint32_t blocks_ = 0;
  uint32_t current_ = 0;
  bool open_ = false;
  uint32_t remaining_ = 0;
  const uint8_t* next_ = nullptr;
  uint64_t seen_ = 0;
  uint64_t lost_ = 0;
};

}  // namespace tallytree
