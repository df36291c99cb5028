// Super-packets of TCP connections whose segment size nobody tells: what is learned from SYNs, and what stays
// a guess.
#include "core/segment_sizes.h"

#include "check.h"
#include "frames.h"

namespace tallytree::test {
namespace {

/// Ends of one connection; a packet goes from `from` to `to`.
struct Ends {
  uint8_t from = 1;
  uint8_t to = 2;
  uint16_t port = 1000;
  Ends back() const { return {to, from, port}; }
};

constexpr size_t kTimestamps = 12;

Bytes tcp_segment(const Ends& ends, uint8_t flags, const Bytes& options, size_t payload) {
  const bool is_first = ends.from < ends.to;
  const Bytes tcp = be16(is_first ? ends.port : 80) + be16(is_first ? 80 : ends.port) + filler(8, 0) +
                    Bytes{static_cast<uint8_t>((20 + options.size()) / 4 << 4), flags} + filler(6, 0) +
                    options;
  return Bytes{0x45, 0} + be16(20 + tcp.size() + payload) + filler(4, 0) + Bytes{64, 6, 0, 0} +
         Bytes{10, 0, 0, ends.from} + Bytes{10, 0, 0, ends.to} + tcp;
}

struct Tap {
  SegmentSizes sizes;
  Link link;
  Tap() { link.mtu = 1500; }

