// A capture file, pcap or pcapng, plain or compressed, read once from start to end.
#pragma once

#include <memory>
#include <string>

#include "byte_window.h"
#include "capture_reader.h"
#include "source.h"
#include "unparsed_counts.h"

namespace tallytree {

/// Ethernet, raw IP and Linux cooked captures. A file does not know whose host it is from: direction is
/// `any`, except where the file says it (cooked captures, some pcapng). Nor does it know segment sizes: a
/// super-packet counts as one. offered() equals settled() at any time: what matters is whether the file has
/// ended(). A file that breaks off or is damaged ends there, which stats().file tells, and the packet there
/// is lost ("file"); what the capture itself had lost, by its own statistics, is lost too ("capture").
class FileSource final : public Source {
 public:
  enum class Directions : uint8_t { as_told, any };

  /// Throws std::runtime_error naming the file and what is wrong with it.
  explicit FileSource(const std::string& path, Directions directions = Directions::as_told,
                      const Tunnels& tunnels = {});

  size_t read(std::span<Packet> out) noexcept override;
  void heed(const Interest& interest) noexcept override {
    interest_ = interest;
    Source::heed(interest);
  }
  std::span<const int> descriptors() const noexcept override { return {}; }
  uint64_t offered() noexcept override { return settled(); }
  uint64_t settled() noexcept override;
  bool ended() const noexcept override { return ended_; }
  SourceStats stats() override;

 private:
  bool next(CapturedPacket& out) noexcept;
  size_t deliver(const CapturedPacket& captured, Packet* out) noexcept;
  void note_time(uint64_t time_ns) noexcept;

  std::string path_;
  Directions directions_;
  Tunnels tunnels_;
  Interest interest_;
  uint64_t size_ = 0;
  std::unique_ptr<ByteWindow> window_;
  std::unique_ptr<CaptureReader> reader_;
  std::string failure_;
  bool ended_ = false;
  uint64_t first_ns_ = UINT64_MAX;
  uint64_t last_ns_ = 0;
  uint64_t read_ = 0;
  uint64_t broken_ = 0;
  uint64_t unknown_link_ = 0;
  uint64_t unopened_ = 0;
  UnparsedCounts unparsed_;
};

}  // namespace tallytree
