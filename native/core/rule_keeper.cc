// The life of guards.
#include "rule_keeper.h"

#include <poll.h>

#include <chrono>
#include <stdexcept>

namespace tallytree {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kStartPatience = std::chrono::seconds(20);
constexpr auto kStopPatience = std::chrono::seconds(5);
constexpr uint64_t kRestartEveryNs = 1'000'000'000;
constexpr int kPollMs = 5;

uint64_t steady_ns() noexcept {
  return static_cast<uint64_t>(std::chrono::nanoseconds(Clock::now().time_since_epoch()).count());
}

}  // namespace

void RuleKeeper::begin(const std::string& tap, const std::function<void()>& meanwhile) {
  guard_ = std::make_unique<GuardProcess>(options_, gaps_);
  const auto deadline = Clock::now() + kStartPatience;
  while (guard_->update() == GuardProcess::State::starting && Clock::now() < deadline) {
    meanwhile();
    guard_->heartbeat(0);
    pollfd polled{guard_->descriptor(), POLLIN, 0};
    poll(&polled, 1, kPollMs);
  }
  const GuardProcess::State state = guard_->update();
  if (state == GuardProcess::State::watching || state == GuardProcess::State::rules_away) return;
  const std::string& reason = guard_->error();
  throw std::runtime_error("installing the rules of the " + tap +
                           " tap: " + (reason.empty() ? "tallytree-guard gave no answer" : reason));
}

void RuleKeeper::tick() noexcept {
  guard_->heartbeat(0);
  if (guard_->update() == GuardProcess::State::failed) restart();
}

/// A guard that was killed leaves rules without a watchdog: a new one takes them over.
void RuleKeeper::restart() noexcept {
  if (steady_ns() < next_restart_ns_) return;
  next_restart_ns_ = steady_ns() + kRestartEveryNs;
  try {
    auto next = std::make_unique<GuardProcess>(options_, gaps_);
    past_uncounted_ += guard_->uncounted();
    guard_ = std::move(next);
  } catch (const std::exception&) {
    // The old object stays, still failed: the next tick tries again.
  }
}

void RuleKeeper::end(const std::function<void()>& meanwhile) noexcept {
  guard_->stop();
  const auto deadline = Clock::now() + kStopPatience;
  while (!guard_->ended() && Clock::now() < deadline) {
    poll(nullptr, 0, kPollMs);
    meanwhile();
  }
}

}  // namespace tallytree
