// Sketches and panes: what is counted where, and when a second closes.
#include "core/engine.h"

#include <cmath>
#include <map>
#include <random>
#include <stdexcept>

#include "check.h"
#include "core/errors.h"

using namespace tallytree;

namespace {

Packet packet_from(uint8_t host, uint64_t second) {
  Packet packet;
  packet.src = {10, 0, 0, host};
  packet.dst = {10, 0, 0, 5};
  packet.proto = 1;
  packet.bytes = 84;
  packet.direction = Direction::input;
  packet.second = second;
  return packet;
}

Engine engine_with(const char* key_type, Filter filter = {}, Increment increment = Increment::packets) {
  Engine engine;
  engine.add("s", std::make_unique<Sketch>(Secret{1, 2}, filter));
  CounterSpec spec;
  spec.key_type = KeyType::parse(key_type);
  spec.increment = increment;
  engine.sketch("s").add_counter(spec);
  return engine;
}

uint64_t count_of(Engine& engine, const char* key_type, const char* key, Window window) {
  const Counter& counter = engine.counter("s", key_type);
  const Ledger ledger = Ledger::decode(counter.ledger(window), Secret{1, 2});
  const Key wanted = counter.spec().key_type.read(key);
  return ledger.interval(wanted, wanted.hash(Secret{1, 2})).lower;
}

double distinct_of(Engine& engine, const char* key_type, Window window) {
  return Distinct::decode(engine.counter("s", key_type).distinct(window)).set.count().count;
}

}  // namespace

TEST(engine_counts_each_packet_once_over_closing_panes) {
  Engine engine = engine_with("src");
  for (uint64_t second = 100; second < 110; ++second)
    engine.count(std::array{packet_from(6, second), packet_from(7, second)});
  CHECK_EQ(count_of(engine, "src", "10.0.0.6", All{}), 10u);
  CHECK_EQ(count_of(engine, "src", "10.0.0.6", Realtime{}), 2u);
  const Key key = KeyType::parse("src").read("10.0.0.6");
  CHECK((engine.counter("s", "src").interval(key) == Interval{10, 10}));
}

TEST(engine_closes_panes_inside_a_batch) {
  Engine engine = engine_with("src");
  engine.count(
      std::array{packet_from(6, 100), packet_from(6, 100), packet_from(6, 103), packet_from(6, 104)});
  CHECK_EQ(count_of(engine, "src", "10.0.0.6", Realtime{}), 2u);
  CHECK_EQ(count_of(engine, "src", "10.0.0.6", All{}), 4u);
}

TEST(engine_empties_the_real_time_window_of_an_idle_link) {
  Engine engine = engine_with("src");
  engine.count(std::array{packet_from(6, 100)});
  engine.advance(101);
  CHECK_EQ(distinct_of(engine, "src", Realtime{}), 1.0);
  engine.advance(102);
  CHECK_EQ(distinct_of(engine, "src", Realtime{}), 0.0);
  CHECK_EQ(distinct_of(engine, "src", All{}), 1.0);
  CHECK_EQ(count_of(engine, "src", "10.0.0.6", All{}), 1u);
}

TEST(engine_counts_late_packets_in_the_running_second) {
  Engine engine = engine_with("src");
  engine.advance(200);
  engine.count(std::array{packet_from(6, 199)});
  CHECK_EQ(count_of(engine, "src", "10.0.0.6", Realtime{}), 1u);
}

TEST(engine_counts_a_late_packet_in_its_second_after_a_gap_too) {
  for (const bool cached : {false, true}) {
    Engine engine = engine_with("src");
    CounterSpec spec;
    spec.key_type = KeyType::parse("dst");
    if (cached) engine.sketch("s").add_counter(spec);
    engine.count(std::array{packet_from(6, 100), packet_from(6, 101)});
    for (const uint64_t second : {105, 104, 104, 105}) engine.count(std::array{packet_from(6, second)});
    const auto in = [&](uint64_t from, uint64_t to) {
      return count_of(engine, "src", "10.0.0.6", Span{from, to});
    };
    CHECK_EQ(in(100, 101), 1u);
    CHECK_EQ(in(101, 102), 1u);
    CHECK_EQ(in(102, 104), 0u);
    CHECK_EQ(in(104, 105), 2u);
    CHECK_EQ(in(105, 106), 2u);
    CHECK_EQ(count_of(engine, "src", "10.0.0.6", All{}), 6u);
  }
}

