// What tunnels carry: each kind, nested, cut, and beside what is no tunnel.
#include "parsed.h"
#include "tunnels.h"

using namespace tallytree;
using namespace tallytree::test;

namespace {

/// IPv4 in 10.0.0.1 -> 10.0.0.2 is around; IPv6 2001:db8::1 -> ::2 with ports 1000 and 2000 is inside.
const Bytes inner = ipv6(17, udp(5));
constexpr uint64_t kInnerBytes = 40 + 8 + 5;

Result carried_prefix(const Bytes& frame, size_t captured, const Tunnels& tunnels = {}) {
  Result result;
  const std::unique_ptr<uint8_t[]> exact(new uint8_t[captured]);
  std::copy_n(frame.begin(), captured, exact.get());
  const std::span<const uint8_t> bytes(exact.get(), captured);
  const auto length = static_cast<uint32_t>(frame.size());
  result.error = parse_frame(bytes, LinkType::ethernet, length, result.packet, result.headers);
  const bool opens = is_tunnel(result.packet, result.headers, tunnels);
  result.error =
      opens ? parse_carried(bytes, tunnels, result.error, result.packet, result.headers) : ParseError::not_ip;
  return result;
}

Result carried(const Bytes& frame, const Tunnels& tunnels = {}) {
  return carried_prefix(frame, frame.size(), tunnels);
}

Bytes around(uint8_t proto, const Bytes& payload) {
  return ethernet(0x0800, ipv4({.proto = proto}, payload));
}

void check_inner(const Result& result, Carrier carrier, uint32_t id = 0) {
  check_ports(result, 17);
  CHECK_EQ(result.packet.family, 6);
  CHECK_EQ(result.packet.bytes, kInnerBytes);
  CHECK(result.packet.src == v6(1) && result.packet.dst == v6(2));
  CHECK(result.packet.carrier == carrier);
  CHECK_EQ(result.packet.tunnel, id);
}

std::vector<Bytes> one_of_each() {
  const Bytes bridged = ethernet(0x86dd, inner);
  return {around(17, vxlan(7, bridged)),
          around(17, geneve(7, 0x6558, bridged, 12)),
          around(47, gre(0xb000, 0x86dd, inner, 9)),
          around(47, erspan2(bridged)),
          around(47, erspan3(bridged, true)),
          around(41, inner),
          around(137, mpls(2, inner)),
          ethernet(0x8847, mpls(3, inner)),
          ethernet(0x8847, mpls(1, filler(4, 0) + bridged)),
          ethernet(0x88a8, tag(5, 0x8100, tag(6, 0x86dd, inner)))};
}

}  // namespace

TEST(tunnel_vxlan_and_its_other_port) {
  const Bytes bridged = ethernet(0x86dd, inner);
  check_inner(carried(around(17, vxlan(0xabcdef, bridged))), Carrier::vni, 0xabcdef);
  const Bytes elsewhere = around(17, vxlan(3, bridged, 8472));
  CHECK(!countable(carried(elsewhere).error));
  check_inner(carried(elsewhere, {8472}), Carrier::vni, 3);
  CHECK_EQ(carried(around(17, vxlan(3, ethernet(0x8100, tag(42, 0x86dd, inner))))).packet.vlan, 42);
}

TEST(tunnel_geneve_skips_its_options) {
  check_inner(carried(around(17, geneve(5, 0x6558, ethernet(0x86dd, inner), 124))), Carrier::vni, 5);
  check_inner(carried(around(17, geneve(5, 0x86dd, inner))), Carrier::vni, 5);
  Bytes other_version = around(17, geneve(5, 0x86dd, inner));
  other_version[14 + 20 + 8] |= 0x40;
  CHECK(carried(other_version).error == ParseError::malformed);
}

TEST(tunnel_gre_with_and_without_its_options) {
  check_inner(carried(around(47, gre(0, 0x86dd, inner))), Carrier::other);
  check_inner(carried(around(47, gre(0xb000, 0x86dd, inner, 0xdeadbeef))), Carrier::gre_key, 0xdeadbeef);
  check_inner(carried(around(47, gre(0x2000, 0x6558, ethernet(0x86dd, inner), 1))), Carrier::gre_key, 1);
  check_inner(carried(around(47, gre(0, 0x8847, mpls(1, inner)))), Carrier::other);
  CHECK(carried(around(47, gre(0x2001, 0x880b, inner))).error == ParseError::not_ip);  // PPTP
}

TEST(tunnel_erspan_of_all_types) {
  const Bytes bridged = ethernet(0x86dd, inner);
  check_inner(carried(around(47, gre(0, 0x88be, bridged))), Carrier::other);
  check_inner(carried(around(47, erspan2(bridged))), Carrier::other);
  check_inner(carried(around(47, erspan3(bridged))), Carrier::other);
  check_inner(carried(around(47, erspan3(bridged, true))), Carrier::other);
}

