// The cap tap: what the npm binding of libpcap captures, in a process of its own.
#pragma once

#include <sys/types.h>

#include <array>
#include <string>
#include <vector>

#include "capture_reader.h"
#include "descriptor.h"
#include "gaps.h"
#include "links.h"
#include "parse.h"
#include "segment_sizes.h"
#include "source.h"
#include "unparsed_counts.h"

namespace tallytree {

struct CapOptions {
  std::string node;     ///< path of the Node.js that runs `program`
  std::string program;  ///< writes a pcap stream to its standard output: PROGRAM DEVICE FILTER
  std::string device;
  std::string filter;  ///< pcap-filter(7)
};

/// One device, for cross-checks: the binding loses packets and has no counter that says how many, so no
/// answer of it is complete. It does not tell which way a packet went either: output is what has the device's
/// own address as its source, on a loopback device (where a packet is shown once) it is any. Stamped when it
/// reached the other process. A process that ends is started anew, and the time between is a gap.
class CapSource final : public Source {
 public:
  /// Throws std::runtime_error with the program's sentence, std::system_error.
  explicit CapSource(const CapOptions& options);
  ~CapSource() override;

  size_t read(std::span<Packet> out) noexcept override;
  std::span<const int> descriptors() const noexcept override { return descriptors_; }
  uint64_t offered() noexcept override;
  uint64_t settled() noexcept override { return reached_; }
  void tick() noexcept override;
  SourceStats stats() override;

 private:
  void spawn();
  void wait_for_header();
  bool take_header() noexcept;
  bool fill() noexcept;
  bool next(std::span<const uint8_t>& bytes, uint32_t& original_length, uint64_t& second) noexcept;
  bool deliver(std::span<const uint8_t> bytes, uint32_t original_length, uint64_t second,
               Packet& out) noexcept;
  Direction direction_of(std::span<const uint8_t> bytes, const Link* link) const noexcept;
  void note_end() noexcept;
  void reap() noexcept;

  CapOptions options_;
  Links links_;
  SegmentSizes segments_;
  Gaps gaps_;
  uint32_t device_;  // its index
  Descriptor pipe_;
  pid_t pid_ = -1;
  std::array<int, 1> descriptors_{};
  std::vector<uint8_t> buffer_;
  size_t begin_ = 0;
  size_t end_ = 0;
  bool begun_ = false;  // the stream's header was read
  bool over_ = false;   // the process ended
  LinkType link_type_ = LinkType::ethernet;
  uint64_t next_start_ns_ = 0;
  // Nobody tells how many packets are on their way: offered() counts who asked, as in NflogSource.
  uint64_t awaited_ = 0;
  uint64_t awaited_since_ns_ = 0;
  uint64_t reached_ = 0;
  uint64_t read_ = 0;
  UnparsedCounts unparsed_;
};

}  // namespace tallytree
