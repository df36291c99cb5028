// The queues of one inline tap on several cores: each has a reader with a thread of its own, and one of them,
// the leader, keeps the guard alive for all.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

namespace tallytree {

/// What a reader tells the leader, from its own thread.
struct QueueReader {
  uint16_t queue = 0;
  int socket = -1;
  std::atomic<uint64_t> alive_ns = 0;     ///< its last sign of life, by the steady clock
  std::atomic<bool> fell_behind = false;  ///< its queue may have been full since the leader last looked
};

/// Readers of this process, by queue. Thread-safe.
namespace queue_crew {

/// Known for as long as somebody holds it.
std::shared_ptr<QueueReader> join(uint16_t queue, int socket);

/// Of the `count` queues from `first` on, those that have a reader.
std::vector<std::shared_ptr<QueueReader>> members(uint16_t first, uint16_t count);

}  // namespace queue_crew
}  // namespace tallytree
