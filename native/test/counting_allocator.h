// Counts what the program has allocated; the linker sends malloc and its kin here (--wrap), see the Makefile.
#pragma once

#include <cstddef>

namespace tallytree::test {

struct Allocated {
  size_t now = 0;    ///< bytes asked for and not given back
  size_t peak = 0;   ///< the most that ever was
  size_t calls = 0;  ///< how often memory was asked for
};

Allocated allocated() noexcept;
/// Lets the peak begin anew.
void forget_peak() noexcept;

}  // namespace tallytree::test
