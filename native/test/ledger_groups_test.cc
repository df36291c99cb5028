// Grouped ledgers against an exact count by the coarser key.
#include "core/ledger_groups.h"

#include <algorithm>
#include <stdexcept>

#include "check.h"
#include "flow_stream.h"

using namespace tallytree;
using tallytree::test::FlowCount;
using tallytree::test::FlowStream;

namespace {

struct Tally {
  int checks = 0;
  int violations = 0;
  int narrower_than_spilled = 0;
};

void judge(const LedgerGroups& groups, const Ledger& ledger, const Key& key, uint64_t count, Tally& tally) {
  const Interval found = groups.interval(key);
  ++tally.checks;
  tally.violations += found.lower > count || found.upper < count;
  tally.violations += ledger.exact() && found.lower != found.upper;
  tally.narrower_than_spilled += found.upper - found.lower < ledger.spilled();
}

/// Every group that was seen, and others that were not; and that nothing large is left out of the list.
void judge_all(const FlowCount& count, const char* coarse, Tally& tally) {
  const LedgerGroups groups(count.ledger, KeyType::parse(coarse));
  const auto truth = count.truth_by(groups.type());
  std::map<test::Bytes, Interval> listed;
  for (const auto& [key, interval] : groups.entries()) listed[key.bytes] = interval;
  for (const auto& [bytes, sum] : truth) {
    judge(groups, count.ledger, Key{bytes}, sum, tally);
    tally.violations += !listed.contains(bytes) && sum > groups.floor();
    Key other{bytes};
    other.bytes[1] ^= 0x55;
    if (!truth.contains(other.bytes)) judge(groups, count.ledger, other, 0, tally);
  }
  for (const auto& [bytes, interval] : listed) tally.violations += interval != groups.interval(Key{bytes});
}

constexpr const char* kCoarse[] = {"src",       "src/16",
                                   "dport",     "src_dst",
                                   "proto",     "dst/9_proto_src/30",
                                   "dst",       "sport",
                                   "proto_src", "src_sport_dst_dport"};

}  // namespace

TEST(groups_hold_for_every_coarser_key) {
  Tally tally;
  for (uint64_t seed = 1; seed <= 6; ++seed) {
    FlowCount count("src_sport_dst_dport_proto", 16 << (2 * (seed % 4)));
    FlowStream(seed).fill(count, 6000, 2000);
    for (const char* coarse : kCoarse) judge_all(count, coarse, tally);
  }
  CHECK_EQ(tally.violations, 0);
  CHECK(tally.checks > 10000);
}

TEST(groups_hold_after_merging) {
  Tally tally;
  for (uint64_t seed = 1; seed <= 6; ++seed) {
    const auto count = test::merged_hosts(seed, "src_sport_dst_dport_proto", 64 << (seed % 5), 12);
    for (const char* coarse : kCoarse) judge_all(*count, coarse, tally);
  }
  CHECK_EQ(tally.violations, 0);
  CHECK(tally.checks > 10000);
}

TEST(groups_of_an_exact_ledger_are_exact) {
  FlowCount count("src_dst", 4096);
  FlowStream(3).fill(count, 5000, 1000);
  CHECK(count.ledger.exact());
  const LedgerGroups groups(count.ledger, KeyType::parse("src"));
  const auto truth = count.truth_by(groups.type());
  CHECK_EQ(groups.entries().size(), truth.size());
  for (const auto& [key, interval] : groups.entries()) {
    CHECK_EQ(interval.lower, truth.at(key.bytes));
    CHECK_EQ(interval.upper, truth.at(key.bytes));
  }
  CHECK_EQ(groups.floor(), 0u);
}

TEST(groups_by_the_same_parts_cost_nothing) {
  FlowCount count("src_dst", 64);
  FlowStream(4).fill(count, 5000, 2000);
  CHECK(!count.ledger.exact());
  const LedgerGroups groups(count.ledger, KeyType::parse("dst_src"));
  for (const auto& [bytes, packet] : count.packets) {
    const Key key{bytes};
    Key turned;
    groups.type().make(packet, turned);
    CHECK(groups.interval(turned) == count.ledger.interval(key, key.hash(count.ledger.spec().secret)));
  }
  CHECK_EQ(groups.floor(), count.ledger.floor());
}

TEST(groups_of_few_keys_have_narrow_bounds) {
  FlowCount count("src_dport_proto", 256);
  FlowStream(5).fill(count, 20000, 20000);
  CHECK(!count.ledger.exact());
  Tally tally;
  judge_all(count, "src_dport", tally);
  CHECK_EQ(tally.violations, 0);
  CHECK(tally.narrower_than_spilled > tally.checks / 2);
}

TEST(groups_that_drop_the_vlan_fold_its_twelve_bits) {
  const KeyProjection projection(KeyType::parse("vlan_dport"), KeyType::parse("dport"));
  const Key group = KeyType::parse("dport").read("80");
  CHECK_EQ(projection.dropped_bits(group), 12u);
  const KeyType fine = KeyType::parse("vlan_dport");
  CHECK(projection.apply(fine.read("none,80")) == group);
  const std::vector<Key> members = projection.members(group);
  CHECK_EQ(members.size(), 4096u);
  for (const char* text : {"none,80", "4095,80"})
    CHECK(std::find(members.begin(), members.end(), fine.read(text)) != members.end());
}

TEST(groups_need_a_coarser_type) {
  const FlowCount count("src/16_dport", 64);
  const auto refused = [&](const char* type) {
    try {
      LedgerGroups(count.ledger, KeyType::parse(type));
    } catch (const std::invalid_argument&) {
      return true;
    }
    return false;
  };
  for (const char* type : {"src", "src/17", "dst", "dport_proto"}) CHECK(refused(type));
  for (const char* type : {"src/16", "src/8", "dport", "dport_src/16"}) CHECK(!refused(type));
}
