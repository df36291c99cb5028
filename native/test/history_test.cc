// Panes: what spans answer, beside a record of every packet by its second.
#include <malloc.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <random>

#include "../core/engine.h"
#include "../core/reduction.h"
#include "check.h"

using namespace tallytree;

namespace {

constexpr uint64_t kStart = 1'800'000'000;  // on a minute
const Secret kSecret{3, 4};

LedgerSpec spec_of(const char* key_type, uint32_t capacity = 4096) {
  LedgerSpec spec;
  spec.key_type = KeyType::parse(key_type);
  spec.capacity = capacity;
  spec.secret = kSecret;
  return spec;
}

Packet packet_from(uint32_t number, uint64_t second) {
  Packet packet;
  packet.family = 4;
  packet.proto = 6;
  packet.packets = 1;
  packet.bytes = 84;
  packet.second = second;
  std::memcpy(packet.src.data(), &number, 4);
  return packet;
}

/// One engine with one counter, and what it must know.
struct Watched {
  explicit Watched(uint32_t capacity = 4096) {
    engine.add("s", std::make_unique<Sketch>(kSecret, Filter{}));
    engine.sketch("s").add_counter(CounterSpec(spec_of("src", capacity)));
  }
  const Counter& counter() { return engine.counter("s", "src"); }
  void send(uint32_t number, uint64_t second) {
    const Packet packet = packet_from(number, second);
    engine.count({&packet, 1});
    ++seen[second][number];
  }
  std::map<uint32_t, uint64_t> truth(const Span& span) const {
    std::map<uint32_t, uint64_t> sums;
    for (auto at = seen.lower_bound(span.from); at != seen.end() && at->first < span.to; ++at)
      for (const auto& [number, count] : at->second) sums[number] += count;
    return sums;
  }
  Key key_of(uint32_t number) {
    Key key;
    counter().spec().key_type.make(packet_from(number, 0), key);
    return key;
  }

  Engine engine;
  std::map<uint64_t, std::map<uint32_t, uint64_t>> seen;
};

/// How many answers about a span are wrong.
int errors_of(Watched& watched, const Span& span, bool must_be_exact) {
  const Snapshot found = watched.counter().look(span);
  const Ledger sum = Ledger::decode(found.ledger().encode(), kSecret);
  const auto truth = watched.truth(found.covered);
  uint64_t total = 0;
  int errors = must_be_exact && !sum.exact();
  for (const auto& [number, count] : truth) {
    const Key key = watched.key_of(number);
    const Interval one = sum.interval(key, key.hash(kSecret));
    errors += one.lower > count || one.upper < count || (sum.exact() && one.lower != one.upper);
    total += count;
  }
  const Key some = watched.key_of(truth.empty() ? 1 : truth.begin()->first);
  const uint64_t count = truth.empty() ? 0 : truth.begin()->second;
  const Interval alone = found.interval(some);
  const DistinctCount keys = found.distinct().count();
  errors += alone.lower > count || alone.upper < count || sum.total() != total;
  errors += keys.exact ? keys.count != static_cast<double>(truth.size()) : must_be_exact;
  return errors;
}

}  // namespace

TEST(history_answers_the_last_minute_to_the_second) {
  Watched watched;
  for (uint64_t second = 0; second < 90; ++second)
    for (uint32_t i = 0; i <= second % 7; ++i) watched.send(i, kStart + second);
  int errors = 0;
  for (uint64_t from = 29; from < 90; ++from)
    for (uint64_t to = from; to <= 90; to += 5) {
      const Span span{kStart + from, kStart + to};
      errors += errors_of(watched, span, true) || !(watched.counter().covered(span) == span);
    }
  CHECK_EQ(errors, 0);
}

TEST(history_answers_the_last_hour_to_the_minute) {
  Watched watched;
  for (uint64_t second = 0; second < 2 * 3600; ++second) watched.send(second % 50, kStart + second);
  const uint64_t now = kStart + 2 * 3600 - 1;
  CHECK(
      (watched.counter().covered(Span{kStart + 5000, kStart + 5001}) == Span{kStart + 4980, kStart + 5040}));
  CHECK((watched.counter().covered(Span{kStart + 5000, now + 1}) == Span{kStart + 4980, now + 1}));
  CHECK((watched.counter().covered(Span{kStart, now + 500}) == Span{kStart + 3540, now + 1}));
  int errors = 0;
  for (uint64_t from = 3500; from < 7200; from += 41)
    for (uint64_t length : {1, 59, 60, 61, 1000, 3600})
      errors += errors_of(watched, {kStart + from, kStart + from + length}, true);
  CHECK_EQ(errors, 0);
}

