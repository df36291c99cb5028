// The texts that iptables-restore gets: our constants and integers, nothing else.
#include "rules.h"

#include <cstdio>

#include "listing.h"

namespace tallytree::guard {
namespace {

constexpr int kSshPort = 22;
constexpr int kAttempts = 5;
constexpr int kRulesInChain = 6;  // loopback, two ports both ways, the queue

std::string jump(const char* hook, const char* chain) {
  return std::string(hook) + " -m comment --comment " + kComment + " -j " + chain + "\n";
}

std::string drop_jumps(const char* hook, const char* chain, int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += "-D " + jump(hook, chain);
  return text;
}

std::string drop_chain(const char* chain, const ChainState& state) {
  if (!state.exists) return {};
  return std::string("-F ") + chain + "\n-X " + chain + "\n";
}

std::string port_rules(const std::string& start, int port) {
  const std::string number = std::to_string(port);
  return start + "-p tcp --dport " + number + " -j RETURN\n" + start + "-p tcp --sport " + number +
         " -j RETURN\n";
}

std::string removal(const Listing& listing) {
  return "*mangle\n" + drop_jumps("INPUT", kInputChain, listing.input.jumps) +
         drop_jumps("OUTPUT", kOutputChain, listing.output.jumps) + drop_chain(kInputChain, listing.input) +
         drop_chain(kOutputChain, listing.output) + "COMMIT\n";
}

/// Listed anew after each change: two copies of a jump, or a change that came between, are found then.
std::string remove_family(const Family& family) {
  std::string error;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const Listing listing = list(family);
    if (!listing.error.empty()) return listing.error;
    if (listing.empty()) return "";
    error = restore(family, removal(listing));
  }
  return error.empty() ? "rules came back after they were removed" : error;
}

bool complete(const ChainState& state) {
  return state.exists && state.jumps == 1 && state.rules == kRulesInChain;
}

}  // namespace

std::string Rules::chain(const char* name, const char* device_option) const {
  const std::string start = std::string("-A ") + name + " ";
  return start + device_option + " lo -j RETURN\n" + port_rules(start, agent_port_) +
         port_rules(start, kSshPort) + start + "-j NFQUEUE --queue-num " + std::to_string(queue_) +
         " --queue-bypass\n";
}

std::string Rules::text(bool with_input_jump, bool with_output_jump) const {
  std::string text = std::string("*mangle\n:") + kInputChain + " - [0:0]\n:" + kOutputChain + " - [0:0]\n";
  text += chain(kInputChain, "-i") + chain(kOutputChain, "-o");
  if (with_input_jump) text += "-I " + jump("INPUT", kInputChain);
  if (with_output_jump) text += "-I " + jump("OUTPUT", kOutputChain);
  return text + "COMMIT\n";
}

std::string Rules::install_family(const Family& family) const {
  const Listing listing = list(family);
  if (!listing.error.empty()) return listing.error;
  if (listing.input.jumps > 1 || listing.output.jumps > 1) {
    const std::string error = remove_family(family);
    return error.empty() ? restore(family, text(true, true)) : error;
  }
  return restore(family, text(listing.input.jumps == 0, listing.output.jumps == 0));
}

std::string Rules::install() {
  const std::string error = install_family(kFamilies[0]);
  if (!error.empty()) return error;
  const std::string error6 = install_family(kFamilies[1]);
  notice_ = error6.empty() ? "" : "IPv6 is not watched: " + error6;
  return "";
}

bool Rules::present() const {
  for (const Family& family : kFamilies) {
    if (&family != &kFamilies[0] && !notice_.empty()) continue;
    const Listing listing = list(family);
    // A table that cannot be read now (its lock is taken) is no sign of missing rules.
    if (listing.error.empty() && !(complete(listing.input) && complete(listing.output))) return false;
  }
  return true;
}

uint64_t Rules::counted() const {
  uint64_t packets = 0;
  for (const Family& family : kFamilies) {
    const Listing listing = list(family);
    packets += listing.input.queued + listing.output.queued;
  }
  return packets;
}

std::string Rules::remove() {
  passed_before_ = passed();
  const std::string error = remove_family(kFamilies[0]);
  const std::string error6 = notice_.empty() ? remove_family(kFamilies[1]) : "";
  return error.empty() ? error6 : error;
}

void remove_leftovers() {
  for (const Family& family : kFamilies) {
    const std::string error = remove_family(family);
    const bool absent = error.ends_with("is not installed");
    if (!error.empty() && !absent) std::fprintf(stderr, "tallytree-guard: %s\n", error.c_str());
  }
}

}  // namespace tallytree::guard
