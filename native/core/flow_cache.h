// A flow cache: the packets of a flow within one second are added up before a sketch's counters see them.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>

#include "counter.h"
#include "flow_places.h"
#include "flow_table.h"
#include "packet.h"
#include "siphash.h"

namespace tallytree {

using Counters = std::span<const std::unique_ptr<Counter>>;

/**
 * What several counters would each look up is looked up once: a packet whose flow has a place costs one hash
 * and one sum, and the counters are fed when the flow leaves. Exact: a place holds all by which these
 * counters tell flows apart, and a sum is of one second. A hand that walks over the places empties them bit
 * by bit when a second ends or somebody asks.
 *
 * What leaves is a sum of what came close together, so the ledgers are sparing with entries for it.
 */
class FlowCache {
 public:
  static constexpr size_t kLines = 16384;  ///< cache lines of places in each of two tables

  explicit FlowCache(const Secret& secret) : pairs_(secret), whole_(secret) {}

  /// Which counters there are from now on. Precondition: it is empty.
  void serve(Counters counters) noexcept;

  /// Adds at most kBatch packets of the second that runs; feeds the counters with flows that must give way.
  void add(std::span<const Packet* const> packets, Counters counters);

  /// The clock shows `second`; the counters have not closed their panes yet. A round begins.
  void roll(uint64_t second, Counters counters);
  /// The hand begins a round, on which all that is here now leaves.
  void begin_round() noexcept;
  /// Goes on with the round by so many lines of places in each table; true when it is over and the counters
  /// have all of it.
  bool settle(Counters counters, size_t lines = kLines);

  /// Most that it ever takes. What is not used of it costs no memory.
  static constexpr size_t bytes() noexcept { return sizeof(FlowCache) + Pairs::bytes() + Whole::bytes(); }

 private:
  using Pairs = FlowTable<AddressPair, kLines>;
  using Whole = FlowTable<WholeFlow, kLines>;

  /// Flows that left, all of one second: the counters are fed with many at a time.
  struct Gone {
    uint64_t second = 0;
    size_t size = 0;
    std::array<Packet, kBatch> flows;
  };

  template <typename Place>
  void leave(Place& place, Counters counters) {
    Gone& gone = gone_[place.is_odd()];
    if (gone.size == kBatch) feed(gone, counters);
    place.leave(gone.flows[gone.size++]);
  }
  void feed(Gone& gone, Counters counters);

  Pairs pairs_;
  Whole whole_;                // of what has no place among the pairs
  bool by_addresses_ = false;  // whether that is all the counters look at
  bool walks_ = false;         // a round is not over
  uint64_t second_ = 0;
  std::array<Gone, 2> gone_;  // of even and odd seconds: those of the last one leave beside the running one's
};

}  // namespace tallytree
