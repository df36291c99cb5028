// Entropy against that of the exact counts: the bounds hold, and nothing is off while nothing has spilled.
#include "core/ledger_entropy.h"

#include "check.h"
#include "flow_stream.h"

using namespace tallytree;
using tallytree::test::FlowCount;
using tallytree::test::FlowStream;

namespace {

double true_entropy(const FlowCount& count) {
  double total = 0, entropy = 0;
  for (const auto& [key, amount] : count.truth) total += static_cast<double>(amount);
  for (const auto& [key, amount] : count.truth) {
    const double share = static_cast<double>(amount) / total;
    entropy -= share * std::log2(share);
  }
  return entropy;
}

DistinctCount distinct_of(const FlowCount& count) {
  Distinct set;
  for (const auto& [bytes, amount] : count.truth) set.add(Key{bytes}.hash(count.ledger.spec().secret));
  return set.count();
}

/// The same estimate without its certainty.
DistinctCount doubted(DistinctCount count) {
  count.exact = false;
  return count;
}

void judge(const FlowCount& count, const DistinctCount& distinct) {
  const double truth = true_entropy(count);
  const Entropy found = entropy_of(count.ledger, distinct);
  CHECK(found.lower <= truth + 1e-9);
  CHECK(found.upper >= truth - 1e-9);
  CHECK(found.lower <= found.value && found.value <= found.upper);
  CHECK(found.normalised >= 0 && found.normalised <= 1);
  CHECK_EQ(found.exact, count.ledger.exact());
  if (found.exact) CHECK(std::abs(found.value - truth) < 1e-9 && found.lower == found.upper);
}

}  // namespace

TEST(entropy_bounds_hold) {
  for (uint64_t seed = 1; seed <= 30; ++seed) {
    FlowCount count("src_sport", 16 << (seed % 9));
    FlowStream(seed).fill(count, 200 << (seed % 6), 5 + 300 * (seed % 11), 1 + seed % 40);
    judge(count, distinct_of(count));
    judge(count, doubted(distinct_of(count)));
  }
}

TEST(entropy_bounds_hold_after_merging) {
  for (uint64_t seed = 1; seed <= 8; ++seed) {
    const auto count = test::merged_hosts(seed, "src_sport", 16 << (seed % 6), 14);
    judge(*count, distinct_of(*count));
    judge(*count, doubted(distinct_of(*count)));
  }
}

TEST(entropy_bounds_hold_when_keys_never_come_back) {
  FlowCount count("sport", 64);
  for (uint32_t port = 1; port < 3000; ++port) {
    Packet packet;
    packet.has_ports = true;
    packet.sport = static_cast<uint16_t>(port);
    count.add(packet, 1);
  }
  judge(count, distinct_of(count));
  CHECK(entropy_of(count.ledger, distinct_of(count)).upper < std::log2(2999) + 1e-6);
}

TEST(entropy_of_even_counts_is_the_logarithm_of_their_number) {
  FlowCount count("sport", 64);
  Packet packet;
  packet.has_ports = true;
  CHECK_EQ(entropy_of(count.ledger, {}).value, 0);
  for (uint16_t port = 1; port <= 32; ++port) {
    packet.sport = port;
    count.add(packet, 7);
  }
  const Entropy found = entropy_of(count.ledger, {});
  CHECK(std::abs(found.value - 5) < 1e-12);
  CHECK(std::abs(found.normalised - 1) < 1e-12);
}
