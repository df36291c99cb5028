// Likely counts against exact ones: within the bounds, and nearer to the truth than either of them.
#include "core/likely.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <random>

#include "check.h"

using namespace tallytree;

namespace {

constexpr Secret kSecret{7, 11};
constexpr uint32_t kKeys = 20'000;

LedgerSpec spec_of(uint32_t capacity, uint32_t cold_per_key, Increment increment = Increment::packets) {
  LedgerSpec spec;
  spec.key_type = KeyType::parse("src");
  spec.increment = increment;
  spec.capacity = capacity;
  spec.cold_per_key = cold_per_key;
  spec.secret = kSecret;
  return spec;
}

Key key_of(uint32_t number) {
  Key key;
  key.bytes[0] = 4;
  for (size_t i = 0; i < 4; ++i) key.bytes[i + 1] = static_cast<uint8_t>(number >> (8 * i));
  return key;
}

/// A ledger and the truth about it.
struct Counted {
  explicit Counted(const LedgerSpec& spec) : ledger(spec) {}

  void fill(uint64_t seed, uint64_t amount) {
    std::mt19937_64 random(seed);
    std::uniform_real_distribution<> exponent(0, 1);
    for (int i = 0; i < 300'000; ++i) {
      const auto number = static_cast<uint32_t>(std::pow(kKeys, exponent(random)));
      const Key key = key_of(number);
      ledger.add(key, key.hash(kSecret), amount);
      truth[number] += amount;
    }
  }

  Ledger ledger;
  std::map<uint32_t, uint64_t> truth;
};

/// Sums over the keys that are asked for: those with more than half of what may have no entry.
struct Errors {
  double likely = 0, lower = 0, middle = 0, upper = 0, bias = 0;
  int outside = 0;
};

Errors errors_of(const Counted& counted) {
  const Likely counts(counted.ledger);
  Errors errors;
  for (const auto& [number, count] : counted.truth) {
    const Key key = key_of(number);
    const auto [lower, upper] = counted.ledger.interval(key, key.hash(kSecret));
    const uint64_t likely = counts.count(key);
    errors.outside += likely < lower || likely > upper;
    if (2 * count <= counted.ledger.floor()) continue;
    const auto from_truth = [&, truth = count](uint64_t said) {
      return static_cast<double>(said) - static_cast<double>(truth);
    };
    errors.likely += std::abs(from_truth(likely));
    errors.bias += from_truth(likely);
    errors.lower += std::abs(from_truth(lower));
    errors.middle += std::abs(from_truth(lower + (upper - lower) / 2));
    errors.upper += std::abs(from_truth(upper));
  }
  return errors;
}

}  // namespace

TEST(likely_counts_are_exact_while_the_ledger_is) {
  Counted counted(spec_of(kKeys, 4));
  counted.fill(1, 1);
  CHECK(counted.ledger.exact());
  CHECK_EQ(errors_of(counted).likely, 0.0);
}

TEST(likely_counts_are_nearer_than_the_bounds) {
  for (const uint32_t cold : {4, 10})
    for (const auto& [increment, amount] :
         {std::pair{Increment::packets, 1}, {Increment::packets, 5}, {Increment::bytes, 1400}}) {
      Counted counted(spec_of(1024, cold, increment));
      counted.fill(cold, static_cast<uint64_t>(amount));
      const Errors errors = errors_of(counted);
      CHECK_EQ(errors.outside, 0);
      CHECK(errors.likely < std::min({errors.lower, errors.middle, errors.upper}));
      CHECK(std::abs(errors.bias) < errors.likely / 2);
    }
}

TEST(likely_counts_stay_so_when_ledgers_are_merged) {
  Counted sum(spec_of(1024, 10));
  for (uint64_t host = 1; host <= 4; ++host) {
    Counted one(sum.ledger.spec());
    one.fill(host, 1);
    sum.ledger.absorb(one.ledger);
    for (const auto& [number, count] : one.truth) sum.truth[number] += count;
  }
  const Errors errors = errors_of(sum);
  CHECK_EQ(errors.outside, 0);
  CHECK(errors.likely < std::min({errors.lower, errors.middle, errors.upper}));
}

TEST(likely_counts_without_cells_are_a_part_of_what_is_uncertain) {
  Counted counted(spec_of(1024, 0));
  counted.fill(3, 1);
  const Likely counts(counted.ledger);
  CHECK_EQ(errors_of(counted).outside, 0);
  CHECK_EQ(counts.count(key_of(3 * kKeys)), counted.ledger.floor() / 10);
  for (const auto& [key, count] : counted.ledger.entries())
    CHECK_EQ(counts.count(key), count.lower + (count.upper - count.lower) / 5);
}
