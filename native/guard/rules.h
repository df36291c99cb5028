// The only code that touches the host's firewall: two chains of our own in the mangle table, v4 and v6.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "listing.h"

namespace tallytree::guard {

/// Where the rules send packets: to queues `first` to `first` + `count` - 1, of which with several the kernel
/// deals the flows out, or copies of them to the NFLOG group `first`.
struct Target {
  uint16_t first = 0;
  uint16_t count = 1;
  bool logs = false;
};

/// mangle, not filter: a verdict there would skip the host's own later filter rules.
/// Chains TALLYTREE-IN and TALLYTREE-OUT let loopback, the agent's port and SSH pass by and queue the rest
/// with --queue-bypass, or log all packets, which hurts none of them; one jump each from INPUT and OUTPUT,
/// marked by a comment. Nothing else is ever read for a decision, flushed or deleted. Each change is one
/// iptables-restore --noflush: all of it or nothing. An empty mangle table that iptables made for us stays:
/// taking out a base chain would drop what waits in any queue.
class Rules {
 public:
  Rules(Target target, uint16_t agent_port) : target_(target), agent_port_(agent_port) {}

  /// Puts exactly our rules in place, whatever was left of them; their counters begin at 0. A problem when
  /// IPv4 cannot be had.
  Problem install();

  enum class Presence { whole, broken, unknown };
  /// Whether all that install() made is still there; `unknown` while the table cannot be read.
  Presence presence() const;

  /// Packets that met our queue or log rules since install(), whatever became of them.
  std::optional<uint64_t> counted() const;

  /// Takes all that is ours out of both tables.
  Problem remove() const;

  /// Why IPv6 is not watched; empty: it is.
  const std::string& notice() const { return notice_; }

 private:
  std::string text(bool with_input_jump, bool with_output_jump) const;
  std::string chain(const char* name, const char* device_option) const;
  std::string queueing() const;
  std::string logging() const;
  bool complete(const ChainState& state) const;
  Problem install_family(const Family& family) const;
  bool uses(const Family& family) const { return &family == &kFamilies[0] || notice_.empty(); }

  Target target_;
  uint16_t agent_port_;
  std::string notice_;
};

/// What `iptables` says of itself: where its rules go.
std::string iptables_version();

/// Takes out what a crashed run left behind, in both families, wherever iptables wrote to then; complains on
/// stderr.
void remove_leftovers();

/// The same, but only where `iptables` does not write to now.
void remove_strays();

}  // namespace tallytree::guard
