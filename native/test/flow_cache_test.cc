// The flow cache: counters count what they would without it.
#include "core/flow_cache.h"

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "check.h"
#include "core/engine.h"
#include "counting_allocator.h"

using namespace tallytree;
using namespace tallytree::test;

namespace {

constexpr Secret kSecret{1, 2};
constexpr uint64_t kStart = 6'000;
using Types = std::span<const char* const>;
constexpr std::array kTypes = {"src", "src/24_dport", "src_sport_dst_dport_proto"};
/// Of these the cache keeps addresses alone, where they are IPv4.
constexpr std::array kAddresses = {"src_dst", "dst/8"};

LedgerSpec spec_of(const char* type) {
  LedgerSpec spec;
  spec.key_type = KeyType::parse(type);
  spec.increment = spec.key_type.text() == "src" ? Increment::packets : Increment::bytes;
  spec.capacity = 1 << 16;  // exact: every difference shows
  return spec;
}

Engine engine_with(Types types) {
  Engine engine;
  engine.add("s", std::make_unique<Sketch>(kSecret, Filter{}));
  for (const char* type : types) engine.sketch("s").add_counter(CounterSpec(spec_of(type)));
  return engine;
}

Packet random_packet(std::mt19937_64& random, uint32_t flows, uint64_t second) {
  Packet packet;
  const uint64_t flow = random() % (1 + random() % flows);
  const uint64_t mixed = flow * 0x9e3779b97f4a7c15;
  packet.family = flow % 5 == 0 ? 6 : 4;
  std::memcpy(packet.src.data(), &mixed, 4);
  std::memcpy(packet.dst.data(), &flow, 4);
  if (packet.family == 6) std::memcpy(packet.dst.data() + 8, &mixed, 8);
  packet.has_ports = flow % 3 != 0;
  if (packet.has_ports) packet.dport = static_cast<uint16_t>(mixed >> 20);
  packet.proto = packet.has_ports ? 17 : 1;
  packet.direction = Direction::input;
  packet.packets = 1 + random() % 3;
  packet.bytes = packet.packets * (40 + random() % 1000);
  packet.second = second;
  return packet;
}

/// Every key's count, and how many packets have none.
std::map<std::string, uint64_t> content(Engine& engine, const char* type, const Window& window) {
  std::map<std::string, uint64_t> found;
  const Ledger ledger = Ledger::decode(engine.counter("s", type).ledger(window), kSecret);
  CHECK(ledger.exact());
  for (const Ledger::Entry& entry : ledger.entries())
    found[ledger.spec().key_type.print(entry.key)] = entry.interval.lower;
  found["unkeyed"] = ledger.unkeyed;
  return found;
}

/// What one counter must have counted, by key and by second.
struct Truth {
  Truth(const char* type) : spec(spec_of(type)) {}

  void count(const Packet& packet) {
    Key key;
    const bool keyed = spec.key_type.make(packet, key);
    const uint64_t amount = spec.increment == Increment::packets ? packet.packets : packet.bytes;
    found[keyed ? spec.key_type.print(key) : "unkeyed"] += keyed ? amount : packet.packets;
    if (keyed) seconds[std::max<uint64_t>(packet.second, kStart)] += amount;
  }

