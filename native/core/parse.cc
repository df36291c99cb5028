// Link layers: Ethernet, cooked captures, raw IP, VLAN tags; and the arithmetic of super-packets.
#include "parse.h"

#include <algorithm>

#include "parse_layers.h"

namespace tallytree {
namespace {

constexpr int kMaxTags = 4;
constexpr uint16_t kCookedOutgoing = 4;   // PACKET_OUTGOING
constexpr uint16_t kCookedOtherHost = 3;  // PACKET_OTHERHOST

bool is_tag(uint16_t ethertype) noexcept {
  return ethertype == 0x8100 || ethertype == 0x88a8 || ethertype == 0x9100;
}

ParseError parse_ip(const Layer& layer, uint16_t ethertype, Packet& out, Headers& headers) noexcept {
  if (ethertype == kEtherIpv4) return parse_ipv4(layer, out, headers);
  if (ethertype == kEtherIpv6) return parse_ipv6(layer, out, headers);
  headers.ethertype = ethertype;
  headers.length = static_cast<uint32_t>(std::min<size_t>(layer.length, UINT32_MAX));
  headers.payload = layer.data;
  return ParseError::not_ip;
}

}  // namespace

/// The outermost tag names the VLAN: it is the one that a VLAN device takes off.
ParseError parse_tags(const Layer& from, uint16_t ethertype, Packet& out, Headers& headers) noexcept {
  if (!is_tag(ethertype)) return parse_ip(from, ethertype, out, headers);
  Layer layer = from;
  if (out.vlan != kNoVlan) headers.tags = 1;  // the kernel took it off
  for (int tags = 0; is_tag(ethertype); ++tags) {
    if (tags == kMaxTags) return ParseError::malformed;
    if (!layer.has(4)) return layer.length < 4 ? ParseError::malformed : ParseError::truncated;
    headers.last_tag = load16(layer.data) & 0x0fff;
    ++headers.tags;
    if (out.vlan == kNoVlan) out.vlan = headers.last_tag;
    ethertype = load16(layer.data + 2);
    layer = layer.from(4);
  }
  return parse_ip(layer, ethertype, out, headers);
}

ParseError parse_ethernet(const Layer& layer, Packet& out, Headers& headers) noexcept {
  if (!layer.has(14)) return layer.length < 14 ? ParseError::malformed : ParseError::truncated;
  return parse_tags(layer.from(14), load16(layer.data + 12), out, headers);
}

namespace {

ParseError parse_raw(const Layer& layer, Packet& out, Headers& headers) noexcept {
  if (!layer.has(1)) return layer.length == 0 ? ParseError::malformed : ParseError::truncated;
  const uint8_t version = layer.data[0] >> 4;
  if (version == 4) return parse_ipv4(layer, out, headers);
  if (version == 6) return parse_ipv6(layer, out, headers);
  return ParseError::not_ip;
}

Direction cooked_direction(uint16_t type) noexcept {
  if (type == kCookedOutgoing) return Direction::output;
  return type < kCookedOtherHost ? Direction::input : Direction::any;
}

ParseError parse_sll(const Layer& layer, Packet& out, Headers& headers) noexcept {
  if (!layer.has(16)) return layer.length < 16 ? ParseError::malformed : ParseError::truncated;
  out.direction = cooked_direction(load16(layer.data));
  return parse_tags(layer.from(16), load16(layer.data + 14), out, headers);
}

ParseError parse_sll2(const Layer& layer, Packet& out, Headers& headers) noexcept {
  if (!layer.has(20)) return layer.length < 20 ? ParseError::malformed : ParseError::truncated;
  out.direction = cooked_direction(layer.data[10]);
  return parse_tags(layer.from(20), load16(layer.data), out, headers);
}

Layer whole(std::span<const uint8_t> bytes, uint32_t original_length) noexcept {
  return {bytes.data(), bytes.size(), std::max<size_t>(bytes.size(), original_length)};
}

}  // namespace

const char* parse_error_name(ParseError error) noexcept {
  switch (error) {
    case ParseError::none:
      return "none";
    case ParseError::partial:
      return "partial";
    case ParseError::truncated:
      return "truncated";
    case ParseError::not_ip:
      return "not_ip";
    case ParseError::malformed:
      return "malformed";
  }
  return "unknown";
}

/// All layers in one function stay in registers: a quarter less time.
[[gnu::flatten]] ParseError parse_frame(std::span<const uint8_t> bytes, LinkType link,
                                        uint32_t original_length, Packet& out, Headers& headers) noexcept {
  const Layer layer = whole(bytes, original_length);
  switch (link) {
    case LinkType::ethernet:
      return parse_ethernet(layer, out, headers);
    case LinkType::raw_ip:
      return parse_raw(layer, out, headers);
    case LinkType::linux_sll:
      return parse_sll(layer, out, headers);
    case LinkType::linux_sll2:
      return parse_sll2(layer, out, headers);
  }
  return ParseError::not_ip;
}

ParseError parse_frame(std::span<const uint8_t> bytes, LinkType link, uint32_t original_length,
                       Packet& out) noexcept {
  Headers headers;
  return parse_frame(bytes, link, original_length, out, headers);
}

ParseError parse_payload(std::span<const uint8_t> bytes, uint16_t ethertype, uint32_t original_length,
                         Packet& out, Headers& headers) noexcept {
  return parse_tags(whole(bytes, original_length), ethertype, out, headers);
}

void apply_gso(Packet& packet, const Headers& headers, uint32_t gso_size) noexcept {
  const uint64_t repeated = uint64_t{headers.ip} + headers.transport;
  if (gso_size == 0 || packet.bytes <= repeated) return;
  const uint64_t payload = packet.bytes - repeated;
  const uint64_t segments = (payload + gso_size - 1) / gso_size;
  packet.packets = static_cast<uint32_t>(segments);
  packet.bytes = payload + segments * repeated;
  packet.full = segments > 1 ? repeated + gso_size : 0;
}

}  // namespace tallytree
