// Spreads: idempotent in any order, near the truth beyond what a ledger can tell, and refusing lies.
#include "core/spread.h"

#include <cmath>
#include <set>
#include <stdexcept>

#include "check.h"
#include "core/counter.h"
#include "core/errors.h"
#include "core/fan_out.h"
#include "flow_stream.h"

using namespace tallytree;

namespace {

constexpr Secret kSecret{5, 13};

SpreadSpec spec_of(uint32_t width = SpreadSpec::kWidth, const char* owner = "src") {
  return {KeyType::parse("src_dst"), KeyType::parse(owner), width, kSecret};
}

Packet packet_of(uint32_t src, uint32_t dst) {
  Packet packet;
  std::memcpy(packet.src.data(), &src, 4);
  std::memcpy(packet.dst.data(), &dst, 4);
  return packet;
}

Key pair_of(uint32_t src, uint32_t dst) {
  Key key;
  KeyType::parse("src_dst").make(packet_of(src, dst), key);
  return key;
}

void add(Spread& spread, uint32_t src, uint32_t dst) {
  const Key key = pair_of(src, dst);
  spread.add(key, key.hash(kSecret));
}

Key owner_of(uint32_t src) {
  Key key;
  KeyType::parse("src").make(packet_of(src, 0), key);
  return key;
}

/// `owners` of them talk to one to three others; the first `large` of them to `fan_out` more.
template <typename Add>
void fill(uint32_t owners, uint32_t large, uint32_t fan_out, Add&& add) {
  for (uint32_t src = 0; src < owners; ++src)
    for (uint32_t dst = 0; dst <= src % 3 + (src < large ? fan_out : 0); ++dst) add(src, dst * 7919);
}

uint32_t truth_of(uint32_t src, uint32_t large, uint32_t fan_out) {
  return 1 + src % 3 + (src < large ? fan_out : 0);
}

Spread some_spread(uint64_t seed) {
  Spread spread(spec_of(64));
  std::mt19937_64 random(seed);
  for (int i = 0; i < 3000; ++i) {
    const auto src = static_cast<uint32_t>(random() % 400);
    add(spread, src, static_cast<uint32_t>(random() % (src < 3 ? 2000 : 5)));
  }
  return spread;
}

Spread united(const Spread& one, const Spread& other) {
  Spread sum = one.clone();
  sum.absorb(other);
  return sum;
}

bool refused(std::span<const uint8_t> bytes, const Secret& secret = kSecret) {
  try {
    Spread::decode(bytes, secret);
  } catch (const std::invalid_argument&) {
    return true;
  } catch (const Incompatible&) {
    return true;
  }
  return false;
}

}  // namespace

TEST(spread_union_is_idempotent_commutative_and_associative) {
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    const Spread a = some_spread(seed), b = some_spread(seed + 10), c = some_spread(seed + 20);
    CHECK(united(a, a).encode() == a.encode());
    CHECK(united(a, b).encode() == united(b, a).encode());
    CHECK(united(united(a, b), c).encode() == united(a, united(b, c)).encode());
    CHECK(united(united(a, b), b).encode() == united(a, b).encode());
  }
}

TEST(spread_is_the_same_in_whatever_order_keys_come) {
  Spread forth(spec_of(64)), back(spec_of(64));
  for (uint32_t i = 0; i < 2000; ++i) add(forth, i % 50, i);
  for (uint32_t i = 2000; i-- > 0;) add(back, i % 50, i);
  for (uint32_t i = 0; i < 2000; ++i) add(back, i % 50, i);
  CHECK(forth.encode() == back.encode());
}

TEST(spread_refuses_other_kinds) {
  Spread spread(spec_of());
  Spread unlike[] = {Spread(spec_of(256)), Spread(spec_of(512, "dst")),
                     Spread({KeyType::parse("src_dst"), KeyType::parse("src"), 512, Secret{1, 1}})};
  for (const Spread& other : unlike) {
    bool incompatible = false;
    try {
      spread.absorb(other);
    } catch (const Incompatible&) {
      incompatible = true;
    }
    CHECK(incompatible);
  }
}

