// A table of the flow cache: finding a flow's place, giving way, walking. What a place holds is its own
// matter.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "packet.h"
#include "siphash.h"
#include "zeroed.h"

namespace tallytree {

/**
 * A flow can be in Place::kWays places, side by side. A new one takes that of the smallest, so the heavy ones
 * stay. The hash is keyed, and traffic made to collide would cost time only. Flows are of the second that
 * runs or of the one before. Whoever calls frees the places that `leave` is called with.
 */
template <typename Place, size_t kLines>
class FlowTable {
 public:
  explicit FlowTable(const Secret& secret) : secret_(secret), memory_(bytes()) {}

  /// Adds at most kBatch packets of the second that runs.
  template <typename Leave>
  void add(std::span<const Packet* const> packets, uint64_t second, Leave&& leave) {
    std::array<Place*, kBatch> homes;
    for (size_t i = 0; i < packets.size(); ++i) {
      homes[i] = places() + Key(*packets[i]).hash(secret_) % kHomes * Place::kWays;
      for (size_t byte = 0; byte < Place::kWays * sizeof(Place); byte += kLine)
        __builtin_prefetch(reinterpret_cast<const uint8_t*>(homes[i]) + byte, 1);
    }
    for (size_t i = 0; i < packets.size(); ++i) add(*packets[i], homes[i], second, leave);
  }

  /// The hand begins a round, on which all that is here now leaves.
  void begin_round() noexcept { ahead_ = kLines; }

  /// Goes on with the round by so many cache lines of places; true when it is over.
  template <typename Leave>
  bool settle(size_t lines, Leave&& leave) {
    for (; ahead_ > 0 && used_ > 0 && lines > 0; --ahead_, --lines) {
      Place* place = places() + hand_ * kInLine;
      hand_ = (hand_ + 1) % kLines;
      for (const Place* end = place + kInLine; place < end; ++place) {
        if (place->packets() == 0) continue;
        leave(*place);
        --used_;
      }
    }
    if (ahead_ > 0 && used_ > 0) return false;
    ahead_ = 0;
    return true;
  }

  static constexpr size_t bytes() noexcept { return (kLines + 1) * kLine; }

 private:
  using Key = typename Place::Key;
  static constexpr size_t kLine = 64;
  static constexpr size_t kInLine = kLine / sizeof(Place);
  static constexpr size_t kHomes = kLines * kInLine / Place::kWays;

  template <typename Leave>
  void add(const Packet& packet, Place* home, uint64_t second, Leave& leave) {
    const Key key(packet);
    for (Place* place = home; place < home + Place::kWays; ++place)
      if (place->holds(key, second) && place->has_room(packet)) return place->add(packet);
    Place* least = home;
    for (Place* place = home + 1; place < home + Place::kWays; ++place)
      if (place->packets() < least->packets()) least = place;
    if (least->packets() > 0)
      leave(*least);
    else
      ++used_;
    least->begin(key, packet, second);
  }

  /// From a cache line on; calloc aligns to less.
  Place* places() noexcept {
    const auto at = reinterpret_cast<uintptr_t>(memory_.data()) + kLine - 1;
    return reinterpret_cast<Place*>(at / kLine * kLine);
  }

  Secret secret_;
  Zeroed<uint8_t> memory_;
  size_t used_ = 0;
  size_t hand_ = 0;   // the next line it looks at
  size_t ahead_ = 0;  // lines to the end of its round
};

}  // namespace tallytree
