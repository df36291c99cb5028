// The packet parser against packets built byte by byte, protocol by protocol.
#include "parsed.h"

using namespace tallytree;
using namespace tallytree::test;

TEST(parse_ping_is_84_bytes) {
  const Result result = parse(ethernet(0x0800, ipv4({.proto = 1}, icmp(56))));
  check_no_ports(result, 1);
  CHECK_EQ(result.packet.bytes, 84);
  CHECK_EQ(result.packet.packets, 1);
  CHECK_EQ(result.packet.family, 4);
  CHECK(result.packet.src == v4(1));
  CHECK(result.packet.dst == v4(2));
  CHECK_EQ(result.packet.vlan, kNoVlan);
  CHECK(result.packet.direction == Direction::any);
}

TEST(parse_tcp_with_options_of_both_layers) {
  const Result result = parse(ethernet(0x0800, ipv4({.proto = 6, .options = 12}, tcp(100, 12))));
  check_ports(result, 6);
  CHECK_EQ(result.packet.bytes, 32 + 32 + 100);
  CHECK_EQ(result.headers.ip, 32);
  CHECK_EQ(result.headers.transport, 32);
}

TEST(parse_udp_sctp_and_other_protocols) {
  const Result udp_result = parse(ethernet(0x0800, ipv4({.proto = 17}, udp(5))));
  check_ports(udp_result, 17);
  CHECK_EQ(udp_result.headers.transport, 8);
  check_ports(parse(ethernet(0x0800, ipv4({.proto = 132}, sctp(5)))), 132);
  check_no_ports(parse(ethernet(0x0800, ipv4({.proto = 47}, filler(40)))), 47);
  check_no_ports(parse(ethernet(0x0800, ipv4({.proto = 6}, {}))), 6);
}

TEST(parse_ethernet_padding_is_not_counted) {
  const Result result = parse(ethernet(0x0800, ipv4({.proto = 17}, udp(0)) + filler(18)));
  check_ports(result, 17);
  CHECK_EQ(result.packet.bytes, 28);
}

TEST(parse_padding_is_never_taken_for_ports) {
  const Result result = parse(ethernet(0x0800, ipv4({.proto = 17}, {1, 2}) + filler(24)));
  check_no_ports(result, 17);
  CHECK_EQ(result.packet.bytes, 22);
}

TEST(parse_vlan_tags_outermost_wins) {
  const Bytes ip = ipv4({.proto = 17}, udp(1));
  CHECK_EQ(parse(ethernet(0x8100, tag(100, 0x0800, ip))).packet.vlan, 100);
  const Result nested = parse(ethernet(0x88a8, tag(7, 0x8100, tag(9, 0x0800, ip))));
  check_ports(nested, 17);
  CHECK_EQ(nested.packet.vlan, 7);
  CHECK_EQ(nested.packet.bytes, 29);
  Bytes endless = ip;
  for (int i = 0; i < 6; ++i) endless = tag(1, 0x8100, endless);
  CHECK(parse(ethernet(0x8100, endless)).error == ParseError::malformed);
}

TEST(parse_fragments) {
  check_ports(parse(ethernet(0x0800, ipv4({.proto = 17, .fragment = 0x2000}, udp(8)))), 17);
  check_no_ports(parse(ethernet(0x0800, ipv4({.proto = 17, .fragment = 0x2001}, udp(8)))), 17);
  check_no_ports(parse(ethernet(0x0800, ipv4({.proto = 17, .fragment = 0x00b9}, filler(9)))), 17);
  check_ports(parse(ethernet(0x86dd, ipv6(44, fragment_header(17, 0x0001, udp(8))))), 17);
  check_no_ports(parse(ethernet(0x86dd, ipv6(44, fragment_header(17, 0x0009, udp(8))))), 17);
}

TEST(parse_do_not_fragment_is_no_fragment) {
  check_ports(parse(ethernet(0x0800, ipv4({.proto = 17, .fragment = 0x4000}, udp(8)))), 17);
}

TEST(parse_ipv6) {
  const Result result = parse(ethernet(0x86dd, ipv6(6, tcp(7))));
  check_ports(result, 6);
  CHECK_EQ(result.packet.family, 6);
  CHECK_EQ(result.packet.bytes, 40 + 20 + 7);
  CHECK(result.packet.src == v6(1));
  CHECK(result.packet.dst == v6(2));
  check_no_ports(parse(ethernet(0x86dd, ipv6(58, icmp(8)))), 58);
  check_no_ports(parse(ethernet(0x86dd, ipv6(59, {}))), 59);
}

