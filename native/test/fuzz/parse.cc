// Fuzzing the packet parser: a byte for the link type and whether tunnels are opened, two for how much was
// cut off, then the frame.
#include "core/parse.h"

#include <algorithm>
#include <cstring>
#include <memory>

#include "core/plain_frame.h"
#include "target.h"

using namespace tallytree;
using tallytree::fuzz::must;

namespace {

/// What must hold for any bytes whatsoever, besides staying inside them.
void check(const Packet& packet, const Headers& headers, ParseError error, uint64_t wire) {
  if (!countable(error)) return;
  must(packet.bytes <= wire && packet.bytes >= headers.ip, "bytes out of range");
  must(!packet.has_ports || error == ParseError::none, "ports in a partial packet");
  must(packet.family == 4 || packet.family == 6, "no family");
  Packet cut = packet;
  apply_gso(cut, headers, 1448);
  must(cut.packets > 0 && cut.bytes >= packet.bytes, "super-packet arithmetic");
}

/// What is read at once must be what is read layer by layer.
void check_plain(std::span<const uint8_t> frame, uint32_t original, const Packet& parsed) {
  Packet plain;
  const Sighting sighting{parsed.direction, static_cast<uint32_t>(parsed.second), parsed.ifindex};
  if (!parse_plain(frame, original, sighting, plain)) return;
  must(std::memcmp(&plain, &parsed, sizeof plain) == 0, "a plain frame read otherwise");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 3) return 0;
  const auto link = static_cast<LinkType>(data[0] & 3);
  // A block of exactly that size, so that the sanitizer sees the first byte too many.
  const size_t length = size - 3;
  const std::unique_ptr<uint8_t[]> frame(new uint8_t[length]);
  std::copy_n(data + 3, length, frame.get());
  const auto original = static_cast<uint32_t>(length + data[1] + 256u * data[2]);
  Packet packet;
  Headers headers;
  const ParseError error = parse_frame({frame.get(), length}, link, original, packet, headers);
  check(packet, headers, error, original);
  if (link == LinkType::ethernet) check_plain({frame.get(), length}, original, packet);
  const Tunnels tunnels{data[0] & 4 ? uint16_t{4789} : packet.dport};
  if (data[0] & 8 || !is_tunnel(packet, headers, tunnels)) return 0;
  const ParseError inner = parse_carried({frame.get(), length}, tunnels, error, packet, headers);
  // What was cut on its way states a length of its own.
  check(packet, headers, inner, std::max<uint64_t>(original, 65535 + 40));
  must(!countable(inner) || packet.carrier != Carrier::none, "inside nothing");
  return 0;
}
