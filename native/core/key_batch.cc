// Batches of keys: selecting, building, hashing.
#include "key_batch.h"

#include <algorithm>

#include "vectorized.h"

namespace tallytree {
namespace {

/// As many as an AVX2 register holds: wider ones the compiler keeps in memory where processors have no such.
constexpr size_t kLanes = 4;
using Lanes = uint64_t __attribute__((vector_size(kLanes * 8)));

/// SipHash-1-3 of kLanes messages side by side.
struct SipLanes {
  Lanes v0, v1, v2, v3;

  [[gnu::always_inline]] void round() noexcept {
    v0 += v1;
    v2 += v3;
    v1 = (v1 << 13 | v1 >> 51) ^ v0;
    v3 = (v3 << 16 | v3 >> 48) ^ v2;
    v0 = (v0 << 32 | v0 >> 32) + v3;
    v2 += v1;
    v3 = (v3 << 21 | v3 >> 43) ^ v0;
    v1 = (v1 << 17 | v1 >> 47) ^ v2;
    v2 = v2 << 32 | v2 >> 32;
  }
  /// `word`: one of each message.
  [[gnu::always_inline]] void take(const uint64_t* word) noexcept {
    Lanes taken;
    std::memcpy(&taken, word, sizeof taken);
    v3 ^= taken;
    round();
    v0 ^= taken;
  }
  [[gnu::always_inline]] void end(uint64_t* hashes) noexcept {
    v2 ^= Lanes{} + 0xff;
    for (int i = 0; i < 3; ++i) round();
    v0 ^= v1 ^ v2 ^ v3;
    std::memcpy(hashes, &v0, sizeof v0);
  }
};

/// SipHash-1-3, as siphash13(), of kBatch messages of `words` words, their length word included. Word w of
/// message i is in[w][i]. Two groups of lanes at a time: one alone waits for itself.
TALLYTREE_VECTORIZED void hash_lanes(uint64_t k0, uint64_t k1, const uint64_t (*in)[kBatch], size_t words,
                                     uint64_t* out, size_t n) noexcept {
  const SipLanes start{Lanes{} + (k0 ^ 0x736f6d6570736575), Lanes{} + (k1 ^ 0x646f72616e646f6d),
                       Lanes{} + (k0 ^ 0x6c7967656e657261), Lanes{} + (k1 ^ 0x7465646279746573)};
  for (size_t i = 0; i < n; i += 2 * kLanes) {
    SipLanes one = start, other = start;
    for (size_t w = 0; w < words; ++w) {
      one.take(in[w] + i);
      other.take(in[w] + i + kLanes);
    }
    one.end(out + i);
    other.end(out + i + kLanes);
  }
}

}  // namespace

KeyBatch::KeyBatch(const KeyType& type, const Secret& secret, std::span<const Packet* const> from) noexcept {
  bool all_v4 = true;
  for (const Packet* packet : from) {
    if (!type.fits(*packet)) {
      unkeyed += packet->packets;
      continue;
    }
    all_v4 &= packet->family == 4;
    packets[size++] = packet;
  }
  if (all_v4) {
    type.make_v4({packets.data(), size}, keys.data());
  } else {
    for (size_t i = 0; i < size; ++i) type.make(*packets[i], keys[i]);
  }
  hash_keys(secret, {keys.data(), size}, hashes.data());
}

void hash_keys(const Secret& secret, std::span<const Key> keys, uint64_t* hashes) noexcept {
  constexpr size_t kMostWords = 2;  // an IPv4 key has at most 15 bytes and their number
  const size_t words = keys.empty() ? 0 : keys[0].words();
  uint64_t lanes[kMostWords + 1][kBatch];
  bool alike = words <= kMostWords;
  for (size_t i = 0; i < keys.size(); ++i) {
    alike &= keys[i].words() == words;
    std::memcpy(&lanes[0][i], keys[i].bytes.data(), 8);
    std::memcpy(&lanes[1][i], keys[i].bytes.data() + 8, 8);
  }
  if (!alike || keys.empty()) {
    for (size_t i = 0; i < keys.size(); ++i) hashes[i] = keys[i].hash(secret);
    return;
  }
  std::fill_n(lanes[words], keys.size(), uint64_t{words} << 56);
  hash_lanes(secret.k0, secret.k1, lanes, words + 1, hashes, keys.size());
}

}  // namespace tallytree
