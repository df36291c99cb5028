// A flow cache: the packets of a flow within one second are added up before a sketch's counters see them.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>

#include "counter.h"
#include "packet.h"
#include "siphash.h"
#include "zeroed.h"

namespace tallytree {

using Counters = std::span<const std::unique_ptr<Counter>>;

/**
 * What several counters would each look up is looked up once: a packet whose flow has a place costs one hash
 * and one sum, and the counters are fed when the flow leaves. Exact: a place holds all that tells flows
 * apart, and a sum is of one second. A hand that walks over the places empties them bit by bit when a second
 * ends or somebody asks. The hash is keyed, and traffic made to collide would cost time only.
 *
 * A flow can be in two places. A new one takes that of the smaller, so the heavy ones stay. What leaves is
 * a sum of what came close together, so the ledgers are sparing with entries for it.
 */
class FlowCache {
 public:
  static constexpr size_t kFlows = 16384;

  explicit FlowCache(const Secret& secret) : secret_(secret), memory_(kFlows + 1) {}

  /// Adds at most kBatch packets of the second that runs; feeds the counters with flows that must give way.
  void add(std::span<const Packet* const> packets, Counters counters);

  /// The clock shows `second`; the counters have not closed their panes yet. A round begins.
  void roll(uint64_t second, Counters counters);
  /// The hand begins a round, on which all that is here now leaves.
  void begin_round() noexcept { ahead_ = kFlows; }
  /// Goes on with the round by so many places; true when it is over and the counters have all of it.
  bool settle(Counters counters, size_t looks = kFlows);

  static constexpr size_t bytes() noexcept { return sizeof(FlowCache) + (kFlows + 1) * sizeof(Packet); }

 private:
  /// Places are Packets; those without `packets` are free.
  Packet* places() noexcept {
    // A place is a cache line; calloc aligns to less.
    const auto at = reinterpret_cast<uintptr_t>(memory_.data()) + alignof(Packet) - 1;
    return reinterpret_cast<Packet*>(at / alignof(Packet) * alignof(Packet));
  }
  void add(const Packet& packet, Packet* home, Counters counters);
  /// Flows that left, all of one second: the counters are fed with many at a time.
  struct Gone {
    size_t size = 0;
    std::array<Packet, kBatch> flows;
  };

  void leave(Packet& place, Counters counters);
  void feed(Gone& gone, Counters counters);

  Secret secret_;
  Zeroed<Packet> memory_;
  uint64_t second_ = 0;
  size_t used_ = 0;
  size_t hand_ = 0;   // the next place it looks at
  size_t ahead_ = 0;  // places to the end of its round
  std::array<Gone, 2> gone_;  // of even and odd seconds: those of the last one leave beside the running one's
};

}  // namespace tallytree