  LedgerSpec spec;
  std::map<std::string, uint64_t> found = {{"unkeyed", 0}};
  std::map<uint64_t, uint64_t> seconds;
};

/// More flows than it holds, seconds of any length, gaps, and some packets of the second before.
void check_counts(Types types) {
  std::mt19937_64 random(11);
  Engine engine = engine_with(types);
  std::vector<Truth> truths(types.begin(), types.end());
  uint64_t second = kStart, sent = 0;
  for (int batch = 0; batch < repeated(3000); ++batch) {
    if (random() % 150 == 0) second += random() % 4 == 0 ? 3 : 1;
    std::array<Packet, kBatch> packets;
    for (Packet& packet : packets) {
      packet = random_packet(random, 40'000, second - (random() % 50 == 0));
      sent += packet.packets;
      for (Truth& truth : truths) truth.count(packet);
    }
    engine.count(packets);
    if (batch % 500 == 0) CHECK(content(engine, types[0], All{}) == truths[0].found);
  }
  CHECK_EQ(engine.sketch("s").totals().packets, sent);
  for (Truth& truth : truths) {
    const char* type = truth.spec.key_type.text().c_str();
    CHECK(content(engine, type, All{}) == truth.found);
    for (uint64_t from = kStart; from <= second; ++from)
      CHECK_EQ(Ledger::summarize(engine.counter("s", type).ledger(Span{from, from + 1})).total,
               truth.seconds[from]);
  }
}

}  // namespace

TEST(flow_cache_changes_no_count) { check_counts(kTypes); }

TEST(flow_cache_changes_no_count_of_addresses) { check_counts(kAddresses); }

TEST(flow_cache_changes_no_count_when_ports_are_asked_for_later) {
  std::mt19937_64 random(17);
  Engine engine = engine_with(kAddresses);
  Truth addresses(kAddresses[0]), ports(kTypes[2]);
  for (int batch = 0; batch < 200; ++batch) {
    if (batch == 100) engine.sketch("s").add_counter(CounterSpec(ports.spec));
    std::array<Packet, kBatch> packets;
    for (Packet& packet : packets) {
      packet = random_packet(random, 3000, kStart);
      addresses.count(packet);
      if (batch >= 100) ports.count(packet);
    }
    engine.count(packets);
  }
  CHECK(content(engine, kAddresses[0], All{}) == addresses.found);
  CHECK(content(engine, kTypes[2], All{}) == ports.found);
}

TEST(flow_cache_begins_anew_when_the_clock_is_set_back) {
  for (const Types types : {Types(kTypes), Types(kAddresses)}) {
    for (const uint64_t back : {100, 101}) {
      std::mt19937_64 random(12);
      Engine engine = engine_with(types);
      Truth truth(types[0]), last(types[0]);
      for (const uint64_t second : {kStart, kStart - back}) {
        engine.set_clock(second);
        last = Truth(types[0]);
        for (int i = 0; i < 1000; ++i) {
          const Packet packet = random_packet(random, 50, second);
          engine.count(std::array{packet});
          truth.count(packet);
          last.count(packet);
        }
      }
      CHECK(content(engine, types[0], All{}) == truth.found);
      CHECK(content(engine, types[0], Realtime{}) == last.found);
    }
  }
}

TEST(flow_cache_keeps_counts_above_32_bits_and_bytes_that_add_up_to_more_than_40) {
  struct Many {
    uint32_t packets;
    uint64_t bytes_each;
  };
  for (const Types types : {Types(kTypes), Types(kAddresses)}) {
    for (const Many many :
         {Many{15'000'000, 65535}, {8'000'000, 65535}, {5'000'000, 65535}, {1, UINT32_MAX}}) {
      Engine engine = engine_with(types);
      std::mt19937_64 random(13);
      std::vector<Truth> truths(types.begin(), types.end());
      for (int i = 0; i < 1000; ++i) {
        Packet packet = random_packet(random, 9, kStart);
        packet.packets = many.packets;
        packet.bytes = many.packets * many.bytes_each;
        engine.count(std::array{packet});
        for (Truth& truth : truths) truth.count(packet);
      }
      for (const Truth& truth : truths)
        CHECK(content(engine, truth.spec.key_type.text().c_str(), All{}) == truth.found);
    }
  }
}

TEST(flow_cache_empties_in_steps) {
  Engine engine = engine_with(kTypes);
  std::mt19937_64 random(14);
  uint64_t sent = 0;
  const auto send = [&] {
    std::array<Packet, kBatch> packets;
    for (Packet& packet : packets) sent += (packet = random_packet(random, 5000, kStart)).packets;
    engine.count(packets);
  };
  const Counter* counter = engine.sketch("s").counter("src");
  const auto counted = [&] { return Ledger::summarize(counter->ledger(All{})).total; };
  for (int batch = 0; batch < 20; ++batch) send();
  CHECK(counted() < sent);
  engine.begin_flush();
  const uint64_t before = sent;
  int steps = 0;
  // What comes while it walks may stay, what was there may not.
  for (; !engine.flush(); ++steps) send();
  CHECK(steps > 10);
  CHECK(counted() >= before);
  CHECK(engine.flush());
}

TEST(flow_cache_gives_a_new_counter_no_old_packets) {
  Engine engine = engine_with(kTypes);
  std::mt19937_64 random(15);
  engine.count(std::array{random_packet(random, 100, kStart)});
  engine.sketch("s").add_counter(CounterSpec(spec_of("dst")));
  CHECK_EQ(Ledger::summarize(engine.counter("s", "dst").ledger(All{})).total, 0u);
}

TEST(flow_cache_is_part_of_the_price) {
  std::mt19937_64 random(16);
  const size_t before = allocated().now;
  forget_peak();
  Sketch sketch(kSecret, {});
  size_t price = sizeof(Sketch);
  for (const char* type : kTypes) {
    CounterSpec spec(spec_of(type));
    spec.capacity = 16;
    sketch.add_counter(spec);
    price += Sketch::bytes(spec);
  }
  for (uint64_t batch = 0; batch < 2000; ++batch) {
    if (batch % 100 == 0) sketch.roll(kStart + batch / 100);
    std::array<Packet, kBatch> packets;
    for (Packet& packet : packets) packet = random_packet(random, 100'000, kStart);
    sketch.count(packets);
  }
  CHECK(allocated().peak - before <= price);
}
