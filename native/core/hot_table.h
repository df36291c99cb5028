// The hot part of a ledger: a bounded open-addressing table of keys with their counts.
#pragma once

#include <cstdint>
#include <cstring>
#include <numeric>
#include <utility>

#include "key.h"
#include "zeroed.h"

namespace tallytree {

/// What the table knows of a key: `since` was counted since it was admitted, at most `prior` before that.
struct Count {
  uint64_t since = 0;
  uint64_t prior = 0;
  uint64_t rank() const noexcept { return since + prior; }
};

/// The upper half of a key's hash; 0 marks an empty slot.
using Tag = uint32_t;
inline Tag tag_of(uint64_t hash) noexcept {
  const auto tag = static_cast<Tag>(hash >> 32);
  return tag == 0 ? 1 : tag;
}

/**
 * Linear probing at a load of at most 3/4. Tags lie apart from the slots, so that a probe walks one cache
 * line and an empty table is 4 bytes a slot to clear. Slots hold key and count inline and are as wide as the
 * widest key so far: an IPv4-only ledger pays for IPv4 keys. Not thread-safe; one writer owns it.
 */
class HotTable {
 public:
  /// Room for `entries` keys of `key_words` 64-bit words.
  HotTable(size_t entries, size_t key_words)
      : key_words_(key_words),
        slots_(slots_for(entries)),
        step_(coprime_step(slots_)),
        tags_(slots_),
        spare_tags_(slots_),
        words_(slots_ * stride()),
        spare_words_(slots_ * stride()) {}

  size_t size() const noexcept { return used_; }
  size_t slots() const noexcept { return slots_; }

  /// nullptr when the key is not there.
  Count* find(const Key& key, Tag tag) noexcept {
    if (key.words() > key_words_) return nullptr;
    uint64_t wanted[Key::kBytes / 8];
    std::memcpy(wanted, key.bytes.data(), Key::kBytes);
    for (size_t at = home(tag); tags_[at] != 0; at = next(at))
      if (tags_[at] == tag && same(words_.data() + at * stride(), wanted)) return &count(at);
    return nullptr;
  }
  const Count* find(const Key& key, Tag tag) const noexcept {
    return const_cast<HotTable*>(this)->find(key, tag);
  }

  void prefetch(Tag tag) const noexcept {
    __builtin_prefetch(tags_.data() + home(tag));
    __builtin_prefetch(words_.data() + home(tag) * stride());
  }

  /// Adds a key that is not there. The caller keeps size() below what the table was made for.
  void insert(const Key& key, Tag tag, const Count& count) {
    if (key.words() > key_words_) widen(key.words());
    uint64_t* slot = claim(tags_, words_, tag);
    std::memcpy(slot, key.bytes.data(), key_words_ * 8);
    slot[key_words_] = count.since;
    slot[key_words_ + 1] = count.prior;
    ++used_;
  }

  /// Calls visit(at) for every entry; key(at), tag(at), count(at) are what is there. The order has nothing to
  /// do with the hash: in the order of the slots, filling another table would crowd its front.
  template <typename Visit>
  void each(Visit&& visit) const {
    if (used_ == 0) return;
    size_t at = 0;
    do {
      if (tags_[at] != 0) visit(at);
      at += step_;
      if (at >= slots_) at -= slots_;
    } while (at != 0);
  }

  Tag tag(size_t at) const noexcept { return tags_[at]; }
  Count& count(size_t at) noexcept {
    return *reinterpret_cast<Count*>(words_.data() + at * stride() + key_words_);
  }
  const Count& count(size_t at) const noexcept { return const_cast<HotTable*>(this)->count(at); }
  Key key(size_t at) const noexcept {
    Key key;
    std::memcpy(key.bytes.data(), words_.data() + at * stride(), key_words_ * 8);
    return key;
  }

  /// Keeps the entries for which keep(at) is true; each is asked once.
  template <typename Keep>
  void retain(Keep&& keep) noexcept {
    used_ = 0;
    for (size_t at = 0; at < slots_; ++at) {
      if (tags_[at] == 0 || !keep(at)) continue;
      std::memcpy(claim(spare_tags_, spare_words_, tags_[at]), words_.data() + at * stride(), stride() * 8);
      ++used_;
    }
    std::swap(tags_, spare_tags_);
    std::swap(words_, spare_words_);
    std::memset(spare_tags_.data(), 0, slots_ * sizeof(Tag));
  }

  void clear() noexcept {
    if (used_ > 0) std::memset(tags_.data(), 0, slots_ * sizeof(Tag));
    used_ = 0;
  }

  static size_t bytes(size_t entries, size_t key_words) noexcept {
    return 2 * slots_for(entries) * (sizeof(Tag) + (key_words + kCountWords) * 8);
  }

 private:
  static constexpr size_t kCountWords = sizeof(Count) / 8;

  static size_t slots_for(size_t entries) noexcept { return entries * 4 / 3 + 2; }
  /// Near the golden section, so that successive steps are far apart.
  static size_t coprime_step(size_t slots) noexcept {
    size_t step = slots * 618 / 1000;
    while (std::gcd(step, slots) != 1) ++step;
    return step;
  }

  size_t stride() const noexcept { return key_words_ + kCountWords; }
  size_t next(size_t at) const noexcept { return at + 1 == slots_ ? 0 : at + 1; }
  size_t home(Tag tag) const noexcept { return (uint64_t{tag} * slots_) >> 32; }

  bool same(const uint64_t* slot, const uint64_t* wanted) const noexcept {
    for (size_t i = 0; i < key_words_; ++i)
      if (slot[i] != wanted[i]) return false;
    return true;
  }

  uint64_t* claim(Zeroed<Tag>& tags, Zeroed<uint64_t>& words, Tag tag) noexcept {
    size_t at = home(tag);
    while (tags[at] != 0) at = next(at);
    tags[at] = tag;
    return words.data() + at * stride();
  }

  /// Gives the slots room for longer keys; every entry keeps its slot.
  void widen(size_t key_words) {
    const size_t old_stride = stride(), old_key_words = key_words_;
    key_words_ = key_words;
    Zeroed<uint64_t> old(slots_ * stride());
    std::swap(old, words_);
    spare_words_ = Zeroed<uint64_t>(slots_ * stride());
    for (size_t at = 0; at < slots_; ++at) {
      const uint64_t* from = old.data() + at * old_stride;
      std::memcpy(words_.data() + at * stride(), from, old_key_words * 8);
      count(at) = {from[old_key_words], from[old_key_words + 1]};
    }
  }

  size_t key_words_;
  size_t slots_;
  size_t step_;
  size_t used_ = 0;
  Zeroed<Tag> tags_, spare_tags_;  // the spare ones take the survivors of retain()
  Zeroed<uint64_t> words_, spare_words_;
};

}  // namespace tallytree
