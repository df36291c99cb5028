// Which form the host's firewall has.
#include "firewall.h"

#include <cstdio>

#include "command.h"
#include "iptables.h"
#include "nftables.h"

namespace tallytree::guard {
namespace {

bool has_iptables() { return !find_tool("iptables").empty(); }

void remove_own_table() {
  if (const Problem problem = remove_table())
    std::fprintf(stderr, "tallytree-guard: %s\n", problem.text.c_str());
}

}  // namespace

std::unique_ptr<Firewall> open_firewall(const Target& target) {
  if (has_iptables()) return std::make_unique<Iptables>(target);
  if (!find_tool("nft").empty()) return std::make_unique<Nftables>(target);
  return nullptr;
}

void remove_leftovers() {
  remove_iptables_leftovers();
  remove_own_table();
}

void remove_strays() {
  remove_iptables_strays();
  if (has_iptables()) remove_own_table();
}

}  // namespace tallytree::guard
