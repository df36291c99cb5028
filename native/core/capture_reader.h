// The packets in a capture file's bytes: the classic pcap format and pcapng.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "byte_window.h"
#include "packet.h"
#include "parse.h"

namespace tallytree {

/// Its bytes hold until the next call of next().
struct CapturedPacket {
  std::span<const uint8_t> bytes;
  uint32_t original_length = 0;
  uint64_t time_ns = 0;          ///< since 1970
  std::optional<LinkType> link;  ///< nullopt: one that is not known here
  Direction direction = Direction::any;
};

class CaptureReader {
 public:
  CaptureReader() = default;
  CaptureReader(const CaptureReader&) = delete;
  CaptureReader& operator=(const CaptureReader&) = delete;
  virtual ~CaptureReader() = default;

  /// False: no more. Throws std::runtime_error when the file breaks off or is damaged.
  virtual bool next(CapturedPacket& out) = 0;

  /// Packets that were lost when the file was made, by what it says itself.
  virtual uint64_t lost_before() const noexcept { return 0; }
};

/// The reader for what the window's first bytes promise. Throws std::runtime_error when they promise nothing
/// or a link type that is not known.
std::unique_ptr<CaptureReader> open_capture(ByteWindow& window);

/// LINKTYPE_ values of tcpdump.org: Ethernet, raw IP and Linux cooked captures.
std::optional<LinkType> link_type_of(uint16_t number) noexcept;

/// A field of an integer type, its bytes reversed if the file was written by a machine of the other order.
template <typename Integer>
Integer field(const uint8_t* bytes, bool reversed) noexcept {
  Integer value;
  std::memcpy(&value, bytes, sizeof value);
  if (!reversed) return value;
  if constexpr (sizeof value == 2) return static_cast<Integer>(__builtin_bswap16(value));
  if constexpr (sizeof value == 4) return static_cast<Integer>(__builtin_bswap32(value));
  if constexpr (sizeof value == 8) return static_cast<Integer>(__builtin_bswap64(value));
}

}  // namespace tallytree
