// Filter expressions in libpcap's language (pcap-filter(7)) over frames that were read already.
#pragma once

#include <pcap/pcap.h>

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "packet.h"
#include "parse.h"

namespace tallytree {

/// A frame as it was captured, from its link header on; with the VLAN tag that the kernel took off, if it
/// did.
struct Frame {
  std::span<const uint8_t> bytes;
  LinkType link = LinkType::ethernet;
  uint32_t original_length = 0;
  uint16_t vlan_tag = 0;   ///< priority and number
  uint16_t vlan_type = 0;  ///< its EtherType; 0: none was taken off
};

/// What lies behind the captured bytes is not there: an expression that asks for it does not match.
class FrameFilter {
 public:
  /// Throws std::invalid_argument with libpcap's own words when the expression is none for that link type.
  /// For others it may make no sense: then their frames do not match.
  explicit FrameFilter(const std::string& expression, LinkType link = LinkType::ethernet);

  const std::string& expression() const noexcept { return expression_; }
  bool matches(const Frame& frame) const noexcept;

 private:
  std::string expression_;
  std::array<std::vector<bpf_insn>, 4> programs_;  // by LinkType; empty: it makes no sense there
};

/// Those that sketches ask for: a packet has a bit for each that its frame matches.
using FrameFilters = std::vector<std::shared_ptr<const FrameFilter>>;
inline constexpr size_t kMostFrameFilters = 64;

/// The bits of a batch of packets. Owned and used by one thread.
class FrameVerdicts {
 public:
  void ask(FrameFilters filters) noexcept { filters_ = std::move(filters); }
  bool asked() const noexcept { return !filters_.empty(); }

  /// Of the packet at that place of the batch.
  void judge(size_t place, const Frame& frame) noexcept;
  void set(size_t place, uint64_t bits) noexcept { bits_[place] = bits; }
  uint64_t operator[](size_t place) const noexcept { return bits_[place]; }
  std::span<const uint64_t> bits() const noexcept { return bits_; }

 private:
  FrameFilters filters_;
  std::array<uint64_t, kBatch> bits_{};
};

}  // namespace tallytree
