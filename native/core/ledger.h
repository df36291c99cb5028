// The ledger: counts by key that are exact while few keys are seen, and certain intervals for ever after.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "cold.h"
#include "hot_table.h"
#include "key.h"
#include "siphash.h"
#include "sweep.h"

namespace tallytree {

enum class Increment : uint8_t { packets, bytes };

/// Whether a new key always gets an entry, or in a full table only one that may be above the floor: for amounts
/// that are sums of what came close together, where a small one will hardly grow.
enum class Admission : uint8_t { always, sparing };

/// What two ledgers must have in common to be added.
struct LedgerSpec {
  static constexpr uint32_t kLeastCapacity = 16, kMostCapacity = 1 << 20;
  static constexpr uint32_t kMostColdPerKey = 64;

  KeyType key_type;
  Increment increment = Increment::packets;
  uint32_t capacity = 4096;   ///< K: most entries in the hot table
  uint32_t cold_per_key = 4;  ///< bytes of a row of the cold part for each of K; 0: no cold part
  Secret secret;

  /// What a counter has unless told otherwise: the larger the table, the smaller the keys that matter.
  static constexpr uint32_t cold_for(uint32_t capacity) noexcept {
    return capacity <= 2048 ? 2 : capacity <= 4096 ? 4 : capacity <= 8192 ? 6 : 10;
  }

  /// The least K that tells every key of at least `share` of the total within `width` of its count (both in
  /// (0, 1]), whatever the traffic. Throws std::invalid_argument when that is out of range.
  static uint32_t capacity_for(double share, double width);

  uint32_t cold_width() const noexcept { return capacity * cold_per_key / 8 * 8; }
  uint64_t secret_check() const noexcept { return tallytree::secret_check(secret); }

  bool operator==(const LedgerSpec&) const = default;
};

/// What an encoded ledger says of itself, without its secret.
struct LedgerSummary {
  std::string key_type;
  Increment increment;
  uint64_t total, spilled, floor, unkeyed;
  uint32_t keys;
};

/// How far one ledger has gone into another; see Ledger::absorb_some.
struct Absorption {
  uint64_t own_floor = 0;
  uint64_t other_floor = 0;
  uint32_t next = 0;
  bool common_done = false;
};

/// A count that is certainly within [lower, upper].
struct Interval {
  uint64_t lower = 0;
  uint64_t upper = 0;
  bool operator==(const Interval&) const = default;
};

/**
 * A Misra-Gries summary (mergeable: Agarwal et al., "Mergeable Summaries", 2012) that keeps the exact count
 * since admission, as Lossy Counting does, and spills what it evicts into a count-min sketch.
 *
 * For any updates, any order and any tree of merges: every interval holds; floor() <= total() / (3/4 K), and
 * no key above floor() is without an entry; while spilled() is 0 every interval is exact. DESIGN.md has the
 * proof. One thread owns a ledger. add() allocates only when entries must become wider: on the first IPv6
 * key, and when the total passes 2^32.
 */
class Ledger {
 public:
  explicit Ledger(const LedgerSpec& spec);

  /// True when the key was not in the table before.
  bool add(const Key& key, uint64_t hash, uint64_t amount, Admission admission = Admission::always) {
    return add_one(key, tag_of(hash), amount, admission);
  }
  /// The same of at most kBatch keys: bit i tells of key i.
  uint64_t add(std::span<const Key> keys, const uint64_t* hashes, const uint64_t* amounts,
               Admission admission);

  Interval interval(const Key& key, uint64_t hash) const noexcept;

  /// Adds everything `other` counted and leaves it empty. Throws Incompatible when the specifications differ.
  void absorb(Ledger& other);

  /// The same bit by bit: begin, then absorb_some until it says true. In between, a key's count is within the
  /// sum of its two intervals, and neither ledger may be changed otherwise.
  Absorption begin_absorb(Ledger& other);
  /// Takes over at most `entries`; true when nothing is left.
  bool absorb_some(Ledger& other, Absorption& progress, size_t entries = SIZE_MAX);

  void clear() noexcept;
  Ledger clone() const;

  const LedgerSpec& spec() const noexcept { return spec_; }
  uint64_t total() const noexcept { return total_; }      ///< sum of all increments
  uint64_t spilled() const noexcept { return spilled_; }  ///< weight evicted into the cold part
  uint64_t floor() const noexcept { return floor_; }      ///< no key without an entry exceeds it
  size_t keys() const noexcept { return hot_.size(); }
  bool exact() const noexcept { return spilled_ == 0; }
  const Cold& cold() const noexcept { return cold_; }

  /// Packets that matched but have no such key; carried along, not part of total().
  uint64_t unkeyed = 0;

  struct Entry {
    Key key;
    Interval interval;
  };
  /// Entries whose upper bound exceeds `above`, by falling lower bound, ties by key bytes.
  std::vector<Entry> entries(uint64_t above = 0) const;

  /// The byte form; ledger_codec.cc has the layout.
  std::vector<uint8_t> encode() const;
  /// Throws std::invalid_argument for anything that is not exactly one encoded ledger, Incompatible for one
  /// made with another secret.
  static Ledger decode(std::span<const uint8_t> bytes, const Secret& secret);

  static LedgerSummary summarize(std::span<const uint8_t> bytes);

  /// Most bytes of the byte form with that many entries and nothing in the cold part.
  static size_t most_encoded(const LedgerSpec& spec, size_t entries) noexcept;

  /// Most bytes a ledger of this specification ever holds; or while it has seen IPv4 only (`family` 4), or
  /// the total is below 2^32 (not `wide`).
  static size_t bytes(const LedgerSpec& spec, int family = 6, bool wide = true) noexcept;

 private:
  friend class LedgerSum;
  friend class Reduction;

  void require_like(const LedgerSpec& other) const;
  Interval interval_of(const Count& count, Tag tag) const noexcept;
  uint32_t kept() const noexcept { return spec_.capacity - spec_.capacity / 4; }
  uint64_t most_before(Tag tag) const noexcept;
  uint64_t prior_by_turns(Tag tag) noexcept;
  void admit_or_spill(const Key& key, Tag tag, const Count& count);
  void admit(const Key& key, Tag tag, const Count& count);
  bool add_one(const Key& key, Tag tag, uint64_t amount, Admission admission);
  void prefetch(std::span<const Tag> tags) const noexcept;
  bool stays(uint32_t place) noexcept;
  bool pass() noexcept;
  Sweep::Candidate vacate();
  void look_ahead() noexcept;
  void spill(Tag tag, uint64_t amount);
  void take_entries(Ledger& other, uint32_t first, uint32_t n, const Absorption& progress);
  bool take(const Key& key, Tag tag, const Count& theirs, const Absorption& progress);

  LedgerSpec spec_;
  HotTable hot_;
  Cold cold_;
  Sweep sweep_;
  uint64_t total_ = 0;
  uint64_t spilled_ = 0;
  uint64_t floor_ = 0;
  bool by_floor_ = false;  // whether the last new entry's prior was the floor
};

}  // namespace tallytree
