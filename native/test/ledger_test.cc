// The ledger against an exact map: every interval holds, whatever the stream, the purges and the merges.
#include "core/ledger.h"

#include <algorithm>
#include <random>
#include <stdexcept>
#include <unordered_map>

#include "check.h"
#include "core/errors.h"
#include "core/ledger_sum.h"

using namespace tallytree;

namespace {

constexpr Secret kSecret{7, 11};

LedgerSpec spec_of(uint32_t capacity, const char* type = "src") {
  LedgerSpec spec;
  spec.key_type = KeyType::parse(type);
  spec.capacity = capacity;
  spec.secret = kSecret;
  return spec;
}

Key key_of(uint32_t number) {
  Key key;
  key.bytes[0] = 4;
  std::memcpy(key.bytes.data() + 1, &number, 4);
  return key;
}

/// A ledger beside the truth.
struct Watched {
  explicit Watched(uint32_t capacity) : ledger(spec_of(capacity)) {}

  void add(uint32_t number, uint64_t amount) {
    const Key key = key_of(number);
    ledger.add(key, key.hash(ledger.spec().secret), amount, admission);
    truth[number] += amount;
  }

  void absorb(Watched& other) {
    ledger.absorb(other.ledger);
    for (const auto& [number, count] : other.truth) truth[number] += count;
    other.truth.clear();
  }

  /// Number of broken promises over every key that was seen and as many that were not.
  int violations() const {
    int bad = 0;
    uint64_t total = 0;
    const auto judge = [&](uint32_t number, uint64_t count) {
      const Key key = key_of(number);
      const Interval found = ledger.interval(key, key.hash(ledger.spec().secret));
      bad += found.lower > count || found.upper < count;
      bad += ledger.exact() && found.lower != found.upper;
    };
    for (const auto& [number, count] : truth) {
      judge(number, count);
      judge(~number, truth.contains(~number) ? truth.at(~number) : 0);
      total += count;
    }
    bad += total != ledger.total();
    bad += static_cast<double>(ledger.floor()) * 0.75 * ledger.spec().capacity > static_cast<double>(total);
    bad += ledger.keys() > ledger.spec().capacity;
    return bad;
  }

  Ledger ledger;
  Admission admission = Admission::always;
  std::unordered_map<uint32_t, uint64_t> truth;
};

void add_skewed(Watched& watched, int count, uint32_t keys, std::mt19937_64& random) {
  for (int i = 0; i < count; ++i) {
    const double u = std::uniform_real_distribution<>(0, 1)(random);
    watched.add(static_cast<uint32_t>(std::pow(static_cast<double>(keys), u)), 1 + random() % 3);
  }
}

}  // namespace

TEST(ledger_is_exact_up_to_its_capacity) {
  Watched watched(64);
  for (uint32_t round = 0; round < 5; ++round)
    for (uint32_t number = 0; number < 64; ++number) watched.add(number, number + 1);
  CHECK(watched.ledger.exact());
  CHECK_EQ(watched.ledger.keys(), 64u);
  CHECK_EQ(watched.violations(), 0);
}

