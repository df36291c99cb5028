// The states: installed while heartbeats come, removed while they do not, ended at end of file.
#include "watch.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

namespace tallytree::guard {
namespace {

constexpr auto kSilence = std::chrono::milliseconds(1000);
constexpr auto kCheckEvery = std::chrono::seconds(30);
constexpr auto kRetryEvery = std::chrono::seconds(1);

void complain(const std::string& text) {
  if (!text.empty()) std::fprintf(stderr, "tallytree-guard: %s\n", text.c_str());
}

}  // namespace

void Watch::report(const std::string& line) const {
  const std::string text = line + "\n";
  send(monitor_, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
}

int Watch::run() {
  const std::string error = rules_.install();
  installed_ = error.empty();
  complain(rules_.notice());
  report(installed_ ? "ready " + rules_.notice() : "error " + error);
  last_heartbeat_ = last_check_ = Clock::now();
  if (installed_) loop();
  const std::string left = rules_.remove();
  // Not a second sentence on top of the first: without iptables there is nothing to remove either.
  if (installed_) complain(left);
  return installed_ && left.empty() ? 0 : 1;
}

void Watch::loop() {
  while (wait_for_heartbeat()) act();
}

/// False at end of file. Returns at the latest when silence would be long enough to act.
bool Watch::wait_for_heartbeat() {
  pollfd polled{monitor_, POLLIN, 0};
  const auto left =
      std::chrono::duration_cast<std::chrono::milliseconds>(last_heartbeat_ + kSilence - Clock::now());
  const auto timeout = installed_ ? std::max<int64_t>(left.count() + 1, 0) : -1;
  if (poll(&polled, 1, static_cast<int>(timeout)) <= 0) return true;
  char bytes[256];
  const ssize_t size = recv(monitor_, bytes, sizeof bytes, MSG_DONTWAIT);
  if (size > 0) last_heartbeat_ = Clock::now();
  if (size > 0 && std::memchr(bytes, '?', static_cast<size_t>(size)) != nullptr) asked_ = true;
  return size > 0 || (size < 0 && (errno == EAGAIN || errno == EINTR));
}

void Watch::act() {
  const auto now = Clock::now();
  const bool alive = now - last_heartbeat_ < kSilence;
  if (installed_ && !alive) {
    complain(rules_.remove());
    installed_ = false;
    report("removed");
  } else if (!installed_ && alive && now - last_failure_ >= kRetryEvery) {
    install_again();
  } else if (installed_ && now - last_check_ >= kCheckEvery) {
    check_presence();
  } else if (asked_) {
    asked_ = false;
    report("passed " + std::to_string(rules_.passed()));
  }
}

void Watch::install_again() {
  const std::string error = rules_.install();
  installed_ = error.empty();
  last_check_ = Clock::now();
  if (installed_) return report("installed");
  last_failure_ = Clock::now();
  complain(error);
}

/// Others flush whole tables now and then; packets passed uncounted meanwhile, which the monitor is told.
void Watch::check_presence() {
  last_check_ = Clock::now();
  if (rules_.present()) return;
  report("removed");
  install_again();
}

}  // namespace tallytree::guard
