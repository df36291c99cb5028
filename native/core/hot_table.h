// The hot part of a ledger: a bounded open-addressing table of keys with their counts.
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

/// Linear probing at a load of at most 3/4, keys stored inline beside their counts. Slots are as wide as the
/// widest key seen so far: an IPv4-only ledger pays for IPv4 keys. Not thread-safe; one writer owns it.
class HotTable {
 public:
  /// Room for `entries` keys of `key_words` 64-bit words.
  HotTable(size_t entries, size_t key_words)
      : key_words_(key_words), slots_(slots_for(entries)), words_(slots_ * stride()) {}

  size_t size() const noexcept { return used_; }
  size_t slots() const noexcept { return slots_; }
  size_t room() const noexcept { return slots_ * 3 / 4; }

  Count* find(const Key& key, uint64_t hash) noexcept {
    if (key.words() > key_words_) return nullptr;
    const size_t at = probe(key, hash);
    return occupied(at) ? count_at(at) : nullptr;
  }
  const Count* find(const Key& key, uint64_t hash) const noexcept {
    return const_cast<HotTable*>(this)->find(key, hash);
  }

  void prefetch(uint64_t hash) const noexcept { __builtin_prefetch(slot(home(hash))); }

  /// Adds a key that is not in the table. The caller keeps size() below room().
  void insert(const Key& key, uint64_t hash, const Count& count) {
    if (key.words() > key_words_) widen(key.words());
    const size_t at = probe(key, hash);
    std::memcpy(slot(at), key.bytes.data(), key_words_ * 8);
    *count_at(at) = count;
    ++used_;
  }

  /// Calls visit(Key, Count&) for every entry, in no particular order.
  template <typename Visit>
  void each(Visit&& visit) {
    if (used_ == 0) return;
    for (size_t i = 0; i < slots_; ++i)
      if (occupied(i)) visit(key_at(i), *count_at(i));
  }
  template <typename Visit>
  void each(Visit&& visit) const {
    const_cast<HotTable*>(this)->each([&](const Key& key, const Count& count) { visit(key, count); });
  }

  /// Removes every entry for which evict(Key, Count) is true; each entry is judged once.
  template <typename Evict>
  void remove_if(const Secret& secret, Evict&& evict) {
    // Starting behind an empty slot, no cluster of entries crosses the start of the scan.
    size_t start = 0;
    while (occupied(start)) start = next(start);
    for (size_t at = next(start); at != start;) {
      if (occupied(at) && evict(key_at(at), *count_at(at)))
        erase(at, secret);  // may pull a later entry into this slot: look again
      else
        at = next(at);
    }
  }

  void clear() noexcept {
    if (used_ == 0) return;
    for (size_t i = 0; i < slots_; ++i)
      if (occupied(i)) std::memset(slot(i), 0, stride() * 8);
    used_ = 0;
  }

  size_t key_words() const noexcept { return key_words_; }

  static size_t bytes(size_t entries, size_t key_words) noexcept {
    return slots_for(entries) * (key_words + kCountWords) * 8;
  }

 private:
  static constexpr size_t kCountWords = sizeof(Count) / 8;
  static size_t slots_for(size_t entries) noexcept { return entries * 4 / 3 + 2; }

  size_t stride() const noexcept { return key_words_ + kCountWords; }
  size_t next(size_t i) const noexcept { return i + 1 == slots_ ? 0 : i + 1; }
  size_t home(uint64_t hash) const noexcept { return ((hash >> 32) * slots_) >> 32; }
  uint64_t* slot(size_t i) noexcept { return words_.data() + i * stride(); }
  const uint64_t* slot(size_t i) const noexcept { return words_.data() + i * stride(); }
  /// The first byte of a key is its length, never 0.
  bool occupied(size_t i) const noexcept { return *slot(i) != 0; }
  Count* count_at(size_t i) noexcept { return reinterpret_cast<Count*>(slot(i) + key_words_); }

  Key key_at(size_t i) const noexcept {
    Key key;
    std::memcpy(key.bytes.data(), slot(i), key_words_ * 8);
    return key;
  }

  /// The slot that holds the key, or the empty one where it belongs.
  size_t probe(const Key& key, uint64_t hash) const noexcept {
    size_t at = home(hash);
    while (occupied(at) && std::memcmp(slot(at), key.bytes.data(), key_words_ * 8) != 0) at = next(at);
    return at;
  }

  /// Closes the gap by moving later entries of the cluster back (Knuth, TAOCP 3, 6.4, algorithm R).
  void erase(size_t gap, const Secret& secret) noexcept {
    for (size_t at = next(gap); occupied(at); at = next(at)) {
      const size_t wanted = home(key_at(at).hash(secret));
      const bool reachable = gap <= at ? (wanted <= gap || wanted > at) : (wanted <= gap && wanted > at);
      if (!reachable) continue;
      std::memcpy(slot(gap), slot(at), stride() * 8);
      gap = at;
    }
    std::memset(slot(gap), 0, stride() * 8);
    --used_;
  }

  /// Keeps every entry in its place and gives the slots room for longer keys.
  void widen(size_t key_words) {
    const size_t old_stride = stride(), old_key_words = key_words_;
    Zeroed<uint64_t> wider(slots_ * (key_words + kCountWords));
    std::swap(wider, words_);
    key_words_ = key_words;
    for (size_t i = 0; i < slots_; ++i) {
      const uint64_t* old = wider.data() + i * old_stride;
      std::memcpy(slot(i), old, old_key_words * 8);
      *count_at(i) = {old[old_key_words], old[old_key_words + 1]};
    }
  }

  size_t key_words_;
  size_t slots_;
  size_t used_ = 0;
  Zeroed<uint64_t> words_;
};

}  // namespace tallytree