TEST(ledger_intervals_hold_over_skewed_streams) {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    std::mt19937_64 random(seed);
    Watched watched(64 << (seed % 4));
    watched.admission = seed <= 20 ? Admission::always : Admission::sparing;
    add_skewed(watched, 20000, 5000, random);
    CHECK_EQ(watched.violations(), 0);
    for (int i = 0; i < 20; ++i) watched.add(99'999, 500);
    const Key late = key_of(99'999);
    CHECK_EQ(watched.ledger.interval(late, late.hash(watched.ledger.spec().secret)).lower, 10'000u);
  }
}

TEST(ledger_intervals_hold_when_every_key_is_new) {
  Watched watched(64);
  for (uint32_t number = 0; number < 30000; ++number) watched.add(number * 2654435761u, 1);
  for (int i = 0; i < 3000; ++i) watched.add(42, 1);
  CHECK_EQ(watched.violations(), 0);
  const Key elephant = key_of(42);
  CHECK(watched.ledger.interval(elephant, elephant.hash(watched.ledger.spec().secret)).lower >= 2900);
}

TEST(ledger_merges_hold_for_random_trees) {
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    std::mt19937_64 random(seed);
    std::vector<std::unique_ptr<Watched>> hosts;
    for (int host = 0; host < 24; ++host) {
      hosts.push_back(std::make_unique<Watched>(64));
      add_skewed(*hosts.back(), 50 << (host % 8), 100 << (host % 5), random);
    }
    while (hosts.size() > 1) {
      std::swap(hosts[random() % hosts.size()], hosts.back());
      const auto taken = std::move(hosts.back());
      hosts.pop_back();
      hosts[random() % hosts.size()]->absorb(*taken);
      CHECK_EQ(taken->ledger.total(), 0u);
    }
    CHECK_EQ(hosts.front()->violations(), 0);
  }
}

TEST(ledger_sums_hold_for_any_number_of_hosts) {
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    std::mt19937_64 random(seed);
    Watched sum(64);
    std::vector<std::vector<uint8_t>> encoded;
    for (int host = 0; host < 24; ++host) {
      Watched one(64);
      add_skewed(one, 50 << (host % 8), 100 << (host % 5), random);
      encoded.push_back(one.ledger.encode());
      for (const auto& [number, count] : one.truth) sum.truth[number] += count;
    }
    const std::vector<std::span<const uint8_t>> spans(encoded.begin(), encoded.end());
    sum.ledger = sum_of(spans, kSecret);
    CHECK_EQ(sum.violations(), 0);
    CHECK(!sum.ledger.exact());
    add_skewed(sum, 5000, 500, random);  // counting goes on
    CHECK_EQ(sum.violations(), 0);
  }
}

TEST(ledger_sum_of_small_ledgers_is_exact) {
  LedgerSum ledgers(spec_of(64));
  Watched sum(64);
  for (uint32_t host = 0; host < 40; ++host) {
    Watched one(64);
    for (uint32_t number = host % 4 * 15; number < host % 4 * 15 + 19; ++number) one.add(number, 1 + host);
    ledgers.add(one.ledger.encode());
    for (const auto& [number, count] : one.truth) sum.truth[number] += count;
  }
  sum.ledger = ledgers.take();
  CHECK(sum.ledger.exact());
  CHECK_EQ(sum.ledger.keys(), 64u);
  CHECK_EQ(sum.violations(), 0);
}

/// Its last key is that of another entry instead.
std::vector<uint8_t> with_a_key_twice() {
  Watched watched(64);
  for (uint32_t number = 1; number <= 3; ++number) watched.add(number, 5);
  std::vector<uint8_t> bytes = watched.ledger.encode();
  const Key last = key_of(3), other = key_of(1);
  const auto at = std::search(bytes.begin(), bytes.end(), last.bytes.begin(), last.bytes.begin() + 5);
  std::copy_n(other.bytes.begin(), 5, at);
  return bytes;
}

TEST(ledger_refuses_a_key_that_comes_twice) {
  const std::vector<uint8_t> bytes = with_a_key_twice();
  const std::vector<uint8_t> fine = Ledger(spec_of(64)).encode();
  const std::span<const uint8_t> spans[] = {fine, bytes};
  const auto refused = [](const auto& read) {
    try {
      read();
      return false;
    } catch (const std::invalid_argument& error) {
      return std::string(error.what()).ends_with("a key twice");
    }
  };
  CHECK(refused([&] { Ledger::decode(bytes, kSecret); }));
  CHECK(refused([&] { sum_of(spans, kSecret); }));
}

