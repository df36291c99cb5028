// Packets cut short, and super-packets taken apart.
#include "parsed.h"

using namespace tallytree;
using namespace tallytree::test;

namespace {

/// One of everything.
std::vector<std::pair<LinkType, Bytes>> samples() {
  const Bytes deep = options_header(
      43, 1,
      options_header(44, 0,
                     fragment_header(51, 1, authentication_header(60, options_header(6, 2, tcp(9, 12))))));
  return {
      {LinkType::ethernet, ethernet(0x0800, ipv4({.proto = 6, .options = 8}, tcp(10, 12)))},
      {LinkType::ethernet, ethernet(0x88a8, tag(7, 0x8100, tag(9, 0x0800, ipv4({.proto = 17}, udp(20)))))},
      {LinkType::ethernet, ethernet(0x86dd, ipv6(0, deep))},
      {LinkType::ethernet, ethernet(0x86dd, ipv6(58, icmp(30)))},
      {LinkType::raw_ip, ipv4({.proto = 132}, sctp(16))},
      {LinkType::raw_ip, ipv6(17, udp(3))},
      {LinkType::linux_sll, sll(4, 0x0800, ipv4({.proto = 1}, icmp(56)))},
      {LinkType::linux_sll2, sll2(0, 0x86dd, ipv6(132, sctp(1)))},
      {LinkType::ethernet, ethernet(0x0800, ipv4({.proto = 17, .fragment = 0x2000}, udp(8)))},
      {LinkType::ethernet, ethernet(0x0800, ipv4({.proto = 17, .fragment = 0x00b9}, filler(40)))}};
}

}  // namespace

TEST(parse_cut_before_the_ports_is_partial) {
  const Bytes frame = ethernet(0x0800, ipv4({.proto = 6}, tcp(100)));
  const Result cut = parse_prefix(frame, 14 + 20 + 3, LinkType::ethernet);
  CHECK(cut.error == ParseError::partial);
  CHECK(countable(cut.error));
  CHECK(!cut.packet.has_ports);
  CHECK_EQ(cut.packet.proto, 6);
  CHECK_EQ(cut.packet.bytes, 140);
  CHECK(cut.packet.dst == v4(2));
  CHECK(parse_prefix(frame, 14 + 20 + 4, LinkType::ethernet).packet.has_ports);
  CHECK(!countable(parse_prefix(frame, 14 + 19, LinkType::ethernet).error));
}

TEST(parse_cut_at_every_byte) {
  for (const auto& [link, frame] : samples()) {
    const Result whole = parse_prefix(frame, frame.size(), link);
    CHECK(whole.error == ParseError::none);
    bool counted = false;
    for (size_t captured = 0; captured <= frame.size(); ++captured) {
      const Result cut = parse_prefix(frame, captured, link);
      CHECK(cut.error <= ParseError::truncated);
      CHECK(!counted || countable(cut.error));  // more bytes never make it worse
      counted = countable(cut.error);
      if (!counted) continue;
      CHECK_EQ(cut.packet.bytes, whole.packet.bytes);
      CHECK_EQ(cut.packet.proto, whole.packet.proto);
      CHECK(cut.packet.src == whole.packet.src && cut.packet.dst == whole.packet.dst);
      CHECK_EQ(cut.packet.has_ports, whole.packet.has_ports && cut.error == ParseError::none);
    }
  }
}

TEST(gso_counts_wire_packets_and_repeats_headers) {
  Packet packet;
  packet.bytes = 52 + 14480;
  apply_gso(packet, {20, 32}, 1448);
  CHECK_EQ(packet.packets, 10);
  CHECK_EQ(packet.bytes, 10 * 1500);
  packet = Packet{};
  packet.bytes = 52 + 14481;
  apply_gso(packet, {20, 32}, 1448);
  CHECK_EQ(packet.packets, 11);
  CHECK_EQ(packet.bytes, 14481 + 11 * 52);
  CHECK_EQ(packet.full, 1500);
}

TEST(gso_leaves_ordinary_packets_alone) {
  Packet packet;
  packet.bytes = 84;
  apply_gso(packet, {20, 8}, 0);
  CHECK_EQ(packet.packets, 1);
  CHECK_EQ(packet.bytes, 84);
  packet.bytes = 40;
  apply_gso(packet, {20, 20}, 1448);  // a bare acknowledgement has no payload to cut
  CHECK_EQ(packet.packets, 1);
  CHECK_EQ(packet.bytes, 40);
}
