// The nflog tap: copies of what passes the host's firewall, by NFLOG rules of our own.
#pragma once

#include <array>
#include <memory>
#include <string>

#include "links.h"
#include "nflog_socket.h"
#include "packet_ids.h"
#include "parse.h"
#include "rule_keeper.h"
#include "segment_sizes.h"
#include "source.h"
#include "unparsed_counts.h"

namespace tallytree {

struct NflogOptions {
  uint16_t group = 8000;
  uint32_t buffer_mib = 16;  ///< kernel memory for copies that wait, 1 to 1024
  Tunnels tunnels;
  std::string guard;  ///< path of the tallytree-guard program, which owns the firewall rules
};

/// Input is what reaches the mangle table's INPUT chain (after NAT and reassembly), output what passes its
/// OUTPUT chain (before NAT and fragmentation), IPv4 and IPv6, loopback marked as such. Packets never wait
/// for us. Copies come in batches, up to 10 ms late, and are stamped as they are read. Super-packets are
/// split by the device's MTU. Lost: "socket" (our socket was full): a gap in the sequence numbers, and at the
/// end, where no later number shows it, what the counters of the rules have and we have not. Gaps are the
/// times in which the rules were away.
class NflogSource final : public Source {
 public:
  /// Binds the group, then has the guard install the rules. Throws std::system_error, or std::runtime_error
  /// with the guard's sentence.
  explicit NflogSource(const NflogOptions& options);

  size_t read(std::span<Packet> out) noexcept override;
  void heed(const Interest& interest) noexcept override;
  bool heeds() noexcept override { return rules_.is_measured(); }
  std::span<const int> descriptors() const noexcept override { return descriptors_; }
  uint64_t offered() noexcept override;
  uint64_t settled() noexcept override { return reached_; }
  std::chrono::microseconds rest(size_t packets) noexcept override { return buffered(packets); }
  void tick() noexcept override;
  SourceStats stats() override;

 private:
  bool is_all_sent() noexcept;
  size_t deliver(const LoggedPacket& logged, uint64_t now, Packet* out) noexcept;
  void await() noexcept;
  void learn_what_was_sent() noexcept;
  uint64_t lost() const noexcept;

  Links links_;
  SegmentSizes segments_;
  Tunnels tunnels_;
  Interest interest_;
  NflogSocket group_;
  RuleKeeper rules_;
  std::array<int, 2> descriptors_{};
  PacketIds sequence_;
  // The kernel does not tell how many packets it took, so offered() counts who asked: those up to `reached_`
  // were asking before the socket was empty and nothing held back.
  uint64_t awaited_ = 0;
  uint64_t awaited_since_ns_ = 0;
  uint64_t reached_ = 0;
  uint32_t dropped_ = 0;       ///< by our full socket, when last looked at
  uint64_t asked_at_ = 0;      ///< our place in the sequence when the guard was asked
  uint64_t not_by_rules_ = 0;  ///< at least as many numbers are beyond what the guard says it knows of
  uint64_t sent_ = 0;          ///< at least as many packets have a number
  uint64_t read_ = 0;
  uint64_t unopened_ = 0;
  uint64_t other_hook_ = 0;
  UnparsedCounts unparsed_;
};

}  // namespace tallytree
