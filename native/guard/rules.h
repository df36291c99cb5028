// The only code that touches the host's firewall: two chains of our own in the mangle table, v4 and v6.
#pragma once

#include <cstdint>
#include <string>

namespace tallytree::guard {

/// mangle, not filter: a verdict there would skip the host's own later filter rules.
/// Chains TALLYTREE-IN and TALLYTREE-OUT let loopback, the agent's port and SSH pass by and queue the rest
/// with
/// --queue-bypass; one jump each from INPUT and OUTPUT, marked by a comment. Nothing else is ever read for a
/// decision, flushed or deleted. Each change is one iptables-restore --noflush: all of it or nothing.
class Rules {
 public:
  Rules(uint16_t queue, uint16_t agent_port) : queue_(queue), agent_port_(agent_port) {}

  /// Puts exactly our rules in place, whatever was left of them. Returns a sentence when IPv4 cannot be had,
  /// else "".
  std::string install();

  /// True when all that install() made is still there.
  bool present() const;

  /// Packets that met our queue rules since the first install(), whatever became of them.
  uint64_t passed() const { return passed_before_ + counted(); }

  /// Takes all that is ours out of both tables; a sentence when something would not go, else "".
  std::string remove();

  /// Why IPv6 is not watched; empty: it is.
  const std::string& notice() const { return notice_; }

 private:
  std::string text(bool with_input_jump, bool with_output_jump) const;
  std::string chain(const char* name, const char* device_option) const;
  uint64_t counted() const;
  std::string install_family(const struct Family& family) const;

  uint16_t queue_;
  uint16_t agent_port_;
  std::string notice_;
  uint64_t passed_before_ = 0;  ///< removing a rule forgets its counters
};

/// Takes out what a crashed run left behind, in both families; complains on stderr.
void remove_leftovers();

}  // namespace tallytree::guard
