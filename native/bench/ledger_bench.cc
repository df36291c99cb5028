// What counting costs: Counter::add by flows and counters, the longest stall, merging, and a hit against one
// random access. Every line is the median of the runs.
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <tuple>

#include "core/sketch.h"
#include "traffic.h"

using namespace tallytree;

namespace {

/// CPU time of this thread: what other programs take of the core does not count.
struct Clock {
  using duration = std::chrono::nanoseconds;
  using time_point = std::chrono::time_point<Clock, duration>;
  static time_point now() {
    timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return time_point(std::chrono::seconds(time.tv_sec) + duration(time.tv_nsec));
  }
};

constexpr size_t kPackets = 2'000'000;
constexpr std::array kSeven = {
    "src", "dst", "src_dst", "sport", "dport", "src_dport", "src_sport_dst_dport_proto"};

constexpr Secret kSecret{0x1234567, 0x89abcdef};

int runs = 5;

double ns_since(Clock::time_point start) {
  return std::chrono::duration<double, std::nano>(Clock::now() - start).count();
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

LedgerSpec spec_of(const char* type) {
  LedgerSpec spec;
  spec.key_type = KeyType::parse(type);
  spec.secret = kSecret;
  return spec;
}

/// What looking at the clock costs.
double clock_cost() {
  const auto start = Clock::now();
  for (int i = 0; i < 9999; ++i) Clock::now();
  return ns_since(start) / 10000;
}

struct Cost {
  double each;     ///< ns a packet and counter
  double longest;  ///< us, the slowest batch of 64 over all counters
};

std::unique_ptr<Sketch> sketch_of(size_t counters) {
  auto sketch = std::make_unique<Sketch>(kSecret, Filter{});
  for (size_t i = 0; i < counters; ++i) sketch->add_counter(spec_of(counters == 1 ? "src_dst" : kSeven[i]));
  return sketch;
}

/// Counts the trace by a sketch of so many counters; a pane is closed every 900 000 packets if `panes`.
Cost count(const std::vector<uint32_t>& trace, Sketch& sketch, size_t counters, bool panes) {
  std::array<Packet, kBatch> batch;
  double sum = 0, longest = 0;
  const double own = clock_cost();
  size_t until_roll = 900'000;
  uint64_t second = 1;
  sketch.roll(second);
  for (size_t at = 0; at + kBatch <= trace.size(); at += kBatch) {
    for (size_t i = 0; i < kBatch; ++i) batch[i] = traffic::packet_of(trace[at + i]);
    const bool roll = panes && until_roll < kBatch;
    until_roll = roll ? 900'000 : until_roll - (panes ? kBatch : 0);
    const auto start = Clock::now();
    if (roll) sketch.roll(++second);
    sketch.count(batch);
    const double spent = ns_since(start) - own;
    sum += spent;
    longest = std::max(longest, spent / 1000);
  }
  return {sum / static_cast<double>(trace.size() * counters), longest};
}

void bench_counting(bool panes) {
  for (const size_t flows : {1'000, 10'000, 100'000, 1'000'000}) {
    const auto trace = traffic::zipf_trace(kPackets, traffic::Zipf(flows, 1.0), 42);
    for (const size_t counters : {size_t{1}, kSeven.size()}) {
      std::vector<double> each, longest;
      for (int run = 0; run < runs; ++run) {
        const Cost cost = count(trace, *sketch_of(counters), counters, panes);
        each.push_back(cost.each);
        longest.push_back(cost.longest);
      }
      std::printf(
          "%-9s %7zu flows %zu counters: %6.1f ns a packet and counter; longest batch %6.1f us "
          "(least of the runs %.1f)\n",
          panes ? "panes" : "one pane", flows, counters, median(each), median(longest),
          *std::min_element(longest.begin(), longest.end()));
    }
  }
}

/// What the options of a sketch with one counter cost beside none.
void bench_options() {
  CounterSpec plain = spec_of("src_dst"), spread = plain;
  spread.spread_by = {KeyType::parse("src")};
  const std::tuple<const char*, CounterSpec, Sizes> options[] = {{"src_dst", plain, Sizes::none},
                                                                 {"with spread", spread, Sizes::none},
                                                                 {"with sizes", plain, Sizes::kept}};
  for (const size_t flows : {10'000, 1'000'000}) {
    const auto trace = traffic::zipf_trace(kPackets, traffic::Zipf(flows, 1.0), 42);
    for (const auto& [name, spec, sizes] : options) {
      std::vector<double> each;
      for (int run = 0; run < runs; ++run) {
        Sketch sketch(kSecret, {}, sizes);
        sketch.add_counter(spec);
        each.push_back(count(trace, sketch, 1, true).each);
      }
      std::printf("%-12s %7zu flows: %6.1f ns a packet\n", name, flows, median(each));
    }
  }
}

struct Hashed {
  Key key;
  uint64_t hash;
};

std::vector<Hashed> hashed_keys(const LedgerSpec& spec, const std::vector<uint32_t>& flows) {
  std::vector<Hashed> keys;
  for (const uint32_t flow : flows) {
    Key key;
    spec.key_type.make(traffic::packet_of(flow), key);
    keys.push_back({key, key.hash(spec.secret)});
  }
  return keys;
}

std::vector<uint32_t> uniform_trace(size_t count, uint32_t flows) {
  std::mt19937_64 random(7);
  std::vector<uint32_t> trace(count);
  for (uint32_t& flow : trace) flow = static_cast<uint32_t>(random() % flows);
  return trace;
}

/// The slowest single add of a stream in which every key is new.
void bench_stall(uint32_t capacity) {
  LedgerSpec spec = spec_of("src");
  spec.capacity = capacity;
  std::vector<uint32_t> flows(400'000);
  std::iota(flows.begin(), flows.end(), 0);
  const auto keys = hashed_keys(spec, flows);
  std::vector<double> longest, each;
  for (int run = 0; run < runs; ++run) {
    Ledger ledger(spec);
    double worst = 0;
    const auto begin = Clock::now();
    for (const Hashed& hashed : keys) {
      const auto start = Clock::now();
      ledger.add(hashed.key, hashed.hash, 1);
      worst = std::max(worst, ns_since(start) / 1000);
    }
    each.push_back(ns_since(begin) / static_cast<double>(keys.size()));
    longest.push_back(worst);
  }
  std::printf(
      "every key new, K=%u: %.1f ns an add with its clock; longest add %.1f us (least of the runs %.1f)\n",
      capacity, median(each), median(longest), *std::min_element(longest.begin(), longest.end()));
}

void bench_hits() {
  const LedgerSpec spec = spec_of("src");
  const auto keys = hashed_keys(spec, uniform_trace(kPackets, spec.capacity));
  std::vector<double> adds, accesses;
  for (int run = 0; run < runs; ++run) {
    Ledger ledger(spec);
    for (const Hashed& hashed : keys) ledger.add(hashed.key, hashed.hash, 1);
    auto start = Clock::now();
    for (const Hashed& hashed : keys) ledger.add(hashed.key, hashed.hash, 1);
    adds.push_back(ns_since(start) / kPackets);
    std::vector<uint64_t> table(spec.capacity * 4);  // 32 bytes a key
    start = Clock::now();
    uint64_t at = 0;
    for (const Hashed& hashed : keys) at = ++table[(hashed.hash + (at & 1)) % table.size()];
    accesses.push_back(ns_since(start) / kPackets);
  }
  std::printf("hit %.2f ns, one dependent random access into %u KiB %.2f ns: ratio %.2f\n", median(adds),
              spec.capacity * 32 / 1024, median(accesses), median(adds) / median(accesses));
}

void bench_merge() {
  const LedgerSpec spec = spec_of("src");
  std::vector<std::vector<uint8_t>> encoded;
  const auto trace = traffic::zipf_trace(64 * 50'000, traffic::Zipf(20'000, 1.0), 9);
  const auto keys = hashed_keys(spec, trace);
  for (size_t host = 0; host < 64; ++host) {
    Ledger ledger(spec);
    for (size_t i = 0; i < 50'000; ++i)
      ledger.add(keys[host * 50'000 + i].key, keys[host * 50'000 + i].hash, 1);
    encoded.push_back(ledger.encode());
  }
  std::vector<double> times;
  for (int run = 0; run < runs; ++run) {
    const auto start = Clock::now();
    Ledger sum = Ledger::decode(encoded.front(), spec.secret);
    for (size_t i = 1; i < encoded.size(); ++i) {
      Ledger next = Ledger::decode(encoded[i], spec.secret);
      sum.absorb(next);
    }
    times.push_back(ns_since(start) / 1e6);
  }
  std::printf("merge of 64 encoded ledgers of 4096 keys (%zu KB each): %.1f ms\n",
              encoded.front().size() / 1000, median(times));
}

/// Sixty full seconds: the longest that a packet waits while they close, and what a span costs whom.
void bench_windows() {
  constexpr size_t kSecond = 32'000;
  const auto trace = traffic::zipf_trace(kPackets, traffic::Zipf(100'000, 1.0), 42);
  Sketch sketch(kSecret, {});
  sketch.add_counter(spec_of("src_dst"));
  std::array<Packet, kBatch> batch;
  double longest = 0;
  const double own = clock_cost();
  for (size_t at = 0; at + kBatch <= trace.size(); at += kBatch) {
    for (size_t i = 0; i < kBatch; ++i) batch[i] = traffic::packet_of(trace[at + i]);
    const auto start = Clock::now();
    if (at % kSecond == 0) sketch.roll(600 + at / kSecond);
    sketch.count(batch);
    longest = std::max(longest, (ns_since(start) - own) / 1000);
  }
  const uint64_t now = 600 + (trace.size() - 1) / kSecond;
  std::vector<double> looks, sums;
  for (int run = 0; run < runs; ++run) {
    auto start = Clock::now();
    const Snapshot found = sketch.counter("src_dst")->look({now - 59, now + 1});
    looks.push_back(ns_since(start) / 1000);
    start = Clock::now();
    const auto encoded = found.ledger().encode();
    sums.push_back(ns_since(start) / 1e6);
  }
  std::printf(
      "60 panes of %zu packets: longest batch %.1f us; a span of 60 s: %.1f us for the thread that "
      "counts, %.1f ms for another\n",
      kSecond, longest, median(looks), median(sums));
}

/// Seven counters and their flow cache full, then the clock jumps: the longest that a packet waits.
void bench_gap() {
  const auto trace = traffic::zipf_trace(400'000, traffic::Zipf(1'000'000, 1.0), 3);
  Sketch sketch(kSecret, {});
  for (const char* type : kSeven) sketch.add_counter(spec_of(type));
  std::array<Packet, kBatch> batch;
  double longest = 0;
  const double own = clock_cost();
  uint64_t second = 600;
  sketch.roll(second);
  for (size_t at = 0; at + kBatch <= trace.size(); at += kBatch) {
    for (size_t i = 0; i < kBatch; ++i) batch[i] = traffic::packet_of(trace[at + i]);
    const auto start = Clock::now();
    if (at % 64'000 == 0) sketch.roll(second += 5);
    sketch.count(batch);
    longest = std::max(longest, (ns_since(start) - own) / 1000);
  }
  std::printf("seven counters, the clock jumps by 5 s: longest batch %.1f us\n", longest);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1) runs = std::atoi(argv[1]);
  bench_hits();
  for (const uint32_t capacity : {4096u, 65536u}) bench_stall(capacity);
  bench_merge();
  bench_counting(false);
  bench_counting(true);
  bench_options();
  bench_windows();
  bench_gap();
  std::printf("a src counter's ceiling: %zu KB\n", Sketch::bytes(spec_of("src")) / 1000);
}
