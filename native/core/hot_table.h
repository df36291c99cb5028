// The hot part of a ledger: a bounded table of keys with their counts, found through chains.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

#include "key.h"
#include "zeroed.h"

namespace tallytree {

/// What the table knows of a key: `since` was counted since it was admitted, at most `prior` before that, and
/// it has been hit of late, `lives` times or more. A prior is at most a twelfth of the total, which leaves
/// the bits.
struct Count {
  static constexpr unsigned kMostLives = 7;

  uint64_t since = 0;
  uint64_t prior = 0;
  unsigned lives = 0;
  uint64_t rank() const noexcept { return since + prior; }
};

/// The upper half of a key's hash: all that table and cold part need of it.
using Tag = uint32_t;
inline Tag tag_of(uint64_t hash) noexcept { return static_cast<Tag>(hash >> 32); }

/**
 * Entries stand densely in an array and never move; chains of links, beside them, lead to them from each hash
 * value. So a full table has no empty places, one entry replaces another where it stands, and a walk over all
 * entries may be interrupted. A link has a few bits of the tag besides: few entries but the wanted one are
 * ever read. Entries are as wide as they must be: keys as the longest so far, counts of 32 bits until one
 * needs more. Tags are not kept: who evicts an entry hashes its key again. Not thread-safe; one writer owns
 * it.
 *
 * An entry: key, since, prior with lives (4 or 8 bytes each).
 */
class HotTable {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;

  /// Room for `entries` keys of `key_bytes` bytes, their length byte included.
  HotTable(size_t entries, size_t key_bytes)
      : capacity_(entries),
        short_(link_bytes(entries) == 2),
        place_bits_(static_cast<unsigned>(std::bit_width(entries))),
        mark_mask_((short_ ? UINT16_MAX : UINT32_MAX) >> place_bits_ << place_bits_),
        shape_(shape(key_bytes, false)),
        links_((kHeads + 1) * entries * link_bytes(entries)),
        bytes_(entries * shape_.stride) {}

  size_t size() const noexcept { return used_; }
  size_t capacity() const noexcept { return capacity_; }

  /// The key's place, or kNone.
  uint32_t find(const Key& key, Tag tag) const noexcept {
    const size_t length = key.length() + 1;
    if (length > shape_.key_bytes) return kNone;
    for (Link link = marked(link_at(home(tag)), tag); link != 0; link = marked(next(link), tag))
      if (same(at(place_of(link)), key, length)) return place_of(link);
    return kNone;
  }

  /// Asks the processor for what find() reads first, and then second.
  void prefetch(Tag tag) const noexcept { __builtin_prefetch(links_.data() + home(tag) * link_bytes()); }
  void prefetch_entry(Tag tag) const noexcept {
    const Link link = marked(link_at(home(tag)), tag);
    if (link == 0) return;
    const uint8_t* entry = at(place_of(link));
    __builtin_prefetch(entry);
    __builtin_prefetch(entry + shape_.stride - 1);
  }

  /// Adds a key that is not there, while size() is below capacity().
  void insert(const Key& key, Tag tag, const Count& count) {
    put(static_cast<uint32_t>(used_++), key, tag, count);
  }

  /// Puts a key that is not there in the place of another one, whose tag is `old`.
  void replace(uint32_t place, Tag old, const Key& key, Tag tag, const Count& count) {
    unlink(place, old);
    put(place, key, tag, count);
  }

  Key key(uint32_t place) const noexcept {
    Key key;
    copy_key(place, key);
    return key;
  }
  /// The same in place of an empty key: words that are written are read again as words at once, and a copy by
  /// more than a word would wait for them.
  void copy_key(size_t place, Key& key) const noexcept {
    const uint8_t* from = at(place);
    const size_t length = size_t{from[0]} + 1;
    size_t i = 0;
    for (; i + 8 <= length; i += 8) std::memcpy(key.bytes.data() + i, from + i, 8);
    if (i == length) return;
    uint64_t last;
    std::memcpy(&last, from + i, 8);
    last = last << (64 - 8 * (length - i)) >> (64 - 8 * (length - i));
    std::memcpy(key.bytes.data() + i, &last, 8);
  }
  Count count(size_t place) const noexcept { return read(at(place) + shape_.key_bytes, shape_.wide); }
  void set_count(uint32_t place, const Count& count) noexcept {
    uint8_t* to = at(place) + shape_.key_bytes;
    const uint64_t wide[] = {count.since, count.prior << kLivesBits | count.lives};
    if (shape_.wide) return void(std::memcpy(to, wide, sizeof wide));
    const uint32_t narrow[] = {static_cast<uint32_t>(wide[0]), static_cast<uint32_t>(wide[1])};
    std::memcpy(to, narrow, sizeof narrow);
  }

  /// Makes sure that counts up to `most` fit.
  void fit(uint64_t most) {
    if (most > UINT32_MAX && !shape_.wide) widen(shape(shape_.key_bytes, true));
  }

  void clear() noexcept {
    if (used_ > 0) std::memset(links_.data(), 0, kHeads * capacity_ * link_bytes());
    used_ = 0;
  }

  HotTable clone() const {
    HotTable copy(capacity_, shape_.key_bytes);
    if (shape_.wide) copy.fit(UINT64_MAX);
    std::memcpy(copy.bytes_.data(), bytes_.data(), used_ * shape_.stride);
    std::memcpy(copy.links_.data(), links_.data(), links_.size());
    copy.used_ = used_;
    return copy;
  }

