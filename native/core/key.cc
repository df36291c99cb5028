// Key types: parsing, packing, text.
#include "key.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <stdexcept>

namespace tallytree {
namespace {

constexpr std::array<std::string_view, 5> kFieldNames = {"src", "dst", "sport", "dport", "proto"};

std::string quoted(std::string_view text) { return "\"" + std::string(text.substr(0, 64)) + "\""; }

int parse_number(std::string_view text, int most, const char* what) {
  int value = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0 || value > most)
    throw std::invalid_argument(quoted(text) + " is not a " + what + " (0 to " + std::to_string(most) + ")");
  return value;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const size_t at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

/// Family of an address text, its bytes in `out`.
int parse_address(std::string_view text, uint8_t* out) {
  const std::string zero_ended(text.substr(0, 64));
  if (inet_pton(AF_INET, zero_ended.c_str(), out) == 1) return 4;
  if (inet_pton(AF_INET6, zero_ended.c_str(), out) == 1) return 6;
  throw std::invalid_argument(quoted(text) + " is not an IPv4 or IPv6 address");
}

/// RFC 5952 by glibc's inet_ntop, which follows it but for mapped forms, which are kept mapped.
std::string print_address(const uint8_t* bytes, size_t size) {
  char text[INET6_ADDRSTRLEN];
  inet_ntop(size == 4 ? AF_INET : AF_INET6, bytes, text, sizeof text);
  return text;
}

}  // namespace

void mask_address(uint8_t* address, size_t bytes, int bits) noexcept {
  for (size_t i = 0; i < bytes; ++i) {
    const int left = bits - static_cast<int>(i) * 8;
    if (left < 8) address[i] &= left <= 0 ? 0 : static_cast<uint8_t>(0xff << (8 - left));
  }
}

KeyType::Part KeyType::parse_part(std::string_view text) {
  const size_t slash = text.find('/');
  const std::string_view name = text.substr(0, slash);
  const auto found = std::find(kFieldNames.begin(), kFieldNames.end(), name);
  if (found == kFieldNames.end())
    throw std::invalid_argument(quoted(text) + " is not a part of a key: use src, dst, sport, dport, proto");
  Part part{static_cast<Field>(found - kFieldNames.begin()), -1, UINT32_MAX};
  if (slash == std::string_view::npos) return part;
  if (!part.is_address())
    throw std::invalid_argument("only src and dst take a prefix length, not " + quoted(text));
  part.prefix = parse_number(text.substr(slash + 1), 128, "prefix length");
  mask_address(reinterpret_cast<uint8_t*>(&part.mask), 4, part.prefix);
  return part;
}

KeyType KeyType::parse(std::string_view text) {
  KeyType type;
  type.text_ = text;
  for (const std::string_view piece : split(text, '_')) {
    const Part part = parse_part(piece);
    for (const Part& other : type.parts_)
      if (other.field == part.field)
        throw std::invalid_argument("the key type names " + quoted(piece) + " twice");
    type.needs_ports_ |= part.is_port();
    type.addresses_ += part.is_address();
    type.parts_.push_back(part);
  }
  return type;
}

size_t KeyType::fixed_length(size_t address_bytes) const noexcept {
  size_t length = 0;
  for (const Part& part : parts_) length += part.is_address() ? address_bytes : part.is_port() ? 2 : 1;
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
  std::memset(static_cast<void*>(keys), 0, n * sizeof(Key));
  for (const Part& part : parts_) {
    if (part.field == Field::src) write(4, [&](const Packet& p) { return address(p.src, part.mask); });
    if (part.field == Field::dst) write(4, [&](const Packet& p) { return address(p.dst, part.mask); });
    if (part.field == Field::sport) write(2, [](const Packet& p) { return __builtin_bswap16(p.sport); });
    if (part.field == Field::dport) write(2, [](const Packet& p) { return __builtin_bswap16(p.dport); });
    if (part.field == Field::proto) write(1, [](const Packet& p) { return p.proto; });
  }
  for (size_t i = 0; i < n; ++i) keys[i].bytes[0] = static_cast<uint8_t>(offset - 1);
}

bool KeyType::make(const Packet& packet, Key& key) const noexcept {
  if (!fits(packet)) return false;
  key = Key{};
  uint8_t* out = key.bytes.data() + 1;
  const size_t address_bytes = packet.family == 4 ? 4 : 16;
  const auto put_address = [&](const Address& address, int prefix) {
    std::memcpy(out, address.data(), address_bytes);
    if (prefix >= 0) mask_address(out, address_bytes, prefix);
    out += address_bytes;
  };
  const auto put_port = [&](uint16_t port) {
    *out++ = static_cast<uint8_t>(port >> 8);
    *out++ = static_cast<uint8_t>(port);
  };
  for (const Part& part : parts_) {
    switch (part.field) {
      case Field::src:
        put_address(packet.src, part.prefix);
        break;
      case Field::dst:
        put_address(packet.dst, part.prefix);
        break;
      case Field::sport:
        put_port(packet.sport);
        break;
      case Field::dport:
        put_port(packet.dport);
        break;
      case Field::proto:
        *out++ = packet.proto;
        break;
    }
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
    if (part.is_address()) {
      text += print_address(in, address_bytes);
      if (part.prefix >= 0) {
        text += '/';
        text += std::to_string(std::min(part.prefix, static_cast<int>(address_bytes) * 8));
      }
      in += address_bytes;
    } else if (part.is_port()) {
      text += std::to_string(in[0] << 8 | in[1]);
      in += 2;
    } else {
      text += std::to_string(*in++);
    }
  }
  return text;
}

Key KeyType::read(std::string_view text) const {
  const std::vector<std::string_view> pieces = split(text, ',');
  if (pieces.size() != parts_.size())
    throw std::invalid_argument("a " + quoted(text_) + " key has " + std::to_string(parts_.size()) +
                                " parts joined by commas, not " + quoted(text));
  Packet packet;
  packet.has_ports = true;
  int family = 0;
  for (size_t i = 0; i < parts_.size(); ++i) {
    const Part& part = parts_[i];
    if (part.is_address()) {
      Address& address = part.field == Field::src ? packet.src : packet.dst;
      const int found = parse_address(pieces[i].substr(0, pieces[i].find('/')), address.data());
      if (family != 0 && found != family)
        throw std::invalid_argument("a key mixes IPv4 and IPv6: " + quoted(text));
      family = found;
    } else if (part.is_port()) {
      const auto port = static_cast<uint16_t>(parse_number(pieces[i], 65535, "port"));
      (part.field == Field::sport ? packet.sport : packet.dport) = port;
    } else {
      packet.proto = static_cast<uint8_t>(parse_number(pieces[i], 255, "protocol number"));
    }
  }
  packet.family = static_cast<uint8_t>(family == 6 ? 6 : 4);
  Key key;
  make(packet, key);
  return key;
}

Prefix Prefix::parse(std::string_view text) {
  Prefix prefix;
  const size_t slash = text.find('/');
  prefix.family = parse_address(text.substr(0, slash), prefix.address.data());
  int bits = prefix.family == 4 ? 32 : 128;
  if (slash != std::string_view::npos) bits = parse_number(text.substr(slash + 1), bits, "prefix length");
  prefix.mask.fill(0xff);
  mask_address(prefix.mask.data(), prefix.mask.size(), bits);
  mask_address(prefix.address.data(), prefix.address.size(), bits);
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
