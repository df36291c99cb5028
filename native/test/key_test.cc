// Keys: parsing types, packing packets, text and back.
#include "core/key.h"

#include <stdexcept>

#include "check.h"

using namespace tallytree;

namespace {

Packet tcp4() {
  Packet packet;
  packet.src = {10, 0, 0, 6};
  packet.dst = {10, 0, 0, 5};
  packet.sport = 40000;
  packet.dport = 80;
  packet.proto = 6;
  packet.has_ports = true;
  return packet;
}

template <typename Body>
bool throws(Body&& body) {
  try {
    body();
    return false;
  } catch (const std::invalid_argument&) {
    return true;
  }
}

std::string text_of(const char* type_text, const Packet& packet) {
  const KeyType type = KeyType::parse(type_text);
  Key key;
  return type.make(packet, key) ? type.print(key) : "none";
}

}  // namespace

TEST(key_text_follows_the_order_of_its_type) {
  CHECK_EQ(text_of("src", tcp4()), "10.0.0.6");
  CHECK_EQ(text_of("src_dst", tcp4()), "10.0.0.6,10.0.0.5");
  CHECK_EQ(text_of("dport_src", tcp4()), "80,10.0.0.6");
  CHECK_EQ(text_of("src_sport_dst_dport_proto", tcp4()), "10.0.0.6,40000,10.0.0.5,80,6");
  CHECK_EQ(text_of("src/24_dst/8", tcp4()), "10.0.0.0/24,10.0.0.0/8");
}

TEST(key_with_ports_needs_a_packet_with_ports) {
  Packet icmp = tcp4();
  icmp.has_ports = false;
  CHECK_EQ(text_of("src_dport", icmp), "none");
  CHECK_EQ(text_of("src_proto", icmp), "10.0.0.6,6");
}

TEST(key_with_a_vlan_says_none_without_a_tag) {
  Packet packet = tcp4();
  CHECK_EQ(text_of("src_vlan", packet), "10.0.0.6,none");
  packet.vlan = 0;  // a priority tag names no VLAN
  CHECK_EQ(text_of("vlan", packet), "none");
  packet.vlan = 4094;
  CHECK_EQ(text_of("vlan_dport", packet), "4094,80");
  const KeyType type = KeyType::parse("vlan");
  for (const char* text : {"none", "1", "4095"}) CHECK_EQ(type.print(type.read(text)), text);
  for (const char* text : {"4096", "-1", "some"}) CHECK(throws([&] { type.read(text); }));
}

TEST(key_of_all_parts_fits_for_both_families) {
  Packet packet = tcp4();
  packet.vlan = 7;
  packet.carrier = Carrier::vni;
  packet.tunnel = 9;
  const char* all = "src_sport_dst_dport_proto_vlan_vni_gre_key_netns_container";
  CHECK_EQ(text_of(all, packet), "10.0.0.6,40000,10.0.0.5,80,6,7,9,none,own,none");
  packet.family = 6;
  packet.src.fill(0xff);
  packet.dst.fill(0xfe);
  Key key;
  CHECK(KeyType::parse(all).make(packet, key));
  CHECK_EQ(key.length(), Key::kBytes - 1);
  CHECK(KeyType::parse(all).read(KeyType::parse(all).print(key)) == key);
}

TEST(key_of_ipv6_reads_in_rfc5952_form) {
  const KeyType type = KeyType::parse("src_dport");
  CHECK_EQ(type.print(type.read("2001:DB8:0:0:0:0:0:1,443")), "2001:db8::1,443");
  CHECK_EQ(KeyType::parse("dst/48").print(KeyType::parse("dst/48").read("2001:db8:1:2::3")),
           "2001:db8:1::/48");
}

TEST(key_families_never_meet) {
  const KeyType type = KeyType::parse("src");
  CHECK(!(type.read("10.0.0.0") == type.read("a00::")));
}

TEST(key_read_is_the_reverse_of_print) {
  for (const char* text :
       {"src", "src_dst", "dport", "proto", "src_sport_dst_dport_proto", "src/9", "vlan_src"}) {
    const KeyType type = KeyType::parse(text);
    Key key;
    CHECK(type.make(tcp4(), key));
    CHECK(type.read(type.print(key)) == key);
  }
}

TEST(key_type_refuses_what_it_does_not_know) {
  for (const char* text : {"", "source", "src_src", "src_", "dport/8", "src/129", "src/", "src/-1", "src/1x"})
    CHECK(throws([&] { KeyType::parse(text); }));
}

TEST(key_read_refuses_what_is_no_key) {
  const KeyType type = KeyType::parse("src_dport");
  for (const char* text : {"", "10.0.0.6", "10.0.0.6,65536", "10.0.0.6,x", "10.0.0,80", "10.0.0.6,80,1"})
    CHECK(throws([&] { type.read(text); }));
  CHECK(throws([] { KeyType::parse("src_dst").read("10.0.0.6,::1"); }));
}

TEST(prefix_contains_its_addresses_only) {
  const Prefix prefix = Prefix::parse("10.1.0.0/15");
  CHECK(prefix.contains(4, Address{10, 1, 2, 3}));
  CHECK(prefix.contains(4, Address{10, 0, 2, 3}));
  CHECK(!prefix.contains(4, Address{10, 2, 2, 3}));
  CHECK(!prefix.contains(6, Address{10, 1, 2, 3}));
  CHECK(Prefix::parse("0.0.0.0/0").contains(4, Address{1, 2, 3, 4}));
  CHECK(Prefix::parse("2001:db8::/32").contains(6, Address{0x20, 0x01, 0x0d, 0xb8, 9}));
  CHECK(throws([] { Prefix::parse("10.0.0.0/33"); }));
}

TEST(siphash_depends_on_key_and_secret) {
  const KeyType type = KeyType::parse("src");
  const Secret one{1, 2}, other{1, 3};
  CHECK(type.read("10.0.0.1").hash(one) != type.read("10.0.0.2").hash(one));
  CHECK(type.read("10.0.0.1").hash(one) != type.read("10.0.0.1").hash(other));
}