TEST(engine_counts_wire_packets_and_bytes) {
  Engine packets = engine_with("src"), bytes = engine_with("src", {}, Increment::bytes);
  Packet super = packet_from(6, 100);
  super.packets = 45;
  super.bytes = 65000;
  packets.count(std::array{super});
  bytes.count(std::array{super});
  CHECK_EQ(count_of(packets, "src", "10.0.0.6", All{}), 45u);
  CHECK_EQ(count_of(bytes, "src", "10.0.0.6", All{}), 65000u);
  CHECK_EQ(packets.sketch("s").totals().packets, 45u);
  CHECK_EQ(packets.sketch("s").totals().bytes, 65000u);
}

TEST(engine_tells_how_many_socket_buffers_some_sketch_counted) {
  Engine engine;
  Filter pings, carried;
  pings.proto = 1;
  carried.inner = true;
  engine.add("pings", std::make_unique<Sketch>(Secret{1, 2}, pings));
  engine.add("more pings", std::make_unique<Sketch>(Secret{1, 2}, pings));
  engine.add("carried", std::make_unique<Sketch>(Secret{1, 2}, carried));
  Packet ping = packet_from(6, 100), other = ping, inner = ping, alone = ping;
  ping.packets = 45;
  other.proto = 17;
  inner.carrier = alone.carrier = Carrier::other;
  inner.inside = true;
  // Two buffers of one packet each; two of a tunnel's and its content, one of a content alone.
  engine.count(std::array{ping, other, ping, inner, other, inner, alone});
  CHECK_EQ(engine.matched(), 4u);
  CHECK_EQ(engine.sketch("pings").totals().buffers, 2u);
  CHECK_EQ(engine.sketch("pings").totals().packets, 90u);
  CHECK_EQ(engine.sketch("carried").totals().buffers, 3u);
  engine.count(std::array{other});
  CHECK_EQ(engine.matched(), 4u);
}

TEST(engine_remembers_packets_that_have_no_such_key) {
  Engine engine = engine_with("dport");
  engine.count(std::array{packet_from(6, 100), packet_from(6, 100)});
  CHECK_EQ(Ledger::summarize(engine.counter("s", "dport").ledger(All{})).unkeyed, 2u);
  CHECK_EQ(Ledger::summarize(engine.counter("s", "dport").ledger(All{})).total, 0u);
}

TEST(filter_matches_field_by_field) {
  Packet tcp = packet_from(6, 100);
  tcp.proto = 6;
  tcp.has_ports = true;
  tcp.sport = 1234;
  tcp.dport = 80;
  const auto matches = [&](auto change) {
    Filter filter;
    change(filter);
    return Pattern(filter).matches(tcp);
  };
  CHECK(matches([](Filter&) {}));
  CHECK(!matches([](Filter& f) { f.direction = Direction::output; }));
  CHECK(matches([](Filter& f) { f.proto = 6; }) && !matches([](Filter& f) { f.proto = 17; }));
  CHECK(matches([](Filter& f) { f.src = Prefix::parse("10.0.0.0/29"); }));
  CHECK(!matches([](Filter& f) { f.dst = Prefix::parse("10.0.0.6"); }));
  CHECK(matches([](Filter& f) { f.dport = 80; }) && !matches([](Filter& f) { f.dport = 81; }));
  CHECK(!matches([](Filter& f) { f.sport = 1; }));
  CHECK(matches([](Filter& f) { f.sport = 1234; }));
  CHECK(!matches([](Filter& f) { f.src = Prefix::parse("::/0"); }));
  CHECK(!matches([](Filter& f) {
    f.src = Prefix::parse("0.0.0.0/0");
    f.dst = Prefix::parse("::/0");
  }));
  CHECK(!matches([](Filter& f) { f.device = "nowhere0"; }));
  CHECK(!matches([](Filter& f) { f.inner = true; }));
  tcp.ifindex = 7;
  CHECK(matches([](Filter& f) { f.device = "eth0", f.ifindex = 7; }));
  CHECK(!matches([](Filter& f) { f.device = "eth0", f.ifindex = 6; }));
  tcp.carrier = Carrier::other;
  CHECK(matches([](Filter& f) { f.inner = true; }) && !matches([](Filter&) {}));
  tcp.carrier = Carrier::none;
  tcp.has_ports = false;
  CHECK(!matches([](Filter& f) { f.dport = 80; }));
  CHECK(!matches([](Filter& f) { f.direction = Direction::forward; }));
  tcp.direction = Direction::input | Direction::forward;
  CHECK(matches([](Filter& f) { f.direction = Direction::forward; }) && matches([](Filter&) {}));
  CHECK(!matches([](Filter& f) { f.direction = Direction::mirror; }));
  tcp.loopback = true;
  CHECK(!matches([](Filter&) {}));
  CHECK(matches([](Filter& f) { f.device = "lo", f.ifindex = 7; }));
  tcp.foreign = true;
  CHECK(!matches([](Filter& f) { f.device = "lo", f.ifindex = 7; }));
}

