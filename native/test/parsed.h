// Parsing for tests: results at hand, and no byte to read behind the captured ones.
#pragma once

#include <algorithm>
#include <memory>

#include "check.h"
#include "core/parse.h"
#include "frames.h"

namespace tallytree::test {

struct Result {
  ParseError error = ParseError::none;
  Packet packet;
  Headers headers;
};

/// Copies to a block of exactly that size, so that a read past the end is one the sanitizer sees.
inline Result parse_prefix(const Bytes& frame, size_t captured, LinkType link) {
  Result result;
  const std::unique_ptr<uint8_t[]> exact(new uint8_t[captured]);
  std::copy_n(frame.begin(), captured, exact.get());
  result.error = parse_frame({exact.get(), captured}, link, static_cast<uint32_t>(frame.size()),
                             result.packet, result.headers);
  return result;
}

inline Result parse(const Bytes& frame, LinkType link = LinkType::ethernet) {
  return parse_prefix(frame, frame.size(), link);
}

inline Address v4(uint8_t last) { return {10, 0, 0, last}; }
inline Address v6(uint8_t last) { return {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last}; }

inline void check_ports(const Result& result, uint8_t proto) {
  CHECK(result.error == ParseError::none);
  CHECK_EQ(result.packet.proto, proto);
  CHECK(result.packet.has_ports);
  CHECK_EQ(result.packet.sport, 1000);
  CHECK_EQ(result.packet.dport, 2000);
}

inline void check_no_ports(const Result& result, uint8_t proto) {
  CHECK(result.error == ParseError::none);
  CHECK_EQ(result.packet.proto, proto);
  CHECK(!result.packet.has_ports);
}

}  // namespace tallytree::test
