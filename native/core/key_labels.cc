// Keys with labels: their texts, printed, read and carried along.
#include "key_labels.h"

#include <algorithm>
#include <stdexcept>

#include "key_fields.h"
#include "key_text.h"

namespace tallytree {

uint32_t KeyType::read_label(std::string_view text, const Part& part, bool learns) const {
  if (text.empty() || text.size() > Labels::kMostText)
    throw std::invalid_argument(quoted(text) + " is not a " + form_of(part.field).what + " (1 to " +
                                std::to_string(Labels::kMostText) + " characters)");
  return learns ? labels_->add(text) : labels_->find(text);
}

void KeyType::visit_labels(const Key& key, const std::function<void(uint32_t)>& visit) const {
  const size_t address_bytes = family_of(key.length()) == 4 ? 4 : 16;
  const uint8_t* in = key.bytes.data() + 1;
  for (const Part& part : parts_) {
    if (part.is_label()) visit(from_network_order(in, 4));
    in += part.bytes(address_bytes);
  }
}

void LabelTexts::write(ByteWriter& out) const {
  if (!type_.has_labels()) return;
  const auto texts = std::ranges::count_if(numbers_, [](uint32_t number) { return number != 0; });
  out.fixed(static_cast<uint32_t>(texts));
  for (const uint32_t number : numbers_)
    if (number != 0) out.text(type_.labels()->text(number));
}

size_t LabelTexts::most(const KeyType& type, size_t keys) noexcept {
  const auto labels = static_cast<size_t>(std::ranges::count_if(type.parts(), &KeyType::Part::is_label));
  return labels == 0 ? 0 : 4 + keys * labels * (1 + Labels::kMostText);
}

void read_labels(ByteReader& in, const KeyType& type) {
  if (!type.has_labels()) return;
  const auto texts = in.fixed<uint32_t>();
  if (texts > in.left() / 2) throw std::invalid_argument("more labels than there is room for");
  for (uint32_t i = 0; i < texts; ++i) {
    const std::string text = in.text();
    if (text.empty() || text.size() > Labels::kMostText) throw std::invalid_argument("a label of no length");
    type.labels()->add(text);
  }
}

}  // namespace tallytree
