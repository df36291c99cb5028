// What tunnels carry: VXLAN (RFC 7348), Geneve (RFC 8926), GRE (RFC 2784, RFC 2890), ERSPAN
// (draft-foschiano-erspan), IP in IP (RFC 2003, RFC 2473, RFC 4213), MPLS (RFC 3032, RFC 4023), stacked VLAN
// tags (IEEE 802.1ad).
#include <algorithm>

#include "parse_layers.h"

namespace tallytree {
namespace {

// A chain longer than these is no traffic but an attempt to keep us busy.
constexpr int kMostTunnels = 4;
constexpr int kMostLabels = 16;

enum Protocol : uint8_t { kIpv4InIp = 4, kUdp = 17, kIpv6InIp = 41, kGre = 47, kMplsInIp = 137 };
constexpr uint16_t kBridged = 0x6558;  // an Ethernet frame
constexpr uint16_t kMpls = 0x8847;
constexpr uint16_t kMplsUpstream = 0x8848;
constexpr uint16_t kErspan2 = 0x88be;
constexpr uint16_t kErspan3 = 0x22eb;
constexpr uint16_t kVxlanPort = 4789;
constexpr uint16_t kGenevePort = 6081;

bool is_mpls(uint16_t ethertype) noexcept { return ethertype == kMpls || ethertype == kMplsUpstream; }

/// What a tunnel's header says about what follows it.
struct Content {
  Layer layer;
  uint16_t ethertype = 0;
  Carrier carrier = Carrier::other;
  uint32_t id = 0;
};

uint32_t load32(const uint8_t* at) noexcept { return uint32_t{load16(at)} << 16 | load16(at + 2); }
uint32_t load24(const uint8_t* at) noexcept { return load32(at) >> 8; }

/// A header that is not whole: cut off by the capture, or too short in itself.
ParseError lacks(const Layer& layer, size_t needed) noexcept {
  return layer.length < needed ? ParseError::malformed : ParseError::truncated;
}

ParseError open_vxlan(const Layer& udp, Content& out) noexcept {
  constexpr size_t kHeaders = 16;  // of UDP and VXLAN
  if (!udp.has(kHeaders)) return lacks(udp, kHeaders);
  if ((udp.data[8] & 0x08) == 0) return ParseError::malformed;  // no VNI
  out = {udp.from(kHeaders), kBridged, Carrier::vni, load24(udp.data + 12)};
  return ParseError::none;
}

ParseError open_geneve(const Layer& udp, Content& out) noexcept {
  constexpr size_t kHeaders = 16;
  if (!udp.has(kHeaders)) return lacks(udp, kHeaders);
  if (udp.data[8] >> 6 != 0) return ParseError::malformed;  // another version
  const size_t options = (udp.data[8] & 0x3f) * size_t{4};
  if (udp.length < kHeaders + options) return ParseError::malformed;
  out = {udp.from(kHeaders + options), load16(udp.data + 10), Carrier::vni, load24(udp.data + 12)};
  return ParseError::none;
}

ParseError open_erspan(size_t header, Content& out) noexcept {
  Layer& layer = out.layer;
  if (!layer.has(header)) return lacks(layer, header);
  const bool is_third = out.ethertype == kErspan3;
  const bool is_ip = is_third && (layer.data[10] >> 2 & 0x1f) == 2;
  if (is_third && (layer.data[11] & 1) != 0) header += 8;  // a platform's own part
  if (layer.length < header) return ParseError::malformed;
  layer = layer.from(header);
  if (is_ip && !layer.has(1)) return lacks(layer, 1);
  out.ethertype = !is_ip ? kBridged : layer.data[0] >> 4 == 6 ? kEtherIpv6 : kEtherIpv4;
  return ParseError::none;
}

ParseError open_gre(const Layer& layer, Content& out) noexcept {
  if (!layer.has(4)) return lacks(layer, 4);
  const uint16_t flags = load16(layer.data);
  const bool has_key = (flags & 0x2000) != 0;
  const bool has_sequence = (flags & 0x1000) != 0;
  // Version 1 is PPTP's, whose packets are parts of a PPP stream; source routes (RFC 1701) are no more.
  if ((flags & 0x4007) != 0) return ParseError::not_ip;
  const size_t key_at = (flags & 0x8000) != 0 ? 8 : 4;
  const size_t header = key_at + 4 * size_t{has_key} + 4 * size_t{has_sequence};
  if (!layer.has(header)) return lacks(layer, header);
  out = {layer.from(header), load16(layer.data + 2)};
  if (has_key) out.carrier = Carrier::gre_key, out.id = load32(layer.data + key_at);
  if (out.ethertype == kErspan3) return open_erspan(12, out);
  if (out.ethertype != kErspan2) return ParseError::none;
  if (has_sequence) return open_erspan(8, out);
  out.ethertype = kBridged;  // ERSPAN's first type has no header of its own
  return ParseError::none;
}

/// Labels do not say what they carry: its first bits do (RFC 4928), a control word's being zero (RFC 4385).
ParseError open_mpls(const Layer& from, Content& out) noexcept {
  Layer layer = from;
  bool is_last = false;
  for (int labels = 0; !is_last; ++labels) {
    if (labels == kMostLabels) return ParseError::malformed;
    if (!layer.has(4)) return lacks(layer, 4);
    is_last = (layer.data[2] & 1) != 0;
    layer = layer.from(4);
  }
  if (!layer.has(1)) return lacks(layer, 1);
  const uint8_t first = layer.data[0] >> 4;
  if (first == 0 && !layer.has(4)) return lacks(layer, 4);
  out = first == 0 ? Content{layer.from(4), kBridged} : Content{layer, first == 4 ? kEtherIpv4 : kEtherIpv6};
  return first == 0 || first == 4 || first == 6 ? ParseError::none : ParseError::not_ip;
}

ParseError open_udp(const Layer& layer, uint16_t port, Content& out) noexcept {
  return port == kGenevePort ? open_geneve(layer, out) : open_vxlan(layer, out);
}

ParseError open_ip(const Layer& layer, const Packet& packet, Content& out) noexcept {
  if (packet.proto == kIpv4InIp) out = {layer, kEtherIpv4};
  if (packet.proto == kIpv6InIp) out = {layer, kEtherIpv6};
  if (packet.proto == kMplsInIp) return open_mpls(layer, out);
  if (packet.proto == kGre) return open_gre(layer, out);
  if (packet.proto == kUdp) return open_udp(layer, packet.dport, out);
  return ParseError::none;
}

/// What has been parsed last, from its payload on.
Layer payload_of(const uint8_t* end, const Packet& packet, const Headers& headers) noexcept {
  const size_t length = headers.ethertype != 0 ? headers.length : packet.bytes - headers.ip;
  return Layer{headers.payload, static_cast<size_t>(end - headers.payload), length}.limited(length);
}

/// Of stacked tags the first is the carrier's, the last the customer's.
bool take_inner_tag(Packet& packet, const Headers& headers) noexcept {
  if (headers.tags < 2) return false;
  if (packet.carrier == Carrier::none) packet.carrier = Carrier::other;
  packet.vlan = headers.last_tag;
  return true;
}

/// The packet inside, without what was known of the one around it. A tunnel that has no number of its own
/// leaves that of the one around it.
void enter(const Content& content, Packet& packet, Headers& headers) noexcept {
  packet.src = packet.dst = {};
  packet.has_ports = false;
  packet.sport = packet.dport = 0;
  packet.vlan = kNoVlan;
  headers = {};
  headers.is_carried = true;
  if (content.carrier == Carrier::other && packet.carrier != Carrier::none) return;
  packet.carrier = content.carrier;
  packet.tunnel = content.id;
}

/// One tunnel deeper.
ParseError step_inside(const uint8_t* end, Packet& packet, Headers& headers) noexcept {
  const Layer payload = payload_of(end, packet, headers);
  Content content;
  const ParseError error =
      headers.ethertype != 0 ? open_mpls(payload, content) : open_ip(payload, packet, content);
  enter(content, packet, headers);
  if (error != ParseError::none) return error;
  return content.ethertype == kBridged ? parse_ethernet(content.layer, packet, headers)
                                       : parse_tags(content.layer, content.ethertype, packet, headers);
}

bool leads_inside(const Packet& packet, const Headers& headers, const Tunnels& tunnels) noexcept {
  if (headers.ethertype != 0) return is_mpls(headers.ethertype);
  if (headers.payload == nullptr) return false;
  switch (packet.proto) {
    case kIpv4InIp:
    case kIpv6InIp:
    case kMplsInIp:
    case kGre:
      return true;
    case kUdp:
      return packet.has_ports && (packet.dport == kVxlanPort || packet.dport == kGenevePort ||
                                  packet.dport == tunnels.vxlan_port);
    default:
      return false;
  }
}

}  // namespace

bool is_tunnel(const Packet& packet, const Headers& headers, const Tunnels& tunnels) noexcept {
  return headers.tags > 1 || leads_inside(packet, headers, tunnels);
}

ParseError parse_carried(std::span<const uint8_t> bytes, const Tunnels& tunnels, ParseError error,
                         Packet& packet, Headers& headers) noexcept {
  Packet deeper = packet;
  Headers at = headers;
  ParseError result = ParseError::not_ip;
  if (take_inner_tag(deeper, at) && countable(error)) packet = deeper, result = error;
  for (int depth = 0; depth < kMostTunnels && leads_inside(deeper, at, tunnels); ++depth) {
    error = step_inside(bytes.data() + bytes.size(), deeper, at);
    take_inner_tag(deeper, at);
    if (countable(error)) packet = deeper, headers = at;
    if (countable(error) || !countable(result)) result = error;
  }
  return result;
}

}  // namespace tallytree
