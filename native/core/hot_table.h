// The hot part of a ledger: a bounded table of keys with their counts, found through chains.
#pragma once

#include <cstdint>
#include <cstring>

#include "key.h"
#include "zeroed.h"

namespace tallytree {

/// What the table knows of a key: `since` was counted since it was admitted, at most `prior` before that.
struct Count {
  uint64_t since = 0;
  uint64_t prior = 0;
  uint64_t rank() const noexcept { return since + prior; }
};

/// The upper half of a key's hash: all that table and cold part need of it.
using Tag = uint32_t;
inline Tag tag_of(uint64_t hash) noexcept { return static_cast<Tag>(hash >> 32); }

/**
 * Entries stand densely in an array and never move; a head for each hash value and a link in each entry chain
 * them. So a full table has no empty places, one entry replaces another where it stands, and a walk over all
 * entries may be interrupted. Entries are as wide as they must be: keys as the widest so far, counts of 32
 * bits until one needs more. Not thread-safe; one writer owns it.
 *
 * An entry in 64-bit words: tag | link << 32; the key; since | prior << 32, or since, prior when wide.
 */
class HotTable {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;

  /// Room for `entries` keys of `key_words` 64-bit words.
  HotTable(size_t entries, size_t key_words)
      : capacity_(entries),
        key_words_(key_words),
        short_(entries < UINT16_MAX),
        heads_(entries * kHeads * head_bytes(entries)),
        words_(entries * stride()) {}

  size_t size() const noexcept { return used_; }
  size_t capacity() const noexcept { return capacity_; }

  /// The key's place, or kNone.
  uint32_t find(const Key& key, Tag tag) const noexcept {
    const size_t words = key.words();
    if (words > key_words_) return kNone;
    const auto* wanted = reinterpret_cast<const uint64_t*>(key.bytes.data());
    for (uint32_t link = head(tag); link != 0;) {
      const uint64_t* entry = at(link - 1);
      if (static_cast<Tag>(entry[0]) == tag && same(entry + 1, wanted, words)) return link - 1;
      link = static_cast<uint32_t>(entry[0] >> 32);
    }
    return kNone;
  }

  /// Asks the processor for what find() reads first, and then second.
  void prefetch(Tag tag) const noexcept { __builtin_prefetch(heads_.data() + home(tag) * (short_ ? 2 : 4)); }
  void prefetch_entry(Tag tag) const noexcept {
    const uint32_t link = head(tag);
    const uint64_t* entry = at(link == 0 ? 0 : link - 1);
    __builtin_prefetch(entry);
    __builtin_prefetch(entry + stride() - 1);
  }

  /// Adds a key that is not there, while size() is below capacity().
  void insert(const Key& key, Tag tag, const Count& count) {
    put(static_cast<uint32_t>(used_++), key, tag, count);
  }

  /// Puts a key that is not there in another one's place.
  void replace(uint32_t place, const Key& key, Tag tag, const Count& count) {
    unlink(place);
    put(place, key, tag, count);
  }

  Tag tag(uint32_t place) const noexcept { return static_cast<Tag>(at(place)[0]); }
  Key key(uint32_t place) const noexcept {
    Key key;
    std::memcpy(key.bytes.data(), at(place) + 1, key_words_ * 8);
    return key;
  }
  Count count(uint32_t place) const noexcept {
    const uint64_t* word = at(place) + 1 + key_words_;
    if (wide_) return {word[0], word[1]};
    return {word[0] & UINT32_MAX, word[0] >> 32};
  }
  void set_count(uint32_t place, const Count& count) noexcept {
    uint64_t* word = at(place) + 1 + key_words_;
    word[0] = wide_ ? count.since : count.since | count.prior << 32;
    if (wide_) word[1] = count.prior;
  }
  /// Adds to `since`.
  void bump(uint32_t place, uint64_t amount) noexcept { at(place)[1 + key_words_] += amount; }

  /// Makes sure that counts up to `most` fit.
  void fit(uint64_t most) {
    if (most > UINT32_MAX && !wide_) widen(key_words_, true);
  }

  void clear() noexcept {
    if (used_ > 0) std::memset(heads_.data(), 0, heads_.size());
    used_ = 0;
  }

