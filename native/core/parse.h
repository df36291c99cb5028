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

/// What the parser learns besides the packet.
struct Headers {
  // Bytes of the headers that every segment of a super-packet repeats.
  uint16_t ip = 0;         ///< with options and extension headers
  uint16_t transport = 0;  ///< 0: unknown, or a later fragment
  // For parse_carried().
  uint16_t ethertype = 0;            ///< of what is not IP; 0: IP
  uint8_t tags = 0;                  ///< VLAN tags, that which the kernel took off included
  bool is_carried = false;           ///< inside a tunnel, whose packets may be cut: IP's own length holds
  const uint8_t* payload = nullptr;  ///< behind the IP headers; nullptr: a later fragment
  uint32_t length = 0;               ///< of what is not IP, on the wire
  uint16_t last_tag = 0;             ///< the innermost VLAN, when there are tags
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

/// What a tunnel is known by.
struct Tunnels {
  uint16_t vxlan_port = 4789;  ///< a UDP port that carries VXLAN besides 4789
};

/// Whether a parsed frame has something inside that parse_carried() may open; countable or not.
bool is_tunnel(const Packet& packet, const Headers& headers, const Tunnels& tunnels) noexcept;

/// From a frame's packet, headers and error to those of the innermost packet, at most four tunnels deep; its
/// bytes are its own IP total length, its VLAN the tag right around it. Of a packet that cannot be read to
/// the end the innermost that is countable. Not countable: nothing inside is, and both are as they were.
ParseError parse_carried(std::span<const uint8_t> bytes, const Tunnels& tunnels, ParseError error,
                         Packet& packet, Headers& headers) noexcept;

/// Turns one super-packet into the wire packets it carries: packets = ceil(payload / gso_size), and bytes
/// counts the headers once for each of them; all but the last are of one size. gso_size: payload bytes in a
/// segment; 0 leaves the packet as it is.
void apply_gso(Packet& packet, const Headers& headers, uint32_t gso_size) noexcept;

}  // namespace tallytree
