// What /proc tells of an NFQUEUE: how many packets wait, were dropped, and got an id.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace tallytree {

/// A line of /proc/net/netfilter/nfnetlink_queue. All of 32 bits, as the kernel counts.
struct QueueCounters {
  uint32_t waiting = 0;
  uint32_t queue_dropped = 0;  ///< the queue was full
  uint32_t user_dropped = 0;   ///< the socket was full
  uint32_t last_id = 0;
};

/// The file of the calling thread's network namespace.
inline constexpr const char* kQueueCountersPath = "/proc/thread-self/net/netfilter/nfnetlink_queue";

/// Finds the line that begins with a number in one of netfilter's lists, and its first columns.
bool find_row(std::string_view text, uint16_t number, std::span<uint32_t> columns) noexcept;

/// Finds the line of one queue in the file's text; false: there is no such queue.
bool find_queue(std::string_view text, uint16_t queue, QueueCounters& out) noexcept;

/// The same in the open file; false also when it cannot be read.
bool read_queue(int file, uint16_t queue, QueueCounters& out) noexcept;

}  // namespace tallytree
