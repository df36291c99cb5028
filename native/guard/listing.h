// What of ours stands in one family's mangle table.
#pragma once

#include <cstdint>
#include <string>

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

/// Of one chain of ours and the jumps to it.
struct ChainState {
  bool exists = false;
  int jumps = 0;
  int rules = 0;
  uint64_t queued = 0;  ///< packets that met the NFQUEUE rule
};

struct Listing {
  std::string error;  ///< why it could not be read; empty: it could
  ChainState input;
  ChainState output;

  bool empty() const;
};

/// Reads the table by `iptables -S -v`.
Listing list(const Family& family);

/// Applies one iptables-restore text, adding to what is there. Returns a sentence, or "" when done.
std::string restore(const Family& family, const std::string& text);

}  // namespace tallytree::guard
