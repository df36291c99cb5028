// IPv4 (RFC 791) and IPv6 (RFC 8200) with options, fragments and extension headers.
#include "parse_layers.h"

namespace tallytree {
namespace {

constexpr size_t kIpv4Header = 20;
constexpr size_t kIpv6Header = 40;
// RFC 8200 names seven extension headers; a longer chain than this only serves to hide something.
constexpr int kMaxExtensions = 16;

enum Extension : uint8_t {
  kHopByHop = 0,
  kRouting = 43,
  kFragment = 44,
  kAuthentication = 51,
  kNoNext = 59,
  kDestination = 60
};

bool is_extension(uint8_t next) noexcept {
  return next == kHopByHop || next == kRouting || next == kFragment || next == kAuthentication ||
         next == kDestination;
}

/// Bytes of an extension header; `data` holds its first two.
size_t extension_length(uint8_t kind, const uint8_t* data) noexcept {
  if (kind == kFragment) return 8;
  if (kind == kAuthentication) return (size_t{data[1]} + 2) * 4;  // RFC 4302: in 4-byte units, minus 2
  return (size_t{data[1]} + 1) * 8;
}

ParseError cut(const Layer& layer, size_t needed) noexcept {
  return layer.length < needed ? ParseError::malformed : ParseError::truncated;
}

struct Chain {
  Layer rest;
  bool later_fragment = false;
};

/// Follows the chain from chain.rest; out.proto is the kind of its first header, and becomes the transport
/// protocol.
ParseError skip_extensions(Chain& chain, Packet& out, Headers& headers) noexcept {
  for (int count = 0; is_extension(out.proto); ++count) {
    const Layer layer = chain.rest;
    if (count == kMaxExtensions) return ParseError::malformed;
    const size_t needed = out.proto == kFragment ? 8 : 2;
    if (!layer.has(needed)) return cut(layer, needed);
    const size_t size = extension_length(out.proto, layer.data);
    if (size > layer.length) return ParseError::malformed;
    chain.later_fragment = out.proto == kFragment && (load16(layer.data + 2) & 0xfff8) != 0;
    out.proto = layer.data[0];
    headers.ip = static_cast<uint16_t>(headers.ip + size);
    chain.rest = layer.from(size);
    if (chain.later_fragment) return ParseError::none;
  }
  return ParseError::none;
}

}  // namespace

ParseError parse_ipv4(const Layer& layer, Packet& out, Headers& headers) noexcept {
  if (!layer.has(kIpv4Header)) return cut(layer, kIpv4Header);
  const uint8_t* data = layer.data;
  const size_t header = (data[0] & 0x0f) * size_t{4};
  const size_t stated = load16(data + 2);
  const size_t total = stated == 0 ? layer.length : stated;
  if (data[0] >> 4 != 4 || header < kIpv4Header || total < header) return ParseError::malformed;
  if (total > layer.length && !headers.is_carried) return ParseError::malformed;
  out.family = 4;
  out.proto = data[9];
  out.bytes = total;
  std::memcpy(out.src.data(), data + 12, 4);
  std::memcpy(out.dst.data(), data + 16, 4);
  headers.ip = static_cast<uint16_t>(header);
  const bool later_fragment = (load16(data + 6) & 0x1fff) != 0;
  if (later_fragment) return ParseError::none;
  return parse_transport(layer.limited(total).from(header), out, headers);
}

ParseError parse_ipv6(const Layer& layer, Packet& out, Headers& headers) noexcept {
  if (!layer.has(kIpv6Header)) return cut(layer, kIpv6Header);
  const uint8_t* data = layer.data;
  const size_t stated = load16(data + 4);
  const bool jumbo = stated == 0 && data[6] != kNoNext;
  const size_t total = jumbo ? layer.length : kIpv6Header + stated;
  if (data[0] >> 4 != 6 || (total > layer.length && !headers.is_carried)) return ParseError::malformed;
  out.family = 6;
  out.proto = data[6];
  out.bytes = total;
  std::memcpy(out.src.data(), data + 8, 16);
  std::memcpy(out.dst.data(), data + 24, 16);
  headers.ip = kIpv6Header;
  Chain chain{layer.limited(total).from(kIpv6Header)};
  const ParseError error = skip_extensions(chain, out, headers);
  if (error != ParseError::none || chain.later_fragment) return error;
  return parse_transport(chain.rest, out, headers);
}

}  // namespace tallytree
