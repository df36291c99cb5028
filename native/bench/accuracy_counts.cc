// Accuracy of what is derived from counts: heavy changes, flow sizes, distinct keys.
#include <bit>
#include <unordered_set>

#include "accuracy.h"
#include "core/distinct.h"
#include "core/flow_sizes.h"
#include "core/ledger_sum.h"
#include "core/likely.h"
#include "core/pane.h"
#include "core/reduction.h"

namespace tallytree::accuracy {
namespace {

constexpr double kChange = 0.0005;

/// The packets of one key in four belong to others.
Trace changed(Trace trace) {
  for (uint32_t& key : trace.keys)
    if (key % 4 == 3) key = (key * 31 + 5) % 5000;
  trace.truth.assign(kFlows, 0);
  for (const uint32_t key : trace.keys) ++trace.truth[key];
  return trace;
}

uint32_t distance(int64_t a, int64_t b) { return static_cast<uint32_t>(std::abs(a - b)); }

/// Of the keys that either has an entry of, as `query change` has it.
std::vector<Counted> change_of(const Ledger& one, const Ledger& two) {
  const Likely before(one), after(two);
  std::unordered_set<uint32_t> numbers;
  for (const Ledger* ledger : {&one, &two})
    for (const auto& [number, count] : listed(*ledger)) numbers.insert(number);
  std::vector<Counted> found;
  for (const uint32_t number : numbers) {
    const Key key = key_of(number);
    found.emplace_back(number, distance(static_cast<int64_t>(before.count(key)),
                                        static_cast<int64_t>(after.count(key))));
  }
  return found;
}

/// Five seconds as a counter keeps them.
Ledger span_of(const std::vector<uint32_t>& keys) {
  LedgerSpec spec = spec_of(0, {});
  spec.capacity = 4096;
  LedgerSum sum(window_spec(spec));
  for (size_t second = 0; second < 5; ++second) {
    Ledger pane(spec);
    count(pane, {keys.begin() + static_cast<ptrdiff_t>(second * keys.size() / 5),
                 keys.begin() + static_cast<ptrdiff_t>((second + 1) * keys.size() / 5)});
    sum.add(reduced(pane, window_spec(spec)).encode());
  }
  return sum.take();
}

/// Numbers of flows by class of size.
using Classes = std::array<double, 32>;

double difference(const Classes& truth, const Classes& found) {
  double apart = 0, both = 0;
  for (size_t i = 0; i < truth.size(); ++i) {
    apart += std::abs(truth[i] - found[i]);
    both += (truth[i] + found[i]) / 2;
  }
  return apart / both;
}

Classes classes_of(const std::vector<uint32_t>& counts) {
  Classes classes{};
  for (const uint32_t count : counts)
    if (count > 0) ++classes[static_cast<size_t>(std::bit_width(count)) - 1];
  return classes;
}

Classes classes_of(const FlowSizes& sizes) {
  Classes classes{};
  for (const SizeClass& one : sizes.classes)
    classes[static_cast<size_t>(std::bit_width(one.from)) - 1] = static_cast<double>(one.flows);
  return classes;
}

DistinctCount distinct_of(const std::vector<uint32_t>& truth) {
  Distinct set;
  for (uint32_t key = 0; key < truth.size(); ++key)
    if (truth[key] > 0) set.add(key_of(key).hash(kSecret));
  return set.count();
}

/// Root mean square of the relative error over some sets of kFlows keys.
template <typename Estimate>
double distinct_error(const Estimate& estimate) {
  constexpr uint64_t kSets = 200;
  double squares = 0;
  for (uint64_t seed = 0; seed < kSets; ++seed) {
    const double error = estimate(Secret{seed, 9}) / static_cast<double>(kFlows) - 1;
    squares += error * error;
  }
  return std::sqrt(squares / kSets);
}

double by_registers(const Secret& secret) {
  Distinct set(10);
  for (uint64_t i = 0; i < kFlows; ++i) set.add(siphash13(secret, &i, 1));
  return set.count().count;
}

double by_set(const Secret& secret) {
  Distinct set;
  for (uint64_t i = 0; i < kFlows; ++i) set.add(siphash13(secret, &i, 1));
  return set.count().count;
}

}  // namespace

void heavy_change(report::Report& results) {
  for (const bool bursty : {false, true}) {
    report::Means small, large, spans;
    for (uint64_t seed = 1; seed <= seeds; ++seed) {
      const Trace before = trace_of(bursty, seed), after = changed(trace_of(bursty, seed + 100));
      std::vector<uint32_t> truth(kFlows);
      for (uint32_t key = 0; key < kFlows; ++key) truth[key] = distance(before.truth[key], after.truth[key]);
      const auto judge = [&](report::Means& means, const Ledger& one, const Ledger& two) {
        means.add("ledger", traces::score(change_of(one, two), truth, kChange * kPackets));
      };
      judge(small, counted(100'000, {}, before.keys), counted(100'000, {}, after.keys));
      judge(large, counted(200'000, {}, before.keys), counted(200'000, {}, after.keys));
      judge(spans, span_of(before.keys), span_of(after.keys));
    }
    small.write(results, "heavy change 0.05 %", setting(100, bursty));
    large.write(results, "heavy change 0.05 %", setting(200, bursty));
    spans.write(results, "heavy change 0.05 %", bursty ? "spans, bursty" : "spans, shuffled");
  }
}

void flow_size_classes(report::Report& results) {
  for (const bool bursty : {false, true}) {
    for (const size_t kb : {100, 200, 600}) {
      report::Means means;
      for (uint64_t seed = 1; seed <= seeds; ++seed) {
        const Trace trace = trace_of(bursty, seed);
        const DistinctCount distinct = distinct_of(trace.truth);
        for (const Split split : {Split{}, Split{0}}) {
          const FlowSizes found = flow_sizes(counted(kb * 1000, split, trace.keys), distinct);
          means.add(split.name(), "WMRD", difference(classes_of(trace.truth), classes_of(found)));
        }
      }
      means.write(results, "flow sizes", setting(kb, bursty));
    }
  }
}

void distinct_keys(report::Report& results) {
  results.note(
      {"distinct keys", "1 KB, 110 000 keys", "UltraLogLog p=10", "RMSE", distinct_error(by_registers)});
  results.note({"distinct keys", "4 KB, 110 000 keys", "UltraLogLog p=12", "RMSE", distinct_error(by_set)});
}

}  // namespace tallytree::accuracy
