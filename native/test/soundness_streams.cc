// Streams that look for a ledger's weak spots.
#include "soundness_streams.h"

#include <array>

#include "bench/traffic.h"

namespace tallytree::soundness {
namespace {

using Numbers = std::vector<uint32_t>;
using Random = std::mt19937_64;

/// A source address; the last of each `six_of` numbers is IPv6.
Key key_of(uint64_t number, uint64_t six_of) {
  Key key;
  const bool six = six_of > 0 && number % six_of == six_of - 1;
  key.bytes[0] = six ? 16 : 4;
  if (six) key.bytes[1] = 0x20;
  std::memcpy(key.bytes.data() + (six ? 9 : 1), &number, 4);
  return key;
}

Numbers shuffled(size_t keys, size_t length, double alpha, Random& random) {
  return traffic::zipf_trace(length, traffic::Zipf(keys, alpha), random());
}

/// Every key lives for a stretch of the stream only.
Numbers bursty(size_t keys, size_t length, Random& random) {
  Numbers numbers = shuffled(keys, length, 1.0, random);
  std::vector<double> start(keys), life(keys);
  for (double& at : start) at = std::uniform_real_distribution<>(0, 1)(random);
  for (double& span : life) span = std::exponential_distribution<>(1 / 0.3)(random);
  std::vector<std::pair<double, uint32_t>> timed;
  for (const uint32_t number : numbers)
    timed.emplace_back(start[number] + life[number] * std::uniform_real_distribution<>(0, 1)(random), number);
  std::sort(timed.begin(), timed.end());
  for (size_t i = 0; i < numbers.size(); ++i) numbers[i] = timed[i].second;
  return numbers;
}

/// The largest key of all comes last.
Numbers late_elephant(size_t keys, size_t length, Random& random) {
  Numbers numbers = shuffled(keys, length, 0.8, random);
  std::fill(numbers.end() - static_cast<ptrdiff_t>(length / 10), numbers.end(),
            static_cast<uint32_t>(keys - 1));
  return numbers;
}

/// Each key comes once or twice, one after the other, round and round.
Numbers churn(size_t keys, size_t length, Random& random) {
  Numbers numbers(length);
  uint32_t next = 0;
  for (size_t i = 0; i < length; ++i) {
    numbers[i] = next;
    if (random() % 2 == 0) next = static_cast<uint32_t>((next + 1) % keys);
  }
  return numbers;
}

/// Long runs of one key, again and again: what was as good as gone comes back.
Numbers revival(size_t keys, size_t length, Random& random) {
  Numbers numbers;
  while (numbers.size() < length) {
    const auto first = static_cast<uint32_t>(random() % keys);
    for (uint32_t i = 0; i < 1 + random() % 300; ++i)
      numbers.push_back(static_cast<uint32_t>((first + i) % keys));
    for (uint32_t i = 0; i < random() % 50; ++i) numbers.push_back(first);
  }
  return numbers;
}

/// The first `count` keys whose hash under `attacked` begins with `bits` zeros.
std::vector<Hashed> colliding_keys(size_t count, unsigned bits, const Secret& attacked) {
  std::vector<Hashed> keys;
  for (uint64_t number = 0; keys.size() < count; ++number) {
    const Key key = key_of(number, 0);
    if (key.hash(attacked) >> (64 - bits) == 0) keys.push_back({key, key.hash(kSecret)});
  }
  return keys;
}

std::vector<Hashed> plain_keys(size_t from, size_t count, uint64_t six_of) {
  std::vector<Hashed> keys;
  for (size_t number = from; number < from + count; ++number) {
    const Key key = key_of(number, six_of);
    keys.push_back({key, key.hash(kSecret)});
  }
  return keys;
}

constexpr size_t kKinds = 12;
constexpr std::array<const char*, kKinds> kNames = {
    "zipf 0.8", "zipf 1.0", "zipf 1.2", "zipf 1.5",        "bursty",     "late elephant",
    "churn",    "revival",  "IPv6",     "IPv6 and bursty", "collisions", "collisions, secret known"};

Numbers numbers_of(size_t kind, size_t keys, size_t length, Random& random) {
  constexpr std::array kAlphas = {0.8, 1.0, 1.2, 1.5};
  if (kind < 4) return shuffled(keys, length, kAlphas[kind], random);
  if (kind == 4 || kind == 9) return bursty(keys, length, random);
  if (kind == 5) return late_elephant(keys, length, random);
  if (kind == 6) return churn(keys, length, random);
  if (kind == 7) return revival(keys, length, random);
  return shuffled(keys, length, 1.0, random);
}

}  // namespace

Stream random_stream(uint64_t round, size_t hosts, Random& random) {
  Stream stream;
  const size_t kind = round % kKinds;
  stream.name = kNames[kind];
  size_t keys = std::min<size_t>(500 << random() % 7, (size_t{1} << 22) / hosts);
  if (kind >= 10) keys = std::min<size_t>(keys, 1000);
  const size_t length = std::max(keys * 4, hosts * (50 << random() % 4));
  stream.keys = kind == 10   ? colliding_keys(keys, 7, Secret{1, 2})
                : kind == 11 ? colliding_keys(keys, 7, kSecret)
                             : plain_keys(0, keys, kind == 8 || kind == 9 ? 2 + random() % 6 : 0);
  stream.unseen = plain_keys(1'000'000'000, std::min<size_t>(keys, 2000), 3);
  stream.numbers = numbers_of(kind, keys, length, random);
  stream.bytes = random() % 3 == 0;
  return stream;
}

LedgerSpec random_spec(const Stream& stream, Random& random) {
  LedgerSpec spec;
  spec.key_type = KeyType::parse("src");
  spec.increment = stream.bytes ? Increment::bytes : Increment::packets;
  spec.capacity = 16 << random() % 9;
  spec.cold_per_key = std::array{0u, 1u, 4u, 4u, 8u}[random() % 5];
  spec.secret = kSecret;
  return spec;
}

}  // namespace tallytree::soundness
