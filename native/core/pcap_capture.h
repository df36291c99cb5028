// One device, one way, captured by libpcap.
#pragma once

#include <pcap/pcap.h>

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "capture_filter.h"
#include "parse.h"

namespace tallytree {

/// Owned and used by one thread. Its numbers are those since it was opened, its own filter applied.
class PcapCapture {
 public:
  /// Headers, not payloads; libpcap puts a VLAN tag back where it stood.
  static constexpr uint32_t kSnapLength = 160;
  static constexpr uint32_t kDeepSnapLength = 512;  ///< for what tunnels carry, and for frame filters

  /// Throws std::invalid_argument for the filter, std::system_error when it is not allowed or the device is
  /// not there or down, std::runtime_error with libpcap's words for anything else.
  PcapCapture(const std::string& device, Way way, const std::string& filter, int buffer_bytes);

  int descriptor() const noexcept { return pcap_get_selectable_fd(capture_.get()); }
  LinkType link_type() const noexcept { return link_; }

  /// Hands over at most `limit` packets that are there. Returns how many; -1: the device is gone.
  int dispatch(int limit, pcap_handler handler, void* user) noexcept;

  /// How many bytes of a frame it hands over from now on, at most kDeepSnapLength.
  void keep(uint32_t bytes) noexcept;

  /// Reads libpcap's counters, which have 32 bits.
  void update_statistics() noexcept;
  /// Accepted by the kernel, lost ones included.
  uint64_t offered() const noexcept { return offered_; }
  uint64_t lost() const noexcept { return lost_; }
  /// Accepted and neither handed over nor lost.
  uint64_t waiting() const noexcept {
    const uint64_t settled = handed_over_ + lost_;
    return offered_ > settled ? offered_ - settled : 0;
  }

 private:
  struct Closer {
    void operator()(pcap_t* capture) const noexcept { pcap_close(capture); }
  };

  void activate(const std::string& device);
  void begin();
  void attach(std::span<const bpf_insn> filter);

  std::unique_ptr<pcap_t, Closer> capture_;
  LinkType link_ = LinkType::ethernet;
  std::vector<bpf_insn> filter_;
  pcap_stat last_{};
  uint64_t offered_ = 0;
  uint64_t lost_ = 0;
  uint64_t handed_over_ = 0;
};

}  // namespace tallytree