  Packet take(const Bytes& bytes, Told told = Told::nothing) {
    Packet packet;
    Headers headers;
    CHECK(countable(parse_frame(bytes, LinkType::raw_ip, UINT32_MAX, packet, headers)));
    sizes.split(packet, headers, bytes, &link, told);
    return packet;
  }
  /// `mss` 0: the SYN announces none.
  void syn(const Ends& ends, uint16_t mss, uint8_t flags = 0x02) {
    const Bytes option = mss == 0 ? Bytes{1, 1, 1, 0} : Bytes{1, 1, 1, 2, 4} + be16(mss) + Bytes{1, 0, 0};
    take(tcp_segment(ends, flags, option + filler((4 - option.size() % 4) % 4, 0), 0));
  }
  void open(const Ends& ends, uint16_t mss, uint16_t other) {
    syn(ends, mss);
    syn(ends.back(), other, 0x12);
  }
  Packet data(const Ends& ends, size_t payload, Told told = Told::nothing) {
    return take(tcp_segment(ends, 0x10, filler(kTimestamps, 1), payload), told);
  }
};

constexpr uint64_t kHeaders = 20 + 20 + kTimestamps;

}  // namespace

TEST(segment_sizes_are_what_the_other_end_announced) {
  Tap tap;
  tap.open({1, 2}, 1460, 536);
  const Packet packet = tap.data({1, 2}, 20 * 524);
  CHECK_EQ(packet.packets, 20u);
  CHECK_EQ(packet.bytes, 20 * 524 + 20 * kHeaders);
  CHECK_EQ(packet.full, 524 + kHeaders);
  CHECK_EQ(tap.data({1, 2}, 3 * 524 + 7).packets, 4u);  // the end of something
  CHECK_EQ(tap.data({1, 2}, 1048).packets, 2u);         // though it would fit into the MTU
  CHECK_EQ(tap.data({1, 2}, 524).packets, 1u);
  CHECK_EQ(tap.sizes.super_packets(), 3u);
  CHECK_EQ(tap.sizes.estimated(), 0u);
}

TEST(segment_sizes_of_the_other_way_may_be_others) {
  Tap tap;
  tap.open({1, 2}, 1460, 536);
  CHECK_EQ(tap.data({2, 1}, 10 * 1448).packets, 10u);  // 2 announces little and sends much
  CHECK_EQ(tap.data({2, 1}, 1448).packets, 1u);
  CHECK_EQ(tap.data({1, 2}, 10 * 524).packets, 10u);
  CHECK_EQ(tap.sizes.estimated(), 0u);
}

TEST(segment_sizes_may_be_the_senders_own_limit) {
  Tap tap;
  tap.open({1, 2}, 536, 1460);
  CHECK_EQ(tap.data({1, 2}, 3000).packets, 6u);  // likely, not certain
  CHECK_EQ(tap.sizes.estimated(), 1u);
  CHECK_EQ(tap.data({1, 2}, 10 * 524).packets, 10u);
  CHECK_EQ(tap.data({1, 2}, 2 * 524).packets, 2u);
  CHECK_EQ(tap.data({1, 2}, 3000).packets, 6u);
  CHECK_EQ(tap.sizes.estimated(), 1u);
}

TEST(segment_sizes_never_exceed_the_mtu) {
  Tap tap;
  tap.open({1, 2}, 8960, 8960);
  CHECK_EQ(tap.data({1, 2}, 10 * 1448).packets, 10u);
  CHECK_EQ(tap.sizes.estimated(), 0u);
}

TEST(segment_sizes_of_connections_without_syns_are_guessed) {
  Tap tap;
  CHECK_EQ(tap.data({1, 2}, 10 * 524).packets, 4u);
  CHECK_EQ(tap.data({1, 2}, 1048).packets, 1u);
  tap.syn({3, 4}, 536);
  CHECK_EQ(tap.data({4, 3}, 10 * 524).packets, 4u);  // one SYN alone says too little
  CHECK_EQ(tap.sizes.super_packets(), 2u);
  CHECK_EQ(tap.sizes.estimated(), 2u);
}

TEST(segment_sizes_begin_anew_with_the_connection) {
  Tap tap;
  tap.open({1, 2}, 536, 536);
  CHECK_EQ(tap.data({1, 2}, 10 * 524).packets, 10u);
  tap.open({1, 2}, 1460, 1460);
  CHECK_EQ(tap.data({1, 2}, 1448).packets, 1u);
  CHECK_EQ(tap.data({1, 2}, 10 * 1448).packets, 10u);
}

TEST(segment_sizes_do_not_mind_in_which_order_the_syns_come) {
  Tap tap;
  tap.syn({2, 1}, 1460, 0x12);
  tap.syn({1, 2}, 536);
  CHECK_EQ(tap.data({1, 2}, 10 * 524).packets, 10u);
  CHECK_EQ(tap.sizes.estimated(), 0u);
}

TEST(segment_sizes_of_a_syn_without_the_option_are_the_usual) {
  Tap tap;
  tap.open({1, 2}, 1460, 0);
  CHECK_EQ(tap.data({1, 2}, 10 * 524).packets, 10u);
}

TEST(segment_sizes_heed_what_the_source_is_told) {
  Tap tap;
  tap.open({1, 2}, 536, 1460);
  CHECK_EQ(tap.data({1, 2}, 1048, Told::one_packet).packets, 1u);
  CHECK_EQ(tap.data({1, 2}, 1048, Told::super_packet).packets, 2u);
  CHECK_EQ(tap.data({1, 2}, 9000, Told::one_packet).packets, 1u);
  CHECK_EQ(tap.data({5, 6}, 1048, Told::super_packet).packets, 1u);  // of which nothing is known
  CHECK_EQ(tap.sizes.estimated(), 1u);
}

TEST(segment_sizes_keep_connections_apart_and_forget_the_oldest) {
  Tap tap;
  for (uint16_t port = 1000; port < 60000; ++port)
    tap.open({1, 2, port}, 1460, static_cast<uint16_t>(500 + port % 900));
  size_t known = 0;
  for (uint16_t port = 1000; port < 60000; ++port) {
    const uint64_t before = tap.sizes.estimated();
    const size_t segment = 500 + port % 900 - kTimestamps;
    const Packet packet = tap.data({1, 2, port}, 20 * segment);
    if (tap.sizes.estimated() > before) continue;
    CHECK_EQ(packet.packets, 20u);
    ++known;
  }
  CHECK(known > 8000);
  CHECK(known <= 8192);
}

}  // namespace tallytree::test