  /// Bytes with so long keys and narrow or wide counts.
  static size_t bytes(size_t entries, size_t key_bytes, bool wide) noexcept {
    return entries * ((kHeads + 1) * link_bytes(entries) + shape(key_bytes, wide).stride);
  }

 private:
  /// A place + 1, and above it a mark, the tag's lowest bits; 0: the chain ends.
  using Link = uint32_t;
  /// Chains for each entry: most are empty or of one entry.
  static constexpr size_t kHeads = 2;
  static constexpr unsigned kLivesBits = 3;

  struct Shape {
    size_t key_bytes, stride;
    bool wide;
  };
  static Shape shape(size_t key_bytes, bool wide) noexcept {
    return {key_bytes, key_bytes + (wide ? 16 : 8), wide};
  }

  uint8_t* at(size_t place) noexcept { return bytes_.data() + place * shape_.stride; }
  const uint8_t* at(size_t place) const noexcept { return bytes_.data() + place * shape_.stride; }

  static size_t link_bytes(size_t entries) noexcept { return entries < UINT16_MAX ? 2 : 4; }
  size_t link_bytes() const noexcept { return short_ ? 2 : 4; }
  /// Where among the links a chain begins, and where that behind an entry is.
  size_t home(Tag tag) const noexcept { return (uint64_t{tag} * kHeads * capacity_) >> 32; }
  size_t behind(uint32_t place) const noexcept { return kHeads * capacity_ + place; }
  uint32_t place_of(Link link) const noexcept { return (link & ~mark_mask_) - 1; }
  Link mark_of(Tag tag) const noexcept { return tag << place_bits_ & mark_mask_; }

  Link link_at(size_t index) const noexcept {
    Link link = 0;
    if (!short_) return std::memcpy(&link, links_.data() + 4 * index, 4), link;
    return std::memcpy(&link, links_.data() + 2 * index, 2), link;
  }
  void set_link(size_t index, Link link) noexcept {
    if (short_)
      std::memcpy(links_.data() + 2 * index, &link, 2);
    else
      std::memcpy(links_.data() + 4 * index, &link, 4);
  }
  Link next(Link link) const noexcept { return link_at(behind(place_of(link))); }
  /// The first link from here on that may lead to the tag.
  Link marked(Link link, Tag tag) const noexcept {
    while (link != 0 && (link & mark_mask_) != mark_of(tag)) link = next(link);
    return link;
  }

  /// The first byte tells the length, so bytes behind the key's own need not be looked at.
  static bool same(const uint8_t* kept, const Key& key, size_t length) noexcept {
    size_t i = 0;
    uint64_t one, other;
    for (; i + 8 <= length; i += 8) {
      std::memcpy(&one, kept + i, 8);
      std::memcpy(&other, key.bytes.data() + i, 8);
      if (one != other) return false;
    }
    if (i == length) return true;
    std::memcpy(&one, kept + i, 8);
    std::memcpy(&other, key.bytes.data() + i, 8);
    return ((one ^ other) << (64 - 8 * (length - i))) == 0;
  }

  static Count read(const uint8_t* from, bool wide) noexcept {
    uint64_t read[2];
    uint32_t narrow[2];
    if (wide) {
      std::memcpy(read, from, sizeof read);
    } else {
      std::memcpy(narrow, from, sizeof narrow);
      read[0] = narrow[0], read[1] = narrow[1];
    }
    return {read[0], read[1] >> kLivesBits, static_cast<unsigned>(read[1] & Count::kMostLives)};
  }

  void put(uint32_t place, const Key& key, Tag tag, const Count& count) {
    if (key.length() + 1 > shape_.key_bytes) widen(shape(key.length() + 1, shape_.wide));
    // Whole words; what is too much lies where the count comes.
    for (size_t i = 0; i <= key.length(); i += 8) std::memcpy(at(place) + i, key.bytes.data() + i, 8);
    set_count(place, count);
    set_link(behind(place), link_at(home(tag)));
    set_link(home(tag), mark_of(tag) | (place + 1));
  }

  void unlink(uint32_t place, Tag tag) noexcept {
    size_t index = home(tag);
    while (place_of(link_at(index)) != place) index = behind(place_of(link_at(index)));
    set_link(index, link_at(behind(place)));
  }

  /// Gives every entry more room where it stands, the last one first.
  [[gnu::noinline]] void widen(const Shape& wanted) {
    const Shape old = shape_;
    shape_ = wanted;
    bytes_.grow(capacity_ * shape_.stride);
    for (size_t place = used_; place-- > 0;) {
      uint8_t entry[Key::kBytes + 16];
      std::memcpy(entry, bytes_.data() + place * old.stride, old.stride);
      std::memset(at(place), 0, shape_.stride);
      std::memcpy(at(place), entry, old.key_bytes);
      set_count(static_cast<uint32_t>(place), read(entry + old.key_bytes, old.wide));
    }
  }

  size_t capacity_;
  bool short_;           // links of 16 bits, else 32
  unsigned place_bits_;  // of a link
  Link mark_mask_;
  Shape shape_;
  size_t used_ = 0;
  Zeroed<uint8_t> links_;  // the first of each chain, then those behind each entry
  Zeroed<uint8_t> bytes_;
};

}  // namespace tallytree