TEST(history_begins_when_the_counter_was_made) {
  Watched watched;
  watched.send(1, kStart + 30);
  watched.send(1, kStart + 31);
  CHECK((watched.counter().covered(Span{5, kStart + 31}) == Span{kStart + 30, kStart + 31}));
  CHECK((watched.counter().covered(Span{5, 6}) == Span{6, 6}));
  CHECK((watched.counter().covered(Span{kStart + 50, kStart + 60}) == Span{kStart + 50, kStart + 50}));
  CHECK((watched.counter().covered(All{}) == Span{kStart + 30, kStart + 32}));
  CHECK_EQ(errors_of(watched, {0, kStart + 31}, true), 0);
  CHECK_EQ(errors_of(watched, {kStart + 100, kStart + 200}, true), 0);
}

TEST(history_is_right_at_every_moment_of_closing) {
  Watched watched;
  for (uint64_t second = 50; second < 130; ++second)
    for (uint32_t i = 0; i < 400; ++i) {
      watched.send(i, kStart + second);
      if (second < 115 || i % 13 != 0) continue;
      CHECK_EQ(errors_of(watched, {kStart + second - 4, kStart + second + 1}, true), 0);
      if (i % 91 == 0) CHECK_EQ(errors_of(watched, {kStart, kStart + 120}, true), 0);
    }
}

TEST(history_outlives_idle_times_and_jumps_of_the_clock) {
  Watched watched;
  std::mt19937_64 random(7);
  uint64_t second = kStart;
  int errors = 0;
  for (int step = 0; step < test::repeated(1500); ++step) {
    second += random() % 40 == 0 ? random() % 500 : random() % 3;
    if (random() % 4 == 0) watched.engine.advance(second);
    for (int i = 0; i < 5; ++i) watched.send(random() % 100, second);
    const uint64_t from = second - random() % 4000, to = from + 1 + random() % 4000;
    errors += errors_of(watched, {from, to}, true);
  }
  CHECK_EQ(errors, 0);
}

TEST(history_begins_anew_when_the_clock_is_set_back) {
  Watched watched;
  for (uint64_t second = 0; second < 100; ++second) watched.send(1, kStart + second);
  watched.engine.set_clock(kStart + 98);  // a little behind the packets: nothing happens
  CHECK_EQ(errors_of(watched, {kStart + 50, kStart + 100}, true), 0);
  watched.engine.set_clock(kStart + 20);
  watched.seen.clear();
  watched.send(2, kStart + 20);
  watched.send(2, kStart + 21);
  CHECK((watched.counter().covered(Span{kStart, kStart + 100}) == Span{kStart + 20, kStart + 22}));
  CHECK_EQ(errors_of(watched, {kStart, kStart + 100}, true), 0);
  CHECK((watched.counter().interval(watched.key_of(1)) == Interval{100, 100}));
}

TEST(counters_settle_by_steps_when_the_clock_is_set_back) {
  Counter counter(CounterSpec(spec_of("src")));
  const auto send = [&](uint32_t first, uint64_t second) {
    for (uint32_t number = first; number < first + 3000; ++number) {
      const Packet packet = packet_from(number, second);
      const Packet* one = &packet;
      counter.add({&one, 1}, second);
    }
  };
  const auto count_of = [&](uint32_t number, const Window& window) {
    Key key;
    counter.spec().key_type.make(packet_from(number, 0), key);
    return counter.interval(key, window);
  };
  for (const uint64_t second : {kStart, kStart + 1}) {
    counter.roll(second);
    send(0, second);
  }
  counter.roll(kStart - 50);
  send(0, kStart + 1);  // of a flow that was held back
  send(2000, kStart - 50);
  CHECK(!counter.settle(64));
  for (bool settled = false; !settled; settled = counter.settle(64)) {
    CHECK((count_of(2500, All{}) == Interval{4, 4}));
    CHECK((count_of(2500, Realtime{}) == Interval{1, 1}));
    CHECK((count_of(2500, Span{kStart - 60, kStart + 60}) == Interval{1, 1}));
  }
  counter.roll(kStart - 49);
  CHECK((count_of(10, All{}) == Interval{3, 3}));
  CHECK((count_of(10, Span{kStart - 60, kStart + 60}) == Interval{0, 0}));
}

