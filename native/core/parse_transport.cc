// Ports and header lengths of TCP (RFC 9293), UDP (RFC 768), SCTP (RFC 9260), ICMP (RFC 792) and ICMPv6 (RFC
// 4443).
#include <algorithm>

#include "parse_layers.h"

namespace tallytree {
namespace {

enum Protocol : uint8_t { kIcmp = 1, kTcp = 6, kUdp = 17, kIcmpv6 = 58, kSctp = 132 };

bool carries_ports(uint8_t proto) noexcept { return proto == kTcp || proto == kUdp || proto == kSctp; }

size_t tcp_header(const Layer& layer) noexcept {
  const size_t stated = layer.has(13) ? (layer.data[12] >> 4) * size_t{4} : 0;
  return std::max<size_t>(stated, 20);
}

size_t header_length(const Layer& layer, uint8_t proto) noexcept {
  switch (proto) {
    case kTcp:
      return tcp_header(layer);
    case kUdp:
    case kIcmp:
    case kIcmpv6:
      return 8;
    case kSctp:
      return 12;
    default:
      return 0;
  }
}

}  // namespace

ParseError parse_transport(const Layer& layer, Packet& out, Headers& headers) noexcept {
  headers.payload = layer.data;
  headers.transport = static_cast<uint16_t>(std::min(header_length(layer, out.proto), layer.length));
  // A first fragment may be too short to hold the ports: nothing is cut off then, they just are not there.
  if (!carries_ports(out.proto) || layer.length < 4) return ParseError::none;
  if (!layer.has(4)) return ParseError::partial;
  out.sport = load16(layer.data);
  out.dport = load16(layer.data + 2);
  out.has_ports = true;
  return ParseError::none;
}

}  // namespace tallytree
