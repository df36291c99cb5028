// tallytree-guard: holds the firewall rules of the nfqueue tap for as long as the monitor is alive, and no
// longer. Started by the monitor with its socket as stdin, or by hand with --clean to remove what a crash
// left behind.
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "watch.h"

namespace tallytree::guard {
namespace {

constexpr int kMonitor = STDIN_FILENO;
constexpr std::string_view kLockName = "tallytree-guard";
constexpr auto kLockPatience = std::chrono::seconds(5);  // a predecessor may be removing its rules

struct Options {
  bool clean = false;
  uint16_t queue = 0;
  uint16_t agent_port = 0;
};

std::optional<uint16_t> to_number(std::string_view text) {
  uint16_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<Options> parse(int argc, char** argv) {
  Options options;
  if (argc == 2 && std::string_view(argv[1]) == "--clean") return Options{.clean = true};
  if (argc != 5 || std::string_view(argv[1]) != "--queue" || std::string_view(argv[3]) != "--agent-port")
    return std::nullopt;
  const auto queue = to_number(argv[2]);
  const auto port = to_number(argv[4]);
  if (!queue || !port || *port == 0) return std::nullopt;
  options.queue = *queue;
  options.agent_port = *port;
  return options;
}

/// One guard a network namespace: abstract socket names belong to one, and vanish with their process.
bool take_lock() {
  const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path + 1, kLockName.data(), kLockName.size());
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + kLockName.size());
  if (bind(fd, reinterpret_cast<const sockaddr*>(&address), size) == 0)
    return true;  // held until the process ends
  close(fd);
  return false;
}

bool monitor_is_gone() {
  char byte;
  return recv(kMonitor, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

bool wait_for_lock() {
  const auto deadline = std::chrono::steady_clock::now() + kLockPatience;
  while (!take_lock()) {
    if (monitor_is_gone() || std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return true;
}

int clean() {
  if (!take_lock()) return 0;  // a live guard holds its own rules
  remove_leftovers();
  return 0;
}

/// Out of the terminal's reach: Ctrl-C ends the monitor, whose end of file ends the guard, after the rules.
void detach() {
  setsid();
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE}) std::signal(signal, SIG_IGN);
  std::signal(SIGCHLD, SIG_DFL);
  close_range(3, ~0U, 0);
}

int watch(const Options& options) {
  detach();
  if (!wait_for_lock()) {
    static constexpr std::string_view kTaken =
        "error another tallytree-guard holds rules in this network namespace\n";
    send(kMonitor, kTaken.data(), kTaken.size(), MSG_NOSIGNAL);
    return 1;
  }
  if (monitor_is_gone()) return 0;
  return Watch(kMonitor, Rules(options.queue, options.agent_port)).run();
}

}  // namespace
}  // namespace tallytree::guard

int main(int argc, char** argv) {
  const auto options = tallytree::guard::parse(argc, argv);
  if (!options) {
    std::fprintf(stderr, "usage: tallytree-guard --queue N --agent-port PORT | tallytree-guard --clean\n");
    return 2;
  }
  return options->clean ? tallytree::guard::clean() : tallytree::guard::watch(*options);
}
