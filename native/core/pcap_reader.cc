// A header of 24 bytes, then records: 16 bytes and the captured ones.
#include "pcap_reader.h"

#include <algorithm>
#include <stdexcept>

namespace tallytree {
namespace {

constexpr size_t kFileHeader = 24;
constexpr size_t kRecordHeader = 16;
constexpr uint32_t kMostCaptured = 1 << 24;  // a larger one is no packet
constexpr uint32_t kMicroseconds = 0xa1b2c3d4;
constexpr uint32_t kNanoseconds = 0xa1b23c4d;

bool is_magic(uint32_t number) noexcept { return number == kMicroseconds || number == kNanoseconds; }

}  // namespace

bool PcapReader::begins(const uint8_t* magic) noexcept {
  return is_magic(field<uint32_t>(magic, false)) || is_magic(field<uint32_t>(magic, true));
}

PcapReader::PcapReader(ByteWindow& window) : window_(window) {
  const uint8_t* header = window.peek(kFileHeader);
  if (header == nullptr) throw std::runtime_error("it ends within its header");
  reversed_ = !is_magic(field<uint32_t>(header, false));
  nanoseconds_ = field<uint32_t>(header, reversed_) == kNanoseconds;
  const auto number = static_cast<uint16_t>(field<uint32_t>(header + 20, reversed_));
  const auto link = link_type_of(number);
  if (!link)
    throw std::runtime_error("its link type " + std::to_string(number) +
                             " is not supported (Ethernet, raw IP and Linux cooked are)");
  link_ = *link;
  window.skip(kFileHeader);
}

bool PcapReader::next(CapturedPacket& out) {
  const uint8_t* header = window_.peek(kRecordHeader);
  if (header == nullptr) {
    if (window_.at_end()) return false;
    throw std::runtime_error("the file breaks off inside a packet's header");
  }
  const uint32_t captured = field<uint32_t>(header + 8, reversed_);
  if (captured > kMostCaptured)
    throw std::runtime_error("the file is damaged: a packet of " + std::to_string(captured) + " bytes");
  const uint64_t seconds = field<uint32_t>(header, reversed_);
  const uint64_t fraction = field<uint32_t>(header + 4, reversed_);
  out.time_ns = seconds * 1'000'000'000 + fraction * (nanoseconds_ ? 1 : 1000);
  out.original_length = std::max(captured, field<uint32_t>(header + 12, reversed_));
  out.link = link_;
  out.direction = Direction::any;
  const uint8_t* record = window_.peek(kRecordHeader + captured);
  if (record == nullptr) throw std::runtime_error("the file breaks off inside a packet");
  out.bytes = {record + kRecordHeader, captured};
  window_.skip(kRecordHeader + captured);
  return true;
}

}  // namespace tallytree
