// Receives, accepts, then counts; keeps the guard alive and the ids accounted for.
#include "nfqueue_source.h"

#include <linux/netfilter.h>
#include <poll.h>

#include <chrono>
#include <stdexcept>

namespace tallytree {
namespace {

constexpr uint32_t kUsualMtu = 1500;
constexpr auto kStartPatience = std::chrono::seconds(20);
constexpr auto kStopPatience = std::chrono::seconds(5);
constexpr uint64_t kRestartEveryNs = 1'000'000'000;
constexpr uint64_t kQuestionEveryNs = 1'000'000'000;
constexpr int kQuestions = 3;

using Clock = std::chrono::steady_clock;

uint64_t wall_clock_ns() noexcept {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(now).count());
}

uint64_t steady_ns() noexcept {
  return static_cast<uint64_t>(std::chrono::nanoseconds(Clock::now().time_since_epoch()).count());
}

}  // namespace

NfqueueSource::NfqueueSource(const NfqueueOptions& options) : options_(options), queue_(options.queue) {
  descriptors_ = {queue_.descriptor(), links_.descriptor()};
  guard_ = std::make_unique<GuardProcess>(options.guard, options.queue, options.agent_port);
  wait_for_rules();
  origin_ = mark_ = position_;
}

/// Packets come as soon as the first rule stands; until all do they are accepted and not counted.
void NfqueueSource::wait_for_rules() {
  const auto deadline = Clock::now() + kStartPatience;
  while (guard_->update() == GuardProcess::State::starting && Clock::now() < deadline) {
    receive_and_accept(batch_.size());
    pollfd polled[2] = {{guard_->descriptor(), POLLIN, 0}, {queue_.descriptor(), POLLIN, 0}};
    poll(polled, 2, 50);
  }
  if (guard_->update() == GuardProcess::State::watching) return;
  const std::string& reason = guard_->error();
  throw std::runtime_error("installing the rules of the nfqueue tap: " +
                           (reason.empty() ? "tallytree-guard gave no answer" : reason));
}

NfqueueSource::~NfqueueSource() {
  guard_->stop();
  const auto deadline = Clock::now() + kStopPatience;
  while (!guard_->ended() && Clock::now() < deadline) {
    pollfd polled{queue_.descriptor(), POLLIN, 0};
    poll(&polled, 1, 5);
    receive_and_accept(batch_.size());
  }
  while (receive_and_accept(batch_.size()).datagrams > 0) {
  }
}

uint64_t NfqueueSource::extended(uint32_t id) const noexcept {
  return position_ +
         static_cast<uint64_t>(int64_t{static_cast<int32_t>(id - static_cast<uint32_t>(position_))});
}

/// Ids run without holes, so a hole is packets that found our socket full (the kernel let them pass).
void NfqueueSource::note_id(uint32_t id) noexcept {
  const uint64_t at = extended(id);
  if (at <= position_) {
    if (gaps_ > 0) --gaps_;  // it was taken for lost too early
    return;
  }
  gaps_ += at - position_ - 1;
  position_ = at;
}

void NfqueueSource::accept() noexcept {
  // One verdict covers every id up to this one; a gap's packets are no longer in the queue.
  verdict_owed_ = !queue_.accept_up_to(static_cast<uint32_t>(position_));
}

NfqueueSocket::Batch NfqueueSource::receive_and_accept(size_t limit) noexcept {
  const NfqueueSocket::Batch batch = queue_.receive(std::span(batch_).first(std::min(limit, batch_.size())));
  for (size_t i = 0; i < batch.packets; ++i) note_id(batch_[i].id);
  if (batch.packets > 0 || verdict_owed_) accept();
  if (batch.packets < batch.datagrams) accept_unreadable();
  return batch;
}

/// A message that says no id must not hold up its packet: accept all that the kernel has given out.
void NfqueueSource::accept_unreadable() noexcept {
  read_counters();
  queue_.accept_up_to(static_cast<uint32_t>(mark_));
}

/// The kernel puts a packet into our socket as it gives out its id: an id of the past that is not there was
/// lost.
void NfqueueSource::settle_empty_queue(uint64_t mark) noexcept {
  if (mark <= position_) return;
  gaps_ += mark - position_;
  position_ = mark;
}

size_t NfqueueSource::read(std::span<Packet> out) noexcept {
  const uint64_t mark = mark_;
  const size_t limit = std::min(out.size(), batch_.size());
  const NfqueueSocket::Batch batch = receive_and_accept(limit);
  note_backlog(batch.datagrams, batch.datagrams == limit);
  if (batch.datagrams < limit) {
    settle_empty_queue(mark);
    links_.refresh();
  }
  const uint64_t now = batch.packets > 0 ? wall_clock_ns() : 0;
  size_t count = 0;
  for (size_t i = 0; i < batch.packets; ++i)
    if (deliver(batch_[i], now, out[count])) ++count;
  return count;
}

