// What the parser's layers hand to each other; private to parse*.cc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "parse.h"

namespace tallytree {

/// The rest of a packet from some header on. Invariant: captured <= length. Handed on by reference: a copy on
/// the stack is written in eights and read in sixteens, which stalls the processor.
struct Layer {
  const uint8_t* data = nullptr;
  size_t captured = 0;  ///< bytes that may be read
  size_t length = 0;    ///< bytes on the wire

  bool has(size_t count) const noexcept { return captured >= count; }
  Layer from(size_t offset) const noexcept {
    const size_t skip = offset < captured ? offset : captured;
    return {data + skip, captured - skip, offset < length ? length - offset : 0};
  }
  Layer limited(size_t wire) const noexcept {
    return {data, captured < wire ? captured : wire, length < wire ? length : wire};
  }
};

inline uint16_t load16(const uint8_t* at) noexcept { return static_cast<uint16_t>(at[0] << 8 | at[1]); }

inline constexpr uint16_t kEtherIpv4 = 0x0800;
inline constexpr uint16_t kEtherIpv6 = 0x86dd;

ParseError parse_ethernet(const Layer& layer, Packet& out, Headers& headers) noexcept;
/// `ethertype` says what `from` begins with: an IP header or the rest of a VLAN tag.
ParseError parse_tags(const Layer& from, uint16_t ethertype, Packet& out, Headers& headers) noexcept;
ParseError parse_ipv4(const Layer& layer, Packet& out, Headers& headers) noexcept;
ParseError parse_ipv6(const Layer& layer, Packet& out, Headers& headers) noexcept;
/// `layer` starts behind the IP headers; out.proto says what it is.
ParseError parse_transport(const Layer& layer, Packet& out, Headers& headers) noexcept;

}  // namespace tallytree