TEST(ledger_merge_of_small_ledgers_is_exact) {
  Watched one(64), other(64);
  for (uint32_t number = 0; number < 40; ++number) one.add(number, 2);
  for (uint32_t number = 20; number < 60; ++number) other.add(number, 3);
  one.absorb(other);
  CHECK(one.ledger.exact());
  CHECK_EQ(one.ledger.keys(), 60u);
  CHECK_EQ(one.violations(), 0);
}

TEST(ledger_merge_refuses_unlike_ledgers) {
  const auto refused = [](const LedgerSpec& spec) {
    Ledger one(spec_of(64)), other(spec);
    const auto throws = [](const auto& merge) {
      try {
        merge();
        return false;
      } catch (const Incompatible&) {
        return true;
      }
    };
    const bool sum = throws([&] { LedgerSum(one.spec()).add(other.encode()); });
    const bool merge = throws([&] { one.absorb(other); });
    CHECK_EQ(sum, merge);
    return merge;
  };
  LedgerSpec bytes = spec_of(64), secret = spec_of(64);
  bytes.increment = Increment::bytes;
  secret.secret.k1 = 12;
  CHECK(refused(spec_of(64, "dst")));
  CHECK(refused(spec_of(128)));
  CHECK(refused(bytes));
  CHECK(refused(secret));
  CHECK(!refused(spec_of(64)));
}

TEST(ledger_takes_ipv6_keys_after_ipv4_keys) {
  Ledger ledger(spec_of(64));
  const KeyType& type = ledger.spec().key_type;
  const Key four = type.read("10.0.0.1"), six = type.read("2001:db8::1");
  for (int i = 0; i < 3; ++i) {
    ledger.add(four, four.hash(ledger.spec().secret), 1);
    ledger.add(six, six.hash(ledger.spec().secret), 2);
  }
  CHECK_EQ(ledger.interval(four, four.hash(ledger.spec().secret)).lower, 3u);
  CHECK_EQ(ledger.interval(six, six.hash(ledger.spec().secret)).lower, 6u);
  CHECK_EQ(ledger.keys(), 2u);
}

TEST(ledger_decodes_what_it_encodes) {
  std::mt19937_64 random(3);
  for (const int count : {0, 10, 20000}) {
    Watched watched(128);
    add_skewed(watched, count, 3000, random);
    watched.ledger.unkeyed = 9;
    const auto bytes = watched.ledger.encode();
    watched.ledger = Ledger::decode(bytes, watched.ledger.spec().secret);
    CHECK_EQ(watched.violations(), 0);
    CHECK_EQ(watched.ledger.unkeyed, 9u);
    CHECK(watched.ledger.clone().encode().size() == bytes.size());
  }
}

TEST(ledger_decode_refuses_damage) {
  std::mt19937_64 random(5);
  Watched watched(64);
  add_skewed(watched, 3000, 500, random);
  const auto bytes = watched.ledger.encode();
  const Secret secret = watched.ledger.spec().secret;
  const auto decodes = [&](std::span<const uint8_t> damaged) {
    try {
      Ledger::decode(damaged, secret);
      return true;
    } catch (const std::invalid_argument&) {
      return false;
    } catch (const Incompatible&) {
      return false;
    }
  };
  CHECK(decodes(bytes));
  for (size_t length = 0; length < bytes.size(); ++length) CHECK(!decodes({bytes.data(), length}));
  for (int i = 0; i < 20000; ++i) {  // any outcome but a crash: the sanitizers watch
    auto damaged = bytes;
    for (uint64_t flips = 1 + random() % 4; flips > 0; --flips)
      damaged[random() % damaged.size()] ^= 1 << random() % 8;
    decodes(damaged);
  }
}

TEST(ledger_decode_refuses_another_secret) {
  Ledger ledger(spec_of(64));
  bool refused = false;
  try {
    Ledger::decode(ledger.encode(), Secret{1, 1});
  } catch (const Incompatible&) {
    refused = true;
  }
  CHECK(refused);
}
