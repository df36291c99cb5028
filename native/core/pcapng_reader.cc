// Blocks: type, length, body, length again. Unknown ones are passed over.
#include "pcapng_reader.h"

#include <algorithm>
#include <stdexcept>

namespace tallytree {
namespace {

enum BlockType : uint32_t {
  kSection = 0x0a0d0d0a,
  kInterface = 1,
  kOldPacket = 2,
  kSimplePacket = 3,
  kStatistics = 5,
  kEnhancedPacket = 6
};
constexpr uint32_t kByteOrder = 0x1a2b3c4d;
constexpr uint32_t kFrame = 12;           // type and both lengths
constexpr uint32_t kMostBlock = 1 << 25;  // a larger one is none
constexpr size_t kMostInterfaces = 65536;

[[noreturn]] void damaged(const std::string& what) {
  throw std::runtime_error("the file is damaged: " + what);
}

/// Ticks a second: 10 to the number in the byte, or 2 to it when the highest bit is set.
uint64_t resolution(uint8_t code) {
  const int exponent = code & 0x7f;
  if ((code & 0x80) != 0 ? exponent > 63 : exponent > 19) damaged("an interface with a clock that is none");
  if ((code & 0x80) != 0) return uint64_t{1} << exponent;
  uint64_t ticks = 1;
  for (int i = 0; i < exponent; ++i) ticks *= 10;
  return ticks;
}

constexpr uint32_t padded(uint32_t size) noexcept { return (size + 3) & ~3u; }

}  // namespace

bool PcapngReader::begins(const uint8_t* magic) noexcept { return field<uint32_t>(magic, false) == kSection; }

bool PcapngReader::next(CapturedPacket& out) {
  Block block;
  while (take_block(block)) {
    if (block.type == kInterface)
      take_interface(block);
    else if (block.type == kStatistics)
      take_statistics(block);
    else if (take_packet(block, out))
      return true;
  }
  return false;
}

bool PcapngReader::take_block(Block& out) {
  const uint8_t* start = window_.peek(kFrame);
  if (start == nullptr) {
    if (window_.at_end()) return false;
    throw std::runtime_error("the file breaks off inside a block's header");
  }
  if (field<uint32_t>(start, false) == kSection) take_section(start);
  const uint32_t length = at<uint32_t>(start + 4);
  if (length < kFrame || length % 4 != 0 || length > kMostBlock)
    damaged("a block of " + std::to_string(length) + " bytes");
  start = window_.peek(length);
  if (start == nullptr) throw std::runtime_error("the file breaks off inside a block");
  if (at<uint32_t>(start + length - 4) != length) damaged("a block's two lengths differ");
  out = {at<uint32_t>(start), start + 8, length - kFrame};
  window_.skip(length);
  return true;
}

/// Its byte order must be known before its length can be read.
void PcapngReader::take_section(const uint8_t* start) {
  reversed_ = field<uint32_t>(start + 8, false) != kByteOrder;
  if (at<uint32_t>(start + 8) != kByteOrder) damaged("a section of no byte order");
  lost_in_past_sections_ = lost_before();
  interfaces_.clear();
}

template <typename Visit>
void PcapngReader::each_option(const Block& block, size_t from, Visit&& visit) {
  while (from + 4 <= block.size) {
    const uint16_t code = at<uint16_t>(block.body + from), size = at<uint16_t>(block.body + from + 2);
    if (code == 0 || from + 4 + size > block.size) return;
    visit(code, block.body + from + 4, size);
    from += 4 + padded(size);
  }
}

void PcapngReader::take_interface(const Block& block) {
  if (block.size < 8 || interfaces_.size() == kMostInterfaces) damaged("an interface that is none");
  Interface found;
  found.link = link_type_of(at<uint16_t>(block.body));
  found.snap_length = at<uint32_t>(block.body + 4);
  each_option(block, 8, [&](uint16_t code, const uint8_t* value, uint16_t size) {
    constexpr uint16_t kResolution = 9, kOffset = 14;
    if (code == kResolution && size >= 1) found.per_second = resolution(*value);
    if (code == kOffset && size >= 8) found.offset_seconds = at<int64_t>(value);
  });
  interfaces_.push_back(found);
}

/// The last ones of an interface count: they are sums.
void PcapngReader::take_statistics(const Block& block) {
  if (block.size < 12) damaged("statistics that are none");
  Interface& about = interface_at(at<uint32_t>(block.body));
  uint64_t by_interface = 0, by_system = 0;
  each_option(block, 12, [&](uint16_t code, const uint8_t* value, uint16_t size) {
    constexpr uint16_t kInterfaceDrops = 5, kSystemDrops = 7;
    if (code == kInterfaceDrops && size >= 8) by_interface = at<uint64_t>(value);
    if (code == kSystemDrops && size >= 8) by_system = at<uint64_t>(value);
  });
  about.lost = by_interface + by_system;
}

uint64_t PcapngReader::lost_before() const noexcept {
  uint64_t lost = lost_in_past_sections_;
  for (const Interface& one : interfaces_) lost += one.lost;
  return lost;
}

bool PcapngReader::take_packet(const Block& block, CapturedPacket& out) {
  if (block.type == kEnhancedPacket)
    enhanced_packet(block, out);
  else if (block.type == kSimplePacket)
    simple_packet(block, out);
  else if (block.type == kOldPacket)
    old_packet(block, out);
  else
    return false;
  return true;
}

void PcapngReader::enhanced_packet(const Block& block, CapturedPacket& out) {
  if (block.size < 20) damaged("a packet without a header");
  const Interface& from = interface_at(at<uint32_t>(block.body));
  stamp(from, block.body + 4, out);
  const uint32_t size = at<uint32_t>(block.body + 12);
  out.original_length = at<uint32_t>(block.body + 16);
  out.link = from.link;
  captured(block, 20, size, out);
  each_option(block, 20 + padded(size), [&](uint16_t code, const uint8_t* value, uint16_t length) {
    constexpr uint16_t kFlags = 2;
    if (code != kFlags || length < 4) return;
    const uint32_t way = at<uint32_t>(value) & 3;
    if (way != 0 && way != 3) out.direction = way == 1 ? Direction::input : Direction::output;
  });
}

void PcapngReader::simple_packet(const Block& block, CapturedPacket& out) {
  if (block.size < 4) damaged("a packet without a header");
  const Interface& from = interface_at(0);
  out.original_length = at<uint32_t>(block.body);
  out.time_ns = last_time_ns_;
  out.link = from.link;
  const uint32_t limit = from.snap_length == 0 ? out.original_length : from.snap_length;
  captured(block, 4, std::min(out.original_length, limit), out);
}

void PcapngReader::old_packet(const Block& block, CapturedPacket& out) {
  if (block.size < 20) damaged("a packet without a header");
  const Interface& from = interface_at(at<uint16_t>(block.body));
  stamp(from, block.body + 4, out);
  out.original_length = at<uint32_t>(block.body + 16);
  out.link = from.link;
  captured(block, 20, at<uint32_t>(block.body + 12), out);
}

void PcapngReader::captured(const Block& block, uint32_t from, uint32_t size, CapturedPacket& out) {
  if (size > block.size - from) damaged("a packet that is longer than its block");
  out.bytes = {block.body + from, size};
  out.original_length = std::max(out.original_length, size);
  out.direction = Direction::any;
}

void PcapngReader::stamp(const Interface& from, const uint8_t* halves, CapturedPacket& out) {
  const uint64_t ticks = uint64_t{at<uint32_t>(halves)} << 32 | at<uint32_t>(halves + 4);
  const uint64_t seconds = ticks / from.per_second + static_cast<uint64_t>(from.offset_seconds);
  const auto fraction = static_cast<unsigned __int128>(ticks % from.per_second) * 1'000'000'000;
  out.time_ns = last_time_ns_ = seconds * 1'000'000'000 + static_cast<uint64_t>(fraction / from.per_second);
}

PcapngReader::Interface& PcapngReader::interface_at(uint32_t index) {
  if (index >= interfaces_.size())
    damaged("a packet of interface " + std::to_string(index) + ", which it has not");
  return interfaces_[index];
}

}  // namespace tallytree
