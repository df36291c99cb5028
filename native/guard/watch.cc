// The states: installed while heartbeats come, removed while they do not, ended at end of file.
#include "watch.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <thread>

#include "../core/clocks.h"

namespace tallytree::guard {
namespace {

constexpr auto kLookEvery = std::chrono::milliseconds(250);
constexpr auto kChecksApart = std::chrono::seconds(1);  // where others change their rules all the time
constexpr auto kCheckEvery = std::chrono::seconds(30);
constexpr auto kRetryEvery = std::chrono::seconds(1);
constexpr auto kTryAgain = std::chrono::milliseconds(100);
constexpr auto kPunctual = std::chrono::milliseconds(100);
constexpr auto kPatience = std::chrono::milliseconds(500);  // of several signs of life

void complain(const std::string& text) {
  if (!text.empty()) std::fprintf(stderr, "tallytree-guard: %s\n", text.c_str());
}

}  // namespace

void Watch::report(const std::string& line) const {
  const std::string text = line + "\n";
  send(monitor_, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
}

bool Watch::run() {
  std::ranges::fill(heartbeats_, Clock::now());
  take_in();  // a new guard takes over what is measured
  install();
  while (!failed_ && wait()) act();
  return !failed_;
}

/// False at end of file. Returns at the latest when it is time to act.
bool Watch::wait() {
  const auto now = Clock::now();
  const auto due = std::max(next_act(now), now);
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(due - now).count();
  pollfd polled{monitor_, POLLIN, 0};
  const bool told = poll(&polled, 1, static_cast<int>(left)) > 0;
  excuse(Clock::now() - due);
  if (told) take_in();
  return !gone_;
}

Watch::Clock::time_point Watch::next_act(Clock::time_point now) const {
  if (!installed_) return now + kLookEvery;
  return silent(now) ? judges_from_ : std::min(quietest() + silence_, last_look_ + kLookEvery);
}

/// What held up the guard held up the monitor: a machine that stood still is no monitor that hangs.
void Watch::excuse(Clock::duration late) {
  if (late < kPunctual) return;
  for (Clock::time_point& heartbeat : heartbeats_) heartbeat += late;
}

void Watch::take_in() {
  char bytes[256];
  const ssize_t size = recv(monitor_, bytes, sizeof bytes, MSG_DONTWAIT);
  for (ssize_t i = 0; i < size; ++i) {
    const auto reader = static_cast<size_t>(bytes[i] - '@');
    if (bytes[i] == '?') asked_ = true;
    if (bytes[i] >= '0' && bytes[i] <= '3') want(static_cast<Direction>(bytes[i] - '0'));
    if (bytes[i] >= '@' && reader < heartbeats_.size()) heartbeats_[reader] = Clock::now();
  }
  gone_ = size == 0 || (size < 0 && errno != EAGAIN && errno != EINTR);
}

void Watch::want(Direction directions) {
  if (directions != wanted_) next_turn_ = {};
  wanted_ = directions;
  told_ = false;
}

/// One reader that hangs holds up its flows: that is as bad as all of them.
Watch::Clock::time_point Watch::quietest() const { return std::ranges::min(heartbeats_); }

bool Watch::silent(Clock::time_point now) const { return now - quietest() >= silence_; }

void Watch::act() {
  const auto now = Clock::now();
  if (!silent(now)) return tend(now);
  if (installed_ && now >= judges_from_) take_away();
}

/// The machine may have stood still in the middle of a long work: the monitor is heard before it is judged.
void Watch::tend(Clock::time_point now) {
  if (installed_)
    tend_rules(now);
  else if (now >= next_install_)
    install();
  const auto ended = Clock::now();
  if (ended - now >= kPunctual) judges_from_ = ended + kPatience;
}

void Watch::tend_rules(Clock::time_point now) {
  if (!told_) return turn();
  if (now - last_look_ >= kLookEvery) look();
  if (!asked_ || !installed_) return;
  asked_ = false;
  uncounted_.update();
  report("uncounted " + std::to_string(uncounted_.packets()) + (uncounted_.exact() ? " exact" : " least"));
}

void Watch::install() {
  uncounted_.begin();
  firewall_.measure(wanted_);
  const Problem problem = firewall_.install();
  mark_ = {};  // others may have flushed a part of it meanwhile: to be looked at
  last_check_ = last_look_ = Clock::now();
  last_seen_ns_ = wall_clock_ns();
  installed_ = !problem;
  if (installed_ && !ready_) complain(firewall_.notice());
  if (installed_)
    report(ready_ ? "installed " + std::to_string(last_seen_ns_) : "ready " + firewall_.notice());
  ready_ = ready_ || installed_;
  if (installed_) return tell_measured();
  failed_ = !ready_ && !problem.temporary;
  next_install_ = Clock::now() + kRetryEvery;
  report((failed_ ? "error " : "degraded ") + problem.text);
}

void Watch::tell_measured() {
  measured_ = wanted_;
  last_seen_ns_ = wall_clock_ns();
  if (!told_) report("measuring " + std::to_string(static_cast<int>(measured_)));
  told_ = true;
}

/// Whatever fails is tried again. That more passes the rules than is asked for harms no number; that less
/// does is told.
void Watch::turn() {
  last_look_ = Clock::now();
  if (last_look_ < next_turn_) return;
  firewall_.measure(wanted_);
  measured_ = measured_ & wanted_;  // whatever becomes of the change
  const Problem problem = firewall_.turn();
  mark_ = {};  // others may have changed something as well: to be looked at
  // Where others have flushed meanwhile, jumps lead to empty chains.
  if (!problem.temporary && firewall_.presence() == Firewall::Presence::broken) return repair();
  if (!problem) return tell_measured();
  next_turn_ = last_look_ + kRetryEvery;
  if (problem.temporary && (wanted_ & measured_) != wanted_) report("degraded " + problem.text);
}

/// The monitor is silent. What waits for it goes on at once, what comes later when the rules are gone; while
/// another program keeps them in place by its lock, all of it a moment late.
void Watch::take_away() {
  const Relief relief(queues_);
  uncounted_.update();
  const uint64_t since = wall_clock_ns();
  const Problem problem = firewall_.withdraw();
  if (problem) {
    complain(problem.text);
    if (!relief.works()) queues_.end_monitor();
    std::this_thread::sleep_for(kTryAgain);
    return;
  }
  installed_ = false;
  report("away hung " + std::to_string(since));
}

/// Others flush whole tables now and then; packets pass uncounted meanwhile, which the monitor is told.
void Watch::look() {
  const auto now = Clock::now();
  last_look_ = now;
  const uint64_t now_ns = wall_clock_ns();
  const RulesetMark mark = firewall_.mark();
  const bool changed = mark != mark_;
  if (!changed) last_seen_ns_ = now_ns;
  if (now - last_check_ < (changed ? kChecksApart : kCheckEvery)) return;
  last_check_ = now;
  mark_ = mark;
  const Firewall::Presence presence = firewall_.presence();
  if (presence == Firewall::Presence::broken) return repair();
  if (presence == Firewall::Presence::whole) last_seen_ns_ = now_ns;
  if (presence == Firewall::Presence::unknown) mark_ = {};  // to be looked at again
}

void Watch::repair() {
  installed_ = false;
  report("away flushed " + std::to_string(last_seen_ns_));
  install();
}

}  // namespace tallytree::guard
