// Frames injected as if a device had just received them: an XDP program run by BPF_PROG_TEST_RUN on live
// frames.
#pragma once

#include <cstdint>
#include <span>

#include "bench/frames_table.h"
#include "core/descriptor.h"

namespace tallytree::traffic {

/// Needs CAP_BPF, CAP_NET_ADMIN and Linux 5.18. A veth must have NAPI on (`ethtool -K DEVICE gro on`).
class LiveFrames {
 public:
  /// `rate`: frames a second; 0: as fast as this core and the kernel's receive path go. Throws
  /// std::system_error.
  LiveFrames(const Frame& frame, std::span<const Varied> table, uint32_t rate);

  /// In one call: the kernel takes 25 ms to end one. Throws std::system_error.
  void send(uint32_t ifindex, uint32_t count);

 private:
  Frame frame_;
  uint32_t at_a_time_;
  Descriptor table_;
  Descriptor program_;
};

}  // namespace tallytree::traffic
