// tallytree-guard: holds the firewall rules of the nfqueue and nflog taps for as long as the monitor is
// alive, and no longer. Started by the monitor with its socket as stdin, or by hand with --clean to remove
// what a crash left behind.
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "core/precedence.h"
#include "lock.h"
#include "watch.h"

namespace tallytree::guard {
namespace {

constexpr int kMonitor = STDIN_FILENO;
constexpr auto kLockPatience = std::chrono::seconds(5);  // a predecessor may not know yet that it is to end
constexpr auto kTryAgain = std::chrono::milliseconds(20);
constexpr auto kRemovalPatience = std::chrono::minutes(5);

struct Options {
  bool clean = false;
  Target target;
  std::vector<int> sockets;  ///< that read the target's queues
};

std::optional<uint16_t> to_number(std::string_view text) {
  uint16_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

bool add_numbers(std::string_view text, std::vector<int>& out) {
  for (;;) {
    const size_t comma = std::min(text.find(','), text.size());
    const auto number = to_number(text.substr(0, comma));
    if (!number) return false;
    out.push_back(*number);
    if (comma == text.size()) return true;
    text.remove_prefix(comma + 1);
  }
}

std::optional<Options> parse(int argc, char** argv) {
  const std::vector<std::string_view> words(argv + 1, argv + argc);
  Options options;
  options.clean = words.size() == 1 && words[0] == "--clean";
  if (options.clean) return options;
  if (words.size() == 2 && words[0] == "--log") {
    const auto group = to_number(words[1]);
    options.target = {.first = group.value_or(0), .logs = true};
    return group ? std::optional(options) : std::nullopt;
  }
  if (words.size() != 6 || words[0] != "--queue" || words[2] != "--agent-port" || words[4] != "--sockets")
    return std::nullopt;
  const auto queue = to_number(words[1]);
  const auto port = to_number(words[3]);
  if (!queue || !port || *port == 0 || !add_numbers(words[5], options.sockets)) return std::nullopt;
  options.target = {
      .first = *queue, .count = static_cast<uint16_t>(options.sockets.size()), .agent_port = *port};
  return options;
}

void say(const std::string& line) { send(kMonitor, (line + "\n").data(), line.size() + 1, MSG_NOSIGNAL); }

bool monitor_is_gone() {
  char byte;
  return recv(kMonitor, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

/// A predecessor that still removes its rules is waited for, however long another program keeps it from that.
bool wait_for(Lock& lock) {
  const auto deadline = std::chrono::steady_clock::now() + kLockPatience;
  Lock::Holder holder;
  while ((holder = lock.take()) != Lock::Holder::us) {
    const bool late = std::chrono::steady_clock::now() > deadline;
    if (late && holder == Lock::Holder::ending)
      say("degraded an earlier tallytree-guard still removes its rules");
    else if (late || monitor_is_gone())
      return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(late ? 500 : 50));
  }
  return true;
}

int clean() {
  Lock lock;
  const auto deadline = std::chrono::steady_clock::now() + kLockPatience;
  Lock::Holder holder;
  while ((holder = lock.take()) == Lock::Holder::dead && std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(kTryAgain);
  if (holder != Lock::Holder::us) return 0;  // a live guard holds its own rules
  remove_leftovers();
  return 0;
}

/// Out of the terminal's reach: Ctrl-C ends the monitor, whose end of file ends the guard, after the rules.
void detach() {
  setsid();
  Precedence::raise_session();
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE}) std::signal(signal, SIG_IGN);
  std::signal(SIGCHLD, SIG_DFL);
  close_range(3, ~0U, 0);
}

/// The monitor is gone, and its queue with it: the rules let all packets pass, so there is time.
bool remove_for_good(const Firewall& firewall) {
  const auto deadline = std::chrono::steady_clock::now() + kRemovalPatience;
  for (;;) {
    const Problem problem = firewall.remove();
    if (!problem) return true;
    std::fprintf(stderr, "tallytree-guard: %s\n", problem.text.c_str());
    if (!problem.temporary || std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::seconds(1));
  }
}

int watch(const Options& options) {
  detach();
  Lock lock;
  if (!wait_for(lock)) {
    say("error another tallytree-guard holds rules in this network namespace (its lock: " + lock.path() +
        ")");
    return 1;
  }
  if (monitor_is_gone()) return 0;
  remove_strays();
  const auto firewall = open_firewall(options.target);
  if (!firewall) {
    say("error neither iptables nor nft is installed: one of them has to put the rules in place");
    return 1;
  }
  HeldQueues queues(kMonitor, options.target.first, options.sockets);
  Watch watched(kMonitor, *firewall, queues);
  if (options.target.logs) watched.allow_silence(Watch::kNoMatter);
  if (!watched.run()) return 1;
  lock.say_ending();
  return remove_for_good(*firewall) ? 0 : 1;
}

}  // namespace
}  // namespace tallytree::guard

int main(int argc, char** argv) {
  const auto options = tallytree::guard::parse(argc, argv);
  if (!options) {
    std::fprintf(stderr,
                 "usage: tallytree-guard --queue FIRST --agent-port PORT --sockets FD[,FD...]\n"
                 "       tallytree-guard --log GROUP\n"
                 "       tallytree-guard --clean\n");
    return 2;
  }
  return options->clean ? tallytree::guard::clean() : tallytree::guard::watch(*options);
}
