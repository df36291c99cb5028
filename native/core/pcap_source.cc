// Reads the captures in turn and follows the devices.
#include "pcap_source.h"

#include <sys/epoll.h>

#include <algorithm>
#include <stdexcept>

#include "carried.h"
#include "clocks.h"

namespace tallytree {
namespace {

constexpr int kMiB = 1 << 20;
constexpr uint64_t kWritingNs = 2'000'000;

Descriptor open_epoll() {
  const int fd = epoll_create1(EPOLL_CLOEXEC);
  if (fd < 0) throw_errno("opening an epoll");
  return Descriptor(fd);
}

}  // namespace

struct PcapSource::Delivery {
  PcapSource* source;
  const Captured* from;
  std::span<Packet> out;
  size_t place;  // of out in the batch
  size_t count = 0;

  static void take(u_char* self, const pcap_pkthdr* header, const u_char* bytes) noexcept {
    auto& delivery = *reinterpret_cast<Delivery*>(self);
    PcapSource& source = *delivery.source;
    const size_t delivered = source.deliver(*delivery.from, *header, bytes, &delivery.out[delivery.count]);
    for (size_t i = 0; source.verdicts_.asked() && i < delivered; ++i)
      source.verdicts_.judge(delivery.place + delivery.count + i,
                             {{bytes, header->caplen}, delivery.from->capture->link_type(), header->len});
    delivery.count += delivered;
  }
};

PcapSource::PcapSource(const PcapOptions& options) : options_(options), poll_(open_epoll()) {
  compile_for_link(DLT_EN10MB, options.filter);  // throws for what is no filter anywhere
  if (!options.device.empty() && !device_exists(options.device))
    throw std::invalid_argument("no network device \"" + options.device + "\" on this host");
  descriptors_ = {poll_.get(), links_.descriptor()};
  follow_devices(true);
}

bool PcapSource::is_wanted(const Link& link) const noexcept {
  return link.up && (options_.device.empty() ? !link.port : link.name == options_.device);
}

bool PcapSource::is_captured(uint32_t ifindex) const noexcept {
  return std::any_of(captures_.begin(), captures_.end(),
                     [&](const Captured& one) { return one.ifindex == ifindex; });
}

int PcapSource::buffer_bytes() const noexcept {
  const auto devices = std::count_if(links_.all().begin(), links_.all().end(),
                                     [this](const Link& link) { return is_wanted(link); });
  const auto share = static_cast<int64_t>(options_.buffer_mib) * kMiB / (2 * std::max<int64_t>(devices, 1));
  return static_cast<int>(std::clamp<int64_t>(share, kMiB, INT32_MAX));
}

bool PcapSource::is_over(const Captured& one) const noexcept {
  const Link* link = links_.find(one.ifindex);
  return one.broken || link == nullptr || !is_wanted(*link);
}

/// Both ways or none. Of what a loopback device sends libpcap shows only the copy that comes in again.
void PcapSource::open(const Link& link) {
  std::array<std::unique_ptr<PcapCapture>, 2> both;
  for (const Way way : {Way::input, Way::output}) {
    auto& capture = both[static_cast<size_t>(way)];
    const Way seen = link.loopback ? Way::input : way;
    capture = std::make_unique<PcapCapture>(link.name, seen, options_.filter, buffer_bytes());
    epoll_event event{};
    event.events = EPOLLIN;
    if (epoll_ctl(poll_.get(), EPOLL_CTL_ADD, capture->descriptor(), &event) != 0)
      throw_errno("polling a capture");
  }
  captures_.push_back({link.index, Direction::input, std::move(both[0])});
  captures_.push_back({link.index, Direction::output, std::move(both[1])});
  for (size_t i = captures_.size() - 2; i < captures_.size(); ++i) set_kept(captures_[i]);
}

void PcapSource::set_kept(const Captured& one) const noexcept {
  one.capture->keep(interest_.deep() ? PcapCapture::kDeepSnapLength : PcapCapture::kSnapLength);
}

void PcapSource::heed(const Interest& interest) noexcept {
  const bool was_deep = interest_.deep();
  interest_ = interest;
  Source::heed(interest);
  if (was_deep == interest.deep()) return;
  for (const Captured& one : captures_) set_kept(one);
}

void PcapSource::close(const Captured& gone) noexcept {
  PcapCapture& capture = *gone.capture;
  capture.update_statistics();
  past_offered_ += capture.offered();
  past_lost_ += capture.lost();
  gone_ += capture.waiting();
}

/// `must_open`: throws what keeps a device from being captured. Later, one that cannot be is tried again.
void PcapSource::follow_devices(bool must_open) {
  stale_ = false;
  std::erase_if(captures_, [this](const Captured& one) {
    if (!is_over(one)) return false;
    close(one);
    return true;
  });
  for (const Link& link : links_.all()) {
    if (!is_wanted(link) || is_captured(link.index)) continue;
    try {
      open(link);
    } catch (const std::exception&) {
      if (must_open) throw;
      stale_ = true;
    }
  }
}

void PcapSource::follow_devices() noexcept {
  try {
    follow_devices(false);
  } catch (const std::exception&) {
    stale_ = true;
  }
}

size_t PcapSource::read(std::span<Packet> out) noexcept {
  size_t count = 0;
  for (size_t i = 0; i < captures_.size() && count + 2 <= out.size(); ++i)
    count += read_from((turn_ + i) % captures_.size(), out.subspan(count), count);
  ++turn_;
  if (count > 0) return count;
  note_idle();
  if (links_.refresh() || stale_) follow_devices();
  return 0;
}

/// libpcap withholds some packets that it counted. A packet counted just now may still be on its way into the
/// ring.
void PcapSource::note_idle() noexcept {
  if (idle_at_ != mark_ && steady_ns() >= marked_at_ns_ + kWritingNs) idle_at_ = mark_;
}

/// libpcap hands over until it is out of packets, or of room: of those that are no packets to us, none stays.
size_t PcapSource::read_from(size_t index, std::span<Packet> out, size_t place) noexcept {
  const size_t each = interest_.inner ? 2 : 1;  // a tunnel gives two
  Delivery delivery{this, &captures_[index], out, place};
  for (;;) {
    const int room = static_cast<int>((out.size() - delivery.count) / each);
    if (room == 0) return delivery.count;
    const int taken = captures_[index].capture->dispatch(room, Delivery::take, &delivery);
    if (taken < 0) captures_[index].broken = stale_ = true;
    if (taken <= 0) return delivery.count;
  }
}

size_t PcapSource::deliver(const Captured& from, const pcap_pkthdr& header, const u_char* bytes,
                           Packet* all) noexcept {
  Packet& out = all[0];
  out = Packet{};
  Headers headers;
  const LinkType type = from.capture->link_type();
  const ParseError error = parse_frame({bytes, header.caplen}, type, header.len, out, headers);
  if (out.vlan != kNoVlan && links_.has_vlan_device(from.ifindex, out.vlan)) {
    ++ignored_[kVlanParent];
    return 0;
  }
  const Link* link = links_.find(from.ifindex);
  Opened opened{countable(error), false};
  if (interest_.inner && is_tunnel(out, headers, options_.tunnels))
    opened = open_and_split({bytes, header.caplen}, options_.tunnels, error, headers, link, all, unopened_);
  else if (opened.count == 1)
    segments_.split(out, headers, {bytes, header.caplen}, link);
  if (opened.count == 0) return unparsed_.add(error), 0;
  out.second = static_cast<uint64_t>(header.ts.tv_sec);
  out.ifindex = from.ifindex;
  out.loopback = link != nullptr && link->loopback;
  out.direction = from.direction;
  if (opened.count == 2) seen_as(out, all[1]);
  if (opened.split) segments_.note_estimate();
  ++read_;
  return opened.count;
}

uint64_t PcapSource::lost() const noexcept {
  uint64_t lost = past_lost_;
  for (const Captured& one : captures_) lost += one.capture->lost();
  return lost;
}

uint64_t PcapSource::offered() noexcept {
  mark_ = past_offered_;
  marked_at_ns_ = steady_ns();
  for (const Captured& one : captures_) {
    one.capture->update_statistics();
    mark_ += one.capture->offered();
  }
  return mark_;
}

uint64_t PcapSource::accounted() const noexcept {
  uint64_t ignored = 0;
  for (const uint64_t count : ignored_) ignored += count;
  return read_ + unparsed_.sum() + ignored + lost() + gone_;
}

uint64_t PcapSource::settled() noexcept { return std::max(accounted(), idle_at_); }

void PcapSource::tick() noexcept {
  if (links_.refresh() || stale_) follow_devices();
  for (const Captured& one : captures_) one.capture->update_statistics();
}

SourceStats PcapSource::stats() {
  offered();
  SourceStats stats;
  stats.seen = accounted();
  stats.read = read_;
  stats.lost = {{"pcap", lost()}, {"device", gone_}};
  stats.unparsed = unparsed_.named();
  stats.ignored = {{"vlan_parent", ignored_[kVlanParent]}};
  stats.super_packets = segments_.super_packets();
  stats.estimated = segments_.estimated();
  stats.unopened = unopened_;
  return stats;
}

}  // namespace tallytree
