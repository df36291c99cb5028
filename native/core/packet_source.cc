// Decides which frames of the ring are this host's packets, and turns them into Packets.
#include "packet_source.h"

#include <linux/if_arp.h>

namespace tallytree {
namespace {

constexpr size_t kEthernetHeader = 14;
constexpr Packet kBlank;  // copied from here faster than put together for each packet

bool is_ours(uint8_t type) noexcept {
  return type == PACKET_HOST || type == PACKET_BROADCAST || type == PACKET_MULTICAST ||
         type == PACKET_OUTGOING;
}

bool is_link_local(const Packet& packet) noexcept {
  return packet.family == 4 ? packet.dst[0] == 169 && packet.dst[1] == 254
                            : packet.dst[0] == 0xfe && (packet.dst[1] & 0xc0) == 0x80;
}

ParseError parse(const RingFrame& frame, Packet& out, Headers& headers) noexcept {
  const tpacket3_hdr& header = *frame.header;
  const std::span<const uint8_t> bytes(frame.bytes, header.tp_snaplen);
  const size_t link_header = size_t{header.tp_net} - header.tp_mac;
  const uint16_t type = frame.address->sll_hatype;
  if ((type == ARPHRD_ETHER || type == ARPHRD_LOOPBACK) && link_header >= kEthernetHeader)
    return parse_frame(bytes, LinkType::ethernet, header.tp_len, out, headers);
  if (bytes.size() < link_header) return ParseError::truncated;
  // Tunnels, PPP and others: whatever their link header is, the kernel knows where it ends and what follows.
  const uint16_t ethertype = __builtin_bswap16(frame.address->sll_protocol);
  const auto original = static_cast<uint32_t>(header.tp_len - link_header);
  return parse_payload(bytes.subspan(link_header), ethertype, original, out, headers);
}

}  // namespace

PacketSource::PacketSource(uint32_t ring_mib, int group) : ring_(ring_mib, group) {
  descriptors_ = {ring_.descriptor(), links_.descriptor(), own_.descriptor()};
}

size_t PacketSource::read(std::span<Packet> out) noexcept {
  size_t count = 0;
  RingFrame frame;
  while (count < out.size()) {
    if (ring_.remaining() == 0) {
      links_.refresh();  // a block at a time: devices rarely change
      own_.refresh();
      if (!ring_.open_block()) break;
      continue;
    }
    if (ring_.take(frame) && deliver(frame, out[count])) ++count;
  }
  return count;
}

bool PacketSource::ignore(Ignored reason) noexcept {
  ++ignored_[reason];
  return false;
}

bool PacketSource::is_wanted(uint8_t type) const noexcept {
  return is_ours(type) || (interest_.passing && type == PACKET_OTHERHOST);
}

Direction PacketSource::direction_of(const Packet& packet, uint8_t type, const Link* link) const noexcept {
  if (type == PACKET_OUTGOING) return Direction::output;
  const Direction arrived = type == PACKET_OTHERHOST ? Direction::none : Direction::input;
  const bool is_unicast = type == PACKET_HOST || type == PACKET_OTHERHOST;
  return interest_.passing && is_unicast ? arrived | passing(packet, type, link) : arrived;
}

/// Of a packet to or from this host itself, be it a mirrored copy, neither.
Direction PacketSource::passing(const Packet& packet, uint8_t type, const Link* link) const noexcept {
  if (own_.contains(packet.family, packet.dst) || own_.contains(packet.family, packet.src))
    return Direction::none;
  const bool routes = link != nullptr && (packet.family == 4 ? link->forwards_ipv4 : link->forwards_ipv6);
  const bool is_routed = routes && type == PACKET_HOST && !is_link_local(packet);
  return is_routed ? Direction::forward : Direction::mirror;
}

bool PacketSource::deliver(const RingFrame& frame, Packet& out) noexcept {
  const tpacket3_hdr& header = *frame.header;
  const auto index = static_cast<uint32_t>(frame.address->sll_ifindex);
  const Link* link = links_.find(index);
  if (link != nullptr && link->port) return ignore(kBridgePort);
  const uint8_t type = frame.address->sll_pkttype;
  if (!is_wanted(type)) return ignore(kOtherHost);
  out = kBlank;
  if ((header.tp_status & TP_STATUS_VLAN_VALID) != 0) out.vlan = header.hv1.tp_vlan_tci & 0x0fff;
  Headers headers;
  const ParseError error = parse(frame, out, headers);
  if (out.vlan != kNoVlan && links_.has_vlan_device(index, out.vlan)) return ignore(kVlanParent);
  if (link != nullptr && link->vlan_id != kNoVlan) out.vlan = link->vlan_id;  // the tag that the device took
  if (!countable(error)) {
    unparsed_.add(error);
    return false;
  }
  out.direction = direction_of(out, type, link);
  if (out.direction == Direction::none) return ignore(kOtherHost);
  out.time_ns = uint64_t{header.tp_sec} * 1'000'000'000 + header.tp_nsec;
  out.ifindex = index;
  out.loopback = link != nullptr && link->loopback;
  if (frame.offload.gso_type != 0) apply_gso(out, headers, frame.offload.gso_size);
  if (out.packets > 1) ++super_packets_;
  ++read_;
  return true;
}

uint64_t PacketSource::offered() noexcept {
  ring_.update_statistics();
  return ring_.seen();
}

uint64_t PacketSource::settled() noexcept {
  uint64_t behind = read_ + ring_.lost() + unparsed_.sum();
  for (const uint64_t count : ignored_) behind += count;
  return behind;
}

void PacketSource::tick() noexcept {
  links_.refresh();
  own_.refresh();
  ring_.clear_error();
  ring_.update_statistics();  // its counters have 32 bits
}

SourceStats PacketSource::stats() {
  ring_.update_statistics();
  SourceStats stats;
  stats.seen = settled();
  stats.read = read_;
  stats.lost = {{"ring", ring_.lost()}};
  stats.unparsed = unparsed_.named();
  stats.ignored = {{"other_host", ignored_[kOtherHost]},
                   {"bridge_port", ignored_[kBridgePort]},
                   {"vlan_parent", ignored_[kVlanParent]}};
  stats.super_packets = super_packets_;
  return stats;
}

}  // namespace tallytree