  HotTable clone() const {
    HotTable copy(capacity_, key_words_);
    if (wide_) copy.widen(key_words_, true);
    std::memcpy(copy.words_.data(), words_.data(), used_ * stride() * 8);
    std::memcpy(copy.heads_.data(), heads_.data(), heads_.size());
    copy.used_ = used_;
    return copy;
  }

  /// Most bytes it ever holds.
  static size_t bytes(size_t entries, size_t key_words) noexcept {
    return entries * (kHeads * head_bytes(entries) + (1 + key_words + 2) * 8);
  }

 private:
  /// Chain heads for each entry: most chains are empty or of one entry.
  static constexpr size_t kHeads = 2;
  static size_t head_bytes(size_t entries) noexcept { return entries < UINT16_MAX ? 2 : 4; }

  size_t stride() const noexcept { return 1 + key_words_ + (wide_ ? 2 : 1); }
  size_t home(Tag tag) const noexcept { return (uint64_t{tag} * kHeads * capacity_) >> 32; }
  uint32_t head(Tag tag) const noexcept {
    if (short_) return reinterpret_cast<const uint16_t*>(heads_.data())[home(tag)];
    return reinterpret_cast<const uint32_t*>(heads_.data())[home(tag)];
  }
  void set_head(Tag tag, uint32_t link) noexcept {
    if (short_)
      reinterpret_cast<uint16_t*>(heads_.data())[home(tag)] = static_cast<uint16_t>(link);
    else
      reinterpret_cast<uint32_t*>(heads_.data())[home(tag)] = link;
  }
  uint64_t* at(uint32_t place) noexcept { return words_.data() + place * stride(); }
  const uint64_t* at(uint32_t place) const noexcept { return words_.data() + place * stride(); }

  /// The first word tells the length, so words behind the key's own need not be looked at.
  static bool same(const uint64_t* one, const uint64_t* other, size_t words) noexcept {
    for (size_t i = 0; i < words; ++i)
      if (one[i] != other[i]) return false;
    return true;
  }

  void put(uint32_t place, const Key& key, Tag tag, const Count& count) {
    if (key.words() > key_words_) widen(key.words(), wide_);
    uint64_t* entry = at(place);
    entry[0] = tag | uint64_t{head(tag)} << 32;
    std::memcpy(entry + 1, key.bytes.data(), key_words_ * 8);
    set_count(place, count);
    set_head(tag, place + 1);
  }

  void unlink(uint32_t place) noexcept {
    const auto next = static_cast<uint32_t>(at(place)[0] >> 32);
    const uint32_t first = head(tag(place));
    if (first == place + 1) return set_head(tag(place), next);
    uint64_t* before = at(first - 1);
    while (before[0] >> 32 != place + 1) before = at(static_cast<uint32_t>(before[0] >> 32) - 1);
    before[0] = static_cast<Tag>(before[0]) | uint64_t{next} << 32;
  }

  /// Gives every entry more room where it stands, the last one first.
  void widen(size_t key_words, bool wide) {
    const size_t old_stride = stride(), old_words = key_words_;
    const bool was_wide = wide_;
    key_words_ = key_words;
    wide_ = wide;
    words_.grow(capacity_ * stride());
    for (size_t place = used_; place-- > 0;) {
      uint64_t old[1 + Key::kBytes / 8 + 2];
      std::memcpy(old, words_.data() + place * old_stride, old_stride * 8);
      uint64_t* entry = at(static_cast<uint32_t>(place));
      std::memset(entry, 0, stride() * 8);
      std::memcpy(entry, old, (1 + old_words) * 8);
      const uint64_t* count = old + 1 + old_words;
      set_count(static_cast<uint32_t>(place),
                was_wide ? Count{count[0], count[1]} : Count{count[0] & UINT32_MAX, count[0] >> 32});
    }
  }

  size_t capacity_;
  size_t key_words_;
  bool short_;         // heads of 16 bits, else 32
  bool wide_ = false;  // counts of 64 bits, else 32
  size_t used_ = 0;
  Zeroed<uint8_t> heads_;  // place + 1 of a chain's first entry; 0: none
  Zeroed<uint64_t> words_;
};

}  // namespace tallytree
