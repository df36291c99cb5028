// The only code that touches the host's firewall: one interface, and a form for each way in.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "core/packet.h"
#include "ruleset.h"

namespace tallytree::guard {

/// Why something could not be done; false: it was done.
struct Problem {
  std::string text;        ///< a sentence
  bool temporary = false;  ///< another program holds the firewall's lock: to be tried again

  explicit operator bool() const { return !text.empty(); }
};

/// Where the rules send packets: to queues `first` to `first` + `count` - 1, of which with several the kernel
/// deals the flows out, or copies of them to the NFLOG group `first`, which says how much of each it wants.
struct Target {
  static constexpr int kSshPort = 22;

  uint16_t first = 0;
  uint16_t count = 1;
  bool logs = false;
  uint16_t agent_port = 0;

  int last() const { return first + count - 1; }
};

/// Rules at the hooks input and output, v4 and v6, with mangle's priority: in iptables' filter table a
/// verdict would skip the host's own later rules. They let loopback, the agent's port and SSH pass by and
/// queue the rest, unless nobody reads the queue; or they log all packets, which hurts none of them. The
/// rules of a direction stand in a chain of ours, to which its hook jumps while that direction is measured:
/// so they keep their counters when it is not. While only the other one is, TCP's SYNs alone are sent there:
/// both ends' SYNs say how long segments are. Nothing that is not ours is ever read for a decision, flushed
/// or deleted. Each change is made whole or not at all.
class Firewall {
 public:
  virtual ~Firewall() = default;
  Firewall(const Firewall&) = delete;
  Firewall& operator=(const Firewall&) = delete;

  /// What install() and turn() make so from now on: input, output, both or none.
  void measure(Direction directions) { measured_ = directions; }

  /// Puts exactly our rules in place, whatever was left of them; their counters begin at 0.
  virtual Problem install() = 0;

  /// Where our rules stand: the jumps that the measured directions need, and no others. The counters go on.
  /// No packet that waits is hurt.
  virtual Problem turn() const = 0;

  enum class Presence { whole, broken, unknown };
  /// Whether all that install() made is still there; `unknown` while that cannot be read.
  virtual Presence presence() const = 0;

  /// Packets that met our queue or log rules since install(), whatever became of them.
  virtual std::optional<uint64_t> counted() const = 0;

  /// No packet meets the rules any more, and what waits in a queue may go on.
  virtual Problem withdraw() const = 0;

  /// The same at the end: all that is ours goes.
  virtual Problem remove() const = 0;

  /// What was given up; empty: nothing.
  const std::string& notice() const { return notice_; }

  RulesetMark mark() const { return ruleset_.mark(); }

 protected:
  Firewall(Target target, Ruleset::Kind kind) : target_(target), ruleset_(kind) {}

  /// Which packets of a direction meet the rules.
  enum class Share { nothing, syns, all };
  Share share(Direction direction) const {
    if (measured_ == Direction::none) return Share::nothing;
    return includes(measured_, direction) ? Share::all : Share::syns;
  }

  Target target_;
  std::string notice_;

 private:
  Direction measured_ = Direction::none;
  Ruleset ruleset_;
};

/// By iptables where that is installed, else by nft; nothing: neither is.
std::unique_ptr<Firewall> open_firewall(const Target& target);

/// Takes out what a crashed run left behind, whichever tool made it then; complains on stderr.
void remove_leftovers();

/// The same, but only where open_firewall()'s rules do not go.
void remove_strays();

}  // namespace tallytree::guard
