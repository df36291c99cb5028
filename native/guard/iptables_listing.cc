// Reads `iptables -S -v` line by line and applies restore texts.
#include "iptables_listing.h"

#include <cstdlib>
#include <sstream>

#include "command.h"

namespace tallytree::guard {
namespace {

constexpr const char* kWait = "2";   // seconds for another program's lock
constexpr int kResourceProblem = 4;  // exit status of iptables: the lock, or a race of two changes

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

Problem problem_of(const std::string& tool, const Outcome& outcome) {
  if (outcome.status == 0) return {};
  if (outcome.status < 0) return {tool + " did not start or took too long", true};
  return {tool + " failed with status " + std::to_string(outcome.status) + ": " + first_line(outcome.output),
          outcome.status == kResourceProblem};
}

Problem not_installed(const char* tool) {
  return {std::string(tool) +
          " is not installed"};
}

bool is_jump(const std::string& line, const std::string& hook, const std::string& chain) {
  return line.starts_with("-A " + hook + " ") && line.ends_with(" -j " + chain) &&
         line.find(kComment) != std::string::npos;
}

/// `iptables -S -v` writes the counters as "-c PACKETS BYTES".
uint64_t packets_of(const std::string& line) {
  const size_t at = line.find(" -c ");
  return at == std::string::npos ? 0 : std::strtoull(line.c_str() + at + 4, nullptr, 10);
}

void note(const std::string& line, const std::string& hook, const std::string& chain, ChainState& state) {
  if (line == "-N " + chain) state.exists = true;
  if (line.starts_with("-A " + chain + " ")) {
    ++state.rules;
    if (line.find(" -j NF") != std::string::npos) state.met += packets_of(line);
  }
  if (is_jump(line, hook, chain))
    ++(line.find(" --tcp-flags ") == std::string::npos ? state.jumps : state.syn_jumps);
}

}  // namespace

bool Listing::empty() const {
  const auto is_gone = [](const ChainState& chain) {
    return !chain.exists && chain.jumps == 0 && chain.syn_jumps == 0;
  };
  return is_gone(input) && is_gone(output);
}

Listing list(const Family& family) {
  Listing listing;
  const std::string path = find_tool(family.tool);
  if (path.empty()) {
    listing.problem = not_installed(family.tool);
    return listing;
  }
  const Outcome outcome = run(path, {"-w", kWait, "-t", "mangle", "-S", "-v"}, "");
  listing.problem = problem_of(family.tool, outcome);
  std::istringstream lines(outcome.output);
  for (std::string line; std::getline(lines, line);) {
    while (!line.empty() && line.back() == ' ') line.pop_back();
    note(line, "INPUT", kInputChain, listing.input);
    note(line, "OUTPUT", kOutputChain, listing.output);
  }
  return listing;
}

Problem restore(const Family& family, const std::string& text) {
  const std::string path = find_tool(family.restore);
  if (path.empty()) return not_installed(family.restore);
  return problem_of(family.restore, run(path, {"--noflush", "-w", kWait}, text));
}

}  // namespace tallytree::guard
