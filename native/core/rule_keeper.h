// Keeps firewall rules in place for as long as a tap lives: starts their guard, and another when that one
// dies.
#pragma once

#include <functional>
#include <memory>

#include "gaps.h"
#include "guard_process.h"

namespace tallytree {

/// Owned and used by one thread.
class RuleKeeper {
 public:
  RuleKeeper(GuardOptions options, Gaps& gaps) : options_(std::move(options)), gaps_(gaps) {}

  /// Starts the guard. Returns when the rules stand, or when another program's lock keeps them away for the
  /// time being; calls `meanwhile` again and again. Throws std::system_error, or std::runtime_error with the
  /// guard's sentence: they cannot be had.
  void begin(const std::string& tap, const std::function<void()>& meanwhile);

  /// A sign of life, at least every 250 ms.
  void tick() noexcept;

  /// Has the rules removed, and calls `meanwhile` until they are, for some seconds at most.
  void end(const std::function<void()>& meanwhile) noexcept;

  GuardProcess& guard() noexcept { return *guard_; }
  const std::string& obstacle() const noexcept { return guard_->obstacle(); }
  /// Packets that met the rules and no queue, as this guard and those before it told.
  uint64_t uncounted() const noexcept { return past_uncounted_ + guard_->uncounted(); }

 private:
  void restart() noexcept;

  GuardOptions options_;
  Gaps& gaps_;
  std::unique_ptr<GuardProcess> guard_;
  uint64_t next_restart_ns_ = 0;
  uint64_t past_uncounted_ = 0;
};

}  // namespace tallytree
