// The texts that iptables-restore gets: our constants and integers, nothing else.
#include "iptables.h"

#include <cstdio>
#include <fstream>
#include <span>

#include "command.h"

namespace tallytree::guard {
namespace {

constexpr int kAttempts = 5;
constexpr int kQueueingRules = 3;  // loopback, the ports, the queue
constexpr int kLoggingRules = 1;

constexpr const char* kAllPackets = "";
constexpr const char* kSyns = " -p tcp --tcp-flags SYN SYN";

std::string jump(const char* hook, const char* packets, const char* chain) {
  return std::string(hook) + packets + " -m comment --comment " + kComment + " -j " + chain + "\n";
}

/// One jump when it is wanted, none when not, where so many are.
std::string one_jump(const std::string& jump, int count, bool wanted) {
  std::string text;
  for (int i = wanted ? 1 : 0; i < count; ++i) text += "-D " + jump;
  return wanted && count == 0 ? "-I " + jump : text;
}

std::string jumps_from(const char* hook, const char* chain, const ChainState& there, bool all, bool syns) {
  return one_jump(jump(hook, kAllPackets, chain), there.jumps, all) +
         one_jump(jump(hook, kSyns, chain), there.syn_jumps, syns);
}

std::string drop_chain(const char* chain, const ChainState& state) {
  if (!state.exists) return {};
  return std::string("-F ") + chain + "\n-X " + chain + "\n";
}

/// One rule, as each that a packet passes costs the host.
std::string port_rule(int port) {
  return "-p tcp -m multiport --ports " + std::to_string(port) + "," + std::to_string(Target::kSshPort) +
         " -j RETURN\n";
}

std::string removal(const Listing& listing) {
  return "*mangle\n" + jumps_from("INPUT", kInputChain, listing.input, false, false) +
         jumps_from("OUTPUT", kOutputChain, listing.output, false, false) +
         drop_chain(kInputChain, listing.input) + drop_chain(kOutputChain, listing.output) + "COMMIT\n";
}

/// Listed anew after each change: two copies of a jump, or a change that came between, are found then.
Problem remove_family(const Family& family) {
  Problem problem;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const Listing listing = list(family);
    if (listing.problem) return listing.problem;
    if (listing.empty()) return {};
    problem = restore(family, removal(listing));
    if (problem.temporary) return problem;
  }
  return problem ? problem : Problem{"rules came back after they were removed"};
}

void clean(std::span<const Family> families) {
  for (const Family& family : families) {
    if (find_tool(family.tool).empty()) continue;
    if (const Problem problem = remove_family(family))
      std::fprintf(stderr, "tallytree-guard: %s\n", problem.text.c_str());
  }
}

/// Asking iptables-legacy for a table would make it.
bool has_legacy_mangle() {
  for (const char* path :
       {"/proc/thread-self/net/ip_tables_names", "/proc/thread-self/net/ip6_tables_names"}) {
    std::ifstream names(path);
    for (std::string name; names >> name;)
      if (name == "mangle") return true;
  }
  return false;
}

/// `iptables` says of itself where its rules go.
bool writes_nftables() {
  const std::string path = find_tool(kFamilies[0].tool);
  return !path.empty() && run(path, {"--version"}, "").output.find("nf_tables") != std::string::npos;
}

}  // namespace

Iptables::Iptables(const Target& target)
    : Firewall(target, writes_nftables() ? Ruleset::Kind::nftables : Ruleset::Kind::xtables) {}

bool Iptables::complete(const ChainState& state, Direction direction) const {
  return state.exists && state.jumps == (share(direction) == Share::all) &&
         state.syn_jumps == (share(direction) == Share::syns) &&
         state.rules == (target_.logs ? kLoggingRules : kQueueingRules);
}

std::string Iptables::logging() const {
  return "-j NFLOG --nflog-group " + std::to_string(target_.first) + "\n";
}

std::string Iptables::queueing() const {
  const std::string first = std::to_string(target_.first);
  const std::string range = "--queue-balance " + first + ":" + std::to_string(target_.last());
  const std::string which = target_.count == 1 ? "--queue-num " + first : range;
  return "-j NFQUEUE " + which + " --queue-bypass\n";
}

std::string Iptables::chain(const char* name, const char* device_option) const {
  const std::string start = std::string("-A ") + name + " ";
  if (target_.logs) return start + logging();
  return start + device_option + " lo -j RETURN\n" + start + port_rule(target_.agent_port) + start +
         queueing();
}

std::string Iptables::chains() const {
  return std::string(":") + kInputChain + " - [0:0]\n:" + kOutputChain + " - [0:0]\n" +
         chain(kInputChain, "-i") + chain(kOutputChain, "-o");
}

/// From those that are there to those that are wanted.
std::string Iptables::jumps(const Listing& listing) const {
  const Share in = share(Direction::input), out = share(Direction::output);
  return jumps_from("INPUT", kInputChain, listing.input, in == Share::all, in == Share::syns) +
         jumps_from("OUTPUT", kOutputChain, listing.output, out == Share::all, out == Share::syns);
}

Problem Iptables::install_family(const Family& family) const {
  const Listing listing = list(family);
  if (listing.problem) return listing.problem;
  return restore(family, "*mangle\n" + chains() + jumps(listing) + "COMMIT\n");
}

Problem Iptables::turn_family(const Family& family) const {
  const Listing listing = list(family);
  if (listing.problem) return listing.problem;
  const std::string changes = jumps(listing);
  return changes.empty() ? Problem{} : restore(family, "*mangle\n" + changes + "COMMIT\n");
}

Problem Iptables::install() {
  if (const Problem problem = install_family(kFamilies[0])) return problem;
  const Problem problem = install_family(kFamilies[1]);
  if (problem.temporary) return problem;
  notice_ = problem ? "IPv6 is not watched: " + problem.text : "";
  return {};
}

Problem Iptables::turn() const {
  for (const Family& family : kFamilies) {
    if (!uses(family)) continue;
    if (const Problem problem = turn_family(family)) return problem;
  }
  return {};
}

Firewall::Presence Iptables::presence() const {
  Presence found = Presence::whole;
  for (const Family& family : kFamilies) {
    if (!uses(family)) continue;
    const Listing listing = list(family);
    if (listing.problem)
      found = Presence::unknown;
    else if (!complete(listing.input, Direction::input) || !complete(listing.output, Direction::output))
      return Presence::broken;
  }
  return found;
}

std::optional<uint64_t> Iptables::counted() const {
  uint64_t packets = 0;
  for (const Family& family : kFamilies) {
    if (!uses(family)) continue;
    const Listing listing = list(family);
    if (listing.problem) return std::nullopt;
    packets += listing.input.met + listing.output.met;
  }
  return packets;
}

Problem Iptables::remove() const {
  Problem first;
  for (const Family& family : kFamilies) {
    if (!uses(family)) continue;
    const Problem problem = remove_family(family);
    if (problem && !first) first = problem;
  }
  return first;
}

void remove_iptables_strays() {
  if (!writes_nftables()) return clean(kNftFamilies);
  if (has_legacy_mangle()) clean(kLegacyFamilies);
}

void remove_iptables_leftovers() {
  clean(kFamilies);
  remove_iptables_strays();
}

}  // namespace tallytree::guard
