// The rules in a table of our own, by nft.
#pragma once

#include <optional>
#include <string>

#include "firewall.h"
#include "nftables_listing.h"

namespace tallytree::guard {

/// Table `tallytree` of the family inet, with base chains `input` and `output`, which jump to the rules in
/// chains `measure_input` and `measure_output`. Each change is one `nft -f -`, a transaction. A base chain is
/// not taken out while packets may wait in a queue, whoever reads it: the kernel would drop what waits in all
/// queues of the namespace. So withdraw() empties the chains, and remove() takes the table when our queues
/// are empty and there are no others; while there are, the empty table stays. Nor is it owned by a socket
/// (`flags owner`): the kernel would delete it, base chains and all, when the guard dies.
class Nftables : public Firewall {
 public:
  explicit Nftables(const Target& target) : Firewall(target, Ruleset::Kind::nftables) {}

  Problem install() override;
  Problem turn() const override;
  Presence presence() const override;
  std::optional<uint64_t> counted() const override;
  Problem withdraw() const override;
  Problem remove() const override;

 private:
  std::string chain(const char* name, const char* device) const;
  std::string target_rule() const;
  std::string jumps() const;
  static std::string jump(const char* name, Share share);
  bool complete(const RulesOfDirection& rules, Direction direction) const;
};

/// Takes the table out that a crashed run left behind, if there is one.
Problem remove_table();

}  // namespace tallytree::guard
