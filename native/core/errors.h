// Failures that callers tell apart. std::invalid_argument: bad input; std::out_of_range: no such sketch or
// counter; std::system_error: the kernel refused.
#pragma once

#include <stdexcept>

namespace tallytree {

/// What is to be made is there already.
struct Conflict : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Two structures of unlike specification cannot be added.
struct Incompatible : std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace tallytree
