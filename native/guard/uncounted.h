// Packets that met the rules and no queue: with the fail-open flag a full queue lets them pass, and no
// counter of the queue says so. Only the rules' own counters do. Of rules that log: all that met them, for
// the reader of the copies knows how many it got.
#pragma once

#include <cstdint>

#include "firewall.h"
#include "held_queues.h"

namespace tallytree::guard {

class Uncounted {
 public:
  Uncounted(const Firewall& firewall, HeldQueues& queues) : firewall_(firewall), queues_(queues) {}

  /// The rules are about to be put in place, with counters at 0.
  void begin();

  /// Compares the counters of the rules with those of the queues. While packets come the two cannot be read
  /// at one time, so the sum is a lower bound; it is exact when none came in between.
  void update();

  uint64_t packets() const { return past_ + current_; }
  bool exact() const { return exact_; }

 private:
  const Firewall& firewall_;
  HeldQueues& queues_;
  uint64_t base_ = 0;  ///< what the queues had counted at begin()
  uint64_t past_ = 0;  ///< of earlier installations
  uint64_t current_ = 0;
  bool exact_ = true;
};

}  // namespace tallytree::guard
