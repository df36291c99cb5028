// Plain frames, read at once, are what the parser finds in them.
#include "core/plain_frame.h"

#include <cstring>
#include <random>

#include "parsed.h"

using namespace tallytree;
using namespace tallytree::test;

namespace {

constexpr Sighting kSighting{Direction::output, 1'800'000'000, 7};

/// Whether the frame is plain; then the packet is the parser's.
bool is_plain(const Bytes& frame, size_t captured) {
  const std::unique_ptr<uint8_t[]> exact(new uint8_t[captured]);
  std::copy_n(frame.begin(), captured, exact.get());
  const Packet before{.proto = 99};
  Packet packet = before;
  if (!parse_plain({exact.get(), captured}, static_cast<uint32_t>(frame.size()), kSighting, packet)) {
    CHECK(std::memcmp(&packet, &before, sizeof packet) == 0);
    return false;
  }
  Result parsed = parse_prefix(frame, captured, LinkType::ethernet);
  CHECK(parsed.error == ParseError::none);
  parsed.packet.direction = kSighting.direction;
  parsed.packet.second = kSighting.second;
  parsed.packet.ifindex = kSighting.ifindex;
  CHECK(std::memcmp(&packet, &parsed.packet, sizeof packet) == 0);
  return true;
}

bool is_plain(const Bytes& frame) { return is_plain(frame, frame.size()); }

}  // namespace

TEST(plain_frames_are_tcp_and_udp_right_behind_ipv4) {
  CHECK(is_plain(ethernet(0x0800, ipv4({.proto = 6}, tcp(100)))));
  CHECK(is_plain(ethernet(0x0800, ipv4({.proto = 17}, udp(18)))));
  CHECK(is_plain(ethernet(0x0800, ipv4({.proto = 17, .fragment = 0x2000}, udp(8)))));  // the first fragment
  CHECK(!is_plain(ethernet(0x0800, ipv4({.proto = 17, .fragment = 0x2001}, udp(8)))));
  CHECK(!is_plain(ethernet(0x0800, ipv4({.proto = 6, .options = 4}, tcp(100)))));
  CHECK(!is_plain(ethernet(0x0800, ipv4({.proto = 1}, icmp(100)))));
  CHECK(!is_plain(ethernet(0x86dd, ipv6(6, tcp(100)))));
  CHECK(!is_plain(ethernet(0x8100, tag(5, 0x0800, ipv4({.proto = 6}, tcp(100))))));
  CHECK(!is_plain(ethernet(0x0800, ipv4({.proto = 6, .stated_length = 0}, tcp(100)))));
  CHECK(!is_plain(ethernet(0x0800, ipv4({.proto = 6, .stated_length = 2000}, tcp(100)))));
}

TEST(plain_frames_hold_their_ports) {
  const Bytes frame = ethernet(0x0800, ipv4({.proto = 6}, tcp(100)));
  for (size_t captured = 0; captured <= frame.size(); ++captured)
    CHECK_EQ(is_plain(frame, captured), captured >= 14 + 20 + 4);
  CHECK(!is_plain(ethernet(0x0800, ipv4({.proto = 17}, filler(3))) + filler(20)));
}

TEST(plain_frames_are_parsed_alike_whatever_is_changed) {
  std::mt19937_64 random(21);
  const Bytes frame = ethernet(0x0800, ipv4({.proto = 6}, tcp(20)));
  int plain = 0;
  for (int i = 0; i < repeated(200'000); ++i) {
    Bytes changed = frame;
    for (uint64_t changes = random() % 3; changes > 0; --changes)
      changed[12 + random() % 28] = static_cast<uint8_t>(random());
    plain += is_plain(changed, 30 + random() % (frame.size() - 29));
  }
  CHECK(plain > repeated(200'000) / 4);
}