TEST(spread_decodes_what_it_encodes) {
  for (const Spread& spread : {Spread(spec_of()), some_spread(1)}) {
    const auto bytes = spread.encode();
    CHECK(Spread::decode(bytes, kSecret).encode() == bytes);
  }
}

TEST(spread_decoder_refuses_lies) {
  const auto bytes = some_spread(3).encode();
  for (size_t length = 0; length < bytes.size(); length += 13) CHECK(refused({bytes.data(), length}));
  CHECK(refused(bytes, Secret{5, 14}));
  constexpr size_t kHeader = 8 + 4 + 2 + 8 + 4 + 8 + 4 + 4, kGapAndLength = 2;
  for (size_t at = 0; at < kHeader + kGapAndLength; ++at) {
    for (const uint8_t change : {0x01, 0x80}) {
      auto changed = bytes;
      changed[at] ^= change;
      CHECK(refused(changed));
    }
  }
  auto crowded = bytes;
  crowded[kHeader - 1] = 0x7f;  // two thousand million buckets
  CHECK(refused(crowded));
}

TEST(fan_outs_are_exact_while_the_ledger_is) {
  test::FlowCount count("src_dst", 4096);
  Spread spread(spec_of());
  fill(800, 4, 300, [&](uint32_t src, uint32_t dst) {
    count.add(packet_of(src, dst), 3);
    count.add(packet_of(src, dst), 1);
    add(spread, src, dst);
  });
  for (const Spread* known : {static_cast<const Spread*>(nullptr), static_cast<const Spread*>(&spread)}) {
    const FanOuts found = fan_outs(count.ledger, KeyType::parse("src"), known);
    CHECK(found.exact);
    CHECK_EQ(found.owners.size(), 800u);
    for (const auto& [owner, keys, lower, upper] : found.owners) {
      uint32_t src;
      std::memcpy(&src, owner.bytes.data() + 1, 4);
      CHECK_EQ(keys, truth_of(src, 4, 300));
      CHECK_EQ(lower, keys);
      CHECK_EQ(upper, keys);
    }
  }
}

TEST(fan_outs_of_a_spilled_ledger_alone_have_certain_bounds) {
  test::FlowCount count("src_dst", 256);
  fill(3000, 4, 500, [&](uint32_t src, uint32_t dst) { count.add(packet_of(src, dst), 2); });
  const FanOuts found = fan_outs(count.ledger, KeyType::parse("src"), nullptr);
  CHECK(!found.exact);
  CHECK(!found.owners.empty());
  for (const auto& [owner, keys, lower, upper] : found.owners) {
    uint32_t src;
    std::memcpy(&src, owner.bytes.data() + 1, 4);
    const double truth = truth_of(src, 4, 500);
    CHECK(lower <= truth && truth <= upper && keys == lower);
  }
}

TEST(fan_outs_name_all_large_owners_within_their_error) {
  constexpr uint32_t kOwners = 30'000, kLarge = 20, kFanOut = 1500;
  test::FlowCount count("src_dst", 1024);
  Spread spread(spec_of());
  fill(kOwners, kLarge, kFanOut, [&](uint32_t src, uint32_t dst) {
    count.add(packet_of(src, dst), 1);
    add(spread, src, dst);
  });
  const FanOuts found = fan_outs(count.ledger, KeyType::parse("src"), &spread);
  CHECK(!found.exact);
  int large = 0, outside = 0;
  double squares = 0;
  for (size_t i = 0; i < kLarge; ++i) {
    const auto& [owner, keys, lower, upper] = found.owners[i];
    uint32_t src;
    std::memcpy(&src, owner.bytes.data() + 1, 4);
    const double truth = truth_of(src, kLarge, kFanOut);
    large += src < kLarge;
    outside += truth < lower || truth > upper;
    squares += std::pow(keys / truth - 1, 2);
  }
  CHECK_EQ(large, kLarge);
  CHECK(outside <= 2);
  CHECK(std::sqrt(squares / kLarge) < 0.09);
  CHECK(found.owners[kLarge].keys < kFanOut / 10);
}

