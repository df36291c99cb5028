// What sketches ask of packets beyond what all of them bring.
#pragma once

#include "frame_filter.h"

namespace tallytree {

/// It costs time, so a source finds it out only while somebody asks.
struct Interest {
  bool passing = false;  ///< Direction::forward and mirror
  bool inner = false;    ///< what tunnels carry
  FrameFilters frames;   ///< which of these a packet's frame matches

  /// Whether more of a frame must be kept than its headers.
  bool deep() const noexcept { return inner || !frames.empty(); }

  void add(const Interest& other) noexcept {
    passing |= other.passing;
    inner |= other.inner;
  }
};

}  // namespace tallytree
