// The byte forms of answers as they once were written.
#include "core/distinct.h"
#include "core/ledger.h"
#include "core/reduction.h"
#include "core/size_histogram.h"
#include "core/spread.h"
#include "golden.h"

using namespace tallytree;
using namespace tallytree::golden;

namespace {

constexpr uint64_t kCheck = 0x0123456789abcdef;

LedgerSpec spec_of(const char* type, Increment increment, uint32_t capacity) {
  LedgerSpec spec;
  spec.key_type = KeyType::parse(type);
  spec.increment = increment;
  spec.capacity = capacity;
  spec.secret = kSecret;
  return spec;
}

void add(Ledger& ledger, const std::string& text, uint64_t amount) {
  const Key key = ledger.spec().key_type.read(text);
  ledger.add(key, key.hash(kSecret), amount);
}

Interval interval_in(const Ledger& ledger, const std::string& text) {
  const Key key = ledger.spec().key_type.read(text);
  return ledger.interval(key, key.hash(kSecret));
}

Ledger small_ledger() {
  Ledger ledger(spec_of("src", Increment::packets, 64));
  for (const uint64_t count : {1, 2, 300}) add(ledger, "10.0.0." + std::to_string(count % 256), count);
  add(ledger, "2001:db8::7", uint64_t{1} << 40);
  ledger.unkeyed = 9;
  return ledger;
}

/// Evictions into cells of 4 bits, some of them joined.
Ledger spilled_ledger() {
  Ledger ledger(spec_of("sport", Increment::packets, 64));
  for (uint64_t i = 0; i < 1500; ++i) add(ledger, std::to_string(i * i % 499), 1 + i % 3);
  return ledger;
}

/// Evictions, carries and a fold or two.
Ledger full_ledger() {
  Ledger ledger(spec_of("dst_dport", Increment::bytes, 16));
  for (uint64_t i = 0; i < 4000; ++i)
    add(ledger, "10.1.2.3," + std::to_string(i * i % 997), 40 + i * 37 % 1461);
  for (int i = 0; i < 50; ++i) add(ledger, "2001:db8::1,443", 1'000'000'000);
  return ledger;
}

Ledger reduced_ledger() {
  Ledger ledger(spec_of("src/24", Increment::packets, 64));
  for (uint64_t i = 0; i < 64; ++i) add(ledger, "10.0." + std::to_string(i) + ".0", 1 + i);
  LedgerSpec narrow = ledger.spec();
  narrow.capacity = 16;
  narrow.cold_per_key = 0;
  return reduced(ledger, narrow);
}

Ledger labelled_ledger() {
  Ledger ledger(spec_of("netns_src_container", Increment::packets, 16));
  for (const char* text : {"blue,10.0.0.1,0123456789ab", "red,2001:db8::1,none", "own,10.0.0.1,none"}) {
    const Key key = ledger.spec().key_type.learn(text);
    ledger.add(key, key.hash(kSecret), 5);
  }
  return ledger;
}

/// Of all parts, IPv6: the longest keys.
Ledger longest_ledger() {
  Ledger ledger(
      spec_of("src_dst_sport_dport_proto_vlan_vni_gre_key_netns_container", Increment::packets, 16));
  for (const char* text : {"2001:db8::1,2001:db8::2,1,2,6,7,8,none,blue,0123456789ab",
                           "10.0.0.1,10.0.0.2,65535,80,17,none,none,9,own,none"}) {
    const Key key = ledger.spec().key_type.learn(text);
    ledger.add(key, key.hash(kSecret), 7);
  }
  return ledger;
}

Distinct set_of(uint64_t keys, unsigned precision = Distinct::kPrecision) {
  Distinct set(precision);
  for (uint64_t key = 0; key < keys; ++key) set.add(siphash13(kSecret, &key, 1));
  return set;
}

Spread some_spread() {
  Spread spread({KeyType::parse("src_dst"), KeyType::parse("src/24"), 8, kSecret});
  for (int i = 0; i < 400; ++i) {
    const std::string owner = i % 50 == 0 ? "2001:db8::" : "10." + std::to_string(i % 7) + ".0.1";
    const Key key = spread.spec().key_type.read(owner + (i % 50 == 0 ? ",fd00::" : ",10.9.") +
                                                (i % 50 == 0 ? "" : std::to_string(i % 3) + ".") +
                                                std::to_string(i % 200));
    spread.add(key, key.hash(kSecret));
  }
  return spread;
}

SizeHistogram some_sizes() {
  SizeHistogram sizes;
  for (uint64_t i = 0; i < 500; ++i) sizes.add(20 + i * i % 1481, 1 + i % 3);
  sizes.add(84, 1'000'000);
  sizes.add(65'575, uint64_t{1} << 33);
  return sizes;
}

Bytes ledger_again(const Bytes& bytes) { return Ledger::decode(bytes, kSecret).encode(); }
Bytes distinct_again(const Bytes& bytes) { return Distinct::decode(bytes).set.encode(kCheck); }

Bytes spread_again(const Bytes& bytes) { return Spread::decode(bytes, kSecret).encode(); }

Bytes sizes_again(const Bytes& bytes) { return SizeHistogram::decode(bytes, kSecret).encode(kSecret); }

const Specimen kSpecimens[] = {
    {"ledger-v2-small.bin", [] { return small_ledger().encode(); }, ledger_again},
    {"ledger-v2-spilled.bin", [] { return spilled_ledger().encode(); }, ledger_again},
    {"ledger-v2-full.bin", [] { return full_ledger().encode(); }, ledger_again},
    {"ledger-v2-reduced.bin", [] { return reduced_ledger().encode(); }, ledger_again},
    {"ledger-v2-longest.bin", [] { return longest_ledger().encode(); }, ledger_again},
    {"ledger-v2-labels.bin", [] { return labelled_ledger().encode(); }, ledger_again},
    {"distinct-v2-exact.bin", [] { return set_of(50).encode(kCheck); }, distinct_again},
    {"distinct-v2-registers.bin", [] { return set_of(9000).encode(kCheck); }, distinct_again},
    {"distinct-v2-rough.bin", [] { return set_of(9000, 10).encode(kCheck); }, distinct_again},
    {"sizes-v1.bin", [] { return some_sizes().encode(kSecret); }, sizes_again},
    {"spread-v1.bin", [] { return some_spread().encode(); }, spread_again},
};

}  // namespace

TEST(golden_files_are_written_again_byte_by_byte) { check_again(kSpecimens); }

TEST(golden_files_with_another_version_are_refused) { check_versions(kSpecimens); }

TEST(golden_ledgers_say_what_was_counted) {
  const Ledger small = Ledger::decode(file("ledger-v2-small.bin"), kSecret);
  CHECK(small.exact());
  CHECK_EQ(small.keys(), 4u);
  CHECK_EQ(small.unkeyed, 9u);
  CHECK_EQ(interval_in(small, "10.0.0.44").upper, 300u);
  CHECK_EQ(interval_in(small, "2001:db8::7").lower, uint64_t{1} << 40);

  const Ledger spilled = Ledger::decode(file("ledger-v2-spilled.bin"), kSecret);
  CHECK_EQ(spilled.keys(), 64u);
  CHECK_EQ(spilled.total(), spilled_ledger().total());
  CHECK(spilled.floor() * 48 <= spilled.total());

  const Ledger full = Ledger::decode(file("ledger-v2-full.bin"), kSecret);
  CHECK_EQ(full.keys(), 16u);
  CHECK(full.spilled() > 0);
  CHECK_EQ(full.total(), full_ledger().total());
  CHECK_EQ(interval_in(full, "2001:db8::1,443").lower, 50'000'000'000u);

  const Ledger least = Ledger::decode(file("ledger-v2-reduced.bin"), kSecret);
  CHECK_EQ(least.spec().cold_per_key, 0u);
  CHECK_EQ(least.keys(), 16u);
  CHECK_EQ(least.floor(), 49u);
  CHECK_EQ(interval_in(least, "10.0.63.0").lower, 64u);

  const Ledger labelled = Ledger::decode(file("ledger-v2-labels.bin"), kSecret);
  CHECK_EQ(labelled.spec().key_type.print(labelled.entries().back().key), "red,2001:db8::1,none");
  CHECK_EQ(interval_in(labelled, "blue,10.0.0.1,0123456789ab").lower, 5u);

  const Ledger longest = Ledger::decode(file("ledger-v2-longest.bin"), kSecret);
  CHECK_EQ(longest.spec().key_type.print(longest.entries().back().key),
           "2001:db8::1,2001:db8::2,1,2,6,7,8,none,blue,0123456789ab");
  CHECK_EQ(interval_in(longest, "10.0.0.1,10.0.0.2,65535,80,17,none,none,9,own,none").lower, 7u);
}

TEST(golden_sets_say_how_many_keys) {
  const Distinct few = Distinct::decode(file("distinct-v2-exact.bin")).set;
  CHECK(few.exact());
  CHECK_EQ(few.count().count, 50.0);
  const Distinct many = Distinct::decode(file("distinct-v2-registers.bin")).set;
  CHECK(!many.exact());
  CHECK_EQ(many.count().count, set_of(9000).count().count);
  const Distinct rough = Distinct::decode(file("distinct-v2-rough.bin")).set;
  CHECK_EQ(rough.precision(), 10u);
  CHECK_EQ(rough.count().count, set_of(9000, 10).count().count);
}

TEST(golden_sizes_say_how_large_packets_were) {
  const SizeHistogram sizes = SizeHistogram::decode(file("sizes-v1.bin"), kSecret);
  CHECK_EQ(sizes.packets(), some_sizes().packets());
  CHECK_EQ(sizes.bytes(), some_sizes().bytes());
  CHECK_EQ(sizes.least(), 20);
  CHECK_EQ(sizes.largest(), 65'575);
  CHECK_EQ(sizes.quantile(1e-5).value, 84);
}

TEST(golden_spreads_say_who_owns_how_many) {
  CHECK(Spread::decode(file("spread-v1.bin"), kSecret).encode() == some_spread().encode());
}
