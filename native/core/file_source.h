// A capture file, pcap or pcapng, read once from start to end by libpcap.
#pragma once

#include <pcap/pcap.h>

#include <memory>
#include <string>

#include "parse.h"
#include "source.h"
#include "unparsed_counts.h"

namespace tallytree {

/// Ethernet, raw IP and Linux cooked captures. A file does not know whose host it is from: direction is
/// `any`, except in cooked captures, which say it. Nor does it know segment sizes: a super-packet counts as
/// one. offered() equals settled() at any time: what matters is whether the file has ended(). A file that
/// breaks off inside a packet ends there, and the broken packet is lost ("file").
class FileSource final : public Source {
 public:
  /// Throws std::runtime_error with libpcap's sentence, or naming a link type that is not supported.
  explicit FileSource(const std::string& path);

  size_t read(std::span<Packet> out) noexcept override;
  std::span<const int> descriptors() const noexcept override { return {}; }
  uint64_t offered() noexcept override { return settled(); }
  uint64_t settled() noexcept override { return read_ + broken_ + unparsed_.sum(); }
  bool ended() const noexcept override { return ended_; }
  SourceStats stats() override;

 private:
  struct Closer {
    void operator()(pcap_t* file) const noexcept { pcap_close(file); }
  };

  bool deliver(const pcap_pkthdr& header, const u_char* bytes, Packet& out) noexcept;

  std::unique_ptr<pcap_t, Closer> file_;
  LinkType link_;
  bool ended_ = false;
  uint64_t read_ = 0;
  uint64_t broken_ = 0;
  UnparsedCounts unparsed_;
};

}  // namespace tallytree
