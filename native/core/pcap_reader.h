// The classic pcap format (draft-ietf-opsawg-pcap): one link type, micro- or nanoseconds, either byte order.
#pragma once

#include "capture_reader.h"

namespace tallytree {

class PcapReader final : public CaptureReader {
 public:
  static bool begins(const uint8_t* magic) noexcept;

  /// Takes the file's header. Throws std::runtime_error.
  explicit PcapReader(ByteWindow& window);

  bool next(CapturedPacket& out) override;

 private:
  ByteWindow& window_;
  bool reversed_ = false;
  bool nanoseconds_ = false;
  LinkType link_ = LinkType::ethernet;
};

}  // namespace tallytree