/// A queue that was full takes as many packets to read before the socket is found empty; half leaves a
/// margin.
void NfqueueSource::note_backlog(size_t datagrams, bool more) noexcept {
  backlog_ = more ? backlog_ + datagrams : 0;
  if (backlog_ >= NfqueueSocket::kQueueLength / 2) questions_ = kQuestions;
}

/// The rules count a packet before the queue does, and their count is older than the ids we compare it with:
/// what they have more has passed, at least. When traffic pauses the figure is exact.
void NfqueueSource::ask_what_passed() noexcept {
  read_counters();
  const uint64_t queued = mark_ + queue_dropped_;
  if (guard_->passed() > queued) passed_ = std::max(passed_, guard_->passed() - queued);
  if (questions_ == 0 || steady_ns() < next_question_ns_) return;
  next_question_ns_ = steady_ns() + kQuestionEveryNs;
  --questions_;
  guard_->ask_passed();
}

bool NfqueueSource::deliver(const QueuedPacket& queued, uint64_t now, Packet& out) noexcept {
  if (queued.hook != NF_INET_LOCAL_IN && queued.hook != NF_INET_LOCAL_OUT) {
    ++other_hook_;
    return false;
  }
  out = Packet{};
  Headers headers;
  const ParseError error = parse_frame(queued.payload, LinkType::raw_ip, queued.length, out, headers);
  if (!countable(error)) {
    unparsed_.add(error);
    return false;
  }
  const bool input = queued.hook == NF_INET_LOCAL_IN;
  out.direction = input ? Direction::input : Direction::output;
  out.ifindex = input ? queued.input_device : queued.output_device;
  out.time_ns = now;
  const Link* link = links_.find(out.ifindex);
  out.loopback = link != nullptr && link->loopback;
  if (link != nullptr) out.vlan = link->vlan_id;
  if (queued.super_packet) estimate_segments(out, headers, link);
  ++read_;
  return true;
}

void NfqueueSource::estimate_segments(Packet& packet, const Headers& headers, const Link* link) noexcept {
  const uint32_t mtu = link != nullptr && link->mtu != 0 ? link->mtu : kUsualMtu;
  const uint32_t repeated = uint32_t{headers.ip} + headers.transport;
  apply_gso(packet, headers, mtu > repeated ? mtu - repeated : mtu);
  if (packet.packets > 1) ++super_packets_;
}

void NfqueueSource::read_counters() noexcept {
  QueueCounters counters;
  if (!queue_.counters(counters)) return;
  queue_dropped_ += static_cast<uint32_t>(counters.queue_dropped - static_cast<uint32_t>(queue_dropped_));
  mark_ = std::max(mark_, extended(counters.last_id));
}

uint64_t NfqueueSource::offered() noexcept {
  read_counters();
  return mark_ - origin_ + queue_dropped_;
}

uint64_t NfqueueSource::settled() noexcept { return position_ - origin_ + queue_dropped_; }

void NfqueueSource::tick() noexcept {
  guard_->heartbeat();
  links_.refresh();
  if (verdict_owed_) accept();
  if (guard_->update() == GuardProcess::State::failed) restart_guard();
  ask_what_passed();
}

/// A guard that was killed leaves rules without a watchdog: a new one takes them over.
void NfqueueSource::restart_guard() noexcept {
  if (steady_ns() < next_restart_ns_) return;
  next_restart_ns_ = steady_ns() + kRestartEveryNs;
  try {
    auto next = std::make_unique<GuardProcess>(options_.guard, options_.queue, options_.agent_port);
    past_interruptions_ += guard_->interruptions();
    guard_ = std::move(next);
  } catch (const std::exception&) {
    // The old object stays, still failed: the next tick tries again.
  }
}

SourceStats NfqueueSource::stats() {
  read_counters();
  const uint64_t interruptions = past_interruptions_ + guard_->interruptions();
  SourceStats stats;
  stats.seen = settled() + passed_ + interruptions;
  stats.read = read_;
  stats.lost = {
      {"queue", queue_dropped_}, {"socket", gaps_}, {"passed", passed_}, {"interrupted", interruptions}};
  stats.unparsed = unparsed_.named();
  stats.ignored = {{"other_hook", other_hook_}};
  stats.super_packets = super_packets_;
  return stats;
}

}  // namespace tallytree
