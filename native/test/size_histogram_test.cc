// Size histograms: ranks within their bounds, sums that lose nothing, super-packets to the byte, and time.
#include "core/size_histogram.h"

#include <algorithm>
#include <random>
#include <stdexcept>

#include "check.h"
#include "core/engine.h"
#include "core/errors.h"
#include "core/parse.h"

using namespace tallytree;

namespace {

constexpr Secret kSecret{3, 4};

std::vector<uint64_t> random_sizes(uint64_t seed, size_t count, uint64_t most) {
  std::mt19937_64 random(seed);
  std::vector<uint64_t> sizes(count);
  for (uint64_t& size : sizes) size = 20 + random() % (random() % 3 == 0 ? 100 : most);
  return sizes;
}

SizeHistogram histogram_of(std::span<const uint64_t> sizes) {
  SizeHistogram found;
  for (const uint64_t size : sizes) found.add(size, 1);
  return found;
}

template <typename Failure>
bool refused(const std::vector<uint8_t>& bytes, const Secret& secret = kSecret) {
  try {
    SizeHistogram::decode(bytes, secret);
  } catch (const Failure&) {
    return true;
  }
  return false;
}

Packet packet_of(uint64_t second, uint64_t bytes) {
  Packet packet;
  packet.direction = Direction::input;
  packet.second = second;
  packet.bytes = bytes;
  return packet;
}

Engine engine_with_sizes() {
  Engine engine;
  engine.add("s", std::make_unique<Sketch>(kSecret, Filter{}, Sizes::kept));
  return engine;
}

SizeHistogram sizes_in(Engine& engine, const Window& window) { return engine.sizes("s").look(window).sum(); }

}  // namespace

TEST(size_histogram_knows_every_rank_within_its_bounds_and_one_percent) {
  for (const uint64_t most : {90u, 1500u, 70'000u, 900'000u}) {
    std::vector<uint64_t> sizes = random_sizes(most, 5000, most);
    const SizeHistogram found = histogram_of(sizes);
    std::ranges::sort(sizes);
    int wrong = 0;
    for (size_t rank = 1; rank <= sizes.size(); ++rank) {
      const double share = (static_cast<double>(rank) - 0.5) / static_cast<double>(sizes.size());
      const auto [value, lower, upper] = found.quantile(share);
      const uint64_t truth = sizes[rank - 1];
      wrong += truth < lower || truth > upper;
      wrong += 128 * (std::max(value, truth) - std::min(value, truth)) > truth;
      wrong += truth < 128 && value != truth;
    }
    CHECK_EQ(wrong, 0);
    CHECK_EQ(found.quantile(0).value, sizes.front());
    CHECK_EQ(found.quantile(1).value, sizes.back());
  }
}

TEST(size_histogram_has_each_size_in_the_one_bucket_that_spans_it) {
  constexpr uint64_t kMost = uint64_t{1} << SizeHistogram::kMostBits;
  for (uint64_t size = 0; size < kMost; size += 1 + size / 300) {
    SizeHistogram wide = histogram_of(std::array{uint64_t{0}, size, kMost - 1});
    const std::vector<SizeHistogram::Bucket> buckets = wide.buckets();
    const auto holds = [&](const auto& one) { return one.from <= size && size <= one.to; };
    CHECK_EQ(std::ranges::count_if(buckets, holds), 1);
    const SizeHistogram::Bucket found = *std::ranges::find_if(buckets, holds);
    CHECK(size == 0 || (found.to - found.from) * 64 < found.from || found.from == found.to);
  }
  const SizeHistogram huge = histogram_of(std::array{uint64_t{1} << 20, uint64_t{1} << 33});
  CHECK_EQ(huge.buckets().size(), 1);
  CHECK_EQ(huge.quantile(0.4).lower, uint64_t{1} << 20);
  CHECK_EQ(huge.quantile(1).value, uint64_t{1} << 33);
}

TEST(size_histogram_of_as_many_packets_as_can_be_told_has_quantiles) {
  SizeHistogram most;
  most.add(0, UINT64_MAX - 1);
  most.add(1, 1);
  CHECK_EQ(most.quantile(0.5).value, 0u);
  CHECK_EQ(most.quantile(1).value, 1u);
}

TEST(size_histograms_add_up_to_that_of_all_packets) {
  const std::vector<uint64_t> one = random_sizes(1, 700, 1500), other = random_sizes(2, 900, 9000);
  SizeHistogram sum = histogram_of(one), reverse = histogram_of(other);
  std::vector<uint64_t> both = one;
  both.insert(both.end(), other.begin(), other.end());
  reverse.absorb(sum);
  sum.absorb(histogram_of(other));
  CHECK(sum.encode(kSecret) == histogram_of(both).encode(kSecret));
  CHECK(sum.encode(kSecret) == reverse.encode(kSecret));
  CHECK_EQ(sum.packets(), 1600);
  bool refused = false;
  SizeHistogram full;
  full.add(1, UINT64_MAX - 5);
  try {
    full.absorb(sum);
  } catch (const std::overflow_error&) {
    refused = true;
  }
  CHECK(refused);
}

