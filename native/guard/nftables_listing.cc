// Reads `nft list table` line by line and applies texts.
#include "nftables_listing.h"

#include <cstdlib>
#include <sstream>

#include "command.h"

namespace tallytree::guard {
namespace {

constexpr const char* kMissing = "Error: No such file or directory";

/// nft says where in the text it met a problem before it says which.
std::string complaint(const std::string& output) {
  const std::string line = output.substr(0, output.find('\n'));
  const size_t at = line.find("Error: ");
  return at == std::string::npos ? line : line.substr(at + 7);
}

Problem problem_of(const std::string& what, const Outcome& outcome) {
  if (outcome.status == 0) return {};
  if (outcome.status < 0) return {"nft did not start or took too long", true};
  return {"nft could not " + what + ": " + complaint(outcome.output)};
}

/// "counter packets 12 bytes 1008 ...": no other rule of ours has one.
uint64_t packets_of(const std::string& rule) {
  constexpr std::string_view counter = "counter packets ";
  return rule.starts_with(counter) ? std::strtoull(rule.c_str() + counter.size(), nullptr, 10) : 0;
}

/// Whether it says which chain the next lines are of.
bool note_chain(const std::string& line, RulesOfDirection*& chain, TableListing& listing) {
  if (!line.starts_with("chain ")) return false;
  chain = line.ends_with("input {") ? &listing.input : &listing.output;
  return true;
}

void note(const std::string& line, RulesOfDirection*& chain, TableListing& listing) {
  if (note_chain(line, chain, listing) || chain == nullptr) return;
  if (line.empty() || line == "}" || line.starts_with("type ")) return;
  const bool jumps = line.find("jump measure_") != std::string::npos;
  ++(!jumps ? chain->rules : line.starts_with("jump ") ? chain->jumps : chain->syn_jumps);
  chain->met += packets_of(line);
}

}  // namespace

TableListing list_table() {
  TableListing listing;
  const std::string path = find_tool("nft");
  if (path.empty()) return listing;
  const Outcome outcome = run(path, {"list", "table", "inet", "tallytree"}, "");
  if (outcome.status > 0 && outcome.output.starts_with(kMissing)) return listing;
  listing.problem = problem_of("list the table inet tallytree", outcome);
  listing.exists = !listing.problem;
  std::istringstream lines(outcome.output);
  RulesOfDirection* chain = nullptr;
  for (std::string line; std::getline(lines, line);)
    note(line.substr(std::min(line.find_first_not_of(" \t"), line.size())), chain, listing);
  return listing;
}

Problem apply(const std::string& text) {
  const std::string path = find_tool("nft");
  if (path.empty()) return {"nft is not installed any more"};
  return problem_of("change the table inet tallytree", run(path, {"-f", "-"}, text));
}

}  // namespace tallytree::guard
