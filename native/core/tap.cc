// The tap's thread: read, count, close panes, answer; sleep when there is nothing to do.
#include "tap.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>
#include <system_error>
#include <utility>

#include "clocks.h"

namespace tallytree {
namespace {

constexpr auto kTick = std::chrono::milliseconds(100);
constexpr auto kPending = std::chrono::milliseconds(1);
constexpr auto kSettleLimit = std::chrono::milliseconds(50);

/// What sched_setattr(2) takes; <linux/sched/types.h> cannot be included beside <sched.h>.
struct Scheduling {
  uint32_t size, policy;
  uint64_t flags;
  int32_t nice;
  uint32_t priority;
  uint64_t turn_ns, deadline_ns, period_ns;
};

/// Asks the scheduler for short turns: this thread gets no larger share of a busy core, but is back on it
/// sooner, before the ring is full. Kernels before Linux 6.12 have one length for all and ignore it.
void ask_for_short_turns() noexcept {
  constexpr uint64_t kTurnNs = 100'000;  // the shortest there is
  Scheduling present{};
  if (syscall(SYS_sched_getattr, 0, &present, sizeof present, 0) < 0 || present.policy != SCHED_OTHER) return;
  present.turn_ns = kTurnNs;
  syscall(SYS_sched_setattr, 0, &present, 0);
}

}  // namespace

Tap::Tap(std::unique_ptr<Source> source, std::function<void()> at_end)
    : source_(std::move(source)),
      at_end_(std::move(at_end)),
      wake_fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (wake_fd_ < 0) throw std::system_error(errno, std::system_category(), "opening an eventfd");
  thread_ = std::thread([this] { run(); });
}

Tap::~Tap() {
  stop();
  close(wake_fd_);
}

void Tap::start() {
  started_ = true;
  eventfd_write(wake_fd_, 1);
}

bool Tap::post(Task task, Answer answer) {
  {
    const std::lock_guard lock(mutex_);
    if (stopped_) return false;
    posted_.push_back({std::move(task), std::move(answer)});
  }
  has_posted_ = true;
  eventfd_write(wake_fd_, 1);
  return true;
}

void Tap::stop() {
  {
    const std::lock_guard lock(mutex_);
    if (stopped_) return;
    stopped_ = true;
  }
  stopping_ = true;
  eventfd_write(wake_fd_, 1);
  thread_.join();
  for (Waiting& left : waiting_) run(left.posted);
  for (Posted& left : posted_) run(left);
  for (const Answer& answer : answers_) answer();
  waiting_.clear();
  posted_.clear();
  answers_.clear();
  source_.reset();
}

void Tap::run() {
  ask_for_short_turns();
  prctl(PR_SET_TIMERSLACK, 1000);  // rests may be shorter than the usual slack
  while (!stopping_) {
    const bool more = started_ && count_batch();
    keep_time();
    if (has_posted_) take_posted();
    if (!waiting_.empty()) serve_settled();
    if (!answers_.empty()) give_answers();
    if (!more && engine_.settle() && ready_ == 0) wait();
  }
}

/// Whether more may be ready.
bool Tap::count_batch() {
  const size_t n = source_->read(batch_);
  const auto verdicts = source_->verdicts();
  engine_.count({batch_.data(), n}, verdicts.empty() ? nullptr : verdicts.data());
  counted_ += n;
  if (n == 0 && !ended_ && source_->ended()) {
    ended_ = true;
    at_end_();
  }
  return n > 0 && !source_->drained();
}

void Tap::take_posted() {
  std::vector<Posted> tasks;
  has_posted_ = false;
  {
    const std::lock_guard lock(mutex_);
    tasks.swap(posted_);
  }
  const uint64_t target = source_->offered();
  const auto deadline = Clock::now() + kSettleLimit;
  for (Posted& task : tasks) waiting_.push_back({std::move(task), target, deadline});
}

/// One task a batch, so that no packet waits for two. What comes in between is more than was promised.
void Tap::serve_settled() {
  if (ready_ == 0) find_settled();
  if (ready_ == 0 || !engine_.flush()) return;
  run(waiting_.front().posted);
  waiting_.pop_front();
  --ready_;
}

void Tap::run(Posted& posted) {
  posted.task(engine_, *source_);
  answers_.push_back(std::move(posted.answer));
}

/// Packets are counted while the source sees to it.
void Tap::give_answers() {
  if (!source_->heeds()) return;
  for (const Answer& answer : answers_) answer();
  answers_.clear();
}

void Tap::find_settled() {
  const uint64_t settled = source_->settled();
  const auto unsettled = [&](const Waiting& task) {
    return settled < task.target && Clock::now() < task.deadline;
  };
  const auto end = std::find_if(waiting_.begin(), waiting_.end(), unsettled);
  ready_ = static_cast<size_t>(end - waiting_.begin());
  if (ready_ > 0) engine_.begin_flush();
}

void Tap::keep_time() {
  const auto now = Clock::now();
  if (now < next_tick_) return;
  next_tick_ = now + kTick;
  source_->tick();
  // A live source's packets carry the wall clock; a file's own clock stands still at its end.
  if (!source_->descriptors().empty()) engine_.set_clock(wall_second());
}

/// A busy source is left alone for a while: woken by each little block, the thread would mostly wake up.
void Tap::wait() {
  const std::chrono::nanoseconds rest = source_->rest(std::exchange(counted_, 0));
  std::array<pollfd, 8> polled;
  size_t n = 0;
  polled[n++] = {wake_fd_, POLLIN, 0};
  for (const int fd : source_->descriptors())
    if (rest.count() == 0 && n < polled.size() && fd >= 0) polled[n++] = {fd, POLLIN, 0};
  std::chrono::nanoseconds longest = rest.count() > 0 ? rest : kTick;
  if (!waiting_.empty() || !answers_.empty()) longest = std::min<std::chrono::nanoseconds>(longest, kPending);
  const timespec timeout{longest.count() / 1'000'000'000, longest.count() % 1'000'000'000};
  if (ppoll(polled.data(), n, &timeout, nullptr) > 0 && (polled[0].revents & POLLIN)) {
    eventfd_t ignored;
    eventfd_read(wake_fd_, &ignored);
  }
}

}  // namespace tallytree
