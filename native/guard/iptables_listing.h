// What of ours stands in one family's mangle table.
#pragma once

#include <cstdint>
#include <string>

#include "firewall.h"

namespace tallytree::guard {

inline constexpr const char* kInputChain = "TALLYTREE-IN";
inline constexpr const char* kOutputChain = "TALLYTREE-OUT";
inline constexpr const char* kComment = "tallytree";

struct Family {
  const char* name;     ///< "IPv4"
  const char* tool;     ///< "iptables"
  const char* restore;  ///< "iptables-restore"
};

inline constexpr Family kFamilies[] = {{"IPv4", "iptables", "iptables-restore"},
                                       {"IPv6", "ip6tables", "ip6tables-restore"}};
/// The same tools by the names that say where their rules go.
inline constexpr Family kNftFamilies[] = {{"IPv4", "iptables-nft", "iptables-nft-restore"},
                                          {"IPv6", "ip6tables-nft", "ip6tables-nft-restore"}};
inline constexpr Family kLegacyFamilies[] = {{"IPv4", "iptables-legacy", "iptables-legacy-restore"},
                                             {"IPv6", "ip6tables-legacy", "ip6tables-legacy-restore"}};

/// Of one chain of ours and the jumps to it.
struct ChainState {
  bool exists = false;
  int jumps = 0;      ///< of all packets
  int syn_jumps = 0;  ///< of TCP's SYNs
  int rules = 0;
  uint64_t met = 0;  ///< packets that met the NFQUEUE or NFLOG rule
};

struct Listing {
  Problem problem;  ///< why it could not be read
  ChainState input;
  ChainState output;

  bool empty() const;
};

/// Reads the table by `iptables -S -v`.
Listing list(const Family& family);

/// Applies one iptables-restore text, adding to what is there: all of it or nothing.
Problem restore(const Family& family, const std::string& text);

}  // namespace tallytree::guard
