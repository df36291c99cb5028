// Reads batches of copies and keeps account of their sequence numbers.
#include "nflog_source.h"

#include <linux/netfilter.h>

#include <algorithm>

#include "carried.h"
#include "clocks.h"

namespace tallytree {
namespace {

constexpr uint64_t kHeldBackNs = 20'000'000;  // 10 ms, and what timers are late

/// By the IP header: the kernel does not tell.
uint32_t length_of(std::span<const uint8_t> packet) noexcept {
  const auto number = [&](size_t at) { return static_cast<uint32_t>(packet[at] << 8 | packet[at + 1]); };
  if (packet.size() < 6) return 0;
  return packet[0] >> 4 == 6 ? 40 + number(4) : number(2);
}

GuardOptions guard_options(const NflogOptions& options) {
  GuardOptions guard;
  guard.path = options.guard;
  guard.queue = options.group;
  guard.logs = true;
  return guard;
}

}  // namespace

NflogSource::NflogSource(const NflogOptions& options)
    : tunnels_(options.tunnels), group_(options.group, options.buffer_mib), rules_(guard_options(options)) {
  descriptors_ = {group_.descriptor(), links_.descriptor()};
  rules_.begin("nflog", {-1, [] {}});
  LoggedPacket early;  // from before all rules stood
  while (group_.next(early)) sequence_.note(early.sequence + 1);
  sequence_.begin();
}

void NflogSource::heed(const Interest& interest) noexcept {
  if (interest.deep() != interest_.deep())
    group_.keep(interest.deep() ? NflogSocket::kDeepCopyRange : NflogSocket::kCopyRange);
  rules_.measure(interest.ends());
  interest_ = interest;
  Source::heed(interest);
}

size_t NflogSource::read(std::span<Packet> out) noexcept {
  const bool all_sent = is_all_sent();
  const uint64_t now = wall_second();
  size_t count = 0;
  LoggedPacket logged;
  while (count + 2 <= out.size()) {  // a tunnel gives two
    if (!group_.next(logged)) {
      if (all_sent) sequence_.settle(sent_);
      if (all_sent) reached_ = awaited_;
      links_.refresh();
      break;
    }
    sequence_.note(logged.sequence + 1);
    const size_t delivered = deliver(logged, now, &out[count]);
    for (size_t i = 0; verdicts_.asked() && i < delivered; ++i)
      verdicts_.judge(count + i, {logged.payload, LinkType::raw_ip, length_of(logged.payload)});
    count += delivered;
  }
  return count;
}

/// Whether all that was there when we began to wait is in our socket by now.
bool NflogSource::is_all_sent() noexcept {
  if (reached_ == awaited_ && sequence_.position() >= sent_) return false;
  return group_.held_back() == 0u || steady_ns() >= awaited_since_ns_ + kHeldBackNs;
}

size_t NflogSource::deliver(const LoggedPacket& logged, uint64_t now, Packet* all) noexcept {
  if (logged.hook != NF_INET_LOCAL_IN && logged.hook != NF_INET_LOCAL_OUT) {
    ++other_hook_;
    return 0;
  }
  Packet& out = all[0];
  out = Packet{};
  Headers headers;
  // The length on the wire is not told; that in the IP header is what counts.
  const ParseError error = parse_frame(logged.payload, LinkType::raw_ip, UINT32_MAX, out, headers);
  const bool input = logged.hook == NF_INET_LOCAL_IN;
  const Link* link = links_.find(input ? logged.input_device : logged.output_device);
  Opened opened{countable(error), false};
  if (interest_.inner && is_tunnel(out, headers, tunnels_))
    opened = open_and_split(logged.payload, tunnels_, error, headers, link, all, unopened_);
  else if (opened.count == 1)
    segments_.split(out, headers, logged.payload, link);
  if (opened.count == 0) return unparsed_.add(error), 0;
  out.direction = input ? Direction::input : Direction::output;
  out.ifindex = input ? logged.input_device : logged.output_device;
  out.second = now;
  out.loopback = link != nullptr && link->loopback;
  if (link != nullptr && opened.outer) out.vlan = link->vlan_id;
  if (opened.count == 2) seen_as(out, all[1]);
  if (opened.split) segments_.note_estimate();
  ++read_;
  return opened.count;
}

uint64_t NflogSource::lost() const noexcept { return std::max<uint64_t>(sequence_.lost(), group_.dropped()); }

void NflogSource::await() noexcept { awaited_since_ns_ = steady_ns(); }

uint64_t NflogSource::offered() noexcept {
  await();
  return ++awaited_;
}

/// What meets the rules gets a number, so their counters tell how far the sequence went. They begin anew when
/// the rules do, and then are behind by what had a number before: not less than our place when the guard was
/// asked, less its answer.
void NflogSource::learn_what_was_sent() noexcept {
  const uint64_t met = rules_.uncounted();
  if (rules_.is_answered() && asked_at_ > met) not_by_rules_ = std::max(not_by_rules_, asked_at_ - met);
  if (not_by_rules_ + met <= sent_) return;
  sent_ = not_by_rules_ + met;
  await();
}

void NflogSource::tick() noexcept {
  links_.refresh();
  rules_.heartbeat(0);
  const uint32_t dropped = group_.dropped();
  if (dropped != dropped_) rules_.doubt();
  dropped_ = dropped;
  if (rules_.tick()) asked_at_ = sequence_.position();
  learn_what_was_sent();
}

SourceStats NflogSource::stats() {
  SourceStats stats;
  stats.seen = read_ + lost() + unparsed_.sum() + other_hook_;
  stats.read = read_;
  stats.lost = {{"socket", lost()}};
  stats.unparsed = unparsed_.named();
  stats.ignored = {{"other_hook", other_hook_}};
  stats.super_packets = segments_.super_packets();
  stats.estimated = segments_.estimated();
  stats.unopened = unopened_;
  stats.gaps = rules_.gaps().all();
  stats.obstacle = rules_.obstacle();
  return stats;
}

}  // namespace tallytree