TEST(tunnel_ip_in_ip) {
  check_inner(carried(around(41, inner)), Carrier::other);
  check_inner(carried(ethernet(0x86dd, ipv6(41, inner))), Carrier::other);
  const Result v4 = carried(ethernet(0x86dd, ipv6(4, ipv4({.proto = 1}, icmp(56)))));
  check_no_ports(v4, 1);
  CHECK_EQ(v4.packet.bytes, 84);
}

TEST(tunnel_mpls_tells_its_content_by_the_first_bits) {
  check_inner(carried(ethernet(0x8847, mpls(1, inner))), Carrier::other);
  check_inner(carried(ethernet(0x8100, tag(3, 0x8848, mpls(4, inner)))), Carrier::other);
  check_inner(carried(ethernet(0x8847, mpls(2, filler(4, 0) + ethernet(0x86dd, inner)))), Carrier::other);
  CHECK(carried(ethernet(0x8847, mpls(1, filler(40, 0x70)))).error == ParseError::not_ip);
  CHECK(carried(ethernet(0x8847, mpls(17, inner))).error == ParseError::malformed);
}

TEST(tunnel_stacked_tags_tell_the_inner_vlan) {
  const Result stacked = carried(ethernet(0x88a8, tag(5, 0x8100, tag(6, 0x86dd, inner))));
  check_inner(stacked, Carrier::other);
  CHECK_EQ(stacked.packet.vlan, 6);
  CHECK(!countable(carried(ethernet(0x8100, tag(5, 0x86dd, inner))).error));
}

TEST(tunnel_in_tunnel_down_to_the_innermost) {
  const Bytes keyed = ipv4({.proto = 47}, gre(0x2000, 0x86dd, inner, 8));
  check_inner(carried(around(17, vxlan(7, ethernet(0x0800, keyed)))), Carrier::gre_key, 8);
  const Bytes plain = ipv4({.proto = 41}, inner);
  check_inner(carried(around(17, vxlan(7, ethernet(0x0800, plain)))), Carrier::vni, 7);
  Bytes deep = inner;
  for (int i = 0; i < 40; ++i) deep = ipv6(41, deep);
  const Result bounded = carried(ethernet(0x86dd, deep));
  check_no_ports(bounded, 41);
  CHECK_EQ(bounded.packet.bytes, deep.size() - 4 * 40);
}

TEST(tunnel_with_unreadable_content_ends_at_the_last_readable) {
  const Bytes broken = ipv4({.proto = 47}, gre(0x2000, 0x0800, filler(30, 0x11), 8));
  const Result result = carried(around(17, vxlan(7, ethernet(0x0800, broken))));
  check_no_ports(result, 47);
  CHECK(result.packet.carrier == Carrier::vni);
  CHECK(carried(around(17, vxlan(7, ethernet(0x0806, filler(28))))).error == ParseError::not_ip);
  CHECK(carried(around(17, vxlan(7, filler(9)))).error == ParseError::malformed);
}

TEST(tunnel_content_that_was_cut_on_its_way_keeps_its_own_length) {
  const Bytes whole = ethernet(0x0800, ipv4({.proto = 6}, tcp(1000)));
  const Bytes sliced(whole.begin(), whole.begin() + 60);
  const Result mirrored = carried(around(17, vxlan(7, sliced)));
  check_ports(mirrored, 6);
  CHECK_EQ(mirrored.packet.bytes, 1040);
  const Bytes fragment =
      ethernet(0x0800, ipv4({.proto = 4, .fragment = 0x2000}, ipv4({.proto = 6}, tcp(1000))));
  CHECK_EQ(carried(fragment).packet.bytes, 1040);
  const Bytes later = ethernet(0x0800, ipv4({.proto = 4, .fragment = 0x0100}, ipv4({.proto = 6}, tcp(9))));
  CHECK(!countable(carried(later).error));
}

TEST(tunnel_cut_at_every_byte) {
  for (const Bytes& frame : one_of_each()) {
    bool counted = false;
    for (size_t captured = 0; captured <= frame.size(); ++captured) {
      const Result cut = carried_prefix(frame, captured);
      CHECK(!counted || countable(cut.error));  // more bytes never make it worse
      counted = countable(cut.error);
      if (!counted) continue;
      CHECK_EQ(cut.packet.bytes, kInnerBytes);
      CHECK(cut.packet.src == v6(1) && cut.packet.family == 6);
    }
    CHECK(counted);
  }
}

TEST(tunnel_leaves_ordinary_packets_alone) {
  for (const Bytes& frame : {around(17, udp(40)), around(6, tcp(9)), around(1, icmp(9)), filler(13),
                             ethernet(0x0806, filler(28)), around(17, udp_to(53, filler(40)))})
    CHECK(!countable(carried(frame).error));
}
