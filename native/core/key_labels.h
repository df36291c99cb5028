// Label texts at the end of byte forms whose keys name them.
#pragma once

#include <set>

#include "bytes.h"
#include "key.h"

namespace tallytree {

/// u32 how many, each u8 n and n bytes of text. Of a type without labels nothing is written or read.
class LabelTexts {
 public:
  explicit LabelTexts(const KeyType& type) : type_(type) {}

  void note(const Key& key) {
    if (type_.has_labels()) type_.visit_labels(key, [this](uint32_t number) { numbers_.insert(number); });
  }
  void write(ByteWriter& out) const;
  /// Most bytes for that many keys.
  static size_t most(const KeyType& type, size_t keys) noexcept;

 private:
  const KeyType& type_;
  std::set<uint32_t> numbers_;
};

/// Adds them to the type's labels. Throws std::invalid_argument, and as Labels::add().
void read_labels(ByteReader& in, const KeyType& type);

}  // namespace tallytree
