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

#include <utility>

#include "bytes.h"
#include "saved_form.h"

namespace tallytree {
namespace {

constexpr uint32_t kSizesMagic = 0x435a5454;  // "TTZC"
constexpr uint32_t kPaneMagic = 0x505a5454;   // "TTZP"
constexpr size_t kMostOpen = 2;
constexpr SavedForm kForm{"saved packet sizes"};

// So that no sum overflows, of whatever has been read: 2^56 bytes a second is more than any host has.
constexpr uint64_t kMostOfPane = uint64_t{1} << 56;
constexpr uint64_t kMostOfPast = uint64_t{1} << 62;

SizeHistogram read_sizes(ByteReader& in, const Secret& secret, uint64_t most) {
  SizeHistogram sizes = SizeHistogram::decode(in.blob(), secret);
  kForm.refuse(sizes.packets() > most || sizes.bytes() > most, "more than there can be");
  return sizes;
}

}  // namespace

std::vector<uint8_t> SavedSizes::encode() const {
  ByteWriter out;
  SavedForm::write_head(out, kSizesMagic);
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
  kForm.read_head(in, kSizesMagic);
  SavedSizes saved(secret);
  saved.since = in.fixed<uint64_t>();
  saved.past = read_sizes(in, secret, kMostOfPast);
  const auto read = [&] { return read_sizes(in, secret, kMostOfPane); };
  saved.open = kForm.read_open<Open>(in, saved.since, kMostOpen, read);
  in.expect_end();
  return saved;
}

std::vector<uint8_t> SavedSizesPane::encode() const {
  ByteWriter out;
  SavedForm::write_head(out, kPaneMagic);
  SavedForm::write_pane_head(out, minute, *pane);
  out.raw(pane->bytes);
  return out.take_framed();
}

SavedSizesPane SavedSizesPane::decode(std::span<const uint8_t> bytes, const Secret& secret) {
  ByteReader in = ByteReader::framed(bytes);
  kForm.read_head(in, kPaneMagic);
  auto pane = std::make_shared<SealedSizes>();
  const bool minute = kForm.read_pane_head(in, *pane);
  pane->bytes = read_sizes(in, secret, kMostOfPane).encode(secret);
  in.expect_end();
  return {minute, std::move(pane)};
}

}  // namespace tallytree
