// Batches of keys: the same keys and hashes as one by one.
#include "core/key_batch.h"

#include <random>
#include <string>
#include <vector>

#include "check.h"

using namespace tallytree;

namespace {

Packet random_packet(std::mt19937_64& random, bool with_six) {
  Packet packet;
  packet.family = with_six && random() % 3 == 0 ? 6 : 4;
  for (size_t i = 0; i < (packet.family == 6 ? 16u : 4u); ++i) {
    packet.src[i] = static_cast<uint8_t>(random());
    packet.dst[i] = static_cast<uint8_t>(random());
  }
  packet.sport = static_cast<uint16_t>(random());
  packet.dport = static_cast<uint16_t>(random());
  packet.proto = static_cast<uint8_t>(random());
  packet.has_ports = random() % 4 != 0;
  packet.vlan = random() % 2 == 0 ? kNoVlan : static_cast<uint16_t>(random() % 4096);
  packet.packets = 1 + random() % 3;
  return packet;
}

void check_batch(const KeyType& type, const std::vector<Packet>& packets) {
  constexpr Secret kSecret{3, 4};
  std::vector<const Packet*> pointers;
  for (const Packet& packet : packets) pointers.push_back(&packet);
  const KeyBatch batch(type, kSecret, pointers);
  size_t at = 0;
  uint64_t without = 0;
  for (const Packet& packet : packets) {
    Key key;
    if (!type.make(packet, key)) {
      without += packet.packets;
      continue;
    }
    CHECK(batch.packets[at] == &packet);
    CHECK(batch.keys[at] == key);
    CHECK_EQ(batch.hashes[at], key.hash(kSecret));
    ++at;
  }
  CHECK_EQ(batch.size, at);
  CHECK_EQ(batch.unkeyed, without);
}

}  // namespace

TEST(key_batch_makes_the_keys_that_single_packets_have) {
  std::mt19937_64 random(1);
  for (const char* text :
       {"src", "dst", "proto", "sport", "src/24", "dst/9_src/31", "dport_src", "proto_dst_sport", "src_dst",
        "src_sport_dst_dport_proto", "proto_dport_sport_dst_src", "vlan", "src_vlan", "vlan_dport_src/24",
        "src_sport_dst_dport_proto_vlan", "netns_proto_src_gre_key_vni",
        "src_dst_sport_dport_proto_vlan_vni_gre_key_netns_container"}) {
    const KeyType type = KeyType::parse(text);
    for (const size_t size : {0, 1, 7, 8, 9, 63, 64}) {
      for (const bool with_six : {false, true}) {
        std::vector<Packet> packets;
        for (size_t i = 0; i < size; ++i) packets.push_back(random_packet(random, with_six));
        check_batch(type, packets);
      }
    }
  }
}
