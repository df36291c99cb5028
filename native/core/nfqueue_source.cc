// Receives, accepts, then counts; keeps the guard alive and the ids accounted for.
#include "nfqueue_source.h"

#include <linux/netfilter.h>
#include <poll.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>

namespace tallytree {
namespace {

constexpr uint32_t kUsualMtu = 1500;
constexpr int kPriority = -15;  // as of nice(1)
constexpr auto kStartPatience = std::chrono::seconds(20);
constexpr auto kStopPatience = std::chrono::seconds(5);
constexpr uint64_t kRestartEveryNs = 1'000'000'000;
constexpr uint64_t kFirstQuestionNs = 500'000'000;
constexpr uint64_t kLastQuestionNs = 64'000'000'000;

using Clock = std::chrono::steady_clock;

uint64_t wall_clock_ns() noexcept {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(now).count());
}

uint64_t steady_ns() noexcept {
  return static_cast<uint64_t>(std::chrono::nanoseconds(Clock::now().time_since_epoch()).count());
}

/// The host's packets wait for this process, also when it is killed and its queue stands until it is taken
/// down. All its threads, and the guard, which inherits it. Without CAP_SYS_NICE it stays as it is.
void raise_priority() noexcept {
  std::error_code error;
  for (const auto& thread : std::filesystem::directory_iterator("/proc/self/task", error))
    setpriority(PRIO_PROCESS, static_cast<id_t>(std::strtoul(thread.path().filename().c_str(), nullptr, 10)),
                kPriority);
}

}  // namespace

NfqueueSource::NfqueueSource(const NfqueueOptions& options) : options_(options), queue_(options.queue) {
  raise_priority();
  descriptors_ = {queue_.descriptor(), links_.descriptor()};
  guard_ = start_guard();
  wait_for_rules();
  ids_.begin();
  mark_ = ids_.position();
}

std::unique_ptr<GuardProcess> NfqueueSource::start_guard() {
  const GuardOptions options{options_.guard, options_.queue, options_.agent_port, {queue_.descriptor()}};
  return std::make_unique<GuardProcess>(options, gaps_);
}

/// Packets come as soon as the first rule stands; until all do they are accepted and not counted.
void NfqueueSource::wait_for_rules() {
  const auto deadline = Clock::now() + kStartPatience;
  while (guard_->update() == GuardProcess::State::starting && Clock::now() < deadline) {
    receive_and_accept(batch_.size());
    guard_->heartbeat();
    pollfd polled[2] = {{guard_->descriptor(), POLLIN, 0}, {queue_.descriptor(), POLLIN, 0}};
    poll(polled, 2, 50);
  }
  const GuardProcess::State state = guard_->update();
  if (state == GuardProcess::State::watching || state == GuardProcess::State::rules_away) return;
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

void NfqueueSource::accept() noexcept {
  // One verdict covers every id up to this one; a gap's packets are no longer in the queue.
  verdict_owed_ = !queue_.accept_up_to(static_cast<uint32_t>(ids_.position()));
}

NfqueueSocket::Batch NfqueueSource::receive_and_accept(size_t limit) noexcept {
  const NfqueueSocket::Batch batch = queue_.receive(std::span(batch_).first(std::min(limit, batch_.size())));
  for (size_t i = 0; i < batch.packets; ++i) ids_.note(batch_[i].id);
  if (batch.packets > 0 || verdict_owed_) accept();
  if (batch.unreadable) accept_unreadable();
  return batch;
}

/// A message that says no id must not hold up its packet: accept all that the kernel has given out.
void NfqueueSource::accept_unreadable() noexcept {
  read_counters();
  queue_.accept_up_to(static_cast<uint32_t>(mark_));
}

size_t NfqueueSource::read(std::span<Packet> out) noexcept {
  const uint64_t mark = mark_;
  const size_t limit = std::min(out.size(), batch_.size());
  const NfqueueSocket::Batch batch = receive_and_accept(limit);
  note_backlog(batch.datagrams, batch.datagrams == limit);
  if (batch.datagrams < limit) {
    ids_.settle(mark);
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
  if (backlog_ < NfqueueSocket::kQueueLength / 2) return;
  may_have_passed_ = true;
  question_every_ns_ = kFirstQuestionNs;
}

/// A question costs the guard a look at the tables, and only one between two packets has an exact answer: so
/// it is asked more and more seldom.
void NfqueueSource::ask_uncounted() noexcept {
  if (gaps_.open()) may_have_passed_ = true;
  if (may_have_passed_ && guard_->is_exact() && backlog_ == 0) may_have_passed_ = false;
  if (!may_have_passed_ || steady_ns() < next_question_ns_) return;
  question_every_ns_ = std::clamp(question_every_ns_ * 2, kFirstQuestionNs, kLastQuestionNs);
  next_question_ns_ = steady_ns() + question_every_ns_;
  guard_->ask_uncounted();
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
  mark_ = std::max(mark_, ids_.extended(counters.last_id));
}

uint64_t NfqueueSource::offered() noexcept {
  read_counters();
  return mark_ - ids_.origin() + queue_dropped_;
}

uint64_t NfqueueSource::settled() noexcept { return ids_.since_begin() + queue_dropped_; }

void NfqueueSource::tick() noexcept {
  guard_->heartbeat();
  links_.refresh();
  if (verdict_owed_) accept();
  if (guard_->update() == GuardProcess::State::failed) restart_guard();
  read_counters();
  ask_uncounted();
}

/// A guard that was killed leaves rules without a watchdog: a new one takes them over.
void NfqueueSource::restart_guard() noexcept {
  if (steady_ns() < next_restart_ns_) return;
  next_restart_ns_ = steady_ns() + kRestartEveryNs;
  try {
    auto next = start_guard();
    past_uncounted_ += guard_->uncounted();
    guard_ = std::move(next);
  } catch (const std::exception&) {
    // The old object stays, still failed: the next tick tries again.
  }
}

SourceStats NfqueueSource::stats() {
  read_counters();
  const uint64_t uncounted = past_uncounted_ + guard_->uncounted();
  SourceStats stats;
  stats.seen = settled() + uncounted;
  stats.read = read_;
  stats.lost = {{"queue", queue_dropped_}, {"socket", ids_.lost()}, {"uncounted", uncounted}};
  stats.unparsed = unparsed_.named();
  stats.ignored = {{"other_hook", other_hook_}};
  stats.super_packets = stats.estimated = super_packets_;
  stats.gaps = gaps_.all();
  stats.obstacle = guard_->obstacle();
  return stats;
}

}  // namespace tallytree