TEST(engine_asks_for_passing_packets_while_a_sketch_counts_them) {
  Engine engine = engine_with("src");
  CHECK(!engine.interest().passing());
  Filter routed;
  routed.direction = Direction::forward;
  engine.add("r", std::make_unique<Sketch>(Secret{}, routed));
  CHECK(engine.interest().passing());
  engine.remove("r");
  CHECK(!engine.interest().passing());
}

TEST(engine_takes_over_a_sketch_that_goes_on_with_its_totals_and_counters) {
  Engine earlier = engine_with("src");
  earlier.count(std::array{packet_from(6, 100), packet_from(6, 100)});
  for (const uint64_t clock : {0, 110}) {
    Engine engine;
    engine.advance(clock);
    auto sketch = std::make_unique<Sketch>(Secret{1, 2}, Filter{}, Sizes::none, earlier.sketch("s").totals());
    sketch->add_counter(earlier.counter("s", "src").save());
    engine.add("s", std::move(sketch));
    engine.count(std::array{packet_from(6, 110), packet_from(6, 111)});
    const auto count = [&](Window window) { return count_of(engine, "src", "10.0.0.6", window); };
    CHECK_EQ(engine.sketch("s").totals().packets, 4u);
    CHECK_EQ(count(All{}), 4u);
    CHECK_EQ(count(Span{100, 101}), 2u);
    CHECK_EQ(count(Span{110, 112}), 2u);
  }
}

TEST(engine_says_what_is_not_there) {
  Engine engine = engine_with("src");
  const auto missing = [](auto body) {
    try {
      body();
      return false;
    } catch (const std::out_of_range&) {
      return true;
    }
  };
  CHECK(missing([&] { engine.sketch("t"); }));
  CHECK(missing([&] { engine.counter("s", "dst"); }));
  CHECK(missing([&] { engine.remove("t"); }));
  bool conflict = false;
  try {
    engine.sketch("s").add_counter(engine.counter("s", "src").spec());
  } catch (const Conflict&) {
    conflict = true;
  }
  CHECK(conflict);
}

TEST(engine_answers_while_a_closed_second_moves_into_the_sum) {
  Engine engine = engine_with("src");
  std::map<uint32_t, uint64_t> truth;
  std::mt19937_64 random(4);
  Key key;
  int violations = 0;
  for (int batch = 0; batch < 1200; ++batch) {
    std::array<Packet, kBatch> packets;
    for (Packet& packet : packets) {
      const auto number =
          static_cast<uint32_t>(std::pow(60000, std::uniform_real_distribution<>(0, 1)(random)));
      packet = packet_from(0, 100 + batch / 400);
      std::memcpy(packet.src.data(), &number, 4);
      ++truth[number];
    }
    engine.count(packets);
    if (batch % 7 != 0 && batch % 400 > 3) continue;
    const Counter& counter = engine.counter("s", "src");
    for (const auto& [number, count] : truth) {
      Packet packet = packets[0];
      std::memcpy(packet.src.data(), &number, 4);
      counter.spec().key_type.make(packet, key);
      const Interval found = counter.interval(key);
      violations += found.lower > count || found.upper < count;
    }
    if (batch % 50 > 3) continue;
    const Ledger sum = Ledger::decode(counter.ledger(All{}), Secret{1, 2});
    violations += sum.total() != static_cast<uint64_t>(batch + 1) * kBatch;
    for (const auto& [number, count] : truth) {
      Packet packet = packets[0];
      std::memcpy(packet.src.data(), &number, 4);
      counter.spec().key_type.make(packet, key);
      const Interval found = sum.interval(key, key.hash(Secret{1, 2}));
      violations += found.lower > count || found.upper < count;
    }
  }
  CHECK_EQ(violations, 0);
}
