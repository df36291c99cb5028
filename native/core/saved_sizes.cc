// The byte forms of saved packet sizes and of their sealed panes. All numbers little-endian; a "blob" is an
// encoded histogram with its own length at its head.
//
//   u64     length of the whole, these 8 bytes included
//   u32     magic "TTZC", u16 version 1
//   u64     first second that was counted
//   blob    past
//   u8      number of open panes, each: u64 second, blob
//
//   u64     length of the whole, these 8 bytes included
//   u32     magic "TTZP", u16 version 1
//   u8      0: a second, 1: a minute
//   u64     its start, u64 serial
//   blob
#include "saved_sizes.h"

#include <stdexcept>
#include <string>

#include "bytes.h"

namespace tallytree {
namespace {

constexpr uint32_t kSizesMagic = 0x435a5454;  // "TTZC"
constexpr uint32_t kPaneMagic = 0x505a5454;   // "TTZP"
constexpr uint16_t kVersion = 1;
constexpr size_t kMostOpen = 2;

// So that no sum overflows, of whatever has been read: 2^56 bytes a second is more than any host has.
constexpr uint64_t kMostOfPane = uint64_t{1} << 56;
constexpr uint64_t kMostOfPast = uint64_t{1} << 62;

void refuse(bool bad, const char* why) {
  if (bad) [[unlikely]]
    throw std::invalid_argument(std::string("not saved packet sizes: ") + why);
}

void read_head(ByteReader& in, uint32_t magic) {
  refuse(in.fixed<uint32_t>() != magic, "wrong magic");
  refuse(in.fixed<uint16_t>() != kVersion, "unknown version");
}

SizeHistogram read_sizes(ByteReader& in, const Secret& secret, uint64_t most) {
  SizeHistogram sizes = SizeHistogram::decode(in.blob(), secret);
  refuse(sizes.packets() > most || sizes.bytes() > most, "more than there can be");
  return sizes;
}

}  // namespace

std::vector<uint8_t> SavedSizes::encode() const {
  ByteWriter out;
  out.fixed(kSizesMagic);
  out.fixed(kVersion);
  out.fixed(since);
  out.raw(past.encode(secret));
  out.fixed(static_cast<uint8_t>(open.size()));
  for (const auto& [second, sizes] : open) {
    out.fixed(second);
    out.raw(sizes.encode(secret));
  }
  return out.take_framed();
}

SavedSizes SavedSizes::decode(std::span<const uint8_t> bytes, const Secret& secret) {
  ByteReader in = ByteReader::framed(bytes);
  read_head(in, kSizesMagic);
  SavedSizes saved(secret);
  saved.since = in.fixed<uint64_t>();
  saved.past = read_sizes(in, secret, kMostOfPast);
  const auto panes = in.fixed<uint8_t>();
  refuse(panes == 0 || panes > kMostOpen, "a number of open panes that cannot be");
  for (uint64_t least = saved.since; saved.open.size() < panes; ++least) {
    const auto second = in.fixed<uint64_t>();
    refuse(second < least, "seconds out of order");
    saved.open.push_back({least = second, read_sizes(in, secret, kMostOfPane)});
  }
  in.expect_end();
  return saved;
}

std::vector<uint8_t> SavedSizesPane::encode() const {
  ByteWriter out;
  out.fixed(kPaneMagic);
  out.fixed(kVersion);
  out.fixed(static_cast<uint8_t>(minute));
  out.fixed(pane->start);
  out.fixed(pane->serial);
  out.raw(pane->bytes);
  return out.take_framed();
}

SavedSizesPane SavedSizesPane::decode(std::span<const uint8_t> bytes, const Secret& secret) {
  ByteReader in = ByteReader::framed(bytes);
  read_head(in, kPaneMagic);
  auto pane = std::make_shared<SealedSizes>();
  const auto minute = in.fixed<uint8_t>();
  pane->start = in.fixed<uint64_t>();
  pane->serial = in.fixed<uint64_t>();
  refuse(minute > 1 || (minute == 1 && pane->start % 60 != 0), "neither a second nor a minute");
  pane->bytes = read_sizes(in, secret, kMostOfPane).encode(secret);
  in.expect_end();
  return {minute == 1, std::move(pane)};
}

}  // namespace tallytree
