// Super-packets where the kernel does not say how many packets of the wire they are.
#pragma once

#include "links.h"
#include "parse.h"

namespace tallytree {

/// `link` nullptr: unknown, then Ethernet's.
inline uint32_t mtu_of(const Link* link) noexcept {
  constexpr uint32_t kUsualMtu = 1500;
  return link != nullptr && link->mtu != 0 ? link->mtu : kUsualMtu;
}

/// Splits a packet that is longer than its device can send into those of the device's MTU. True when it was
/// split.
inline bool split_by_mtu(Packet& packet, const Headers& headers, const Link* link) noexcept {
  const uint32_t mtu = mtu_of(link);
  if (packet.bytes <= mtu) return false;
  const uint32_t repeated = uint32_t{headers.ip} + headers.transport;
  apply_gso(packet, headers, mtu > repeated ? mtu - repeated : mtu);
  return packet.packets > 1;
}

}  // namespace tallytree
