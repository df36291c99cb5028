// Super-packets where the kernel does not say how many packets of the wire they are.
#pragma once

#include "links.h"
#include "parse.h"

namespace tallytree {

/// Splits a packet that is longer than its device can send into those of the device's MTU. `link` nullptr:
/// unknown, then Ethernet's. True when it was split.
inline bool split_by_mtu(Packet& packet, const Headers& headers, const Link* link) noexcept {
  constexpr uint32_t kUsualMtu = 1500;
  const uint32_t mtu = link != nullptr && link->mtu != 0 ? link->mtu : kUsualMtu;
  if (packet.bytes <= mtu) return false;
  const uint32_t repeated = uint32_t{headers.ip} + headers.transport;
  apply_gso(packet, headers, mtu > repeated ? mtu - repeated : mtu);
  return packet.packets > 1;
}

}  // namespace tallytree
