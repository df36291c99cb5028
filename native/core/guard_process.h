// The guard program as a child: started, kept alive by heartbeats, ended with its rules.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "descriptor.h"
#include "gaps.h"
#include "packet.h"

namespace tallytree {

struct GuardOptions {
  std::string path;    ///< of tallytree-guard
  uint16_t queue = 0;  ///< the first queue, or the NFLOG group
  uint16_t agent_port = 0;
  std::vector<int> sockets;              ///< that read `queue`, `queue` + 1, ...
  bool logs = false;                     ///< the rules log copies, and packets wait for nobody
  Direction measured = Direction::none;  ///< whose packets are to meet the rules, of input and output
};

/// See native/guard/watch.h for what the two say to each other. Owned and used by one thread.
class GuardProcess {
 public:
  enum class State : uint8_t { starting, watching, rules_away, failed };

  /// It lives in the calling thread's network namespace. When the rules are away it says so in `gaps`. Throws
  /// std::system_error.
  GuardProcess(const GuardOptions& options, Gaps& gaps);
  /// Closes its socket, which makes it remove the rules and end; waits for that some seconds.
  ~GuardProcess();
  GuardProcess(const GuardProcess&) = delete;
  GuardProcess& operator=(const GuardProcess&) = delete;

  int descriptor() const noexcept { return socket_.get(); }

  /// Of the reader of the first queue, of the second, ...
  void heartbeat(size_t reader) noexcept;

  /// Takes in what the guard reported. A guard that ended is `failed`.
  State update() noexcept;
  const std::string& error() const noexcept { return error_; }

  /// Why the rules cannot be put back for now; empty: nothing keeps them away.
  const std::string& obstacle() const noexcept { return obstacle_; }

  /// Asks that packets of these directions alone meet the rules. One question at a time: until it is
  /// answered, is_turning(), and measured() is what is certain.
  void measure(Direction directions) noexcept;
  Direction measured() const noexcept { return measured_; }
  bool is_turning() const noexcept { return turning_; }

  State state() const noexcept { return state_; }

  /// Asks how many packets met the rules and no queue; then the last answer, whether the newest question
  /// has got one, and whether that is exact.
  void ask_uncounted() noexcept;
  uint64_t uncounted() const noexcept { return uncounted_; }
  bool is_answered() const noexcept { return answered_; }
  bool is_exact() const noexcept { return exact_; }

  /// Tells the guard to end; ended() says when it has.
  void stop() noexcept;
  bool ended() noexcept;

 private:
  void take_line(const std::string& line);
  void take_standing(uint64_t at_ns);
  void take_report(const std::string& word, const std::string& rest);

  Descriptor socket_;
  pid_t pid_ = -1;
  State state_ = State::starting;
  std::string pending_;
  std::string error_;
  std::string obstacle_;
  Gaps& gaps_;
  Direction measured_ = Direction::none;
  bool turning_ = false;
  uint64_t uncounted_ = 0;
  bool answered_ = true;
  bool exact_ = false;
};

}  // namespace tallytree
