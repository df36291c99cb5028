// What the leader of the inline tap's readers does besides reading: it keeps the guard alive while all of
// them are, starts it anew when it ended, and learns from it what passed uncounted and when the rules were
// away.
#pragma once

#include <chrono>
#include <memory>
#include <vector>

#include "guard_process.h"
#include "queue_crew.h"

namespace tallytree {

struct NfqueueOptions {
  uint16_t queue = 8000;       ///< the first of `queues`
  uint16_t queues = 1;         ///< one a core; the kernel deals the flows out
  bool leads = true;           ///< false: only reads `queue`, for a leader that is opened later
  std::string guard;           ///< path of the tallytree-guard program, which owns the firewall rules
  uint16_t agent_port = 8000;  ///< TCP port that never waits for us, like SSH's and all of loopback
};

/// Owned and used by one thread.
class InlineGuard {
 public:
  /// All queues must have their readers. Throws std::system_error.
  explicit InlineGuard(const NfqueueOptions& options);

  /// Called while the rules are put in place: true once they stand, or cannot for now. Throws
  /// std::runtime_error with the guard's sentence when they never will.
  bool ready(bool patient);

  /// The guard's messages, a sign of life, a question.
  void tick() noexcept;

  /// Packets may have passed a full queue.
  void doubt() noexcept;

  void stop() noexcept { process_->stop(); }
  bool ended() noexcept { return process_->ended(); }
  int descriptor() const noexcept { return process_->descriptor(); }

  /// Packets that met the rules and no queue.
  uint64_t uncounted() const noexcept { return past_uncounted_ + process_->uncounted(); }
  const Gaps& gaps() const noexcept { return gaps_; }
  const std::string& obstacle() const noexcept { return process_->obstacle(); }

 private:
  using Clock = std::chrono::steady_clock;

  std::unique_ptr<GuardProcess> start();
  void restart() noexcept;
  void ask() noexcept;
  void pass_on_heartbeats() noexcept;

  NfqueueOptions options_;
  std::vector<std::shared_ptr<QueueReader>> readers_;
  std::vector<uint64_t> passed_on_;  ///< each reader's last sign of life that the guard was told
  Gaps gaps_;
  std::unique_ptr<GuardProcess> process_;
  uint64_t past_uncounted_ = 0;  ///< as told by the processes before this one
  bool doubted_ = false;         ///< since the last question
  bool certain_ = true;          ///< what passed is told exactly
  Clock::duration question_apart_{};
  Clock::time_point next_question_{};
  Clock::time_point next_restart_{};
};

/// A steady clock for QueueReader::alive_ns.
uint64_t steady_ns() noexcept;

}  // namespace tallytree
