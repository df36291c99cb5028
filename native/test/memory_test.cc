// Memory: no stream takes a counter above the ceiling that it was priced at, and counting takes none at all.
#include <cstring>
#include <memory>
#include <random>
#include <vector>

#include "check.h"
#include "core/counter.h"
#include "core/size_counter.h"
#include "counting_allocator.h"

using namespace tallytree;
using namespace tallytree::test;

namespace {

LedgerSpec spec_of(const char* type, Increment increment, uint32_t capacity, uint32_t cold_per_key) {
  LedgerSpec spec;
  spec.key_type = KeyType::parse(type);
  spec.increment = increment;
  spec.capacity = capacity;
  spec.cold_per_key = cold_per_key;
  spec.secret = {5, 6};
  return spec;
}

/// Ever new addresses and ports, a few keys coming back; `amount` bytes and packets each.
void flood(Counter& counter, int batches, uint8_t family, uint32_t amount, std::mt19937_64& random) {
  static uint64_t second = 1'000'000'000;
  std::vector<Packet> packets(kBatch);
  std::vector<const Packet*> pointers;
  for (Packet& packet : packets) pointers.push_back(&packet);
  for (int batch = 0; batch < batches; ++batch) {
    for (Packet& packet : packets) {
      const uint64_t number = random() % 4 == 0 ? random() % 50 : random();
      std::memcpy(packet.src.data(), &number, 4);
      std::memcpy(packet.dst.data(), &number, 4);
      if (family == 6) std::memcpy(packet.src.data() + 8, &number, 8);
      packet.family = family;
      packet.has_ports = true;
      packet.packets = amount;
      packet.bytes = amount * uint64_t{1000};
    }
    counter.add(pointers);
    counter.settle(kBatch);
    if (batch % 20 == 19) counter.roll(++second);
  }
}

}  // namespace

TEST(memory_stays_below_the_ceiling_under_any_flood) {
  for (const char* type : {"src", "src_dst", "src_sport_dst_dport_proto",
                           "src_dst_sport_dport_proto_vlan_vni_gre_key_netns_container"}) {
    for (const Increment increment : {Increment::packets, Increment::bytes}) {
      for (const auto& [capacity, cold] : {std::pair{64u, 8u}, {4096u, 8u}, {4096u, 0u}, {1000u, 3u}}) {
        std::mt19937_64 random(capacity);
        const CounterSpec spec(spec_of(type, increment, capacity, cold));
        const size_t before = allocated().now;
        forget_peak();
        auto counter = std::make_unique<Counter>(spec);
        const size_t at_first = allocated().now - before;
        for (const uint32_t amount : {1u, 60u, 3'000'000'000u}) {
          flood(*counter, repeated(200), 4, amount, random);
          flood(*counter, repeated(100), 6, amount, random);
        }
        CHECK(allocated().peak - before <= Counter::bytes(spec));
        CHECK(at_first <= Counter::bytes(spec));
      }
    }
  }
}

TEST(memory_of_sizes_is_in_the_price) {
  std::mt19937_64 random(2);
  const size_t before = allocated().now;
  forget_peak();
  auto sizes = std::make_unique<SizeCounter>(Secret{5, 6});
  std::vector<Packet> packets(kBatch);
  std::vector<const Packet*> pointers;
  for (Packet& packet : packets) pointers.push_back(&packet);
  for (uint64_t second = 1'000'000'000; second < 1'000'004'000; ++second) {
    sizes->roll(second);
    for (int batch = 0; batch < 20; ++batch) {
      for (Packet& packet : packets) {
        packet.full = random() % (1 << 20);
        packet.packets = 1 + random() % kMostPackets;
        packet.bytes = packet.full * uint64_t{packet.packets};
      }
      sizes->add(pointers, false);
    }
  }
  CHECK(allocated().peak - before <= SizeCounter::bytes());
}

TEST(memory_of_spreads_is_in_the_price) {
  for (const char* type : {"src_dst_dport", "src_dst_sport_dport_proto_vlan_vni_gre_key_netns_container"}) {
    CounterSpec spec(spec_of(type, Increment::packets, 256, 8));
    const size_t without = Counter::bytes(spec);
    spec.spread_by = {KeyType::parse("src"), KeyType::parse("src_dst")};
    std::mt19937_64 random(9);
    const size_t before = allocated().now;
    forget_peak();
    auto counter = std::make_unique<Counter>(spec);
    flood(*counter, 1500, 4, 1, random);
    flood(*counter, 1500, 6, 1, random);
    const size_t peak = allocated().peak - before;
    CHECK(peak <= Counter::bytes(spec));
    CHECK(peak > without);
  }
}

TEST(memory_of_a_spread_is_that_which_it_says) {
  for (const char* owner : {"proto", "src_dst"}) {
    const size_t before = allocated().now;
    forget_peak();
    const SpreadSpec spec{KeyType::parse("src_dst_sport_dport_proto_vlan_vni_gre_key_netns_container"),
                          KeyType::parse(owner), 2, Secret{5, 6}};
    const Spread spread(spec);
    CHECK(allocated().peak - before <= Spread::bytes(spec));
  }
}

TEST(memory_is_not_asked_for_while_counting) {
  std::mt19937_64 random(1);
  Counter counter(CounterSpec(spec_of("src_dst", Increment::packets, 1024, 8)));
  flood(counter, 300, 6, 1, random);
  for (int round = 0; round < 20; ++round) {
    const size_t calls = allocated().calls;
    std::array<Packet, kBatch> packets;
    std::array<const Packet*, kBatch> pointers;
    for (size_t i = 0; i < kBatch; ++i) pointers[i] = &packets[i];
    for (Packet& packet : packets) packet.src[3] = static_cast<uint8_t>(random());
    counter.add(pointers);
    CHECK_EQ(allocated().calls, calls);
  }
}

TEST(capacity_follows_from_the_accuracy_wanted) {
  CHECK_EQ(LedgerSpec::capacity_for(0.1, 0.01), 1334u);
  CHECK_EQ(LedgerSpec::capacity_for(1, 1), 16u);
  for (const auto& [share, width] : {std::pair{0.0, 0.1}, {0.1, 0.0}, {1.1, 0.5}, {0.00001, 0.00001}}) {
    bool refused = false;
    try {
      LedgerSpec::capacity_for(share, width);
    } catch (const std::invalid_argument&) {
      refused = true;
    }
    CHECK(refused);
  }
}
