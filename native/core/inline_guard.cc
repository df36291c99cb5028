// A question costs the guard a look at the tables, and only one between two packets has an exact answer: so
// it is asked more and more seldom.
#include "inline_guard.h"

#include <algorithm>
#include <stdexcept>

namespace tallytree {
namespace {

constexpr auto kRestartEvery = std::chrono::seconds(1);
constexpr auto kFirstQuestion = std::chrono::milliseconds(500);
constexpr auto kLastQuestion = std::chrono::seconds(64);

}  // namespace

uint64_t steady_ns() noexcept {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<uint64_t>(std::chrono::nanoseconds(now).count());
}

InlineGuard::InlineGuard(const NfqueueOptions& options)
    : options_(options), readers_(queue_crew::members(options.queue, options.queues)) {
  if (readers_.size() != options.queues)
    throw std::invalid_argument("each queue of the inline tap needs a reader before its leader");
  passed_on_.resize(readers_.size());
  process_ = start();
}

std::unique_ptr<GuardProcess> InlineGuard::start() {
  GuardOptions options{options_.guard, options_.queue, options_.agent_port, {}};
  for (const auto& reader : readers_) options.sockets.push_back(reader->socket);
  return std::make_unique<GuardProcess>(options, gaps_);
}

bool InlineGuard::ready(bool patient) {
  const GuardProcess::State state = process_->update();
  for (size_t i = 0; i < readers_.size(); ++i) process_->heartbeat(i);
  if (state == GuardProcess::State::watching || state == GuardProcess::State::rules_away) return true;
  if (state == GuardProcess::State::starting && patient) return false;
  const std::string& reason = process_->error();
  throw std::runtime_error("installing the rules of the nfqueue tap: " +
                           (reason.empty() ? "tallytree-guard gave no answer" : reason));
}

void InlineGuard::pass_on_heartbeats() noexcept {
  for (size_t i = 0; i < readers_.size(); ++i) {
    const uint64_t alive = readers_[i]->alive_ns;
    if (alive != passed_on_[i]) process_->heartbeat(i);
    passed_on_[i] = alive;
  }
}

void InlineGuard::tick() noexcept {
  pass_on_heartbeats();
  for (const auto& reader : readers_)
    if (reader->fell_behind.exchange(false)) doubt();
  if (process_->update() == GuardProcess::State::failed) restart();
  if (gaps_.open()) doubt();
  ask();
}

void InlineGuard::doubt() noexcept {
  doubted_ = true;
  certain_ = false;
  question_apart_ = kFirstQuestion;
}

void InlineGuard::ask() noexcept {
  if (!doubted_ && process_->is_exact()) certain_ = true;
  const auto now = Clock::now();
  if (certain_ || now < next_question_) return;
  question_apart_ = std::clamp<Clock::duration>(question_apart_ * 2, kFirstQuestion, kLastQuestion);
  next_question_ = now + question_apart_;
  doubted_ = false;
  process_->ask_uncounted();
}

/// A guard that was killed leaves rules without a watchdog: a new one takes them over.
void InlineGuard::restart() noexcept {
  if (Clock::now() < next_restart_) return;
  next_restart_ = Clock::now() + kRestartEvery;
  try {
    auto next = start();
    past_uncounted_ += process_->uncounted();
    process_ = std::move(next);
  } catch (const std::exception&) {
    // The old object stays, still failed: the next tick tries again.
  }
}

}  // namespace tallytree
