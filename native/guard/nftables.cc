// The texts that nft gets: our constants and integers, nothing else. In words that the oldest nft knows.
#include "nftables.h"

#include <chrono>
#include <thread>

#include "other_queues.h"

namespace tallytree::guard {
namespace {

constexpr int kQueueingRules = 6;  // loopback, two ports both ways, the queue
constexpr int kLoggingRules = 1;
constexpr auto kEmptyingPatience = std::chrono::seconds(2);
constexpr auto kLookAgain = std::chrono::milliseconds(20);
constexpr const char* kBaseChains =
    "table inet tallytree {\n"
    " chain input { type filter hook input priority -150; policy accept; }\n"
    " chain output { type filter hook output priority -150; policy accept; }\n"
    "}\n";
// What is not there any more is made first: others may flush at the same time.
constexpr const char* kFlush = "add table inet tallytree\nflush table inet tallytree\n";
constexpr const char* kDelete = "add table inet tallytree\ndelete table inet tallytree\n";

std::string port_rules(int port) {
  const std::string number = std::to_string(port);
  return "  tcp dport " + number + " return\n  tcp sport " + number + " return\n";
}

/// Our queues are emptied by the monitor, or with it.
bool may_delete_chains(const Target& target) {
  const auto deadline = std::chrono::steady_clock::now() + kEmptyingPatience;
  for (;;) {
    const Queues queues = look_at_queues(target.first, target.logs ? 0 : target.count);
    if (queues != Queues::ours_wait) return queues == Queues::nothing_waits;
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(kLookAgain);
  }
}

Problem remove_table_of(const Target& target) {
  const TableListing listing = list_table();
  if (listing.problem || !listing.exists) return listing.problem;
  if (const Problem problem = apply(kFlush)) return problem;
  return may_delete_chains(target) ? apply(kDelete) : Problem{};
}

}  // namespace

std::string Nftables::target_rule() const {
  const std::string first = std::to_string(target_.first);
  if (target_.logs) return "  counter log group " + first + "\n";
  const std::string range = target_.count == 1 ? first : first + "-" + std::to_string(target_.last());
  return "  counter queue num " + range + " bypass\n";
}

std::string Nftables::chain(const char* name, const char* device) const {
  std::string text = std::string(" chain measure_") + name + " {\n";
  if (!target_.logs)
    text += std::string("  ") + device + " lo return\n" + port_rules(target_.agent_port) +
            port_rules(Target::kSshPort);
  return text + target_rule() + " }\n";
}

Problem Nftables::install() {
  Problem problem = apply(std::string(kBaseChains) + kFlush + "table inet tallytree {\n" +
                          chain("input", "iif") + chain("output", "oif") + "}\n" + jumps());
  if (problem.text.ends_with("No such file or directory"))
    problem.text += std::string(": does this kernel have ") + (target_.logs ? "nft_log?" : "nft_queue?");
  return problem;
}

/// Base chains that hold nothing but the jump.
std::string Nftables::jumps() const {
  return jump("input", share(Direction::input)) + jump("output", share(Direction::output));
}

std::string Nftables::jump(const char* name, Share share) {
  if (share == Share::nothing) return {};
  return std::string("add rule inet tallytree ") + name +
         (share == Share::syns ? " tcp flags & syn == syn" : "") + " jump measure_" + name + "\n";
}

Problem Nftables::turn() const {
  return apply("flush chain inet tallytree input\nflush chain inet tallytree output\n" + jumps());
}

bool Nftables::complete(const RulesOfDirection& found, Direction direction) const {
  return found.jumps == (share(direction) == Share::all) &&
         found.syn_jumps == (share(direction) == Share::syns) &&
         found.rules == (target_.logs ? kLoggingRules : kQueueingRules);
}

Firewall::Presence Nftables::presence() const {
  const TableListing listing = list_table();
  if (listing.problem) return Presence::unknown;
  const bool whole = complete(listing.input, Direction::input) && complete(listing.output, Direction::output);
  return whole ? Presence::whole : Presence::broken;
}

std::optional<uint64_t> Nftables::counted() const {
  const TableListing listing = list_table();
  if (listing.problem) return std::nullopt;
  return listing.input.met + listing.output.met;
}

Problem Nftables::withdraw() const { return apply(kFlush); }

Problem Nftables::remove() const { return remove_table_of(target_); }

Problem remove_table() { return remove_table_of({.count = 0}); }

}  // namespace tallytree::guard
