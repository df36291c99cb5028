// Reads the members that have something, and takes on and lets go what the watch tells.
#include "namespaces_source.h"

#include <sys/epoll.h>

#include <algorithm>
#include <exception>

#include "clocks.h"

namespace tallytree {
namespace {

constexpr uint32_t kRingShare = 16;
constexpr size_t kLookEvery = 16;  // reads: one that is busy all the time does not keep out the others
constexpr auto kLeavePatience = std::chrono::milliseconds(100);

Descriptor open_epoll() {
  Descriptor poll(epoll_create1(EPOLL_CLOEXEC));
  if (poll.get() < 0) throw_errno("opening an epoll");
  return poll;
}

NamespaceWatch::Options watch_options(const NamespacesOptions& options) {
  return {options.choice, std::max(1u, options.ring_mib / kRingShare), options.tunnels};
}

void add(SourceStats::Causes& sums, const SourceStats::Causes& more) {
  for (const auto& [cause, count] : more) {
    const auto found = std::ranges::find(sums, cause, &SourceStats::Causes::value_type::first);
    if (found == sums.end())
      sums.emplace_back(cause, count);
    else
      found->second += count;
  }
}

void add(SourceStats& sum, const SourceStats& more) {
  sum.seen += more.seen;
  sum.read += more.read;
  add(sum.lost, more.lost);
  add(sum.unparsed, more.unparsed);
  add(sum.ignored, more.ignored);
  sum.super_packets += more.super_packets;
  sum.unopened += more.unopened;
}

}  // namespace

NamespacesSource::NamespacesSource(const NamespacesOptions& options)
    : watch_(watch_options(options)), poll_(open_epoll()) {
  descriptors_ = {poll_.get()};
  epoll_event news{};
  news.events = EPOLLIN;
  if (epoll_ctl(poll_.get(), EPOLL_CTL_ADD, watch_.descriptor(), &news) != 0) throw_errno("polling");
  auto own = std::make_unique<Member>();
  own->source = std::make_unique<PacketSource>(options.ring_mib, Fanout::kAlone, options.tunnels);
  poll_source(*own);
  members_.push_back(std::move(own));
  follow_news();
}

NamespacesSource::~NamespacesSource() {
  std::vector<std::unique_ptr<PacketSource>> sources;
  for (const auto& member : members_) sources.push_back(std::move(member->source));
  close_all(std::move(sources));
}

void NamespacesSource::poll_source(Member& member) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = &member;
  for (const int fd : member.source->descriptors())
    if (epoll_ctl(poll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) throw_errno("polling a network namespace");
}

size_t NamespacesSource::read(std::span<Packet> out) noexcept {
  size_t count = 0;
  if (turn_ % kLookEvery == 0) find_ready();
  for (int round = 0; round < 2 && count == 0; ++round) {
    if (round == 1) find_ready();
    for (size_t i = 0; i < members_.size() && count + 2 <= out.size(); ++i)
      count += read_from(*members_[(turn_ + i) % members_.size()], out.subspan(count), count);
  }
  ++turn_;
  return count;
}

void NamespacesSource::find_ready() noexcept {
  std::array<epoll_event, 64> events;
  const int found = epoll_wait(poll_.get(), events.data(), static_cast<int>(events.size()), 0);
  bool has_news = false;
  for (int i = 0; i < found; ++i) {
    auto* member = static_cast<Member*>(events[static_cast<size_t>(i)].data.ptr);
    if (member == nullptr)
      has_news = true;
    else
      member->ready = true;
  }
  if (has_news) follow_news();
}

size_t NamespacesSource::read_from(Member& member, std::span<Packet> out, size_t place) noexcept {
  if (!member.ready) return 0;
  const size_t count = member.source->read(out);
  member.ready = count > 0;
  if (verdicts_.asked())
    for (size_t i = 0; i < count; ++i) verdicts_.set(place + i, member.source->verdicts()[i]);
  if (member.place == 0) return count;
  for (Packet& packet : out.first(count)) {
    packet.foreign = true;
    packet.ifindex = member.place;
  }
  return count;
}

void NamespacesSource::heed(const Interest& interest) noexcept {
  interest_ = interest;
  Source::heed(interest);
  for (const auto& member : members_) member->source->heed(interest);
}

void NamespacesSource::follow_news() noexcept {
  for (NamespaceWatch::News& news : watch_.take()) {
    try {
      take(news);
    } catch (const std::exception& error) {
      obstacle_ = "network namespace " + news.netns + ": " + error.what();
      refused_.begin(wall_clock_ns(), "untapped");
    }
  }
}

/// Flows that wait to be counted keep the number that they came with, so another container is another number.
void NamespacesSource::take(NamespaceWatch::News& news) {
  if (news.source) return adopt(news);
  const auto found = std::ranges::find_if(members_, [&](const auto& member) {
    return member->place != 0 && member->inode == news.inode && !member->leaving;
  });
  if (found == members_.end()) return;
  Member& member = **found;
  if (!news.gone) {
    member.place = labels()->add_place(news.netns, news.container);
    return;
  }
  member.leaving = true;
  member.target = member.source->offered();
  member.deadline = Clock::now() + kLeavePatience;
}

void NamespacesSource::adopt(NamespaceWatch::News& news) {
  auto member = std::make_unique<Member>();
  member->source = std::move(news.source);
  member->inode = news.inode;
  member->netns = news.netns;
  member->place = labels()->add_place(news.netns, news.container);
  member->source->heed(interest_);
  poll_source(*member);
  members_.push_back(std::move(member));
}

/// What a block still holds comes within some milliseconds.
void NamespacesSource::close_gone() noexcept {
  std::erase_if(members_, [this](std::unique_ptr<Member>& member) {
    if (!member->leaving || (!is_settled(*member) && Clock::now() < member->deadline)) return false;
    const uint64_t offered = member->source->offered();
    const SourceStats last = member->source->stats();
    dropped_ += offered > last.seen ? offered - last.seen : 0;
    add(past_, last);
    for (const int fd : member->source->descriptors()) epoll_ctl(poll_.get(), EPOLL_CTL_DEL, fd, nullptr);
    watch_.dispose(std::move(member->source));
    return true;
  });
}

void NamespacesSource::set_targets() noexcept {
  awaited_ = asked_;
  for (const auto& member : members_) member->target = member->source->offered();
}

uint64_t NamespacesSource::settled() noexcept {
  const bool all = std::ranges::all_of(members_, [this](const auto& member) { return is_settled(*member); });
  if (all) reached_ = awaited_;
  if (reached_ == awaited_ && awaited_ < asked_) set_targets();
  return reached_;
}

void NamespacesSource::tick() noexcept {
  follow_news();
  for (const auto& member : members_) member->source->tick();
  close_gone();
}

SourceStats NamespacesSource::stats() {
  SourceStats stats = past_;
  for (const auto& member : members_) {
    add(stats, member->source->stats());
    if (member->place != 0 && !member->leaving) stats.namespaces.push_back(member->netns);
  }
  stats.seen += dropped_;
  add(stats.lost, {{"namespace", dropped_}});
  std::ranges::sort(stats.namespaces);
  stats.gaps = watch_.gaps();
  for (Gap gap : refused_.all()) stats.gaps.push_back({gap.from_ns, gap.to_ns, gap.reason, "all"});
  const std::string obstacle = watch_.obstacle();
  stats.obstacle = obstacle.empty() ? obstacle_ : obstacle;
  return stats;
}

}  // namespace tallytree
