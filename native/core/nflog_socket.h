// One NFLOG group by netlink: bind, and receive packets in the batches that the kernel makes.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "descriptor.h"

namespace tallytree {

/// A copy of a packet. `payload` holds until the next call of next().
struct LoggedPacket {
  std::span<const uint8_t> payload;  ///< from the IP header on, at most NflogSocket::kCopyRange of it
  uint32_t sequence = 0;             ///< counted up by one for each packet of the group
  uint32_t input_device = 0;
  uint32_t output_device = 0;
  uint8_t hook = 0;  ///< NF_INET_LOCAL_IN, NF_INET_LOCAL_OUT, ...
};

/// Owned and used by one thread.
class NflogSocket {
 public:
  static constexpr uint32_t kCopyRange = 160;
  static constexpr uint32_t kDeepCopyRange = 512;  ///< for what tunnels carry, and for frame filters

  /// `buffer_mib`: kernel memory for packets that wait for us. Binds and sets copy range, batches, sequence
  /// numbers in one message, and waits for the kernel's consent. Throws std::system_error.
  NflogSocket(uint16_t group, uint32_t buffer_mib);

  int descriptor() const noexcept { return mnl_socket_get_fd(socket_.get()); }

  /// How many bytes of a packet are copied from now on.
  void keep(uint32_t bytes) noexcept;

  /// Takes the next packet, without waiting. False: none is there.
  bool next(LoggedPacket& out) noexcept;

  /// Batches that found our socket full, each of one packet or more.
  uint32_t dropped() const noexcept;

  /// How many packets the kernel holds back to make a batch of them; nullopt: it cannot be told.
  std::optional<uint32_t> held_back() noexcept;

 private:
  void configure();
  bool receive() noexcept;

  uint16_t group_;
  NetlinkSocket socket_;
  Descriptor instances_;  ///< the kernel's list of groups
  std::vector<uint8_t> buffer_;
  const nlmsghdr* message_ = nullptr;  ///< the next one of the batch
  int left_ = 0;                       ///< bytes from there on
};

}  // namespace tallytree
