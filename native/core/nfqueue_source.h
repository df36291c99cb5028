// The inline tap: packets wait in an NFQUEUE for our verdict, which is always accept, and always given before
// counting.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "links.h"
#include "nfqueue_socket.h"
#include "pace.h"
#include "packet_ids.h"
#include "parse.h"
#include "precedence.h"
#include "queue_crew.h"
#include "rule_keeper.h"
#include "segment_sizes.h"
#include "source.h"
#include "unparsed_counts.h"

namespace tallytree {

struct NfqueueOptions {
  uint16_t queue = 8000;  ///< the first of `queues`
  uint16_t queues = 1;    ///< one a core; the kernel deals the flows out
  bool leads = true;      ///< false: only reads `queue`, for a leader that is opened later
  Tunnels tunnels;
  std::string guard;           ///< path of the tallytree-guard program, which owns the firewall rules
  uint16_t agent_port = 8000;  ///< TCP port that never waits for us, like SSH's and all of loopback
};

/// Input is what reaches the mangle table's INPUT chain, output what passes its OUTPUT chain, IPv4 and IPv6.
/// Not seen: loopback, TCP from or to port 22 and the agent's port. Output is seen before it is cut into
/// fragments, IPv4 input after it was reassembled.
/// The kernel says which packets are super-packets, but not their segment size: that is learned
/// (SegmentSizes), or estimated from the device's MTU.
/// Lost: "queue" (the kernel dropped it), "socket" (a gap in the packet ids) and "uncounted": with the
/// fail-open flag that this tap sets, a full queue lets packets pass and none of its counters says so;
/// whenever we were far behind, the guard compares the counters of the rules with the ids, until that is
/// exact. Gaps are the times in which the rules were away: this process hung, somebody flushed them, or the
/// firewall was locked. They begin before the tap can count and do not fail it. SourceStats.seen is settled()
/// plus what passed uncounted.
class NfqueueSource final : public Source {
 public:
  /// Binds the queue; the leader then has the guard install the rules. Throws std::system_error, or
  /// std::runtime_error with the guard's sentence ("neither iptables nor nft is installed").
  explicit NfqueueSource(const NfqueueOptions& options);
  /// Has the rules removed while it still accepts what waits: closing a queue drops its packets.
  ~NfqueueSource() override;

  size_t read(std::span<Packet> out) noexcept override;
  bool drained() const noexcept override { return drained_; }
  std::chrono::microseconds rest(size_t packets) noexcept override;
  void heed(const Interest& interest) noexcept override;
  bool heeds() noexcept override { return !rules_ || rules_->is_measured(); }
  std::span<const int> descriptors() const noexcept override { return descriptors_; }
  uint64_t offered() noexcept override;
  uint64_t settled() noexcept override;
  void tick() noexcept override;
  SourceStats stats() override;

 private:
  NfqueueSocket::Batch receive_and_accept(size_t limit) noexcept;
  void accept() noexcept;
  void accept_unreadable() noexcept;
  size_t deliver(const QueuedPacket& queued, uint64_t now, Packet* out) noexcept;
  void read_counters() noexcept;
  void lead(const NfqueueOptions& options);
  void look_after_crew() noexcept;
  RuleKeeper::Meanwhile accepting() noexcept;
  void note_backlog(size_t datagrams) noexcept;

  Links links_;
  Tunnels tunnels_;
  Interest interest_;
  SegmentSizes segments_;
  NfqueueSocket queue_;
  std::shared_ptr<QueueReader> reader_;
  std::optional<RuleKeeper> rules_;  ///< of the leader, and of all readers what it passes on
  std::vector<std::shared_ptr<QueueReader>> crew_;
  std::vector<uint64_t> passed_on_;  ///< each reader's last sign of life that the guard was told
  std::array<int, 2> descriptors_{};
  std::array<QueuedPacket, NfqueueSocket::kBatch> batch_;

  PacketIds ids_;
  uint64_t mark_ = 0;  ///< last id the kernel had given out at the last offered()
  bool verdict_owed_ = false;
  bool drained_ = false;
  Precedence precedence_;
  Pace pace_;

  uint64_t read_ = 0;
  uint64_t unopened_ = 0;
  uint64_t queue_dropped_ = 0;
  uint64_t other_hook_ = 0;
  uint64_t backlog_ = 0;  ///< packets read in a row without finding the socket empty
  UnparsedCounts unparsed_;
};

}  // namespace tallytree
