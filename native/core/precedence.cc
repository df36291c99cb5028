// By setpriority(2), which on Linux is about threads, and the file of the session's autogroup.
#include "precedence.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <string>

namespace tallytree {
namespace {

constexpr uint64_t kHumbleNs = 5'000'000'000;

/// As this process was started.
int ordinary_priority() noexcept {
  static const int priority = getpriority(PRIO_PROCESS, 0);
  return priority;
}

uint64_t nanoseconds(clockid_t clock) noexcept {
  timespec time{};
  clock_gettime(clock, &time);
  return static_cast<uint64_t>(time.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(time.tv_nsec);
}

}  // namespace

void Precedence::raise_process() noexcept {
  if (ordinary_priority() < kRaised) return;
  std::error_code error;
  for (const auto& thread : std::filesystem::directory_iterator("/proc/self/task", error))
    setpriority(PRIO_PROCESS, static_cast<id_t>(std::strtoul(thread.path().filename().c_str(), nullptr, 10)),
                kRaised);
  raise_session();
}

void Precedence::raise_session() noexcept {
  if (getsid(0) != getpid()) return;
  const std::string nice = std::to_string(getpriority(PRIO_PROCESS, 0));
  const int group = open("/proc/self/autogroup", O_WRONLY | O_CLOEXEC);
  if (group < 0) return;
  if (write(group, nice.data(), nice.size()) < 0) errno = 0;  // then it stays as it is
  close(group);
}

bool Precedence::is_modest(uint64_t ran_ns, uint64_t now_ns) noexcept {
  if (2 * (ran_ns - ran_ns_) > now_ns - now_ns_) humble_until_ns_ = now_ns + kHumbleNs;
  ran_ns_ = ran_ns;
  now_ns_ = now_ns;
  return now_ns >= humble_until_ns_;
}

void Precedence::keep() noexcept {
  const bool modest = is_modest(nanoseconds(CLOCK_THREAD_CPUTIME_ID), nanoseconds(CLOCK_MONOTONIC));
  if (modest == raised_ || ordinary_priority() < kRaised) return;
  if (setpriority(PRIO_PROCESS, 0, modest ? kRaised : ordinary_priority()) == 0) raised_ = modest;
}

}  // namespace tallytree
