// Packets built byte by byte, for the tests of parsers and sources.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

namespace tallytree::test {

using Bytes = std::vector<uint8_t>;

inline Bytes operator+(Bytes left, const Bytes& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

inline Bytes be16(size_t value) { return {static_cast<uint8_t>(value >> 8), static_cast<uint8_t>(value)}; }
inline Bytes filler(size_t count, uint8_t value = 0x5a) { return Bytes(count, value); }

inline Bytes ethernet(uint16_t ethertype, const Bytes& payload) {
  return filler(12, 0x02) + be16(ethertype) + payload;
}
/// `tpid` of an outer tag stands in the header before it: tag() gives the tag's other four bytes.
inline Bytes tag(uint16_t id, uint16_t ethertype, const Bytes& payload) {
  return be16(0xe000 | id) + be16(ethertype) + payload;
}
inline Bytes sll(uint16_t type, uint16_t ethertype, const Bytes& payload) {
  return be16(type) + filler(12) + be16(ethertype) + payload;
}
inline Bytes sll2(uint8_t type, uint16_t ethertype, const Bytes& payload) {
  return be16(ethertype) + filler(8) + Bytes{type, 6} + filler(8) + payload;
}

struct Ipv4 {
  uint8_t proto = 6;
  size_t options = 0;      ///< bytes, a multiple of 4
  uint16_t fragment = 0;   ///< flags and offset
  int stated_length = -1;  ///< -1: the true one
};
/// From 10.0.0.1 to 10.0.0.2.
inline Bytes ipv4(const Ipv4& ip, const Bytes& payload) {
  const size_t header = 20 + ip.options;
  const size_t length =
      ip.stated_length < 0 ? header + payload.size() : static_cast<size_t>(ip.stated_length);
  return Bytes{static_cast<uint8_t>(0x40 | header / 4), 0} + be16(length) + be16(0x1234) + be16(ip.fragment) +
         Bytes{64, ip.proto, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2} + filler(ip.options, 1) + payload;
}

/// From 2001:db8::1 to 2001:db8::2. `stated` -1: the true payload length.
inline Bytes ipv6(uint8_t next, const Bytes& payload, int stated = -1) {
  const Bytes prefix = {0x20, 0x01, 0x0d, 0xb8};
  return Bytes{0x60, 0, 0, 0} + be16(stated < 0 ? payload.size() : static_cast<size_t>(stated)) +
         Bytes{next, 64} + prefix + filler(11, 0) + Bytes{1} + prefix + filler(11, 0) + Bytes{2} + payload;
}
/// Hop-by-hop, routing and destination options share this shape; 8 * (extra + 1) bytes.
inline Bytes options_header(uint8_t next, uint8_t extra, const Bytes& rest) {
  return Bytes{next, extra} + filler(6 + extra * size_t{8}, 0) + rest;
}
inline Bytes fragment_header(uint8_t next, uint16_t offset_flags, const Bytes& rest) {
  return Bytes{next, 0} + be16(offset_flags) + filler(4, 9) + rest;
}
inline Bytes authentication_header(uint8_t next, const Bytes& rest) {
  return Bytes{next, 4} + filler(22, 7) + rest;  // (4 + 2) * 4 = 24 bytes
}

/// Ports 1000 and 2000. `options` is a multiple of 4.
inline Bytes tcp(size_t payload, size_t options = 0) {
  return be16(1000) + be16(2000) + filler(8, 0) + Bytes{static_cast<uint8_t>((20 + options) / 4 << 4), 0x10} +
         filler(6, 0) + filler(options, 1) + filler(payload);
}
inline Bytes udp(size_t payload) {
  return be16(1000) + be16(2000) + be16(8 + payload) + be16(0) + filler(payload);
}
inline Bytes sctp(size_t payload) { return be16(1000) + be16(2000) + filler(8, 3) + filler(payload); }
inline Bytes icmp(size_t payload) { return Bytes{8, 0} + filler(6, 0) + filler(payload); }

struct NamedFrame {
  std::string name;
  Bytes bytes;
};

}  // namespace tallytree::test
