// How large packets are: a log-linear histogram of their sizes on the wire (Tene's HdrHistogram has the same
// form).
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <span>
#include <vector>

#include "packet.h"
#include "siphash.h"

namespace tallytree {

/**
 * IP total lengths below 128 bytes each have a bucket, larger ones share it with at most 1/64 of their own
 * size: the middle of a bucket is within 0.8 % of what is in it. Numbers, sum, least and largest are exact.
 * Merging adds, and loses nothing. One writer.
 */
class SizeHistogram {
 public:
  static constexpr unsigned kExactBits = 7;  ///< sizes of at most so many bits have a bucket each
  static constexpr unsigned kPartBits = 6;   ///< an octave has 2^6 buckets
  static constexpr unsigned kMostBits = 20;  ///< what is larger, which no IP packet is, is in the last one
  static constexpr size_t kBuckets =
      (size_t{1} << kExactBits) + (kMostBits - kExactBits) * (size_t{1} << kPartBits);

  struct Bucket {
    uint64_t from, to;  ///< sizes in bytes, both included
    uint64_t packets;
  };

  /// Some rank's size is certainly within [lower, upper].
  struct Size {
    uint64_t value, lower, upper;
  };

  /// The packets of the wire that it stands for: of a super-packet all but the last are of one size.
  void add(const Packet& packet) noexcept {
    const uint64_t others = packet.packets - 1;
    if (others > 0) add(packet.full, others);
    add(packet.bytes - others * packet.full, 1);
  }
  void add(uint64_t size, uint64_t packets) noexcept;
  /// Throws std::overflow_error when a sum would not fit in 64 bits.
  void absorb(const SizeHistogram& other);
  void clear() noexcept { *this = {}; }

  uint64_t packets() const noexcept { return packets_; }
  uint64_t bytes() const noexcept { return bytes_; }
  /// 0 when there are no packets, as is largest().
  uint64_t least() const noexcept { return packets_ == 0 ? 0 : least_; }
  uint64_t largest() const noexcept { return largest_; }
  /// The size of the packet with the rank `share` * packets, counted from 1: 0.5 is the median, 1 the
  /// largest.
  Size quantile(double share) const noexcept;
  /// Those with packets, ascending, no wider than least() and largest() allow.
  std::vector<Bucket> buckets() const;

  /// The byte form; size_histogram.cc has the layout.
  std::vector<uint8_t> encode(const Secret& secret) const;
  /// Throws std::invalid_argument for anything that is not exactly one encoded histogram, Incompatible for
  /// one of other buckets or a sketch with another secret.
  static SizeHistogram decode(std::span<const uint8_t> bytes, const Secret& secret);
  /// Longest byte form.
  static constexpr size_t most_encoded() noexcept { return 64 + kBuckets * (2 + 10); }

 private:
  static constexpr uint64_t kExact = uint64_t{1} << kExactBits;

  static size_t index_of(uint64_t size) noexcept {
    if (size < kExact) return size;
    if (size >> kMostBits != 0) return kBuckets - 1;
    const auto shift = static_cast<unsigned>(std::bit_width(size)) - kPartBits - 1;
    return (size >> shift) + shift * (size_t{1} << kPartBits);
  }
  Bucket bucket(size_t index) const noexcept;
  bool holds_together() const noexcept;

  std::array<uint64_t, kBuckets> counts_{};
  uint64_t packets_ = 0;
  uint64_t bytes_ = 0;
  uint64_t least_ = UINT64_MAX;
  uint64_t largest_ = 0;
};

}  // namespace tallytree
