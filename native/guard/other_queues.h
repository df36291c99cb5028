// Whether packets may wait in any queue of the network namespace.
#pragma once

#include <cstdint>

namespace tallytree::guard {

enum class Queues {
  nothing_waits,  ///< nor will: there are no queues but ours, and those are empty
  ours_wait,      ///< in ours, and there are no others
  others_exist,   ///< another program reads one
};

/// Ours are `first` to `first` + `count` - 1.
Queues look_at_queues(uint16_t first, uint16_t count);

}  // namespace tallytree::guard
