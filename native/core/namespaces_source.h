// The packet tap over several network namespaces: a packet source in each, read in turn by one thread.
#pragma once

#include <array>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "descriptor.h"
#include "gaps.h"
#include "namespace_watch.h"
#include "source.h"

namespace tallytree {

struct NamespacesOptions {
  NamespaceChoice choice;
  uint32_t ring_mib = PacketSource::kDefaultRingMiB;  ///< of our own; each other one has a sixteenth
  Tunnels tunnels;
};

/// Our own namespace and those of the choice, also as they come and go. What PacketSource says holds in each
/// of them, by its own devices, addresses and routes. A packet that goes from one to the other is seen, and
/// delivered, in both. Packets of others are foreign, their ifindex a number of labels(). Lost besides:
/// "namespace" (still waiting when their namespace went away). Gaps: from when one came until it is read.
class NamespacesSource final : public Source {
 public:
  /// Throws std::system_error, std::runtime_error.
  explicit NamespacesSource(const NamespacesOptions& options);
  ~NamespacesSource() override;

  size_t read(std::span<Packet> out) noexcept override;
  void heed(const Interest& interest) noexcept override;
  std::span<const int> descriptors() const noexcept override { return descriptors_; }
  /// Numbers those who ask: each of the sources is to be as far as it was offered then.
  uint64_t offered() noexcept override { return ++asked_; }
  uint64_t settled() noexcept override;
  std::chrono::microseconds rest(size_t packets) noexcept override { return buffered(packets); }
  void tick() noexcept override;
  SourceStats stats() override;

 private:
  using Clock = std::chrono::steady_clock;

  struct Member {
    std::unique_ptr<PacketSource> source;
    uint64_t inode = 0;
    uint32_t place = 0;  // of labels(); 0: our own
    std::string netns;
    uint64_t target = 0;
    bool ready = false;
    bool leaving = false;
    Clock::time_point deadline{};  // of one that leaves
  };

  void find_ready() noexcept;
  size_t read_from(Member& member, std::span<Packet> out, size_t place) noexcept;
  void follow_news() noexcept;
  void take(NamespaceWatch::News& news);
  void adopt(NamespaceWatch::News& news);
  void poll_source(Member& member);
  void close_gone() noexcept;
  void set_targets() noexcept;
  bool is_settled(const Member& member) const noexcept { return member.source->settled() >= member.target; }

  NamespaceWatch watch_;
  Descriptor poll_;
  std::array<int, 1> descriptors_{};
  std::vector<std::unique_ptr<Member>> members_;
  size_t turn_ = 0;
  Interest interest_;
  std::string obstacle_;
  Gaps refused_;  // those whose labels could not be told apart, or were too many

  uint64_t asked_ = 0;
  uint64_t awaited_ = 0;  // for whom the targets were set
  uint64_t reached_ = 0;
  SourceStats past_;  // of members that are gone
  uint64_t dropped_ = 0;
};

}  // namespace tallytree
