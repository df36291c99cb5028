// Size histograms: adding, ranks, byte form. All numbers little-endian; "varint" is LEB128.
//
//   u64     length of the whole, these 8 bytes included
//   u32     magic "TTSZ", u16 version 1
//   u64     secret check (secret_check in siphash.h)
//   u8      kExactBits, kPartBits, kMostBits: which buckets there are
//   varint  bytes, least, largest; all 0 without packets
//   varint  number of filled buckets, each: varint gap to the last one's index (the first from -1), packets
#include "size_histogram.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "bytes.h"
#include "errors.h"

namespace tallytree {
namespace {

constexpr uint32_t kMagic = 0x5a535454;  // "TTSZ"
constexpr uint16_t kVersion = 1;

void refuse(bool bad, const char* why) {
  if (bad) [[unlikely]]
    throw std::invalid_argument(std::string("not an encoded size histogram: ") + why);
}

void read_head(ByteReader& in, const Secret& secret) {
  refuse(in.fixed<uint32_t>() != kMagic, "wrong magic");
  refuse(in.fixed<uint16_t>() != kVersion, "unknown version");
  if (in.fixed<uint64_t>() != secret_check(secret))
    throw Incompatible("the histogram was made with another secret");
  for (const unsigned bits : {SizeHistogram::kExactBits, SizeHistogram::kPartBits, SizeHistogram::kMostBits})
    if (in.fixed<uint8_t>() != bits) throw Incompatible("the histogram has other buckets");
}

}  // namespace

void SizeHistogram::add(uint64_t size, uint64_t packets) noexcept {
  counts_[index_of(size)] += packets;
  packets_ += packets;
  bytes_ += size * packets;
  least_ = std::min(least_, size);
  largest_ = std::max(largest_, size);
}

/// No bucket has more than all of them.
void SizeHistogram::absorb(const SizeHistogram& other) {
  if (packets_ > UINT64_MAX - other.packets_ || bytes_ > UINT64_MAX - other.bytes_)
    throw std::overflow_error("more packets or bytes than 64 bits can tell");
  for (size_t i = 0; i < kBuckets; ++i) counts_[i] += other.counts_[i];
  packets_ += other.packets_;
  bytes_ += other.bytes_;
  least_ = std::min(least_, other.least_);
  largest_ = std::max(largest_, other.largest_);
}

SizeHistogram::Bucket SizeHistogram::bucket(size_t index) const noexcept {
  constexpr size_t kParts = size_t{1} << kPartBits;
  const unsigned shift = index < kExact ? 0 : static_cast<unsigned>(index / kParts - 1);
  const uint64_t from = index < kExact ? index : (index - shift * kParts) << shift;
  const uint64_t to = index == kBuckets - 1 ? UINT64_MAX : from + (uint64_t{1} << shift) - 1;
  return {std::max(from, least_), std::min(to, largest_), counts_[index]};
}

SizeHistogram::Size SizeHistogram::quantile(double share) const noexcept {
  if (packets_ == 0) return {0, 0, 0};
  const double wanted = std::ceil(share * static_cast<double>(packets_));
  const bool fits = wanted < 0x1p64;  // the most that 64 bits can tell is rounded up to that
  const uint64_t rank = fits ? std::clamp<uint64_t>(static_cast<uint64_t>(wanted), 1, packets_) : packets_;
  if (rank == 1) return {least_, least_, least_};
  if (rank == packets_) return {largest_, largest_, largest_};
  size_t index = 0;
  for (uint64_t seen = counts_[0]; seen < rank; seen += counts_[index]) ++index;
  const Bucket found = bucket(index);
  return {found.from + (found.to - found.from) / 2, found.from, found.to};
}

std::vector<SizeHistogram::Bucket> SizeHistogram::buckets() const {
  std::vector<Bucket> filled;
  for (size_t i = 0; i < kBuckets; ++i)
    if (counts_[i] > 0) filled.push_back(bucket(i));
  return filled;
}

std::vector<uint8_t> SizeHistogram::encode(const Secret& secret) const {
  ByteWriter out;
  out.fixed(kMagic);
  out.fixed(kVersion);
  out.fixed(secret_check(secret));
  for (const unsigned bits : {kExactBits, kPartBits, kMostBits}) out.fixed(static_cast<uint8_t>(bits));
  for (const uint64_t number : {bytes_, least(), largest_}) out.varint(number);
  out.varint(kBuckets - static_cast<size_t>(std::ranges::count(counts_, 0)));
  size_t next = 0;
  for (size_t i = 0; i < kBuckets; ++i) {
    if (counts_[i] == 0) continue;
    out.varint(i - next);
    out.varint(counts_[i]);
    next = i + 1;
  }
  return out.take_framed();
}

/// Whether packets of these numbers, buckets and extremes can have this sum.
bool SizeHistogram::holds_together() const noexcept {
  if (packets_ == 0) return bytes_ == 0 && largest_ == 0 && least_ == UINT64_MAX;
  if (least_ > largest_ || counts_[index_of(least_)] == 0 || counts_[index_of(largest_)] == 0) return false;
  unsigned __int128 fewest = 0, most = 0;
  for (size_t i = 0; i < kBuckets; ++i) {
    if (counts_[i] == 0) continue;
    if (i < index_of(least_) || i > index_of(largest_)) return false;
    const Bucket one = bucket(i);
    fewest += static_cast<unsigned __int128>(one.from) * one.packets;
    most += static_cast<unsigned __int128>(one.to) * one.packets;
  }
  return fewest <= bytes_ && bytes_ <= most;
}

SizeHistogram SizeHistogram::decode(std::span<const uint8_t> bytes, const Secret& secret) {
  ByteReader in = ByteReader::framed(bytes);
  read_head(in, secret);
  SizeHistogram read;
  read.bytes_ = in.varint();
  read.least_ = in.varint();
  read.largest_ = in.varint();
  const uint64_t filled = in.varint();
  if (filled == 0 && read.least_ == 0) read.least_ = UINT64_MAX;
  refuse(filled > kBuckets, "more buckets than there are");
  size_t next = 0;
  for (uint64_t i = 0; i < filled; ++i) {
    const uint64_t gap = in.varint();
    refuse(gap >= kBuckets - next, "a bucket that there is not");
    next += gap + 1;
    const uint64_t packets = in.varint();
    refuse(packets == 0 || packets > UINT64_MAX - read.packets_, "a bucket of no packets, or too many");
    read.counts_[next - 1] = packets;
    read.packets_ += packets;
  }
  refuse(!read.holds_together(), "its numbers contradict each other");
  in.expect_end();
  return read;
}

}  // namespace tallytree
