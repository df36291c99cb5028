// Which devices hand over super-packets: the segmentation offloads in force. They are looked at, never
// changed.
#pragma once

#include <string>
#include <vector>

namespace tallytree {

struct DeviceOffloads {
  std::string device;
  std::vector<std::string> names;  ///< of "gro", "gso", "lro", "tso"
};

/// Of all devices of the calling thread's network namespace but loopback, by ethtool's ioctl. Empty when the
/// kernel does not say.
std::vector<DeviceOffloads> device_offloads();

}  // namespace tallytree
