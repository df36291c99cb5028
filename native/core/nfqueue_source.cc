// Receives, accepts, then counts; keeps the guard alive and the ids accounted for.
#include "nfqueue_source.h"

#include <linux/netfilter.h>
#include <poll.h>

#include <algorithm>
#include <chrono>
#include <stdexcept>

#include "carried.h"
#include "clocks.h"

namespace tallytree {
NfqueueSource::NfqueueSource(const NfqueueOptions& options)
    : tunnels_(options.tunnels),
      queue_(options.queue),
      reader_(queue_crew::join(options.queue, queue_.descriptor())) {
  Precedence::raise_process();
  descriptors_ = {queue_.descriptor(), links_.descriptor()};
  reader_->alive_ns = steady_ns();
  if (options.leads) lead(options);
  ids_.begin();
  mark_ = ids_.position();
}

/// Packets come as soon as the first rule stands; until all do they are accepted and not counted.
void NfqueueSource::lead(const NfqueueOptions& options) {
  crew_ = queue_crew::members(options.queue, options.queues);
  if (crew_.size() != options.queues)
    throw std::invalid_argument("each queue of the inline tap needs a reader before its leader");
  passed_on_.resize(crew_.size());
  GuardOptions guard{options.guard, options.queue, options.agent_port, {}};
  for (const auto& reader : crew_) guard.sockets.push_back(reader->socket);
  rules_.emplace(std::move(guard));
  rules_->begin("nfqueue", accepting());
}

RuleKeeper::Meanwhile NfqueueSource::accepting() noexcept {
  return {queue_.descriptor(), [this] { receive_and_accept(batch_.size()); }};
}

/// Each reader speaks for itself: one that hangs holds up its flows.
void NfqueueSource::look_after_crew() noexcept {
  for (size_t i = 0; i < crew_.size(); ++i) {
    const uint64_t alive = crew_[i]->alive_ns;
    if (alive != passed_on_[i]) rules_->heartbeat(i);
    passed_on_[i] = alive;
    if (crew_[i]->fell_behind.exchange(false)) rules_->doubt();
  }
}

NfqueueSource::~NfqueueSource() {
  if (rules_) rules_->end(accepting());
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
  const size_t room = interest_.inner ? out.size() / 2 : out.size();  // a tunnel gives two
  const size_t limit = std::min(room, batch_.size());
  const NfqueueSocket::Batch batch = receive_and_accept(limit);
  drained_ = batch.datagrams < limit;
  note_backlog(batch.datagrams);
  pace_.note(batch.packets, steady_ns());
  if (drained_) ids_.settle(mark);
  if (batch.datagrams == 0) links_.refresh();  // it may be what woke us
  const uint64_t now = batch.packets > 0 ? wall_second() : 0;
  size_t count = 0;
  for (size_t i = 0; i < batch.packets; ++i) {
    const size_t delivered = deliver(batch_[i], now, &out[count]);
    for (size_t n = 0; verdicts_.asked() && n < delivered; ++n)
      verdicts_.judge(count + n, {batch_[i].payload, LinkType::raw_ip, batch_[i].length});
    count += delivered;
  }
  return count;
}

void NfqueueSource::heed(const Interest& interest) noexcept {
  if (interest.deep() != interest_.deep())
    queue_.keep(interest.deep() ? NfqueueSocket::kDeepCopyRange : NfqueueSocket::kCopyRange);
  if (rules_) rules_->measure(interest.ends());
  interest_ = interest;
  Source::heed(interest);
}

/// Where packets come densely, being woken by each costs the host more than anything else here does.
std::chrono::microseconds NfqueueSource::rest(size_t /*packets*/) noexcept {
  return std::chrono::duration_cast<std::chrono::microseconds>(pace_.gathering());
}

/// A queue that was full takes as many packets to read before the socket is found empty; half leaves a
/// margin.
void NfqueueSource::note_backlog(size_t datagrams) noexcept {
  backlog_ = drained_ ? 0 : backlog_ + datagrams;
  if (backlog_ >= NfqueueSocket::kQueueLength / 2) reader_->fell_behind = true;
}

size_t NfqueueSource::deliver(const QueuedPacket& queued, uint64_t now, Packet* all) noexcept {
  if (queued.hook != NF_INET_LOCAL_IN && queued.hook != NF_INET_LOCAL_OUT) {
    ++other_hook_;
    return 0;
  }
  Packet& out = all[0];
  out = Packet{};
  Headers headers;
  const ParseError error = parse_frame(queued.payload, LinkType::raw_ip, queued.length, out, headers);
  const bool input = queued.hook == NF_INET_LOCAL_IN;
  const Link* link = links_.find_anew(input ? queued.input_device : queued.output_device);
  Opened opened{countable(error), false};
  if (interest_.inner && is_tunnel(out, headers, tunnels_))
    opened =
        open_and_split(queued.payload, tunnels_, error, headers, link, all, unopened_, queued.super_packet);
  else if (opened.count == 1)
    segments_.split(out, headers, queued.payload, link,
                    queued.super_packet ? Told::super_packet : Told::one_packet);
  if (opened.count == 0) return unparsed_.add(error), 0;
  out.direction = input ? Direction::input : Direction::output;
  out.ifindex = input ? queued.input_device : queued.output_device;
  out.second = now;
  out.loopback = link != nullptr && link->loopback;
  if (link != nullptr && opened.outer) out.vlan = link->vlan_id;
  if (opened.count == 2) seen_as(out, all[1]);
  if (opened.split) segments_.note_estimate();
  ++read_;
  return opened.count;
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
  precedence_.keep();
  reader_->alive_ns = steady_ns();
  links_.refresh();
  if (verdict_owed_) accept();
  read_counters();
  if (!rules_) return;
  look_after_crew();
  rules_->tick();
}

SourceStats NfqueueSource::stats() {
  read_counters();
  const uint64_t uncounted = rules_ ? rules_->uncounted() : 0;
  SourceStats stats;
  stats.seen = settled() + uncounted;
  stats.read = read_;
  stats.lost = {{"queue", queue_dropped_}, {"socket", ids_.lost()}, {"uncounted", uncounted}};
  stats.unparsed = unparsed_.named();
  stats.ignored = {{"other_hook", other_hook_}};
  stats.super_packets = segments_.super_packets();
  stats.estimated = segments_.estimated();
  stats.unopened = unopened_;
  if (!rules_) return stats;
  stats.gaps = rules_->gaps().all();
  stats.obstacle = rules_->obstacle();
  return stats;
}

}  // namespace tallytree
