// One NFQUEUE by netlink: bind, receive in batches, give verdicts, read the kernel's counters.
#pragma once

#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <memory>
#include <span>

#include "descriptor.h"
#include "queue_counters.h"

namespace tallytree {

/// A packet that waits for a verdict. `payload` holds until the next receive().
struct QueuedPacket {
  std::span<const uint8_t> payload;  ///< from the IP header on
  uint32_t id = 0;
  uint32_t length = 0;  ///< of the whole packet
  uint32_t input_device = 0;
  uint32_t output_device = 0;
  uint8_t hook = 0;           ///< NF_INET_LOCAL_IN, NF_INET_LOCAL_OUT, ...
  bool super_packet = false;  ///< it carries several segments
};

/// Owned and used by one thread.
class NfqueueSocket {
 public:
  static constexpr size_t kBatch = 64;
  static constexpr uint32_t kCopyRange = 160;
  static constexpr uint32_t kDeepCopyRange = 512;  ///< for what tunnels carry, and for frame filters
  static constexpr uint32_t kQueueLength = 16384;

  /// Binds, sets copy range, length and the flags fail-open and GSO in one message, and waits for the
  /// kernel's consent. Throws std::system_error.
  explicit NfqueueSocket(uint16_t queue);

  int descriptor() const noexcept { return mnl_socket_get_fd(socket_.get()); }

  /// How many bytes of a packet are copied from now on.
  void keep(uint32_t bytes) noexcept;

  struct Batch {
    size_t datagrams = 0;     ///< taken from the socket; fewer than asked for: it is empty now
    size_t packets = 0;       ///< of those, decoded into `out`
    bool unreadable = false;  ///< a packet is among them that does not say its id
  };
  /// Takes what is there, without waiting.
  Batch receive(std::span<QueuedPacket> out) noexcept;

  /// Accepts every waiting packet up to that id, in one message. False: the kernel did not take it; try
  /// again.
  bool accept_up_to(uint32_t id) noexcept;

  /// False when the counters cannot be read.
  bool counters(QueueCounters& out) noexcept;

 private:
  static constexpr size_t kDatagram = 2048;
  /// Made once: the kernel leaves all but the lengths as it is.
  struct Buffers {
    Buffers() noexcept;

    std::array<std::array<uint8_t, kDatagram>, kBatch> datagrams;
    std::array<iovec, kBatch> vectors;
    std::array<mmsghdr, kBatch> messages{};
  };

  void configure();

  uint16_t queue_;
  NetlinkSocket socket_;
  Descriptor counters_;
  std::unique_ptr<Buffers> buffers_;
};

}  // namespace tallytree
