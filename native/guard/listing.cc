// Reads `iptables -S -v` line by line and applies restore texts.
#include "listing.h"

#include <cstdlib>
#include <sstream>

#include "command.h"

namespace tallytree::guard {
namespace {

constexpr const char* kWait = "5";  // seconds for another program's lock

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

std::string sentence(const std::string& tool, const Outcome& outcome) {
  if (outcome.status < 0) return tool + " did not start or took too long";
  return tool + " failed with status " + std::to_string(outcome.status) + ": " + first_line(outcome.output);
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
    if (line.find(" -j NFQUEUE ") != std::string::npos) state.queued += packets_of(line);
  }
  if (is_jump(line, hook, chain)) ++state.jumps;
}

}  // namespace

bool Listing::empty() const {
  return !input.exists && !output.exists && input.jumps == 0 && output.jumps == 0;
}

Listing list(const Family& family) {
  Listing listing;
  const std::string path = find_tool(family.tool);
  if (path.empty()) {
    listing.error = std::string(family.tool) + " is not installed";
    return listing;
  }
  const Outcome outcome = run(path, {"-w", kWait, "-t", "mangle", "-S", "-v"}, "");
  if (outcome.status != 0) listing.error = sentence(family.tool, outcome);
  std::istringstream lines(outcome.output);
  for (std::string line; std::getline(lines, line);) {
    while (!line.empty() && line.back() == ' ') line.pop_back();
    note(line, "INPUT", kInputChain, listing.input);
    note(line, "OUTPUT", kOutputChain, listing.output);
  }
  return listing;
}

std::string restore(const Family& family, const std::string& text) {
  const std::string path = find_tool(family.restore);
  if (path.empty()) return std::string(family.restore) + " is not installed";
  const Outcome outcome = run(path, {"--noflush", "-w", kWait}, text);
  return outcome.status == 0 ? "" : sentence(family.restore, outcome);
}

}  // namespace tallytree::guard
