// What sketches ask of packets beyond what all of them bring.
#pragma once

#include "frame_filter.h"
#include "packet.h"

namespace tallytree {

/// It costs time, so a source finds it out only while somebody asks.
struct Interest {
  Direction directions = Direction::none;  ///< of all sketches
  bool inner = false;                      ///< what tunnels carry
  FrameFilters frames;                     ///< which of these a packet's frame matches

  bool passing() const noexcept { return includes(directions, Direction::forward | Direction::mirror); }

  /// Whether packets that this host sends are counted.
  bool sends() const noexcept { return includes(directions, Direction::output); }

  /// Of what this host is an end of.
  Direction ends() const noexcept { return directions & (Direction::input | Direction::output); }

  /// Whether more of a frame must be kept than its headers.
  bool deep() const noexcept { return inner || !frames.empty(); }

  void add(const Interest& other) noexcept {
    directions = directions | other.directions;
    inner |= other.inner;
  }
};

}  // namespace tallytree
