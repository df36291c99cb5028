// The monitor's queues as its guard reaches them: what they counted, and a way to let go what they hold.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <optional>
#include <thread>
#include <vector>

#include "core/queue_counters.h"

namespace tallytree::guard {

/// Queues `first`, `first` + 1, ... are read by the process behind `monitor` with these descriptors of its
/// own.
class HeldQueues {
 public:
  HeldQueues(int monitor, uint16_t first, std::vector<int> sockets);
  ~HeldQueues();
  HeldQueues(const HeldQueues&) = delete;
  HeldQueues& operator=(const HeldQueues&) = delete;

  size_t count() const { return queues_.size(); }

  /// Packets that met a queue since they were bound, those that it dropped included.
  uint64_t queued();

  /// Packets that wait for a verdict now.
  uint64_t waiting() const;

  /// Accepts all that waits, in the name of the monitor, by its own sockets, borrowed for that moment. A
  /// stopped process can be helped so, and counts what it then still finds in its sockets. False: the kernel
  /// forbids it.
  bool release() const;

  /// Ends the monitor: then its queues are gone and --queue-bypass lets all packets pass.
  void end_monitor() const;

 private:
  struct Queue {
    uint16_t number;
    int socket;           ///< in the monitor
    uint32_t seen = 0;    ///< the kernel's sum when last looked at
    uint64_t queued = 0;  ///< the same in 64 bits
  };

  std::optional<QueueCounters> counters(uint16_t queue) const;
  bool accept_all(const Queue& queue, uint32_t last_id) const;

  int process_ = -1;  ///< pidfd
  int file_ = -1;
  std::vector<Queue> queues_;
};

/// Releases again and again for as long as it lives: traffic goes on while the rules are taken away.
class Relief {
 public:
  explicit Relief(const HeldQueues& queues);
  /// Once more at the end, for what came until then.
  ~Relief();
  Relief(const Relief&) = delete;
  Relief& operator=(const Relief&) = delete;

  /// False: the queues cannot be reached.
  bool works() const { return works_; }

 private:
  void run();

  const HeldQueues& queues_;
  std::atomic<bool> works_;
  std::atomic<bool> over_ = false;
  std::thread thread_;
};

}  // namespace tallytree::guard
