// Has a device hand over frames that are addressed to others (packet(7), PACKET_MR_PROMISC).
#pragma once

#include <cstdint>

#include "descriptor.h"

namespace tallytree {

/// For as long as this lives; the kernel counts how many ask and ends it when the process dies.
class Promiscuity {
 public:
  /// Throws std::system_error (it needs the capability CAP_NET_RAW).
  Promiscuity();

  /// Asks the device of that index, and no longer the one before. 0: none. What cannot be had at present is
  /// not asked for.
  void follow(uint32_t ifindex) noexcept;

 private:
  bool change(int action) noexcept;

  Descriptor socket_;
  uint32_t ifindex_ = 0;
};

}  // namespace tallytree
