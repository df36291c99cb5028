// What counting costs a sketch: a packet by flows, counters and options, and the longest stalls.
#include <cstdio>
#include <memory>
#include <tuple>

#include "bench.h"
#include "traffic.h"

namespace tallytree::bench {
namespace {

constexpr std::array kSeven = {
    "src", "dst", "src_dst", "sport", "dport", "src_dport", "src_sport_dst_dport_proto"};

int runs = 5;

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
  for (size_t i = 0; i < counters; ++i)
    sketch->add_counter(CounterSpec(spec_of(counters == 1 ? "src_dst" : kSeven[i])));
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
  CounterSpec plain(spec_of("src_dst")), spread = plain;
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

/// Sixty full seconds: the longest that a packet waits while they close, and what a span costs whom.
void bench_windows() {
  constexpr size_t kSecond = 32'000;
  const auto trace = traffic::zipf_trace(kPackets, traffic::Zipf(100'000, 1.0), 42);
  Sketch sketch(kSecret, {});
  sketch.add_counter(CounterSpec(spec_of("src_dst")));
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
void bench_gap(int jump) {
  const auto trace = traffic::zipf_trace(400'000, traffic::Zipf(1'000'000, 1.0), 3);
  Sketch sketch(kSecret, {});
  for (const char* type : kSeven) sketch.add_counter(CounterSpec(spec_of(type)));
  std::array<Packet, kBatch> batch;
  double longest = 0;
  const double own = clock_cost();
  uint64_t second = 6000;
  sketch.roll(second);
  for (size_t at = 0; at + kBatch <= trace.size(); at += kBatch) {
    for (size_t i = 0; i < kBatch; ++i) batch[i] = traffic::packet_of(trace[at + i]);
    const auto start = Clock::now();
    if (at % 64'000 == 0) sketch.roll(second += static_cast<uint64_t>(jump));
    sketch.count(batch);
    longest = std::max(longest, (ns_since(start) - own) / 1000);
  }
  std::printf("seven counters, the clock jumps by %+d s: longest batch %.1f us\n", jump, longest);
}

}  // namespace

void bench_sketches(int wanted_runs) {
  runs = wanted_runs;
  bench_counting(false);
  bench_counting(true);
  bench_options();
  bench_windows();
  for (const int jump : {5, -3}) bench_gap(jump);
}

}  // namespace tallytree::bench
