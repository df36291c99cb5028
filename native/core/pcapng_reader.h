// pcapng (draft-ietf-opsawg-pcapng): sections of either byte order, each with interfaces of their own link
// types and clocks.
#pragma once

#include <vector>

#include "capture_reader.h"

namespace tallytree {

class PcapngReader final : public CaptureReader {
 public:
  static bool begins(const uint8_t* magic) noexcept;

  explicit PcapngReader(ByteWindow& window) : window_(window) {}

  bool next(CapturedPacket& out) override;
  uint64_t lost_before() const noexcept override;

 private:
  /// The unit of an interface's time stamps and where they begin.
  struct Interface {
    std::optional<LinkType> link;
    uint32_t snap_length = 0;  ///< 0: no limit
    uint64_t per_second = 1'000'000;
    int64_t offset_seconds = 0;
    uint64_t lost = 0;
  };
  struct Block {
    uint32_t type = 0;
    const uint8_t* body = nullptr;
    uint32_t size = 0;  ///< of the body
  };

  bool take_block(Block& out);
  void take_section(const uint8_t* start);
  void take_interface(const Block& block);
  void take_statistics(const Block& block);
  bool take_packet(const Block& block, CapturedPacket& out);
  void enhanced_packet(const Block& block, CapturedPacket& out);
  void simple_packet(const Block& block, CapturedPacket& out);
  void old_packet(const Block& block, CapturedPacket& out);
  void captured(const Block& block, uint32_t from, uint32_t size, CapturedPacket& out);
  void stamp(const Interface& from, const uint8_t* halves, CapturedPacket& out);
  Interface& interface_at(uint32_t index);
  template <typename Visit>
  void each_option(const Block& block, size_t from, Visit&& visit);

  template <typename Integer>
  Integer at(const uint8_t* bytes) const noexcept {
    return field<Integer>(bytes, reversed_);
  }

  ByteWindow& window_;
  bool reversed_ = false;
  std::vector<Interface> interfaces_;
  uint64_t last_time_ns_ = 0;  // of simple packets, which have no time of their own
  uint64_t lost_in_past_sections_ = 0;
};

}  // namespace tallytree
