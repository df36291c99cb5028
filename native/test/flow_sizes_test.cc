// Flow sizes against the exact counts: nothing is lost, and what is called exact is.
#include "core/flow_sizes.h"

#include <bit>

#include "check.h"
#include "flow_stream.h"

using namespace tallytree;
using tallytree::test::FlowCount;
using tallytree::test::FlowStream;

namespace {

DistinctCount distinct_of(const FlowCount& count) {
  Distinct set;
  for (const auto& [bytes, amount] : count.truth) set.add(Key{bytes}.hash(count.ledger.spec().secret));
  return set.count();
}

std::map<uint64_t, uint64_t> true_classes(const FlowCount& count) {
  std::map<uint64_t, uint64_t> classes;
  for (const auto& [key, amount] : count.truth) ++classes[std::bit_floor(amount)];
  return classes;
}

void judge(const FlowCount& count) {
  const DistinctCount distinct = distinct_of(count);
  const FlowSizes found = flow_sizes(count.ledger, distinct);
  auto truth = true_classes(count);
  uint64_t flows = 0, exact = 0;
  for (const SizeClass& one : found.classes) {
    CHECK_EQ(one.to, one.from * 2 - 1);
    CHECK(one.exact <= one.flows);
    CHECK(one.exact <= truth[one.from]);
    if (count.ledger.exact()) CHECK_EQ(one.flows, truth[one.from]);
    flows += one.flows;
    exact += one.exact;
  }
  CHECK_EQ(found.flows, flows);
  CHECK_EQ(found.estimated, flows - count.ledger.keys());
  CHECK(exact <= count.ledger.keys());
  if (count.ledger.exact()) CHECK_EQ(exact, flows);
  if (distinct.exact) CHECK_EQ(flows, count.truth.size());
}

}  // namespace

TEST(flow_sizes_add_up) {
  for (uint64_t seed = 1; seed <= 30; ++seed) {
    FlowCount count("src_sport", 16 << (seed % 9));
    FlowStream(seed).fill(count, 200 << (seed % 6), 5 + 300 * (seed % 11), 1 + seed * seed);
    judge(count);
  }
}

TEST(flow_sizes_add_up_after_merging) {
  for (uint64_t seed = 1; seed <= 8; ++seed)
    judge(*test::merged_hosts(seed, "src_sport", 16 << (seed % 6), 14));
}

TEST(flow_sizes_of_nothing_are_none) {
  const FlowCount count("src", 16);
  CHECK_EQ(flow_sizes(count.ledger, {}).classes.size(), 0u);
  CHECK_EQ(flow_sizes(count.ledger, {}).flows, 0u);
}

TEST(flow_sizes_place_what_has_spilled_below_the_floor) {
  FlowCount count("src_sport", 64);
  FlowStream(9).fill(count, 40000, 4000);
  const FlowSizes found = flow_sizes(count.ledger, distinct_of(count));
  CHECK(found.estimated > 1000);
  // Most flows of such a stream are seldom: the estimate must see as many small ones, within a third.
  double truth = 0, estimate = 0;
  for (const auto& [from, flows] : true_classes(count)) truth += from < 16 ? static_cast<double>(flows) : 0;
  for (const SizeClass& one : found.classes) estimate += one.from < 16 ? static_cast<double>(one.flows) : 0;
  CHECK(std::abs(estimate / truth - 1) < 0.34);
}
