// The dead man's switch: rules stand only while the monitor gives signs of life.
#pragma once

#include <algorithm>
#include <chrono>
#include <vector>

#include "firewall.h"
#include "held_queues.h"
#include "uncounted.h"

namespace tallytree::guard {

/// Reads heartbeats from a stream socket, "@" of the first queue's reader, "A" of the second's, ..., and
/// which directions are measured from now on, "0" to "3" (1 input, 2 output; at first none), and answers with
/// lines, times in nanoseconds since 1970:
///   ready [NOTICE]        once the rules stand for the first time, or
///   error SENTENCE        they never will
///   away REASON SINCE     they are gone: "hung" (we took them away, the monitor was silent) or "flushed"
///                         (others did)
///   degraded SENTENCE     why they cannot be put back for now
///   installed AT          they stand again
///   measuring DIGIT       the answer to that digit: what was asked so stands, and so does all else
///   uncounted N exact|least   packets that met the rules and no queue: the answer to the byte "?"
/// Ends at end of file: the monitor is gone, by whatever way.
class Watch {
 public:
  /// How long a monitor may be silent while packets wait for it; while it gets copies, they do not.
  static constexpr std::chrono::milliseconds kSilence{1000};
  static constexpr std::chrono::hours kNoMatter{1'000'000};

  Watch(int monitor, Firewall& firewall, HeldQueues& queues)
      : monitor_(monitor),
        firewall_(firewall),
        queues_(queues),
        uncounted_(firewall, queues),
        heartbeats_(std::max<size_t>(queues.count(), 1)) {}

  void allow_silence(std::chrono::milliseconds most) { silence_ = most; }

  /// False: the rules cannot be had at all. Else returns when the monitor is gone; the rules may still stand.
  bool run();

 private:
  using Clock = std::chrono::steady_clock;

  bool wait();
  Clock::time_point next_act(Clock::time_point now) const;
  void excuse(Clock::duration late);
  void take_in();
  Clock::time_point quietest() const;
  bool silent(Clock::time_point now) const;
  void act();
  void tend(Clock::time_point now);
  void tend_rules(Clock::time_point now);
  void install();
  void want(Direction directions);
  void turn();
  void tell_measured();
  void take_away();
  void look();
  void repair();
  void report(const std::string& line) const;

  int monitor_;
  Firewall& firewall_;
  HeldQueues& queues_;
  Uncounted uncounted_;
  std::chrono::milliseconds silence_ = kSilence;
  RulesetMark mark_;
  bool installed_ = false;
  bool ready_ = false;
  bool failed_ = false;
  bool gone_ = false;
  bool asked_ = false;
  bool told_ = true;  ///< that `wanted_` is measured, since it was asked for
  Direction wanted_ = Direction::none;
  Direction measured_ = Direction::none;       ///< for certain, by the rules that stand
  uint64_t last_seen_ns_ = 0;                  ///< when the rules were there, by the wall clock
  std::vector<Clock::time_point> heartbeats_;  ///< the last one of each reader
  Clock::time_point judges_from_{};            ///< whether the monitor is silent
  Clock::time_point last_look_{};
  Clock::time_point last_check_{};
  Clock::time_point next_install_{};
  Clock::time_point next_turn_{};
};

}  // namespace tallytree::guard