TEST(history_counts_a_late_packet_in_its_own_second) {
  Watched watched;
  watched.send(1, kStart);
  watched.engine.advance(kStart + 1);
  watched.send(1, kStart);
  watched.send(2, kStart + 1);
  CHECK_EQ(errors_of(watched, {kStart, kStart + 1}, true), 0);
  CHECK_EQ(errors_of(watched, {kStart + 1, kStart + 2}, true), 0);
}

TEST(history_stays_certain_beyond_what_a_sealed_pane_holds) {
  for (const uint32_t capacity : {64, 4096}) {
    Watched watched(capacity);
    std::mt19937_64 random(capacity);
    std::uniform_real_distribution<> exponent(0, 1);
    for (uint64_t second = 0; second < 150; ++second)
      for (int i = 0; i < 3000; ++i)
        watched.send(static_cast<uint32_t>(std::pow(60000, exponent(random))), kStart + second);
    int errors = 0;
    for (const auto& [from, to] : {std::pair{140, 150}, {100, 150}, {0, 120}, {149, 150}, {148, 149}})
      errors += errors_of(watched, {kStart + from, kStart + to}, false);
    CHECK_EQ(errors, 0);
    const Ledger sum = watched.counter().look({kStart + 100, kStart + 150}).ledger();
    CHECK(sum.floor() <= sum.total() / (std::min(capacity, 1024u) * 3 / 4));
  }
}

TEST(reduction_keeps_the_largest) {
  Ledger full(spec_of("src"));
  LedgerSpec small = window_spec(spec_of("src", 16));
  std::vector<uint64_t> counts;
  Key key;
  for (uint32_t number = 0; number < 1000; ++number) {
    full.spec().key_type.make(packet_from(number, 0), key);
    const uint64_t count = number % 10 == 0 ? 100'000 + number : 1 + number % 50;
    full.add(key, key.hash(kSecret), count);
    counts.push_back(count);
  }
  std::sort(counts.rbegin(), counts.rend());
  const Ledger top = reduced(full, small);
  const auto entries = top.entries();
  CHECK_EQ(entries.size(), 16u);
  for (size_t i = 0; i < entries.size(); ++i) CHECK_EQ(entries[i].interval.lower, counts[i]);
  CHECK_EQ(top.floor(), counts[15]);
  CHECK_EQ(top.total(), full.total());
}

TEST(counter_holds_no_more_than_its_price) {
  const CounterSpec spec(spec_of("src_sport_dst_dport_proto"));
  const size_t before = mallinfo2().uordblks + mallinfo2().hblkhd;
  Counter counter(spec);
  std::mt19937_64 random(1);
  const auto flood = [&](uint64_t second, int packets) {
    counter.roll(second);
    for (int i = 0; i < packets; ++i) {
      Packet packet = packet_from(0, second);
      packet.family = 6;
      packet.has_ports = true;
      packet.packets = 5'000'000;
      for (size_t at = 0; at < 16; at += 8) {
        const uint64_t number = random();
        std::memcpy(packet.src.data() + at, &number, 8);
      }
      const Packet* const one[] = {&packet};
      counter.add(one);
    }
  };
  for (uint64_t minute = 0; minute < 62; ++minute) flood(kStart + minute * 60, 5000);
  for (uint64_t second = 0; second < 70; ++second) flood(kStart + 62 * 60 + second, 5000);
  counter.settle();
  const size_t held = mallinfo2().uordblks + mallinfo2().hblkhd - before;
  CHECK(held + sizeof(Counter) <= Counter::bytes(spec));
  CHECK(held == 0 || held > Counter::bytes(spec) / 3);
}
