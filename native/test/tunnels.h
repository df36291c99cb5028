// Tunnels around packets, built byte by byte.
#pragma once

#include "frames.h"

namespace tallytree::test {

inline Bytes be24(uint32_t value) { return Bytes{static_cast<uint8_t>(value >> 16)} + be16(value & 0xffff); }
inline Bytes be32(uint32_t value) { return be16(value >> 16) + be16(value & 0xffff); }

/// From port 5000; `payload` behind the UDP header.
inline Bytes udp_to(uint16_t port, const Bytes& payload) {
  return be16(5000) + be16(port) + be16(8 + payload.size()) + be16(0) + payload;
}
inline Bytes vxlan(uint32_t vni, const Bytes& frame, uint16_t port = 4789) {
  return udp_to(port, Bytes{8, 0, 0, 0} + be24(vni) + Bytes{0} + frame);
}
/// `options` is a multiple of 4.
inline Bytes geneve(uint32_t vni, uint16_t ethertype, const Bytes& payload, size_t options = 0) {
  return udp_to(6081, Bytes{static_cast<uint8_t>(options / 4), 0} + be16(ethertype) + be24(vni) + Bytes{0} +
                          filler(options, 3) + payload);
}
/// `flags`: 0x8000 checksum, 0x2000 key, 0x1000 sequence number.
inline Bytes gre(uint16_t flags, uint16_t ethertype, const Bytes& payload, uint32_t key = 0) {
  Bytes header = be16(flags) + be16(ethertype);
  if ((flags & 0x8000) != 0) header = header + be32(0);
  if ((flags & 0x2000) != 0) header = header + be32(key);
  if ((flags & 0x1000) != 0) header = header + be32(77);
  return header + payload;
}
inline Bytes erspan2(const Bytes& frame) {
  return gre(0x1000, 0x88be, be16(0x1000) + be16(100) + be32(1) + frame);
}
/// `platform`: with the 8 bytes of a platform's own.
inline Bytes erspan3(const Bytes& frame, bool platform = false) {
  return gre(0x1000, 0x22eb,
             be16(0x2000) + be16(100) + be32(1) + be16(0) + Bytes{0, static_cast<uint8_t>(platform)} +
                 filler(platform ? 8 : 0, 9) + frame);
}
/// `labels` of them, the last one marked.
inline Bytes mpls(int labels, const Bytes& payload) {
  Bytes stack;
  for (int i = labels; i > 0; --i) stack = stack + be16(1) + Bytes{static_cast<uint8_t>(i == 1), 64};
  return stack + payload;
}

}  // namespace tallytree::test