TEST(size_histogram_comes_back_from_its_byte_form) {
  for (const SizeHistogram& made : {SizeHistogram(), histogram_of(random_sizes(5, 3000, 70'000))}) {
    const std::vector<uint8_t> bytes = made.encode(kSecret);
    CHECK(bytes.size() <= SizeHistogram::most_encoded());
    const SizeHistogram read = SizeHistogram::decode(bytes, kSecret);
    CHECK(read.encode(kSecret) == bytes);
    CHECK_EQ(read.bytes(), made.bytes());
    CHECK_EQ(read.quantile(0.5).value, made.quantile(0.5).value);
  }
}

TEST(size_histogram_refuses_bytes_that_are_none) {
  const std::vector<uint8_t> good = histogram_of(random_sizes(6, 50, 1500)).encode(kSecret);
  for (size_t size = 0; size < good.size(); ++size)
    CHECK(refused<std::invalid_argument>({good.begin(), good.begin() + static_cast<ptrdiff_t>(size)}));
  CHECK(refused<Incompatible>(good, Secret{3, 5}));
  std::vector<uint8_t> finer = good;
  finer[23] ^= 1;  // kPartBits, behind length, magic, version, check and kExactBits
  CHECK(refused<Incompatible>(finer));
  std::vector<uint8_t> lying = good;
  lying[26] ^= 0x40;  // in the sum of bytes
  CHECK(refused<std::invalid_argument>(lying));
}

TEST(size_histogram_takes_super_packets_apart_to_the_byte) {
  Packet super = packet_of(1, 52 + 14'481);
  apply_gso(super, {20, 32}, 1448);
  SizeHistogram found;
  found.add(super);
  CHECK_EQ(found.packets(), 11);
  CHECK_EQ(found.bytes(), super.bytes);
  CHECK_EQ(found.least(), 53);
  CHECK_EQ(found.quantile(0.5).upper, 1500);
  CHECK_EQ(found.largest(), 1500);
  found.add(packet_of(1, 65'575));
  CHECK_EQ(found.largest(), 65'575);
}

TEST(sizes_are_kept_by_the_second_like_counts) {
  Engine engine = engine_with_sizes();
  for (uint64_t second = 1000; second < 1200; ++second)
    for (uint64_t i = 0; i < 3; ++i) engine.count(std::array{packet_of(second, second - 900)});
  CHECK_EQ(sizes_in(engine, All{}).packets(), 600);
  CHECK_EQ(sizes_in(engine, All{}).least(), 100);
  CHECK_EQ(sizes_in(engine, Realtime{}).packets(), 6);
  CHECK_EQ(sizes_in(engine, Realtime{}).least(), 298);
  const SizeHistogram recent = sizes_in(engine, Span{1170, 1195});
  CHECK_EQ(recent.packets(), 75);
  CHECK_EQ(recent.least(), 270);
  CHECK_EQ(recent.largest(), 294);
  const SizeSnapshot minutes = engine.sizes("s").look(Span{1021, 1080});
  CHECK((minutes.covered == Span{1020, 1080}));
  CHECK_EQ(minutes.sum().packets(), 180);
  CHECK_EQ(sizes_in(engine, Span{1300, 1400}).packets(), 0);
}

TEST(sizes_of_late_packets_and_of_a_clock_that_was_set_back) {
  Engine engine = engine_with_sizes();
  engine.count(std::array{packet_of(100, 40), packet_of(101, 50), packet_of(100, 60)});
  CHECK_EQ(sizes_in(engine, Span{100, 101}).packets(), 2);
  CHECK_EQ(sizes_in(engine, Span{101, 102}).packets(), 1);
  engine.set_clock(50);
  engine.count(std::array{packet_of(50, 70)});
  CHECK_EQ(sizes_in(engine, All{}).packets(), 4);
  CHECK_EQ(sizes_in(engine, Span{40, 200}).packets(), 1);
}

TEST(sizes_agree_with_the_totals_and_are_kept_when_asked_for_only) {
  Engine engine = engine_with_sizes();
  Packet super = packet_of(7, 52 + 64'000);
  apply_gso(super, {20, 32}, 1400);
  engine.count(std::array{super, packet_of(7, 84)});
  const Totals& totals = engine.sketch("s").totals();
  CHECK_EQ(sizes_in(engine, All{}).packets(), totals.packets);
  CHECK_EQ(sizes_in(engine, All{}).bytes(), totals.bytes);
  engine.add("t", std::make_unique<Sketch>(kSecret, Filter{}));
  CHECK(engine.sketch("t").sizes() == nullptr);
  bool refused = false;
  try {
    engine.sizes("t");
  } catch (const std::out_of_range&) {
    refused = true;
  }
  CHECK(refused);
}
