// From bytes to a Packet: link layers, VLAN tags, IPv4, IPv6 with its extension headers, transport ports.
#pragma once

#include <cstdint>
#include <span>

#include "packet.h"

namespace tallytree {

enum class LinkType : uint8_t {
  ethernet,   ///< IEEE 802.3, with 802.1Q and 802.1ad tags, nested
  raw_ip,     ///< starts with the IP header
  linux_sll,  ///< LINKTYPE_LINUX_SLL, 16 bytes
  linux_sll2  ///< LINKTYPE_LINUX_SLL2, 20 bytes
};

enum class ParseError : uint8_t {
  none,       ///< all fields are filled
  partial,    ///< everything but the ports: they lie behind the captured bytes
  truncated,  ///< the captured bytes end before addresses and protocol are certain
  not_ip,     ///< ARP, LLDP, ...
  malformed   ///< lengths or versions contradict each other; a host drops such a packet
};

/// True when the packet is certain enough to be counted.
constexpr bool countable(ParseError error) noexcept { return error <= ParseError::partial; }

/// The reason's name in SourceStats.
const char* parse_error_name(ParseError error) noexcept;

/// Bytes of the headers that every segment of a super-packet repeats.
struct Headers {
  uint16_t ip = 0;         ///< with options and extension headers
  uint16_t transport = 0;  ///< 0: unknown, or a later fragment
};

/// Fills addresses, bytes (IP total length, RFC 791; 40 + payload length, RFC 8200), ports, protocol, VLAN
/// and, for cooked captures, the direction. `original_length` is the frame's length on the wire; `bytes` may
/// be a prefix of it. An IP length of 0 (super-packets above 64 KiB) is taken from original_length. A
/// protocol behind a cut or endless extension header chain is unknown: truncated, malformed. Reads only
/// `bytes`.
ParseError parse_frame(std::span<const uint8_t> bytes, LinkType link, uint32_t original_length, Packet& out,
                       Headers& headers) noexcept;
ParseError parse_frame(std::span<const uint8_t> bytes, LinkType link, uint32_t original_length,
                       Packet& out) noexcept;

/// The same from behind the link header, whose EtherType (host byte order) says what follows: IP or a VLAN
/// tag.
ParseError parse_payload(std::span<const uint8_t> bytes, uint16_t ethertype, uint32_t original_length,
                         Packet& out, Headers& headers) noexcept;

/// Turns one super-packet into the wire packets it carries: packets = ceil(payload / gso_size), and bytes
/// counts the headers once for each of them. gso_size: payload bytes in a segment; 0 leaves the packet as it
/// is.
void apply_gso(Packet& packet, const Headers& headers, uint32_t gso_size) noexcept;

}  // namespace tallytree
