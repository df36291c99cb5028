// Key types: parsing, packing, text.
#include "key.h"

#include <algorithm>
#include <stdexcept>

#include "key_fields.h"
#include "key_text.h"

namespace tallytree {
namespace {

using Field = KeyType::Field;

std::string names_of_fields() {
  std::string names;
  for (const Form& form : kForms) names.append(names.empty() ? "" : ", ").append(form.name);
  return names;
}

/// The pieces between the separators, those of a name that has one itself in one piece.
std::vector<std::string_view> split_parts(std::string_view text) {
  std::vector<std::string_view> parts;
  for (const std::string_view piece : split(text, '_')) {
    const bool continues = piece == "key" && !parts.empty() && parts.back() == "gre";
    if (continues)
      parts.back() = {parts.back().data(), parts.back().size() + 1 + piece.size()};
    else
      parts.push_back(piece);
  }
  return parts;
}

uint32_t parse_field(std::string_view text, const Form& form) {
  if (form.optional && text == "none") return 0;
  const uint32_t most = UINT32_MAX >> (32 - form.bits);
  return parse_number(text, form.first == 0 ? most : most / 2, form.what) + form.first;
}

std::string print_field(uint32_t number, const Form& form) {
  return form.optional && number == 0 ? "none" : std::to_string(number - form.first);
}

uint32_t label_of(const Labels::Place& place, Field field) noexcept {
  return field == Field::netns ? place.netns : place.container;
}

}  // namespace

void mask_address(uint8_t* address, size_t bytes, int bits) noexcept {
  for (size_t i = 0; i < bytes; ++i) {
    const int left = bits - static_cast<int>(i) * 8;
    if (left < 8) address[i] &= left <= 0 ? 0 : static_cast<uint8_t>(0xff << (8 - left));
  }
}

size_t KeyType::Part::bytes(size_t address_bytes) const noexcept {
  return is_address() ? address_bytes : form_of(field).bytes;
}

int KeyType::Part::unused_bits() const noexcept {
  const Form& form = form_of(field);
  return static_cast<int>(form.bytes) * 8 - form.bits;
}

KeyType::Part KeyType::parse_part(std::string_view text) {
  const size_t slash = text.find('/');
  const std::string_view name = text.substr(0, slash);
  const auto found = std::ranges::find(kForms, name, &Form::name);
  if (found == kForms.end())
    throw std::invalid_argument(quoted(text) + " is not a part of a key: use " + names_of_fields());
  Part part{static_cast<Field>(found - kForms.begin()), -1, UINT32_MAX};
  if (slash == std::string_view::npos) return part;
  if (!part.is_address())
    throw std::invalid_argument("only src and dst take a prefix length, not " + quoted(text));
  part.prefix = static_cast<int>(parse_number(text.substr(slash + 1), 128, "prefix length"));
  mask_address(reinterpret_cast<uint8_t*>(&part.mask), 4, part.prefix);
  return part;
}

KeyType KeyType::parse(std::string_view text) {
  KeyType type;
  type.text_ = text;
  for (const std::string_view piece : split_parts(text)) {
    const Part part = parse_part(piece);
    for (const Part& other : type.parts_)
      if (other.field == part.field)
        throw std::invalid_argument("the key type names " + quoted(piece) + " twice");
    type.needs_ports_ |= part.is_port();
    type.has_labels_ |= part.is_label();
    type.addresses_ += part.is_address();
    type.parts_.push_back(part);
  }
  if (type.has_labels_) type.labels_ = std::make_shared<Labels>();
  return type;
}

size_t KeyType::fixed_length(size_t address_bytes) const noexcept {
  size_t length = 0;
  for (const Part& part : parts_) length += part.bytes(address_bytes);
  return length;
}

size_t KeyType::width(int family) const noexcept { return 1 + fixed_length(family == 4 ? 4 : 16); }

/// Part by part over the whole batch. Every part is written as four bytes; what is too much of a short one is
/// zero, or written over by the next.
void KeyType::make_v4(std::span<const Packet* const> packets, Key* keys) const noexcept {
  const size_t n = packets.size();
  size_t offset = 1;
  const auto write = [&](size_t bytes, auto&& value_of) {
    for (size_t i = 0; i < n; ++i) {
      const uint32_t value = value_of(*packets[i]);
      std::memcpy(keys[i].bytes.data() + offset, &value, 4);
    }
    offset += bytes;
  };
  const auto address = [](const Address& bytes, uint32_t mask) {
    uint32_t value;
    std::memcpy(&value, bytes.data(), 4);
    return value & mask;
  };
  for (const Part& part : parts_) {
    if (part.field == Field::src) write(4, [&](const Packet& p) { return address(p.src, part.mask); });
    if (part.field == Field::dst) write(4, [&](const Packet& p) { return address(p.dst, part.mask); });
    if (part.is_label())
      write(4,
            [&](const Packet& p) { return in_network_order(label_of(labels_->place_of(p), part.field), 4); });
    with_number(part.field, [&, bytes = part.bytes(4)](auto number) {
      write(bytes, [&](const Packet& p) { return in_network_order(number(p), bytes); });
    });
  }
  for (size_t i = 0; i < n; ++i) keys[i].bytes[0] = static_cast<uint8_t>(offset - 1);
}

bool KeyType::make(const Packet& packet, Key& key) const noexcept {
  if (!fits(packet)) return false;
  key = Key{};
  uint8_t* out = key.bytes.data() + 1;
  const size_t address_bytes = packet.family == 4 ? 4 : 16;
  for (const Part& part : parts_) {
    const size_t bytes = part.bytes(address_bytes);
    if (part.is_address()) {
      std::memcpy(out, (part.field == Field::src ? packet.src : packet.dst).data(), bytes);
      if (part.prefix >= 0) mask_address(out, bytes, part.prefix);
    } else if (part.is_label()) {
      put(label_of(labels_->place_of(packet), part.field), out, bytes);
    } else {
      with_number(part.field, [&](auto number) { put(number(packet), out, bytes); });
    }
    out += bytes;
  }
  key.bytes[0] = static_cast<uint8_t>(out - key.bytes.data() - 1);
  return true;
}

int KeyType::family_of(size_t length) const {
  if (length == fixed_length(4)) return 4;
  if (length == fixed_length(16)) return 6;
  throw std::invalid_argument("a key of " + std::to_string(length) + " bytes is no " + quoted(text_) +
                              " key");
}

std::string KeyType::print(const Key& key) const {
  const size_t address_bytes = family_of(key.length()) == 4 ? 4 : 16;
  const uint8_t* in = key.bytes.data() + 1;
  std::string text;
  for (const Part& part : parts_) {
    if (!text.empty()) text += ',';
    const size_t bytes = part.bytes(address_bytes);
    if (part.is_address()) {
      text += print_address(in, bytes);
      if (part.prefix >= 0) {
        text += '/';
        text += std::to_string(std::min(part.prefix, static_cast<int>(bytes) * 8));
      }
    } else {
      const uint32_t number = from_network_order(in, bytes);
      text += part.is_label() ? labels_->text(number) : print_field(number, form_of(part.field));
    }
    in += bytes;
  }
  return text;
}

Key KeyType::read(std::string_view text, bool learns) const {
  const std::vector<std::string_view> pieces = split(text, ',');
  if (pieces.size() != parts_.size())
    throw std::invalid_argument("a " + quoted(text_) + " key has " + std::to_string(parts_.size()) +
                                " parts joined by commas, not " + quoted(text));
  Key key;
  uint8_t* out = key.bytes.data() + 1;
  int family = 0;
  for (size_t i = 0; i < parts_.size(); ++i) {
    const Part& part = parts_[i];
    if (part.is_address()) {
      const int found = parse_address(pieces[i].substr(0, pieces[i].find('/')), out);
      if (family != 0 && found != family)
        throw std::invalid_argument("a key mixes IPv4 and IPv6: " + quoted(text));
      family = found;
      if (part.prefix >= 0) mask_address(out, family == 4 ? 4 : 16, part.prefix);
    } else {
      put(part.is_label() ? read_label(pieces[i], part, learns) : parse_field(pieces[i], form_of(part.field)),
          out, part.bytes(0));
    }
    out += part.bytes(family == 4 ? 4 : 16);
  }
  key.bytes[0] = static_cast<uint8_t>(out - key.bytes.data() - 1);
  return key;
}

Prefix Prefix::parse(std::string_view text) {
  Prefix prefix;
  const size_t slash = text.find('/');
  prefix.family = parse_address(text.substr(0, slash), prefix.address.data());
  uint32_t bits = prefix.family == 4 ? 32 : 128;
  if (slash != std::string_view::npos) bits = parse_number(text.substr(slash + 1), bits, "prefix length");
  prefix.mask.fill(0xff);
  mask_address(prefix.mask.data(), prefix.mask.size(), static_cast<int>(bits));
  mask_address(prefix.address.data(), prefix.address.size(), static_cast<int>(bits));
  return prefix;
}

bool Prefix::contains(int packet_family, const Address& candidate) const noexcept {
  uint64_t wanted[2], kept[2], given[2];
  std::memcpy(wanted, address.data(), 16);
  std::memcpy(kept, mask.data(), 16);
  std::memcpy(given, candidate.data(), 16);
  return packet_family == family &&
         (((given[0] & kept[0]) ^ wanted[0]) | ((given[1] & kept[1]) ^ wanted[1])) == 0;
}

}  // namespace tallytree
