// Tells the formats by their first bytes.
#include "capture_reader.h"

#include <stdexcept>

#include "pcap_reader.h"
#include "pcapng_reader.h"

namespace tallytree {

std::unique_ptr<CaptureReader> open_capture(ByteWindow& window) {
  const uint8_t* magic = window.peek(4);
  if (magic == nullptr) throw std::runtime_error("it is empty or nearly so");
  if (PcapReader::begins(magic)) return std::make_unique<PcapReader>(window);
  if (PcapngReader::begins(magic)) return std::make_unique<PcapngReader>(window);
  throw std::runtime_error("it is no capture file (pcap and pcapng are, also compressed by gzip or zstd)");
}

std::optional<LinkType> link_type_of(uint16_t number) noexcept {
  switch (number) {
    case 1:
      return LinkType::ethernet;
    case 12:  // as some systems write it
    case 101:
    case 228:
    case 229:
      return LinkType::raw_ip;
    case 113:
      return LinkType::linux_sll;
    case 276:
      return LinkType::linux_sll2;
    default:
      return std::nullopt;
  }
}

}  // namespace tallytree
