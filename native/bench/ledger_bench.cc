// What a ledger costs: the longest stall, merging, and a hit against one random access; then counting by
// whole sketches. Every line is the median of the runs, in CPU time of the thread.
#include <cstdio>
#include <cstdlib>

#include "bench.h"
#include "core/ledger_sum.h"
#include "traffic.h"

using namespace tallytree;
using namespace tallytree::bench;

namespace {

int runs = 5;

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
  const std::vector<std::span<const uint8_t>> spans(encoded.begin(), encoded.end());
  std::vector<double> times;
  for (int run = 0; run < runs; ++run) {
    const auto start = Clock::now();
    const Ledger sum = sum_of(spans, spec.secret);
    times.push_back(ns_since(start) / 1e6);
  }
  std::printf("merge of 64 encoded ledgers of 4096 keys (%zu KB each): %.1f ms\n",
              encoded.front().size() / 1000, median(times));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1) runs = std::atoi(argv[1]);
  bench_hits();
  for (const uint32_t capacity : {4096u, 65536u}) bench_stall(capacity);
  bench_merge();
  bench_sketches(runs);
  std::printf("a src counter's ceiling: %zu KB\n", Sketch::bytes(CounterSpec(spec_of("src"))) / 1000);
}
