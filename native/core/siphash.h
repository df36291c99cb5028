// SipHash-1-3 over whole 64-bit words (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012):
// a keyed hash, so that nobody without the secret can choose keys that collide.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <stdexcept>

namespace tallytree {

/// 128 bits shared by all hosts whose sketches are to merge.
struct Secret {
  uint64_t k0 = 0;
  uint64_t k1 = 0;

  bool operator==(const Secret&) const = default;

  static Secret from_bytes(std::span<const uint8_t> bytes) {
    if (bytes.size() != 16) throw std::invalid_argument("a secret has 16 bytes");
    Secret secret;
    std::memcpy(&secret.k0, bytes.data(), 8);
    std::memcpy(&secret.k1, bytes.data() + 8, 8);
    return secret;
  }
};

class SipState {
 public:
  explicit SipState(const Secret& secret) noexcept
      : v0_(secret.k0 ^ 0x736f6d6570736575),
        v1_(secret.k1 ^ 0x646f72616e646f6d),
        v2_(secret.k0 ^ 0x6c7967656e657261),
        v3_(secret.k1 ^ 0x7465646279746573) {}

  void absorb(uint64_t word) noexcept {
    v3_ ^= word;
    round();
    v0_ ^= word;
  }

  uint64_t finish() noexcept {
    v2_ ^= 0xff;
    round();
    round();
    round();
    return v0_ ^ v1_ ^ v2_ ^ v3_;
  }

 private:
  void round() noexcept {
    v0_ += v1_;
    v2_ += v3_;
    v1_ = std::rotl(v1_, 13) ^ v0_;
    v3_ = std::rotl(v3_, 16) ^ v2_;
    v0_ = std::rotl(v0_, 32) + v3_;
    v2_ += v1_;
    v3_ = std::rotl(v3_, 21) ^ v0_;
    v1_ = std::rotl(v1_, 17) ^ v2_;
    v2_ = std::rotl(v2_, 32);
  }

  uint64_t v0_, v1_, v2_, v3_;
};

/// Hash of `count` words at any address, read one by one: they may just have been written so. The caller's words
/// must tell their own length (a Key's first byte does).
inline uint64_t siphash13(const Secret& secret, const void* words, size_t count) noexcept {
  SipState state(secret);
  for (size_t i = 0; i < count; ++i) {
    uint64_t word;
    std::memcpy(&word, static_cast<const uint8_t*>(words) + 8 * i, 8);
    state.absorb(word);
  }
  state.absorb(static_cast<uint64_t>(count) << 56);
  return state.finish();
}

/// A number that tells secrets apart and gives nothing of them away.
inline uint64_t secret_check(const Secret& secret) noexcept {
  constexpr uint64_t kLabel = 0x6b63656863;  // "check"
  return siphash13(secret, &kLabel, 1);
}

}  // namespace tallytree
