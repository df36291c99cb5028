// Decides which frames of the ring are this host's packets, and turns them into Packets.
#include "packet_source.h"

#include <linux/if_arp.h>

#include <algorithm>

#include "carried.h"
#include "clocks.h"
#include "plain_frame.h"

namespace tallytree {
namespace {

constexpr size_t kEthernetHeader = 14;
constexpr uint64_t kLookEveryNs = 1'000'000;
constexpr Packet kBlank;  // copied from here faster than put together for each packet

bool is_ours(uint8_t type) noexcept {
  return type == PACKET_HOST || type == PACKET_BROADCAST || type == PACKET_MULTICAST ||
         type == PACKET_OUTGOING;
}

bool is_link_local(const Packet& packet) noexcept {
  return packet.family == 4 ? packet.dst[0] == 169 && packet.dst[1] == 254
                            : packet.dst[0] == 0xfe && (packet.dst[1] & 0xc0) == 0x80;
}

std::span<const uint8_t> bytes_of(const RingFrame& frame) noexcept {
  return {frame.bytes, frame.header->tp_snaplen};
}

ParseError parse(const RingFrame& frame, Packet& out, Headers& headers) noexcept {
  const tpacket3_hdr& header = *frame.header;
  const size_t link_header = size_t{header.tp_net} - header.tp_mac;
  const uint16_t type = frame.address->sll_hatype;
  if ((type == ARPHRD_ETHER || type == ARPHRD_LOOPBACK) && link_header >= kEthernetHeader)
    return parse_frame(bytes_of(frame), LinkType::ethernet, header.tp_len, out, headers);
  if (header.tp_snaplen < link_header) return ParseError::truncated;
  // Tunnels, PPP and others: whatever their link header is, the kernel knows where it ends and what follows.
  const uint16_t ethertype = __builtin_bswap16(frame.address->sll_protocol);
  const auto original = static_cast<uint32_t>(header.tp_len - link_header);
  return parse_payload(bytes_of(frame).subspan(link_header), ethertype, original, out, headers);
}

/// Without the link header where it is none of Ethernet's, as parse() reads it.
Frame frame_of(const RingFrame& frame) noexcept {
  const tpacket3_hdr& header = *frame.header;
  const size_t link_header = size_t{header.tp_net} - header.tp_mac;
  const uint16_t type = frame.address->sll_hatype;
  Frame found;
  found.bytes = bytes_of(frame);
  found.original_length = header.tp_len;
  if ((type == ARPHRD_ETHER || type == ARPHRD_LOOPBACK) && link_header >= kEthernetHeader) {
    if ((header.tp_status & TP_STATUS_VLAN_VALID) == 0) return found;
    found.vlan_tag = static_cast<uint16_t>(header.hv1.tp_vlan_tci);
    found.vlan_type = (header.tp_status & TP_STATUS_VLAN_TPID_VALID) != 0 ? header.hv1.tp_vlan_tpid : 0x8100;
    return found;
  }
  found.link = LinkType::raw_ip;
  found.bytes = found.bytes.subspan(std::min(link_header, found.bytes.size()));
  found.original_length -= static_cast<uint32_t>(std::min<size_t>(link_header, found.original_length));
  return found;
}

bool is_stream(const OffloadHeader& offload) noexcept {
  constexpr uint8_t kTcpIpv4 = 1, kTcpIpv6 = 4, kCongestion = 0x80;
  const uint8_t type = offload.gso_type & static_cast<uint8_t>(~kCongestion);
  return type == kTcpIpv4 || type == kTcpIpv6;
}

}  // namespace

PacketSource::PacketSource(uint32_t ring_mib, int group, const Tunnels& tunnels, uint32_t retire_ms)
    : tunnels_(tunnels), ring_(ring_mib, group, retire_ms), rest_(std::max(ring_mib, 1u)) {
  descriptors_ = {ring_.descriptor(), links_.descriptor(), own_.descriptor()};
}

size_t PacketSource::read(std::span<Packet> out) noexcept {
  size_t count = 0, plain = 0;
  RingFrame frame;
  const bool is_judged = verdicts_.asked();
  while (count + 2 <= out.size()) {  // a tunnel gives two
    if (ring_.remaining() == 0) {
      look_around();
      if (!ring_.open_block()) break;
      continue;
    }
    if (!ring_.take(frame)) continue;
    const bool is_plain = deliver_plain(frame, out[count]);
    const size_t delivered = is_plain ? 1 : deliver(frame, &out[count]);
    if (is_judged)
      for (size_t i = 0; i < delivered; ++i) verdicts_.judge(count + i, frame_of(frame));
    count += delivered;
    plain += is_plain;
  }
  read_ += plain;
  return count;
}

/// As deliver(), of those most frames for which none of its questions has to be asked.
[[gnu::always_inline]] inline bool PacketSource::deliver_plain(const RingFrame& frame, Packet& out) noexcept {
  const tpacket3_hdr& header = *frame.header;
  const sockaddr_ll& address = *frame.address;
  const auto index = static_cast<uint32_t>(address.sll_ifindex);
  const Link* link = links_.find(index);
  const uint8_t type = address.sll_pkttype;
  const bool is_plain_link = link != nullptr && !link->port && !link->loopback && link->vlan_id == kNoVlan &&
                             address.sll_hatype == ARPHRD_ETHER;
  const bool is_one_packet = frame.offload.gso_type == 0 && (header.tp_status & TP_STATUS_VLAN_VALID) == 0 &&
                             header.tp_net - header.tp_mac == kEthernetHeader;
  const bool is_our_end = (type == PACKET_HOST || type == PACKET_OUTGOING) && !interest_.passing();
  if (!is_plain_link || !is_one_packet || !is_our_end || interest_.inner) [[unlikely]]
    return false;
  const Direction direction = type == PACKET_HOST ? Direction::input : Direction::output;
  return parse_plain(bytes_of(frame), header.tp_len, {direction, header.tp_sec, index}, out);
}

/// Devices and addresses rarely change, and to ask costs as much as tens of packets.
void PacketSource::look_around() noexcept {
  const uint64_t now = steady_ns();
  if (now < next_look_ns_) return;
  next_look_ns_ = now + kLookEveryNs;
  links_.refresh();
  own_.refresh();
}

void PacketSource::heed(const Interest& interest) noexcept {
  if (interest.deep() != interest_.deep())
    ring_.keep(interest.deep() ? PacketRing::Kept::deep : PacketRing::Kept::headers);
  if (interest.sends() != interest_.sends()) ring_.take_outgoing(interest.sends());
  interest_ = interest;
  Source::heed(interest);
}

size_t PacketSource::ignore(Ignored reason) noexcept {
  ++ignored_[reason];
  return 0;
}

bool PacketSource::is_wanted(uint8_t type) const noexcept {
  return is_ours(type) || (interest_.passing() && type == PACKET_OTHERHOST);
}

Direction PacketSource::direction_of(const Packet& packet, uint8_t type, const Link* link) const noexcept {
  if (type == PACKET_OUTGOING) return Direction::output;
  const Direction arrived = type == PACKET_OTHERHOST ? Direction::none : Direction::input;
  const bool is_unicast = type == PACKET_HOST || type == PACKET_OTHERHOST;
  return interest_.passing() && is_unicast ? arrived | passing(packet, type, link) : arrived;
}

/// Of a packet to or from this host itself, be it a mirrored copy, neither.
Direction PacketSource::passing(const Packet& packet, uint8_t type, const Link* link) const noexcept {
  if (own_.contains(packet.family, packet.dst) || own_.contains(packet.family, packet.src))
    return Direction::none;
  const bool routes = link != nullptr && (packet.family == 4 ? link->forwards_ipv4 : link->forwards_ipv6);
  const bool is_routed = routes && type == PACKET_HOST && !is_link_local(packet);
  return is_routed ? Direction::forward : Direction::mirror;
}

size_t PacketSource::deliver(const RingFrame& frame, Packet* out) noexcept {
  const auto index = static_cast<uint32_t>(frame.address->sll_ifindex);
  const Link* link = links_.find_anew(index);
  if (link != nullptr && link->port) return ignore(kBridgePort);
  const uint8_t type = frame.address->sll_pkttype;
  if (!is_wanted(type)) return ignore(kOtherHost);
  *out = kBlank;
  const tpacket3_hdr& header = *frame.header;
  if ((header.tp_status & TP_STATUS_VLAN_VALID) != 0) out->vlan = header.hv1.tp_vlan_tci & 0x0fff;
  Headers headers;
  const ParseError error = parse(frame, *out, headers);
  if (out->vlan != kNoVlan && links_.has_vlan_device(index, out->vlan)) return ignore(kVlanParent);
  if (link != nullptr && link->vlan_id != kNoVlan) out->vlan = link->vlan_id;  // the tag that the device took
  const size_t count = finish(frame, error, headers, out);
  if (count == 0) return unparsed_.add(error), 0;
  out->direction = direction_of(*out, type, link);
  if (out->direction == Direction::none) return ignore(kOtherHost);
  out->second = header.tp_sec;
  out->ifindex = index;
  out->loopback = link != nullptr && link->loopback;
  if (count == 2) seen_as(*out, out[1]);
  if (out->packets > 1) ++super_packets_;
  ++read_;
  return count;
}

/// The packets that a parsed frame stands for: takes super-packets apart and, when asked for, opens tunnels.
size_t PacketSource::finish(const RingFrame& frame, ParseError error, const Headers& headers,
                            Packet* out) noexcept {
  const bool is_super = frame.offload.gso_type != 0;
  if ((interest_.inner || is_super) && is_tunnel(*out, headers, tunnels_))
    return open(frame, error, headers, out);
  if (is_super) apply_gso(*out, headers, frame.offload.gso_size);
  return countable(error) ? 1 : 0;
}

/// What is inside stands behind what is around it, or in its place when that is no IP packet.
size_t PacketSource::open(const RingFrame& frame, ParseError error, const Headers& headers,
                          Packet* out) noexcept {
  Packet& outer = out[0];
  Packet inner = outer;
  Headers deepest = headers;
  const ParseError found = parse_carried(bytes_of(frame), tunnels_, error, inner, deepest);
  const bool has_inner = countable(found);
  // Of datagrams in one super-packet each is a tunnel's packet; of a stream, all are in one tunnel's.
  if (has_inner && is_stream(frame.offload)) {
    const Headers all = headers_around(outer, inner, deepest);
    apply_gso(outer, all, frame.offload.gso_size);
    apply_gso(inner, deepest, frame.offload.gso_size);
  } else if (frame.offload.gso_type != 0) {
    apply_gso(outer, headers, frame.offload.gso_size);
  }
  const size_t around = countable(error);
  if (interest_.inner && around == 1 && !has_inner && found != ParseError::not_ip) ++unopened_;
  if (!interest_.inner || !has_inner) return around;
  out[around] = inner;
  return around + 1;
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
  look_around();
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
  stats.unopened = unopened_;
  return stats;
}

}  // namespace tallytree
