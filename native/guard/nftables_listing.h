// What stands in the table of our own.
#pragma once

#include <cstdint>
#include <string>

#include "firewall.h"

namespace tallytree::guard {

/// Of one base chain and the chain that it jumps to.
struct RulesOfDirection {
  int jumps = 0;      ///< of all packets, in the base chain; 0: perhaps there is no such chain
  int syn_jumps = 0;  ///< of TCP's SYNs
  int rules = 0;     ///< the same of the other chain
  uint64_t met = 0;  ///< packets that met the queue or log rule
};

struct TableListing {
  Problem problem;  ///< why it could not be read
  bool exists = false;
  RulesOfDirection input;
  RulesOfDirection output;
};

/// Reads the table by `nft list table`; where there is no nft there is no table.
TableListing list_table();

/// Applies one text of nft's language: all of it or nothing.
Problem apply(const std::string& text);

}  // namespace tallytree::guard
