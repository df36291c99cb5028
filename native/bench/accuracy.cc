// Accuracy at equal memory against our own re-implementations of published sketches. Every memory figure is
// what is allocated. accuracy FOLDER writes accuracy.json and accuracy.md there.
#include <string>

#include "core/distinct.h"
#include "core/ledger.h"
#include "peers.h"
#include "report.h"
#include "traces.h"

using namespace tallytree;
using traces::Counted;
using traces::Trace;

namespace {

constexpr Secret kSecret{0x1234567, 0x89abcdef};
constexpr size_t kFlows = 110'000, kPackets = 2'500'000;
constexpr double kHeavy = 0.0002, kChange = 0.0005;
constexpr uint64_t kSeeds = 3;

report::Report results;

Key key_of(uint32_t number) {
  Key key;
  key.bytes[0] = 4;
  std::memcpy(key.bytes.data() + 1, &number, 4);
  return key;
}

/// The largest ledger of source addresses that `bytes` allow.
Ledger ledger_of(size_t bytes, uint32_t cold_per_key) {
  LedgerSpec spec;
  spec.key_type = KeyType::parse("src");
  spec.secret = kSecret;
  spec.cold_per_key = cold_per_key;
  spec.capacity = 16;
  while (Ledger::bytes(spec, 4, false) <= bytes) ++spec.capacity;
  --spec.capacity;
  return Ledger(spec);
}

void count(Ledger& ledger, const std::vector<uint32_t>& keys) {
  for (const uint32_t number : keys) {
    const Key key = key_of(number);
    ledger.add(key, key.hash(kSecret), 1);
  }
}

template <typename Sketch>
Sketch counted(Sketch sketch, const std::vector<uint32_t>& keys) {
  for (const uint32_t key : keys) sketch.add(key);
  return sketch;
}

/// Entries by their certain count.
std::vector<Counted> listed(const Ledger& ledger) {
  std::vector<Counted> found;
  for (const Ledger::Entry& entry : ledger.entries()) {
    uint32_t number;
    std::memcpy(&number, entry.key.bytes.data() + 1, 4);
    found.emplace_back(number, entry.interval.lower);
  }
  return found;
}

/// The middle of a key's interval.
int64_t middle_of(const Ledger& ledger, uint32_t number) {
  const Key key = key_of(number);
  const Interval found = ledger.interval(key, key.hash(kSecret));
  return static_cast<int64_t>((found.lower + found.upper) / 2);
}

Trace trace_of(bool bursty, uint64_t seed) {
  static const traffic::Zipf zipf(kFlows, 1.0, 11);
  Trace trace = traces::shuffled(kPackets, zipf, kFlows, seed);
  return bursty ? traces::bursty(std::move(trace), seed) : trace;
}

std::string ledger_name(uint32_t cold) { return "ledger, cold " + std::to_string(cold); }

void heavy_hitters() {
  for (const bool bursty : {false, true}) {
    for (const size_t kb : {100, 200, 400, 600}) {
      report::Means means;
      for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
        const Trace trace = trace_of(bursty, seed);
        const auto judge = [&](const std::string& who, const std::vector<Counted>& found) {
          means.add(who, traces::score(found, trace.truth, kHeavy * kPackets));
        };
        for (const uint32_t cold : {0, 1, 2, 8}) {
          Ledger ledger = ledger_of(kb * 1000, cold);
          count(ledger, trace.keys);
          judge(ledger_name(cold), listed(ledger));
        }
        judge("Elastic", counted(peers::Elastic(kb * 1000), trace.keys).listed());
        judge("CocoSketch", counted(peers::Coco(kb * 1000), trace.keys).listed());
        if (kb == 100) judge("Space-Saving", counted(peers::SpaceSaving(kb * 1000), trace.keys).listed());
      }
      means.write(results, "heavy hitters", std::to_string(kb) + (bursty ? " KB bursty" : " KB shuffled"));
    }
  }
}

/// A key with an entry is estimated by its certain count, one without by its upper bound.
double estimate(const Ledger& ledger, uint32_t number) {
  const Key key = key_of(number);
  const Interval found = ledger.interval(key, key.hash(kSecret));
  if (found.lower > 0) return static_cast<double>(found.lower);
  return static_cast<double>(found.upper);
}

void all_flows() {
  const size_t bytes = 600'000;
  for (const bool bursty : {false, true}) {
    report::Means means;
    for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
      const Trace trace = trace_of(bursty, seed);
      const auto plain = counted(peers::CountMin(bytes), trace.keys);
      means.add("count-min", "ARE",
                traces::all_flow_error(trace.truth, [&](uint32_t key) { return plain.estimate(key); }));
      const auto elastic = counted(peers::Elastic(bytes), trace.keys);
      means.add("Elastic", "ARE",
                traces::all_flow_error(trace.truth, [&](uint32_t key) { return elastic.estimate(key); }));
      for (const uint32_t cold : {2, 8, 24, 48}) {
        Ledger ledger = ledger_of(bytes, cold);
        count(ledger, trace.keys);
        means.add(ledger_name(cold), "ARE",
                  traces::all_flow_error(trace.truth, [&](uint32_t key) { return estimate(ledger, key); }));
      }
    }
    means.write(results, "all flows", bursty ? "600 KB bursty" : "600 KB shuffled");
  }
}

