// Who talks to many: a SpreadSketch (Tang, Huang, Lee, "SpreadSketch", INFOCOM 2020) of the keys of a
// counter.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "key_projection.h"
#include "ultra_log_log.h"
#include "zeroed.h"

namespace tallytree {

/// What two spreads must have in common to be united.
struct SpreadSpec {
  static constexpr uint32_t kWidth = 512;        ///< since a counter was made
  static constexpr uint32_t kWindowWidth = 128;  ///< of one pane, and of sums over panes
  static constexpr uint32_t kMostWidth = 4096;

  KeyType key_type;
  KeyType owner;  ///< the coarser type whose keys own others
  uint32_t width = kWidth;
  Secret secret;

  bool operator==(const SpreadSpec&) const = default;
};

/**
 * Four rows of buckets; an owner has one in each row. A bucket counts the distinct keys that reach it and
 * names the owner of the key with the largest hash: with ever more keys of one owner in it, that is most
 * likely theirs. An owner with the share s of all keys owns its bucket of a row with the chance s / (s + 1 /
 * width). Union is idempotent, commutative and associative. One writer; allocates only when made.
 */
class Spread {
 public:
  static constexpr size_t kRows = 4;
  static constexpr UltraLogLog kLoad{6};  ///< of a bucket, by 64 registers: 9.5 % standard error

  explicit Spread(const SpreadSpec& spec);

  const SpreadSpec& spec() const noexcept { return plan_->spec; }

  /// `key` is one of the counter's, `hash` its hash with the sketch's secret.
  void add(const Key& key, uint64_t hash) noexcept;
  /// Throws Incompatible when the specifications differ.
  void absorb(const Spread& other);
  /// One row of it; the specifications are alike.
  void absorb_row(const Spread& other, size_t row) noexcept;
  void clear() noexcept;
  Spread clone() const;

  /// The byte form; spread_codec.cc has the layout.
  std::vector<uint8_t> encode() const;
  /// Throws std::invalid_argument for anything that is not exactly one encoded spread, Incompatible for one
  /// made with another secret.
  static Spread decode(std::span<const uint8_t> bytes, const Secret& secret);

  /// Most bytes that one takes besides its own size, and that a clone does.
  static size_t bytes(const SpreadSpec& spec) noexcept;
  static size_t clone_bytes(const SpreadSpec& spec) noexcept;

 private:
  friend class SpreadEstimates;

  /// Shared by all clones.
  struct Plan {
    SpreadSpec spec;
    KeyProjection projection;
  };

  explicit Spread(std::shared_ptr<const Plan> plan);

  size_t width() const noexcept { return plan_->spec.width; }
  size_t buckets() const noexcept { return kRows * width(); }
  size_t bucket_of(uint64_t owner_hash, size_t row) const noexcept;
  uint8_t* registers(size_t bucket) noexcept { return registers_.data() + bucket * kLoad.size(); }
  const uint8_t* registers(size_t bucket) const noexcept { return registers_.data() + bucket * kLoad.size(); }
  Key owner(size_t bucket) const noexcept;
  void set_owner(size_t bucket, const Key& owner, uint64_t top) noexcept;
  bool outranks(size_t bucket, const Key& owner, uint64_t top) const noexcept;

  std::shared_ptr<const Plan> plan_;
  size_t owner_bytes_;         // length byte included
  Zeroed<uint8_t> registers_;  // of each bucket
  Zeroed<uint64_t> tops_;      // the largest hash of a key in it; 0: none
  Zeroed<uint8_t> owners_;     // whose key that is
};

}  // namespace tallytree
