// The pcap tap: a copy by libpcap, device by device, with any filter of its language.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "descriptor.h"
#include "links.h"
#include "parse.h"
#include "pcap_capture.h"
#include "segment_sizes.h"
#include "source.h"
#include "unparsed_counts.h"

namespace tallytree {

struct PcapOptions {
  std::string device;        ///< empty: all, also those that come later
  std::string filter;        ///< pcap-filter(7); empty: everything
  uint32_t buffer_mib = 16;  ///< of kernel memory, shared by the devices
  Tunnels tunnels;
};

/// What PacketSource says of input, output, loopback and of devices that show a packet twice holds here too.
/// Two captures a device, one for each way. What the filter does not let through is not seen at all. Segment
/// sizes are not told: super-packets are split by the device's MTU. A device that goes and comes back is
/// captured again as soon as it is up. Lost: "pcap" (libpcap's ps_drop) and "device" (still waiting when
/// their device went away).
class PcapSource final : public Source {
 public:
  /// Throws std::invalid_argument for a filter or device that is none, std::system_error.
  explicit PcapSource(const PcapOptions& options);

  size_t read(std::span<Packet> out) noexcept override;
  void heed(const Interest& interest) noexcept override;
  std::span<const int> descriptors() const noexcept override { return descriptors_; }
  uint64_t offered() noexcept override;
  uint64_t settled() noexcept override;
  std::chrono::microseconds rest(size_t packets) noexcept override { return buffered(packets); }
  void tick() noexcept override;
  SourceStats stats() override;

 private:
  enum Ignored : size_t { kVlanParent, kIgnoredReasons };
  struct Captured {
    uint32_t ifindex;
    Direction direction;
    std::unique_ptr<PcapCapture> capture;
    bool broken = false;
  };
  struct Delivery;

  bool is_wanted(const Link& link) const noexcept;
  bool is_captured(uint32_t ifindex) const noexcept;
  void follow_devices(bool must_open);
  void follow_devices() noexcept;
  bool is_over(const Captured& one) const noexcept;
  void open(const Link& link);
  void close(const Captured& gone) noexcept;
  int buffer_bytes() const noexcept;
  size_t read_from(size_t index, std::span<Packet> out, size_t place) noexcept;
  size_t deliver(const Captured& from, const pcap_pkthdr& header, const u_char* bytes, Packet* out) noexcept;
  void set_kept(const Captured& one) const noexcept;
  void note_idle() noexcept;
  uint64_t accounted() const noexcept;
  uint64_t lost() const noexcept;

  PcapOptions options_;
  Links links_;
  SegmentSizes segments_;
  Interest interest_;
  Descriptor poll_;  // an epoll of all captures: there may be many
  std::array<int, 2> descriptors_{};
  std::vector<Captured> captures_;
  size_t turn_ = 0;
  bool stale_ = false;  // a device may have to be opened or closed

  uint64_t marked_at_ns_ = 0;
  uint64_t mark_ = 0;          // offered() when last asked
  uint64_t idle_at_ = 0;       // the mark when all captures were found empty
  uint64_t past_offered_ = 0;  // of captures that were closed
  uint64_t past_lost_ = 0;
  uint64_t gone_ = 0;
  uint64_t read_ = 0;
  uint64_t unopened_ = 0;
  std::array<uint64_t, kIgnoredReasons> ignored_{};
  UnparsedCounts unparsed_;
};

}  // namespace tallytree
