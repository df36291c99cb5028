// The frames that the generator sends: one UDP frame of 64 bytes (60 and the check sum of the wire) and a
// long list of what differs from frame to frame.
#pragma once

#include <arpa/inet.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <random>
#include <vector>

#include "bench/traffic.h"

namespace tallytree::traffic {

inline constexpr size_t kFrameSize = 60;
inline constexpr size_t kVariedAt = 22;  ///< from the time to live to the ports: 16 bytes in one row

using Frame = std::array<uint8_t, kFrameSize>;
using HardwareAddress = std::array<uint8_t, 6>;
/// Time to live, protocol, check sum, addresses and ports of one frame.
using Varied = std::array<uint8_t, 16>;

inline constexpr size_t kTableBits = 20;
inline constexpr size_t kTableSize = size_t{1} << kTableBits;

/// An Ethernet, IPv4 and UDP header without what varies.
inline Frame frame_to(const HardwareAddress& destination) {
  Frame frame{};
  std::memcpy(frame.data(), destination.data(), destination.size());
  const std::array<uint8_t, 16> rest = {0x02, 0, 0, 0, 0, 0x99, 0x08, 0x00, 0x45, 0, 0, 46, 0, 0, 0x40, 0};
  std::memcpy(frame.data() + 6, rest.data(), rest.size());
  frame[39] = 26;  // UDP length; its check sum stays 0: none
  return frame;
}

inline void put_check_sum(Frame& frame) {
  uint32_t sum = 0;
  frame[24] = frame[25] = 0;
  for (size_t i = 14; i < 34; i += 2) sum += static_cast<uint32_t>(frame[i] << 8 | frame[i + 1]);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  const uint16_t checked = htons(static_cast<uint16_t>(~sum));
  std::memcpy(frame.data() + 24, &checked, 2);
}

/// Flow `number`, from 10/8 to 172.16/12, all four of addresses and ports at random.
inline Varied varied(uint32_t number) {
  Frame frame = frame_to({});
  const uint64_t first = scrambled(number + 1), second = scrambled(first);
  const uint32_t source = htonl(0x0a000000 | (first & 0xffffff));
  const uint32_t destination = htonl(0xac100000 | (second & 0xfffff));
  const auto ports = static_cast<uint32_t>(first >> 32);
  frame[22] = 64;
  frame[23] = 17;
  std::memcpy(frame.data() + 26, &source, 4);
  std::memcpy(frame.data() + 30, &destination, 4);
  std::memcpy(frame.data() + 34, &ports, 4);
  put_check_sum(frame);
  Varied out;
  std::memcpy(out.data(), frame.data() + kVariedAt, out.size());
  return out;
}

/// 2^20 draws from 100 000 flows of Zipf weights, the same ones each time.
inline std::vector<Varied> zipf_table() {
  const std::vector<uint32_t> ranks = zipf_trace(kTableSize, Zipf(100'000, 1.0), 1);
  std::vector<Varied> table;
  for (const uint32_t rank : ranks) table.push_back(varied(rank));
  return table;
}

/// 2^20 flows one after the other: none comes again before all others had their turn.
inline std::vector<Varied> churn_table() {
  std::vector<Varied> table;
  for (uint32_t i = 0; i < kTableSize; ++i) table.push_back(varied(i));
  return table;
}

}  // namespace tallytree::traffic
