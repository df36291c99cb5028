// The guard program as a child: started, kept alive by heartbeats, ended with its rules.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "descriptor.h"

namespace tallytree {

/// See native/guard/watch.h for what the two say to each other. Owned and used by one thread.
class GuardProcess {
 public:
  enum class State : uint8_t { starting, watching, rules_away, failed };

  /// `path` of tallytree-guard. It lives in the calling thread's network namespace. Throws std::system_error.
  GuardProcess(const std::string& path, uint16_t queue, uint16_t agent_port);
  /// Closes its socket, which makes it remove the rules and end; waits for that some seconds.
  ~GuardProcess();
  GuardProcess(const GuardProcess&) = delete;
  GuardProcess& operator=(const GuardProcess&) = delete;

  int descriptor() const noexcept { return socket_.get(); }

  void heartbeat() noexcept;

  /// Takes in what the guard reported. A guard that ended is `failed`.
  State update() noexcept;
  const std::string& error() const noexcept { return error_; }

  /// Asks how many packets met the rules so far, whatever became of them; passed() is the last answer.
  void ask_passed() noexcept;
  uint64_t passed() const noexcept { return passed_; }

  /// How often the rules went away since the start.
  uint64_t interruptions() const noexcept { return interruptions_; }

  /// Tells the guard to end; ended() says when it has.
  void stop() noexcept;
  bool ended() noexcept;

 private:
  void spawn(const std::string& path, uint16_t queue, uint16_t agent_port, int theirs);
  void take_line(const std::string& line);

  Descriptor socket_;
  pid_t pid_ = -1;
  State state_ = State::starting;
  std::string pending_;
  std::string error_;
  uint64_t interruptions_ = 0;
  uint64_t passed_ = 0;
};

}  // namespace tallytree
