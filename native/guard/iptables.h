// The rules in chains of our own in the mangle table, by iptables.
#pragma once

#include <optional>
#include <string>

#include "firewall.h"
#include "iptables_listing.h"

namespace tallytree::guard {

/// Chains TALLYTREE-IN and TALLYTREE-OUT, with at most one jump each from INPUT and OUTPUT, marked by a
/// comment. Each change is one iptables-restore --noflush. An empty mangle table that iptables made for us
/// stays: taking out a base chain would drop what waits in any queue.
class Iptables : public Firewall {
 public:
  explicit Iptables(const Target& target);

  /// A problem when IPv4 cannot be had; without IPv6 a notice.
  Problem install() override;
  Problem turn() const override;
  Presence presence() const override;
  std::optional<uint64_t> counted() const override;
  Problem withdraw() const override { return remove(); }
  Problem remove() const override;

 private:
  std::string jumps(const Listing& listing) const;
  std::string chains() const;
  std::string chain(const char* name, const char* device_option) const;
  std::string queueing() const;
  std::string logging() const;
  bool complete(const ChainState& state, Direction direction) const;
  Problem install_family(const Family& family) const;
  Problem turn_family(const Family& family) const;
  bool uses(const Family& family) const { return &family == &kFamilies[0] || notice_.empty(); }
};

/// Takes out what a crashed run left behind, in both families, wherever iptables wrote to then; complains on
/// stderr.
void remove_iptables_leftovers();

/// The same, but only where `iptables` does not write to now.
void remove_iptables_strays();

}  // namespace tallytree::guard
