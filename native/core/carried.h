// A frame's packets where tunnels are opened and the kernel does not say how super-packets are segmented.
#pragma once

#include <span>

#include "parse.h"
#include "segments.h"

namespace tallytree {

/// The packet around, if it is countable, and behind it the one that it carries, as many as there are.
/// `bytes`: those that were parsed into out[0], `headers` and `error`. `unopened` counts a tunnel whose
/// content is cut off or damaged.
inline size_t open_carried(std::span<const uint8_t> bytes, const Tunnels& tunnels, ParseError error,
                           Headers& deepest, Packet* out, uint64_t& unopened) noexcept {
  Packet inner = out[0];
  const size_t around = countable(error);
  const ParseError found = parse_carried(bytes, tunnels, error, inner, deepest);
  if (around == 1 && !countable(found) && found != ParseError::not_ip) ++unopened;
  if (!countable(found)) return around;
  out[around] = inner;
  return around + 1;
}

/// All that a segment of a tunnel's super-packet repeats, from the outer IP header on.
inline Headers headers_around(const Packet& outer, const Packet& inner, const Headers& innermost) noexcept {
  const uint64_t repeated = uint64_t{innermost.ip} + innermost.transport;
  Headers all;
  if (inner.bytes >= repeated && outer.bytes >= inner.bytes)
    all.ip = static_cast<uint16_t>(outer.bytes - (inner.bytes - repeated));
  return all;
}

/// As split_by_mtu(), of a tunnel's packet and of what it carries; `deepest`: the headers of that.
inline bool split_both_by_mtu(Packet& outer, Packet& inner, const Headers& deepest,
                              const Link* link) noexcept {
  const uint32_t mtu = mtu_of(link);
  if (outer.bytes <= mtu) return false;
  const Headers all = headers_around(outer, inner, deepest);
  const uint32_t segment = mtu > all.ip ? mtu - all.ip : mtu;
  apply_gso(outer, all, segment);
  apply_gso(inner, deepest, segment);
  return outer.packets > 1;
}

/// What came of a parsed frame that holds a tunnel.
struct Opened {
  size_t count;       ///< packets
  bool split;         ///< a super-packet was among them
  bool outer = true;  ///< the first is the tunnel's own
};

/// For sources that are told neither segment sizes nor anything beyond the bytes. `splits`: whether the
/// packet may be a super-packet.
inline Opened open_and_split(std::span<const uint8_t> bytes, const Tunnels& tunnels, ParseError error,
                             const Headers& headers, const Link* link, Packet* out, uint64_t& unopened,
                             bool splits = true) noexcept {
  Headers deepest = headers;
  const size_t count = open_carried(bytes, tunnels, error, deepest, out, unopened);
  const bool outer = countable(error);
  bool split = false;
  if (splits && count == 2) split = split_both_by_mtu(out[0], out[1], deepest, link);
  if (splits && count == 1 && outer) split = split_by_mtu(out[0], headers, link);
  return {count, split, outer};
}

/// What was found inside, right behind its carrier, was seen where and when that was.
inline void seen_as(const Packet& carrier, Packet& inner) noexcept {
  inner.direction = carrier.direction;
  inner.second = carrier.second;
  inner.ifindex = carrier.ifindex;
  inner.loopback = carrier.loopback;
  inner.inside = true;
}

}  // namespace tallytree
