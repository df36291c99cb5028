// Projection of keys: whole parts are moved, what is too much is masked.
#include "key_projection.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>

namespace tallytree {
namespace {

using Part = KeyType::Part;

/// Leading bits that count.
int bits_of(const Part& part, size_t address_bytes) {
  const int all = static_cast<int>(part.bytes(address_bytes)) * 8;
  return part.prefix < 0 ? all : std::min(part.prefix, all);
}

const Part* find(const KeyType& type, KeyType::Field field) {
  const auto found = std::ranges::find(type.parts(), field, &Part::field);
  return found == type.parts().end() ? nullptr : &*found;
}

bool has_address(const KeyType& type) { return std::ranges::any_of(type.parts(), &Part::is_address); }

void check_coarser(const KeyType& fine, const KeyType& coarse) {
  for (const Part& part : coarse.parts()) {
    const Part* source = find(fine, part.field);
    if (source == nullptr || bits_of(*source, 16) < bits_of(part, 16))
      throw std::invalid_argument("keys of type \"" + fine.text() + "\" do not tell \"" + coarse.text() +
                                  "\": give some of their parts, prefixes not longer");
  }
}

}  // namespace

KeyProjection::KeyProjection(const KeyType& fine, const KeyType& coarse)
    : folds_families_(has_address(fine) && !has_address(coarse)) {
  check_coarser(fine, coarse);
  layouts_ = {layout(fine, coarse, 4), layout(fine, coarse, 16)};
}

KeyProjection::Layout KeyProjection::layout(const KeyType& fine, const KeyType& coarse,
                                            size_t address_bytes) {
  Layout made;
  made.dropped.reserve(fine.width(address_bytes == 4 ? 4 : 6) * 8);  // a Spread pays for no more
  for (const Part& part : fine.parts()) {
    const Part* kept = find(coarse, part.field);
    const int first = kept == nullptr ? part.unused_bits() : bits_of(*kept, address_bytes);
    for (int bit = first; bit < bits_of(part, address_bytes); ++bit)
      made.dropped.push_back(made.fine_length * 8 + static_cast<size_t>(bit));
    made.fine_length += part.bytes(address_bytes);
  }
  for (const Part& part : coarse.parts()) {
    size_t from = 0;
    for (const Part& source : fine.parts()) {
      if (source.field == part.field) break;
      from += source.bytes(address_bytes);
    }
    const size_t bytes = part.bytes(address_bytes);
    made.moves.push_back({from, made.coarse_length, bytes, bits_of(part, address_bytes)});
    made.coarse_length += bytes;
  }
  return made;
}

Key KeyProjection::apply(const Key& fine) const noexcept {
  const Layout& layout = layouts_[fine.length() == layouts_[0].fine_length ? 0 : 1];
  Key group;
  group.bytes[0] = static_cast<uint8_t>(layout.coarse_length);
  for (const auto& [from, to, bytes, bits] : layout.moves) {
    uint8_t* part = group.bytes.data() + 1 + to;
    std::memcpy(part, fine.bytes.data() + 1 + from, bytes);
    mask_address(part, bytes, bits);
  }
  return group;
}

const KeyProjection::Layout& KeyProjection::layout_of_group(const Key& group) const noexcept {
  return layouts_[group.length() == layouts_[0].coarse_length ? 0 : 1];
}

unsigned KeyProjection::dropped_bits(const Key& group) const noexcept {
  if (folds_families_) return kUncounted;
  const size_t bits = layout_of_group(group).dropped.size();
  return static_cast<unsigned>(std::min<size_t>(bits, kUncounted));
}

unsigned KeyProjection::most_dropped_bits() const noexcept {
  const size_t bits = folds_families_ ? kUncounted : layouts_[1].dropped.size();
  return static_cast<unsigned>(std::min<size_t>(bits, kUncounted));
}

std::vector<Key> KeyProjection::members(const Key& group) const {
  const Layout& layout = layout_of_group(group);
  Key first;
  first.bytes[0] = static_cast<uint8_t>(layout.fine_length);
  for (const auto& [from, to, bytes, bits] : layout.moves)
    std::memcpy(first.bytes.data() + 1 + from, group.bytes.data() + 1 + to, bytes);
  std::vector<Key> all(size_t{1} << layout.dropped.size(), first);
  for (size_t i = 0; i < all.size(); ++i) {
    for (size_t n = 0; n < layout.dropped.size(); ++n) {
      const size_t bit = layout.dropped[n];
      if (i >> n & 1) all[i].bytes[1 + bit / 8] |= static_cast<uint8_t>(0x80 >> bit % 8);
    }
  }
  return all;
}

}  // namespace tallytree
