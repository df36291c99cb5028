// Runs one program by its path and an argument vector: no shell, no environment, no inherited descriptor but
// the lock's.
#pragma once

#include <string>
#include <vector>

namespace tallytree::guard {

struct Outcome {
  int status = -1;     ///< exit status; -1: it did not start, was killed or took too long
  std::string output;  ///< stdout and stderr together
};

/// The full path of a firewall tool; empty: not installed.
std::string find_tool(const std::string& name);

/// Writes `input` to the program's stdin (at most a pipe's buffer: 64 KiB) and waits for its end, 10 s at
/// most.
Outcome run(const std::string& path, const std::vector<std::string>& arguments, const std::string& input);

}  // namespace tallytree::guard
