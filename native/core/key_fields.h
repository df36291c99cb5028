// The parts that keys are made of, and their numbers as bytes; private to key*.cc.
#pragma once

#include <array>
#include <cstring>
#include <string_view>

#include "key.h"

namespace tallytree {

using Field = KeyType::Field;

/// What a key holds of a field.
struct Form {
  std::string_view name;
  size_t bytes;  // 0: those of an address
  int bits;      // of a number: those that it uses
  const char* what;
  bool optional = false;  // 0 is "none": the packet has no such thing
  uint32_t first = 0;     // stands for the number 0, where that is another thing than none
};

/// A row for each Field, in their order. Another number: a name in Field, a row here, a case of
/// with_number(), and a name in controller-client/messages/key-types.ts.
inline constexpr std::array<Form, 10> kForms = {{
    {"src", 0, 0, "address"},
    {"dst", 0, 0, "address"},
    {"sport", 2, 16, "port"},
    {"dport", 2, 16, "port"},
    {"proto", 1, 8, "protocol number"},
    {"vlan", 2, 12, "VLAN", true},
    {"vni", 4, 25, "VNI", true, 1},
    {"gre_key", 4, 32, "GRE key", true},
    {"netns", 4, 32, "network namespace", true},
    {"container", 4, 32, "container", true},
}};

/// Of a key of all parts, its length byte included.
constexpr size_t most_bytes() noexcept {
  size_t bytes = 1;
  for (const Form& form : kForms) bytes += form.bytes == 0 ? sizeof(Address) : form.bytes;
  return bytes;
}
static_assert(most_bytes() <= Key::kBytes);

constexpr const Form& form_of(Field field) { return kForms[static_cast<size_t>(field)]; }

/// Calls `visit` with the function that reads this number from a packet.
template <typename Visit>
void with_number(Field field, Visit&& visit) {
  switch (field) {
    case Field::sport:
      return visit([](const Packet& packet) -> uint32_t { return packet.sport; });
    case Field::dport:
      return visit([](const Packet& packet) -> uint32_t { return packet.dport; });
    case Field::proto:
      return visit([](const Packet& packet) -> uint32_t { return packet.proto; });
    case Field::vlan:  // a tag with the VLAN 0 gives a priority only (IEEE 802.1Q)
      return visit([](const Packet& packet) -> uint32_t { return packet.vlan == kNoVlan ? 0 : packet.vlan; });
    case Field::vni:
      return visit([](const Packet& p) -> uint32_t { return p.carrier == Carrier::vni ? p.tunnel + 1 : 0; });
    case Field::gre_key:
      return visit([](const Packet& p) -> uint32_t { return p.carrier == Carrier::gre_key ? p.tunnel : 0; });
    case Field::src:
    case Field::dst:
    case Field::netns:
    case Field::container:
      return;
  }
}

/// The number as the first `bytes` bytes in memory, network byte order; zeros behind.
inline uint32_t in_network_order(uint32_t number, size_t bytes) noexcept {
  return __builtin_bswap32(number << (32 - 8 * bytes));
}

inline void put(uint32_t number, uint8_t* out, size_t bytes) noexcept {
  const uint32_t value = in_network_order(number, bytes);
  std::memcpy(out, &value, bytes);
}

inline uint32_t from_network_order(const uint8_t* in, size_t bytes) noexcept {
  uint32_t number = 0;
  for (size_t i = 0; i < bytes; ++i) number = number << 8 | in[i];
  return number;
}

}  // namespace tallytree
