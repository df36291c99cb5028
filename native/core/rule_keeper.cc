// The life of guards. A question costs one a look at the tables, and only between two packets has it an exact
// answer: so it is asked more and more seldom.
#include "rule_keeper.h"

#include <poll.h>

#include <algorithm>
#include <stdexcept>

#include "clocks.h"

namespace tallytree {
namespace {

constexpr auto kStartPatience = std::chrono::seconds(20);
constexpr auto kStopPatience = std::chrono::seconds(5);
constexpr auto kRestartEvery = std::chrono::seconds(1);
constexpr auto kFirstQuestion = std::chrono::milliseconds(500);
constexpr auto kLastQuestion = std::chrono::seconds(64);
constexpr auto kTurnPatience = std::chrono::milliseconds(600);  // an agent gives a monitor 900
constexpr int kPollMs = 5;

}  // namespace

void RuleKeeper::begin(const std::string& tap, const Meanwhile& meanwhile) {
  guard_ = std::make_unique<GuardProcess>(options_, gaps_);
  const auto deadline = Clock::now() + kStartPatience;
  while (guard_->update() == GuardProcess::State::starting && Clock::now() < deadline) {
    for (size_t i = 0; i < std::max<size_t>(options_.sockets.size(), 1); ++i) guard_->heartbeat(i);
    pollfd polled[2] = {{guard_->descriptor(), POLLIN, 0}, {meanwhile.descriptor, POLLIN, 0}};
    poll(polled, 2, kPollMs);
    meanwhile.work();
  }
  const GuardProcess::State state = guard_->update();
  if (state == GuardProcess::State::watching || state == GuardProcess::State::rules_away) return;
  const std::string& reason = guard_->error();
  throw std::runtime_error("installing the rules of the " + tap +
                           " tap: " + (reason.empty() ? "tallytree-guard gave no answer" : reason));
}

bool RuleKeeper::tick() noexcept {
  if (guard_->update() == GuardProcess::State::failed) restart();
  turn();
  if (gaps_.open()) doubt();
  return ask();
}

void RuleKeeper::measure(Direction directions) noexcept {
  if (directions == options_.measured) return;
  options_.measured = directions;
  turned_ = false;
  turned_by_ = Clock::now() + kTurnPatience;
  turn();
}

void RuleKeeper::turn() noexcept {
  if (!guard_->is_turning() && guard_->measured() != options_.measured) guard_->measure(options_.measured);
}

bool RuleKeeper::is_measured() noexcept {
  if (turned_) return true;
  const bool told = guard_->update() == GuardProcess::State::rules_away;
  turn();
  const Direction certain = guard_->measured();
  turned_ = told || (!guard_->is_turning() && certain == options_.measured);
  if (turned_ || Clock::now() < turned_by_) return turned_;
  if ((certain & options_.measured) != options_.measured) gaps_.begin(wall_clock_ns(), "locked");
  return turned_ = true;
}

void RuleKeeper::doubt() noexcept {
  doubted_ = true;
  certain_ = false;
  question_apart_ = kFirstQuestion;
}

bool RuleKeeper::ask() noexcept {
  if (!doubted_ && guard_->is_exact()) certain_ = true;
  const auto now = Clock::now();
  if (certain_ || now < next_question_ || !is_answered()) return false;
  question_apart_ = std::clamp<Clock::duration>(question_apart_ * 2, kFirstQuestion, kLastQuestion);
  next_question_ = now + question_apart_;
  doubted_ = false;
  guard_->ask_uncounted();
  return true;
}

/// A guard that was killed leaves rules without a watchdog: a new one takes them over.
void RuleKeeper::restart() noexcept {
  if (Clock::now() < next_restart_) return;
  next_restart_ = Clock::now() + kRestartEvery;
  try {
    auto next = std::make_unique<GuardProcess>(options_, gaps_);
    past_uncounted_ += guard_->uncounted();
    guard_ = std::move(next);
    doubt();
  } catch (const std::exception&) {
    // The old object stays, still failed: the next tick tries again.
  }
}

void RuleKeeper::end(const Meanwhile& meanwhile) noexcept {
  guard_->stop();
  const auto deadline = Clock::now() + kStopPatience;
  while (!guard_->ended() && Clock::now() < deadline) {
    pollfd polled{meanwhile.descriptor, POLLIN, 0};
    poll(&polled, 1, kPollMs);
    meanwhile.work();
  }
}

}  // namespace tallytree
