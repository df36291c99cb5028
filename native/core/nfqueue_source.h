// The inline tap: packets wait in an NFQUEUE for our verdict, which is always accept, and always given before
// counting.
#pragma once

#include <array>
#include <memory>
#include <string>

#include "guard_process.h"
#include "links.h"
#include "nfqueue_socket.h"
#include "parse.h"
#include "source.h"
#include "unparsed_counts.h"

namespace tallytree {

struct NfqueueOptions {
  uint16_t queue = 8000;
  std::string guard;           ///< path of the tallytree-guard program, which owns the firewall rules
  uint16_t agent_port = 8000;  ///< TCP port that never waits for us, like SSH's and all of loopback
};

/// Input is what reaches the mangle table's INPUT chain, output what passes its OUTPUT chain, IPv4 and IPv6.
/// Not seen: loopback, TCP from or to port 22 and the agent's port. Output is seen before it is cut into
/// fragments, IPv4 input after it was reassembled.
/// The kernel does not say the segment size of a super-packet here: its wire packets are estimated from the
/// device's MTU, payload / (mtu - headers), and counted in SourceStats.super_packets.
/// Lost: "queue" (the kernel dropped it), "socket" (a gap in the packet ids) and "passed": with the fail-open
/// flag that this tap sets, a full queue lets packets pass and none of its counters says so; whenever we were
/// far behind, the counters of the rules are compared with the ids, within some seconds. "interrupted" counts
/// how often the rules were away (this process hung, or somebody flushed them): at least one packet each may
/// have gone unseen. SourceStats.seen is settled() plus what passed or was interrupted.
class NfqueueSource final : public Source {
 public:
  /// Binds the queue, then has the guard install the rules. Throws std::system_error, or std::runtime_error
  /// with the guard's sentence ("iptables is not installed").
  explicit NfqueueSource(const NfqueueOptions& options);
  /// Has the rules removed while it still accepts what waits: closing a queue drops its packets.
  ~NfqueueSource() override;

  size_t read(std::span<Packet> out) noexcept override;
  std::span<const int> descriptors() const noexcept override { return descriptors_; }
  uint64_t offered() noexcept override;
  uint64_t settled() noexcept override;
  void tick() noexcept override;
  SourceStats stats() override;

 private:
  NfqueueSocket::Batch receive_and_accept(size_t limit) noexcept;
  void accept() noexcept;
  void accept_unreadable() noexcept;
  void note_id(uint32_t id) noexcept;
  void settle_empty_queue(uint64_t mark) noexcept;
  bool deliver(const QueuedPacket& queued, uint64_t now, Packet& out) noexcept;
  void estimate_segments(Packet& packet, const Headers& headers, const Link* link) noexcept;
  void read_counters() noexcept;
  uint64_t extended(uint32_t id) const noexcept;
  void wait_for_rules();
  void restart_guard() noexcept;
  void note_backlog(size_t datagrams, bool more) noexcept;
  void ask_what_passed() noexcept;

  NfqueueOptions options_;
  Links links_;
  NfqueueSocket queue_;
  std::unique_ptr<GuardProcess> guard_;
  std::array<int, 2> descriptors_{};
  std::array<QueuedPacket, NfqueueSocket::kBatch> batch_;

  uint64_t position_ = 0;  ///< id of the last packet behind us, without wrapping
  uint64_t origin_ = 0;    ///< the same when the tap opened
  uint64_t mark_ = 0;      ///< last id the kernel had given out at the last offered()
  bool verdict_owed_ = false;

  uint64_t read_ = 0;
  uint64_t super_packets_ = 0;
  uint64_t gaps_ = 0;
  uint64_t queue_dropped_ = 0;
  uint64_t other_hook_ = 0;
  uint64_t past_interruptions_ = 0;  ///< of the guards before this one
  uint64_t next_restart_ns_ = 0;
  uint64_t backlog_ = 0;  ///< packets read in a row without finding the socket empty
  int questions_ = 0;     ///< still to ask of the guard
  uint64_t next_question_ns_ = 0;
  uint64_t passed_ = 0;
  UnparsedCounts unparsed_;
};

}  // namespace tallytree
