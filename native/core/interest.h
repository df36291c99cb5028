// What sketches ask of packets beyond what all of them bring.
#pragma once

namespace tallytree {

/// It costs time, so a source finds it out only while somebody asks.
struct Interest {
  bool passing = false;  ///< Direction::forward and mirror
  bool inner = false;    ///< what tunnels carry

  void add(const Interest& other) noexcept {
    passing |= other.passing;
    inner |= other.inner;
  }
};

}  // namespace tallytree
