// Walks a capture file with nanosecond time stamps.
#include "file_source.h"

#include <stdexcept>

namespace tallytree {
namespace {

LinkType link_type_of(pcap_t* file, const std::string& path) {
  const int type = pcap_datalink(file);
  switch (type) {
    case DLT_EN10MB:
      return LinkType::ethernet;
    case DLT_RAW:
    case DLT_IPV4:
    case DLT_IPV6:
      return LinkType::raw_ip;
    case DLT_LINUX_SLL:
      return LinkType::linux_sll;
    case DLT_LINUX_SLL2:
      return LinkType::linux_sll2;
    default:
      break;
  }
  const char* name = pcap_datalink_val_to_name(type);
  throw std::runtime_error("reading " + path + ": link type " + (name ? name : std::to_string(type)) +
                           " is not supported (Ethernet, raw IP and Linux cooked are)");
}

}  // namespace

FileSource::FileSource(const std::string& path) {
  char error[PCAP_ERRBUF_SIZE] = "";
  file_.reset(pcap_open_offline_with_tstamp_precision(path.c_str(), PCAP_TSTAMP_PRECISION_NANO, error));
  if (!file_) throw std::runtime_error(std::string("opening a capture file: ") + error);
  link_ = link_type_of(file_.get(), path);
}

size_t FileSource::read(std::span<Packet> out) noexcept {
  size_t count = 0;
  while (count < out.size() && !ended_) {
    pcap_pkthdr* header = nullptr;
    const u_char* bytes = nullptr;
    const int result = pcap_next_ex(file_.get(), &header, &bytes);
    ended_ = result != 1;
    if (result == PCAP_ERROR) ++broken_;
    if (result == 1 && deliver(*header, bytes, out[count])) ++count;
  }
  return count;
}

bool FileSource::deliver(const pcap_pkthdr& header, const u_char* bytes, Packet& out) noexcept {
  out = Packet{};
  const ParseError error = parse_frame({bytes, header.caplen}, link_, header.len, out);
  if (!countable(error)) {
    unparsed_.add(error);
    return false;
  }
  const auto seconds = static_cast<uint64_t>(header.ts.tv_sec);
  out.time_ns =
      seconds * 1'000'000'000 + static_cast<uint64_t>(header.ts.tv_usec);  // nanoseconds, as asked for
  ++read_;
  return true;
}

SourceStats FileSource::stats() {
  SourceStats stats;
  stats.seen = settled();
  stats.read = read_;
  stats.lost = {{"file", broken_}};
  stats.unparsed = unparsed_.named();
  return stats;
}

}  // namespace tallytree
