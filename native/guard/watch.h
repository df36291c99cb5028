// The dead man's switch: rules stand only while the monitor gives signs of life.
#pragma once

#include <chrono>

#include "rules.h"

namespace tallytree::guard {

/// Reads heartbeat bytes from a stream socket and answers with lines: "ready [notice]" or "error SENTENCE"
/// once, then "removed" and "installed" as the rules go and come. Ends at end of file: the monitor is gone,
/// by whatever way. The byte "?" asks for a line "passed N": packets that met the queue rules so far.
class Watch {
 public:
  Watch(int monitor, Rules rules) : monitor_(monitor), rules_(std::move(rules)) {}

  /// Exit status of the process. The rules are gone when it returns.
  int run();

 private:
  using Clock = std::chrono::steady_clock;

  void loop();
  bool wait_for_heartbeat();
  void act();
  void install_again();
  void check_presence();
  void report(const std::string& line) const;

  int monitor_;
  Rules rules_;
  bool installed_ = false;
  bool asked_ = false;
  Clock::time_point last_heartbeat_{};
  Clock::time_point last_check_{};
  Clock::time_point last_failure_{};
};

}  // namespace tallytree::guard
