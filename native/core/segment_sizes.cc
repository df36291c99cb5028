// SYNs are remembered by connection; every longer packet is held against them.
#include "segment_sizes.h"

#include <algorithm>
#include <cstring>
#include <random>
#include <tuple>

namespace tallytree {
namespace {

constexpr uint8_t kTcp = 6;
constexpr uint32_t kTcpHeader = 20;
constexpr uint8_t kSyn = 0x02;
constexpr uint16_t kUsualMss = 536;  // of a SYN that announces none
constexpr uint16_t kLeastMss = 64;   // less is nobody's

uint64_t payload_of(const Packet& packet, const Headers& headers) noexcept {
  const uint64_t repeated = uint64_t{headers.ip} + headers.transport;
  return packet.bytes > repeated ? packet.bytes - repeated : 0;
}

/// The TCP header as far as it was captured.
std::span<const uint8_t> tcp_header(const Headers& headers, std::span<const uint8_t> captured) noexcept {
  const uint8_t* end = captured.data() + captured.size();
  if (headers.payload == nullptr || headers.payload > end) return {};
  return {headers.payload, std::min<size_t>(headers.transport, static_cast<size_t>(end - headers.payload))};
}

bool is_syn(std::span<const uint8_t> header) noexcept {
  return header.size() > 13 && (header[13] & kSyn) != 0;
}

/// Option 2 (RFC 9293, 3.2).
uint16_t announced_mss(std::span<const uint8_t> header) noexcept {
  for (size_t at = kTcpHeader; at + 4 <= header.size();) {
    const uint8_t kind = header[at];
    if (kind == 0) break;
    const auto value = static_cast<uint16_t>(header[at + 2] << 8 | header[at + 3]);
    if (kind == 2) return std::max(kLeastMss, value);
    at += kind == 1 ? 1 : std::max<size_t>(2, header[at + 1]);
  }
  return kUsualMss;
}

uint32_t pair_of(uint16_t one, uint16_t other) noexcept { return uint32_t{one} << 16 | other; }

}  // namespace

SegmentSizes::SegmentSizes() : connections_(std::make_unique<Connection[]>(kConnections)) {
  std::random_device random;
  const auto word = [&random] { return uint64_t{random()} << 32 | random(); };
  secret_ = {word(), word()};
}

SegmentSizes::Place SegmentSizes::place_of(const Packet& packet) noexcept {
  const bool back = std::tie(packet.dst, packet.dport) < std::tie(packet.src, packet.sport);
  const auto& [low, high] = back ? std::tie(packet.dst, packet.src) : std::tie(packet.src, packet.dst);
  std::array<uint64_t, 5> words;
  std::memcpy(&words[0], low.data(), low.size());
  std::memcpy(&words[2], high.data(), high.size());
  words[4] = back ? pair_of(packet.dport, packet.sport) : pair_of(packet.sport, packet.dport);
  const uint64_t hash = siphash13(secret_, words.data(), words.size());
  return {&connections_[hash % kConnections], static_cast<uint32_t>(hash >> 32) | 1, back};
}

/// What was decided is over. An answer to a first SYN may have come to us before it, by another socket: it
/// stays.
void SegmentSizes::note_syn(const Place& place, std::span<const uint8_t> header) noexcept {
  Connection& connection = *place.connection;
  if (connection.tag != place.tag) connection = {place.tag, {}};
  for (Way& way : connection.ways) way.decided = 0;
  connection.ways[place.way].announced = announced_mss(header);
}

SegmentSizes::Limits SegmentSizes::limits_of(const Connection& connection, size_t way, const Headers& headers,
                                             const Link* link) noexcept {
  const uint32_t mtu = mtu_of(link);
  const uint32_t around = headers.ip + kTcpHeader;
  const uint32_t fits = mtu > around ? mtu - around : mtu;
  const uint32_t most = std::min<uint32_t>(connection.ways[1 - way].announced, fits);
  return {std::min<uint32_t>(connection.ways[way].announced, most), most};
}

void SegmentSizes::split_tcp(Packet& packet, const Headers& headers, const Link* link, Told told) noexcept {
  const Place place = place_of(packet);
  Connection& connection = *place.connection;
  const bool seen = connection.ways[0].announced != 0 && connection.ways[1].announced != 0;
  if (connection.tag != place.tag || !seen) return;
  Way& way = connection.ways[place.way];
  const Limits limits = limits_of(connection, place.way, headers, link);
  const uint32_t options = headers.transport - kTcpHeader;
  const uint64_t payload = payload_of(packet, headers);
  const uint32_t longest = way.decided != 0 ? way.decided : limits.most;
  if (limits.least <= options || (told == Told::nothing && payload + options <= longest)) return;
  for (const uint32_t mss : {limits.least, limits.most})
    if (way.decided == 0 && payload % (mss - options) == 0) way.decided = static_cast<uint16_t>(mss);
  const uint32_t mss = way.decided != 0 ? way.decided : limits.least;
  apply_gso(packet, headers, mss > options ? mss - options : mss);
  if (packet.packets == 1) return;
  ++super_packets_;
  estimated_ += way.decided == 0;
}

void SegmentSizes::split(Packet& packet, const Headers& headers, std::span<const uint8_t> captured,
                         const Link* link, Told told) noexcept {
  const bool is_tcp = packet.proto == kTcp && packet.has_ports && headers.transport >= kTcpHeader;
  if (is_tcp) {
    const std::span<const uint8_t> header = tcp_header(headers, captured);
    if (is_syn(header)) note_syn(place_of(packet), header);
  }
  if (told == Told::one_packet) return;
  if (is_tcp && payload_of(packet, headers) > kLeastMss) split_tcp(packet, headers, link, told);
  if (packet.packets > 1) return;
  if (split_by_mtu(packet, headers, link) || told == Told::super_packet) note_estimate();
}

}  // namespace tallytree
