// Distinct: exact while small, within its stated error beyond, idempotent in union.
#include "core/distinct.h"

#include <cmath>
#include <stdexcept>

#include "check.h"
#include "core/errors.h"

using namespace tallytree;

namespace {

uint64_t hash_of(uint64_t number) { return siphash13({3, 5}, &number, 1); }

Distinct set_of(uint64_t from, uint64_t to) {
  Distinct set;
  for (uint64_t number = from; number < to; ++number) {
    set.add(hash_of(number));
    set.add(hash_of(number));
  }
  return set;
}

}  // namespace

TEST(distinct_is_exact_while_small) {
  for (const uint64_t n : {0, 1, 85, 4096}) {
    const DistinctCount found = set_of(0, n).count();
    CHECK(found.exact);
    CHECK_EQ(found.count, static_cast<double>(n));
    CHECK_EQ(found.upper, static_cast<double>(n));
  }
}

TEST(distinct_estimates_within_its_error) {
  int outside = 0;
  double squares = 0;
  constexpr int kSets = test::repeated(60);
  for (uint64_t seed = 0; seed < kSets; ++seed) {
    const uint64_t n = 5000 + 700 * seed * seed;
    Distinct set;
    for (uint64_t number = 0; number < n; ++number) set.add(siphash13({seed, 5}, &number, 1));
    const DistinctCount found = set.count();
    CHECK(!found.exact);
    const double error = found.count / static_cast<double>(n) - 1;
    squares += error * error;
    outside += found.lower > static_cast<double>(n) || found.upper < static_cast<double>(n);
  }
  CHECK(std::sqrt(squares / kSets) < 0.015);  // 1.2 % is the theory's
  CHECK(outside <= kSets / 10);
}

TEST(distinct_is_as_precise_as_it_was_made) {
  for (unsigned precision = Distinct::kLeastPrecision; precision <= Distinct::kMostPrecision;
       precision += 2) {
    const double theory = 0.7608 / std::sqrt(std::ldexp(1.0, static_cast<int>(precision)));
    CHECK_EQ(Distinct::precision_for(theory * 1.001), precision);
    double squares = 0;
    constexpr int kSets = test::repeated(60);
    for (uint64_t seed = 0; seed < kSets; ++seed) {
      Distinct set(precision);
      for (uint64_t number = 0; number < 20'000; ++number) set.add(siphash13({seed, 6}, &number, 1));
      const DistinctCount found = set.count();
      squares += (found.count / 20'000 - 1) * (found.count / 20'000 - 1);
      CHECK(std::abs((found.upper - found.count) / found.count - 2 * theory) < 0.001);
    }
    CHECK(std::sqrt(squares / kSets) < 1.3 * theory);
  }
}

TEST(distinct_sets_of_unlike_precision_have_no_union) {
  Distinct rough(10), fine(14);
  for (Distinct* set : {&rough, &fine}) set->add(hash_of(1));
  const auto refused = [](auto&& body) {
    try {
      body();
      return false;
    } catch (const Incompatible&) {
      return true;
    }
  };
  CHECK(refused([&] { rough.absorb(fine); }));
  CHECK(refused([&] { fine.absorb_registers(rough.registers()); }));
  CHECK_EQ(Distinct::decode(rough.encode(1)).set.precision(), 10u);
  bool impossible = false;
  try {
    Distinct::precision_for(0.001);
  } catch (const std::invalid_argument&) {
    impossible = true;
  }
  CHECK(impossible);
}

TEST(distinct_union_counts_a_key_once) {
  for (const uint64_t n : {100, 3000, 30000}) {
    Distinct one = set_of(0, n);
    const Distinct other = set_of(n / 2, n + n / 2), whole = set_of(0, n + n / 2);
    one.absorb(other);
    one.absorb(other);
    CHECK_EQ(one.count().count, whole.count().count);
    Distinct reverse = set_of(n / 2, n + n / 2);
    reverse.absorb(set_of(0, n));
    CHECK_EQ(reverse.count().count, whole.count().count);
  }
}

TEST(distinct_decodes_what_it_encodes) {
  for (const uint64_t n : {0, 10, 4096, 9000}) {
    const auto bytes = set_of(0, n).encode(77);
    const Distinct::Decoded decoded = Distinct::decode(bytes);
    CHECK_EQ(decoded.check, 77u);
    CHECK_EQ(decoded.set.count().count, set_of(0, n).count().count);
    for (size_t length = 0; length < bytes.size(); length += 97) {
      bool refused = false;
      try {
        Distinct::decode({bytes.data(), length});
      } catch (const std::invalid_argument&) {
        refused = true;
      }
      CHECK(refused);
    }
  }
}

TEST(distinct_starts_anew_after_clear) {
  Distinct set = set_of(0, 9000);
  set.clear();
  CHECK_EQ(set.count().count, 0.0);
  set.add(hash_of(1));
  CHECK_EQ(set.count().count, 1.0);
}