void top_100() {
  const Trace trace =
      traces::bursty(traces::shuffled(10'000'000, traffic::Zipf(1'000'000, 1.0), 1'000'000, 1), 1);
  for (const size_t kb : {10, 20, 30, 50}) {
    const std::string setting = std::to_string(kb) + " KB bursty";
    const auto judge = [&](const std::string& who, const std::vector<Counted>& found) {
      results.note({"top 100 of 1 M flows", setting, who, "precision",
                    traces::top_precision(found, trace.truth, 100)});
    };
    Ledger ledger = ledger_of(kb * 1000, 0);
    count(ledger, trace.keys);
    judge(ledger_name(0), listed(ledger));
    judge("HeavyKeeper", counted(peers::HeavyKeeper(kb * 1000, 100), trace.keys).listed());
    judge("CocoSketch", counted(peers::Coco(kb * 1000), trace.keys).listed());
    judge("Space-Saving", counted(peers::SpaceSaving(kb * 1000), trace.keys).listed());
  }
}

/// Every key split over all hosts.
void merging() {
  for (const uint32_t cold : {0, 2, 8}) {
    report::Means means;
    for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
      const Trace trace = trace_of(true, seed);
      std::vector<std::vector<uint32_t>> parts(16);
      for (size_t i = 0; i < trace.keys.size(); ++i)
        parts[traffic::scrambled(i) % 16].push_back(trace.keys[i]);
      Ledger sum = ledger_of(200'000, cold);
      for (const auto& part : parts) {
        Ledger host = ledger_of(200'000, cold);
        count(host, part);
        sum.absorb(host);
      }
      means.add(ledger_name(cold), traces::score(listed(sum), trace.truth, kHeavy * kPackets));
    }
    means.write(results, "merge of 16 hosts", "200 KB each, bursty");
  }
}

/// In the second window the packets of one key in twenty belong to others: which changed by more than 0.05 %?
void heavy_change() {
  for (const size_t kb : {100, 200}) {
    report::Means means;
    for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
      const Trace before = trace_of(false, seed);
      Trace after = trace_of(false, seed + 100);
      for (uint32_t& key : after.keys)
        if (key % 20 == 7) key = (key * 31 + 5) % 5000;
      after.truth.assign(kFlows, 0);
      for (const uint32_t key : after.keys) ++after.truth[key];
      std::vector<uint32_t> changes(kFlows);
      const auto distance = [](int64_t a, int64_t b) { return static_cast<uint32_t>(std::abs(a - b)); };
      for (uint32_t key = 0; key < kFlows; ++key)
        changes[key] = distance(before.truth[key], after.truth[key]);
      for (const uint32_t cold : {2, 8}) {
        Ledger one = ledger_of(kb * 1000, cold), two = ledger_of(kb * 1000, cold);
        count(one, before.keys);
        count(two, after.keys);
        std::vector<Counted> found;
        for (uint32_t key = 0; key < kFlows; ++key)
          found.emplace_back(key, distance(middle_of(one, key), middle_of(two, key)));
        means.add(ledger_name(cold), traces::score(found, changes, kChange * kPackets));
      }
    }
    means.write(results, "heavy change 0.05 %", std::to_string(kb) + " KB a window");
  }
}

void distinct() {
  double squares = 0;
  constexpr int kSets = 40;
  for (uint64_t seed = 0; seed < kSets; ++seed) {
    Distinct set;
    for (uint64_t i = 0; i < kFlows; ++i) set.add(siphash13({seed, 9}, &i, 1));
    const double error = set.count().count / static_cast<double>(kFlows) - 1;
    squares += error * error;
  }
  results.note(
      {"distinct keys", "4 KB, 110 000 keys", "UltraLogLog p=12", "RMSE", std::sqrt(squares / kSets)});
}

constexpr const char* kPreface =
    "# Accuracy at equal memory\n\n"
    "Made by `npm run bench:accuracy`; seeds are fixed. Memory is what is allocated. Ledgers count by "
    "certain lower\n"
    "bound; \"cold c\" is c bytes of each cold row for each key of the hot table. The others are our own\n"
    "re-implementations. Heavy hitters and all flows: 2.5 M packets, 110 K flows, Zipf-Mandelbrot (q 11, "
    "alpha 1),\n"
    "threshold 0.02 %, means of three seeds. Top 100: 10 M packets, Zipf 1.0, one seed.\n"
    "Short of what we want: heavy change at 0.05 % (wanted F1 0.995, computed from the middles of the "
    "intervals); a\n"
    "distinct set of 1 KB does not exist yet, ours has 4 KB.\n";

}  // namespace

int main(int argc, char** argv) {
  const std::string folder = argc > 1 ? argv[1] : ".";
  heavy_hitters();
  all_flows();
  top_100();
  merging();
  heavy_change();
  distinct();
  results.write_json(folder + "/accuracy.json");
  results.write_markdown(folder + "/accuracy.md", kPreface);
}