TEST(fan_outs_over_hosts_count_a_pair_once) {
  Spread sum(spec_of()), alone(spec_of());
  for (int host = 0; host < 6; ++host) {
    Spread one(spec_of());
    fill(5000, 3, 2000, [&](uint32_t src, uint32_t dst) {
      if ((src + dst) % 6 == static_cast<uint32_t>(host) || dst % 3 == 0) add(one, src, dst);
      if (host == 0) add(alone, src, dst);
    });
    sum.absorb(one);
  }
  CHECK(sum.encode() == alone.encode());
}

namespace {

struct Clocked {
  explicit Clocked(uint32_t capacity) : counter(spec(capacity)) {}

  static CounterSpec spec(uint32_t capacity) {
    CounterSpec spec(test::flow_spec("src_dst", capacity));
    spec.spread_by = {KeyType::parse("src"), KeyType::parse("dst")};
    return spec;
  }

  void second(uint64_t second, uint32_t src, uint32_t from, uint32_t to) {
    counter.roll(second);
    for (uint32_t dst = from; dst < to; ++dst) {
      const Packet packet = packet_of(src, dst);
      const Packet* pointer = &packet;
      counter.add({&pointer, 1});
    }
    counter.settle();
  }

  /// The fan-out of `src` by ledger and spread of a window.
  double fan_out(uint32_t src, const Window& window) const {
    const Ledger ledger = Ledger::decode(counter.ledger(window), kSecret);
    const Spread spread = counter.spread(KeyType::parse("src"), window);
    for (const FanOut& found : fan_outs(ledger, KeyType::parse("src"), &spread).owners)
      if (found.owner == owner_of(src)) return found.keys;
    return 0;
  }

  Counter counter;
};

bool near(double found, double truth) { return std::abs(found / truth - 1) < 0.2; }

}  // namespace

TEST(spread_of_windows_tells_who_was_busy_when) {
  for (const uint32_t capacity : {64u, 4096u}) {
    Clocked clocked(capacity);
    clocked.second(6000, 1, 0, 3000);
    clocked.second(6001, 2, 0, 500);
    clocked.second(6002, 2, 250, 900);
    clocked.second(6003, 3, 0, 40);
    CHECK(near(clocked.fan_out(1, All{}), 3000));
    CHECK(near(clocked.fan_out(2, All{}), 900));
    CHECK(near(clocked.fan_out(1, Span{6000, 6001}), 3000));
    CHECK_EQ(clocked.fan_out(1, Span{6001, 6003}), 0);
    CHECK(near(clocked.fan_out(2, Span{6001, 6003}), 900));
    CHECK(near(clocked.fan_out(2, Realtime{}), 650));
    CHECK_EQ(clocked.fan_out(1, Realtime{}), 0);
    clocked.second(6061, 3, 0, 10);
    clocked.second(6125, 3, 0, 10);
    CHECK(near(clocked.fan_out(1, Span{6000, 6060}), 3000));  // of the sealed minute
    CHECK(near(clocked.fan_out(2, Span{6000, 6060}), 900));
    CHECK_EQ(clocked.fan_out(1, Span{6060, 6126}), 0);
  }
}

TEST(spread_is_kept_by_what_was_asked_for_only) {
  const Clocked clocked(64);
  bool thrown = false;
  try {
    clocked.counter.spread(KeyType::parse("src/8"), All{});
  } catch (const std::out_of_range&) {
    thrown = true;
  }
  CHECK(thrown);
}
