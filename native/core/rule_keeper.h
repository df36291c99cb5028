// Keeps firewall rules in place for as long as a tap lives: starts their guard, and another when that one
// dies, and learns from it what met the rules and when they were away.
#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "gaps.h"
#include "guard_process.h"

namespace tallytree {

/// Owned and used by one thread.
class RuleKeeper {
 public:
  /// What goes on while the guard is waited for: `work`, again and again, at once when `descriptor` (-1:
  /// none) is readable.
  struct Meanwhile {
    int descriptor;
    std::function<void()> work;
  };

  explicit RuleKeeper(GuardOptions options) : options_(std::move(options)) {}

  /// Starts the guard. Returns when the rules stand, or when another program's lock keeps them away for the
  /// time being. Throws std::system_error, or std::runtime_error with the guard's sentence: they cannot be
  /// had.
  void begin(const std::string& tap, const Meanwhile& meanwhile);

  /// The rules are to take packets of these directions alone, of input and output.
  void measure(Direction directions) noexcept;

  /// Whether they do, or it is said why not: by a gap that lasts until they do.
  bool is_measured() noexcept;

  /// A sign of life of the reader of the first queue, of the second, ...
  void heartbeat(size_t reader) noexcept { guard_->heartbeat(reader); }

  /// The guard's messages; in doubt, a question. At least every 250 ms. True: it has just asked.
  bool tick() noexcept;

  /// Packets may have met the rules and not come to us.
  void doubt() noexcept;

  /// Has the rules removed; returns when they are, after some seconds at most.
  void end(const Meanwhile& meanwhile) noexcept;

  /// Packets that met the rules and no queue (with rules that log: all that met them), as this guard and
  /// those before it told. Never too many.
  uint64_t uncounted() const noexcept { return past_uncounted_ + guard_->uncounted(); }
  /// No question waits for its answer.
  bool is_answered() const noexcept { return guard_->is_answered(); }

  const Gaps& gaps() const noexcept { return gaps_; }
  const std::string& obstacle() const noexcept { return guard_->obstacle(); }

 private:
  using Clock = std::chrono::steady_clock;

  void restart() noexcept;
  bool ask() noexcept;
  void turn() noexcept;

  GuardOptions options_;
  Gaps gaps_;
  std::unique_ptr<GuardProcess> guard_;
  uint64_t past_uncounted_ = 0;  ///< as told by the processes before this one
  bool doubted_ = false;         ///< since the last question
  bool certain_ = true;          ///< what passed is told exactly
  Clock::duration question_apart_{};
  Clock::time_point next_question_{};
  Clock::time_point next_restart_{};
  bool turned_ = true;             ///< to what is to be measured, or it was said why not
  Clock::time_point turned_by_{};  ///< or it is late
};

}  // namespace tallytree
