// Which packets a sketch counts, and the same as bits that a packet is compared with.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "interest.h"
#include "key.h"
#include "labels.h"
#include "packet.h"

namespace tallytree {

/// Absent fields match everything.
struct Filter {
  Direction direction = Direction::input;
  std::optional<uint8_t> proto;
  std::optional<Prefix> src;
  std::optional<Prefix> dst;
  std::optional<uint16_t> sport;
  std::optional<uint16_t> dport;
  std::string device;        ///< empty: every device but loopback
  uint32_t ifindex = 0;      ///< of `device` at present; 0: gone
  bool promiscuous = false;  ///< whether `device` shall hand over what is addressed to others

  bool inner = false;  ///< what tunnels carry, instead of what stands for itself

  std::shared_ptr<const FrameFilter> frames;  ///< what must match a packet's frame; nullptr: anything
  uint32_t frames_bit = 0;                    ///< of FrameVerdicts, at present

  static constexpr const char* kAllNamespaces = "all";
  std::string netns;                     ///< empty: our own; kAllNamespaces; or a label of one
  std::shared_ptr<const Labels> labels;  ///< of the source; needed with netns

  /// What a source must find out for it.
  Interest interest() const noexcept;
};

/// A filter, but for its frames, made ready for many packets: what it asks of a packet's flow bits is
/// compared all at once.
class Pattern {
 public:
  /// Of the filter's device, as it is at present.
  explicit Pattern(const Filter& filter);

  bool matches(const Packet& packet) const noexcept {
    uint64_t unlike = 0;
    for (size_t i = 0; i < mask_.words.size(); ++i)
      unlike |= (FlowBits::word(packet, i) & mask_.words[i]) ^ wanted_.words[i];
    return unlike == 0 && (!asks_more_ || matches_rest(packet));
  }

 private:
  bool matches_rest(const Packet& packet) const noexcept;

  FlowBits mask_, wanted_;
  bool asks_more_;  // than bits tell
  bool inner_;
  std::string netns_;  // empty: any that the bits let through
  std::shared_ptr<const Labels> labels_;
};

}  // namespace tallytree
