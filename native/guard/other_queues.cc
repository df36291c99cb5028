// See core/queue_counters.h for the file.
#include "other_queues.h"

#include <fstream>
#include <sstream>
#include <string>

#include "core/queue_counters.h"

namespace tallytree::guard {

Queues look_at_queues(uint16_t first, uint16_t count) {
  std::ifstream file(kQueueCountersPath);
  Queues found = Queues::nothing_waits;
  for (std::string line; std::getline(file, line);) {
    uint32_t number = 0, port = 0, waiting = 0;
    if (!(std::istringstream(line) >> number >> port >> waiting)) continue;
    if (number < first || number >= first + count) return Queues::others_exist;
    if (waiting > 0) found = Queues::ours_wait;
  }
  return found;
}

}  // namespace tallytree::guard
