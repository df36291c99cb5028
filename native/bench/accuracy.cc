// Accuracy at equal memory against our own re-implementations of published sketches. Every memory figure is
// what is allocated. accuracy FOLDER [SEEDS] writes accuracy.json and accuracy.md there.
#include "accuracy.h"
#include "core/ledger_sum.h"

using namespace tallytree;
using namespace tallytree::accuracy;

namespace {

constexpr double kHeavy = 0.0002;

report::Report results;

template <typename Sketch>
Sketch counted(Sketch sketch, const std::vector<uint32_t>& keys) {
  for (const uint32_t key : keys) sketch.add(key);
  return sketch;
}

void heavy_hitters() {
  for (const bool bursty : {false, true}) {
    for (const size_t kb : {100, 200, 400, 600}) {
      report::Means means;
      for (uint64_t seed = 1; seed <= seeds; ++seed) {
        const Trace trace = trace_of(bursty, seed);
        const auto judge = [&](const std::string& who, const std::vector<Counted>& found) {
          means.add(who, traces::score(found, trace.truth, kHeavy * kPackets));
        };
        for (const Split split : {Split{}, Split{0}})
          judge(split.name(), listed(accuracy::counted(kb * 1000, split, trace.keys)));
        judge("Elastic", counted(peers::Elastic(kb * 1000), trace.keys).listed());
        judge("CocoSketch", counted(peers::Coco(kb * 1000), trace.keys).listed());
        if (kb == 100) judge("Space-Saving", counted(peers::SpaceSaving(kb * 1000), trace.keys).listed());
      }
      means.write(results, "heavy hitters", setting(kb, bursty));
    }
  }
}

/// A key with an entry is estimated by its certain count, one without by its upper bound.
double estimate(const Ledger& ledger, uint32_t number) {
  const Key key = key_of(number);
  const Interval found = ledger.interval(key, key.hash(kSecret));
  return static_cast<double>(found.lower > 0 ? found.lower : found.upper);
}

void all_flows() {
  const size_t bytes = 600'000;
  for (const bool bursty : {false, true}) {
    report::Means means;
    for (uint64_t seed = 1; seed <= seeds; ++seed) {
      const Trace trace = trace_of(bursty, seed);
      const auto judge = [&](const std::string& who, const auto& asked) {
        means.add(who, "ARE", traces::all_flow_error(trace.truth, asked));
      };
      const auto plain = counted(peers::CountMin(bytes), trace.keys);
      judge("count-min", [&](uint32_t key) { return plain.estimate(key); });
      const auto elastic = counted(peers::Elastic(bytes), trace.keys);
      judge("Elastic", [&](uint32_t key) { return elastic.estimate(key); });
      for (const Split split : {Split{}, Split{4}, Split{24}}) {
        const Ledger ledger = accuracy::counted(bytes, split, trace.keys);
        judge(split.name(), [&](uint32_t key) { return estimate(ledger, key); });
      }
    }
    means.write(results, "all flows", setting(bytes / 1000, bursty));
  }
}

void top_100() {
  const Trace trace =
      traces::bursty(traces::shuffled(10'000'000, traffic::Zipf(1'000'000, 1.0), 1'000'000, 1), 1);
  for (const size_t kb : {10, 20, 30, 50}) {
    const auto judge = [&](const std::string& who, const std::vector<Counted>& found) {
      results.note({"top 100 of 1 M flows", setting(kb, true), who, "precision",
                    traces::top_precision(found, trace.truth, 100)});
    };
    for (const Split split : {Split{}, Split{0}})
      judge(split.name(), listed(accuracy::counted(kb * 1000, split, trace.keys)));
    judge("HeavyKeeper", counted(peers::HeavyKeeper(kb * 1000, 100), trace.keys).listed());
    judge("CocoSketch", counted(peers::Coco(kb * 1000), trace.keys).listed());
    judge("Space-Saving", counted(peers::SpaceSaving(kb * 1000), trace.keys).listed());
  }
}

/// Every key split over all hosts.
void merging() {
  constexpr size_t kBytes = 200'000;
  for (const Split split : {Split{}, Split{0}}) {
    report::Means means;
    for (uint64_t seed = 1; seed <= seeds; ++seed) {
      const Trace trace = trace_of(true, seed);
      std::vector<std::vector<uint32_t>> parts(16);
      for (size_t i = 0; i < trace.keys.size(); ++i)
        parts[traffic::scrambled(i) % parts.size()].push_back(trace.keys[i]);
      LedgerSum sum(spec_of(kBytes, split));
      for (const auto& part : parts) sum.add(accuracy::counted(kBytes, split, part).encode());
      means.add(split.name(), traces::score(listed(sum.take()), trace.truth, kHeavy * kPackets));
    }
    means.write(results, "merge of 16 hosts", "200 KB each, bursty");
  }
}

constexpr const char* kPreface = R"(# Accuracy at equal memory

Made by `npm run bench:accuracy`; seeds are fixed. Memory is what is allocated. "ledger" is what a user gets without
asking; "cold c" has c bytes of each cold row for each key of the table. Ledgers count by certain lower bound. The
others are our own re-implementations. Unless said otherwise: 2.5 M packets, 110 K flows, Zipf-Mandelbrot (q 11,
alpha 1), the mean over the seeds, and the worst of the F1.

- Heavy hitters have more than 0.02 %. All flows: keys without an entry count by their upper bound.
- Top 100: 10 M packets, Zipf 1.0, one seed.
- Heavy change: the packets of one key in four go to others in the second window. All count by the likely counts that
  `query change` shows: an estimate by the cold cells, and in "spans", which are five panes of 1024 keys without
  cells, the certain count and a fifth of what is uncertain, a tenth for keys without an entry.
- Flow sizes: the weighted mean relative difference of the numbers of flows in each class 2^i..2^(i+1)-1. "cold 0" has
  a power law where the other looks at cells. Published figures are for other traces and by single sizes.
- Partial keys: one 5-tuple ledger of 500 KB (CocoSketch: 17 bytes a bucket) read by six key types, and six ledgers of
  a sixth of it; keys with more than 0.01 %.

Short of what we want: heavy change over spans and at 100 KB (wanted F1 0.995; at 200 KB shuffled it is 0.9938 over ten
seeds, one key more than wanted, and 0.9951 over thirty), and coarse keys out of a 5-tuple ledger: what was evicted
belongs to no group for certain, so a counter of its own answers better. HeavyKeeper's published precision at 10 KB
(82 %) is on another trace; there we are behind CocoSketch on ours too.
)";

}  // namespace

int main(int argc, char** argv) {
  const std::string folder = argc > 1 ? argv[1] : ".";
  if (argc > 2) seeds = std::stoull(argv[2]);
  heavy_hitters();
  all_flows();
  top_100();
  merging();
  heavy_change(results);
  flow_size_classes(results);
  distinct_keys(results);
  partial_keys(results);
  results.write_json(folder + "/accuracy.json");
  results.write_markdown(folder + "/accuracy.md", kPreface + ("\nSeeds: " + std::to_string(seeds) + ".\n"));
}
