// A cheap look at the host's firewall: has anybody changed it since?
#pragma once

#include <array>
#include <cstdint>

namespace tallytree::guard {

/// What tells one state of the rules from another: nftables' generation, or the size of the mangle tables of
/// xtables.
struct RulesetMark {
  std::array<uint32_t, 4> numbers{};

  bool operator==(const RulesetMark&) const = default;
};

class Ruleset {
 public:
  enum class Kind { nftables, xtables };

  /// Of the two the one that the host's firewall tool writes to.
  explicit Ruleset(Kind kind);
  ~Ruleset();
  Ruleset(const Ruleset&) = delete;
  Ruleset& operator=(const Ruleset&) = delete;

  /// Some microseconds; no program is run, no lock is taken. Always the same when the kernel does not tell.
  RulesetMark mark() const;

 private:
  uint32_t generation() const;

  Kind kind_;
  int socket4_ = -1;  ///< netlink for nftables, raw for xtables
  int socket6_ = -1;
};

}  // namespace tallytree::guard