TEST(parse_ipv6_every_extension_header) {
  const Bytes inner = authentication_header(60, options_header(6, 2, tcp(9)));
  const Result result = parse(
      ethernet(0x86dd, ipv6(0, options_header(43, 1, options_header(44, 0, fragment_header(51, 1, inner))))));
  check_ports(result, 6);
  CHECK_EQ(result.headers.ip, 40 + 16 + 8 + 8 + 24 + 24);
  CHECK_EQ(result.headers.transport, 20);
}

TEST(parse_ipv6_chain_is_bounded) {
  Bytes chain = udp(1);
  for (int i = 0; i < 16; ++i) chain = options_header(i == 0 ? 17 : 60, 0, chain);
  check_ports(parse(ethernet(0x86dd, ipv6(60, chain))), 17);
  CHECK(parse(ethernet(0x86dd, ipv6(60, options_header(60, 0, chain)))).error == ParseError::malformed);
}

TEST(parse_malformed) {
  const auto error = [](const Bytes& ip, uint16_t type) { return parse(ethernet(type, ip)).error; };
  CHECK(error(ipv4({.stated_length = 19}, tcp(0)), 0x0800) == ParseError::malformed);
  CHECK(error(ipv4({.stated_length = 41}, tcp(0)), 0x0800) == ParseError::malformed);
  CHECK(error(ipv6(6, tcp(0), 21), 0x86dd) == ParseError::malformed);
  CHECK(error(ipv6(60, {17, 200, 0, 0}), 0x86dd) == ParseError::malformed);
  CHECK(error(ipv6(6, tcp(0)), 0x0800) == ParseError::malformed);
  CHECK(error(ipv4({}, filler(40)), 0x86dd) == ParseError::malformed);
  CHECK(error({0x45, 0, 0, 20}, 0x0800) == ParseError::malformed);
  Bytes short_header = ipv4({.proto = 6}, tcp(0));
  short_header[0] = 0x44;
  CHECK(error(short_header, 0x0800) == ParseError::malformed);
}

TEST(parse_not_ip) {
  CHECK(parse(ethernet(0x0806, filler(28))).error == ParseError::not_ip);
  CHECK(parse(ethernet(60, filler(60))).error == ParseError::not_ip);
  CHECK(parse(filler(30, 0x10), LinkType::raw_ip).error == ParseError::not_ip);
}

TEST(parse_length_zero_falls_back_to_the_frame) {
  const Bytes big = ethernet(0x0800, ipv4({.proto = 6, .stated_length = 0}, tcp(100)));
  Result result;
  result.error = parse_frame(big, LinkType::ethernet, 14 + 100000, result.packet, result.headers);
  check_ports(result, 6);
  CHECK_EQ(result.packet.bytes, 100000);
  const Bytes jumbo = ethernet(0x86dd, ipv6(0, options_header(6, 0, tcp(100)), 0));
  Result wide;
  wide.error = parse_frame(jumbo, LinkType::ethernet, 14 + 150000, wide.packet, wide.headers);
  check_ports(wide, 6);
  CHECK_EQ(wide.packet.bytes, 150000);
}

TEST(parse_cooked_captures_know_the_direction) {
  const Bytes ip = ipv4({.proto = 17}, udp(1));
  const Result out = parse(sll(4, 0x0800, ip), LinkType::linux_sll);
  check_ports(out, 17);
  CHECK(out.packet.direction == Direction::output);
  CHECK(parse(sll(0, 0x0800, ip), LinkType::linux_sll).packet.direction == Direction::input);
  CHECK(parse(sll(3, 0x0800, ip), LinkType::linux_sll).packet.direction == Direction::any);
  const Result tagged = parse(sll2(4, 0x8100, tag(5, 0x0800, ip)), LinkType::linux_sll2);
  check_ports(tagged, 17);
  CHECK(tagged.packet.direction == Direction::output);
  CHECK_EQ(tagged.packet.vlan, 5);
  CHECK(parse(sll2(1, 0x0800, ip), LinkType::linux_sll2).packet.direction == Direction::input);
}

TEST(parse_behind_the_link_header) {
  Packet packet;
  Headers headers;
  const Bytes ip = ipv4({.proto = 17}, udp(1));
  CHECK(parse_payload(ip, 0x0800, static_cast<uint32_t>(ip.size()), packet, headers) == ParseError::none);
  CHECK_EQ(packet.bytes, 29);
  CHECK_EQ(headers.ip, 20);
}
