// The file source on captures that the test writes itself, byte by byte.
#include "core/file_source.h"

#include <unistd.h>

#include <array>
#include <cstdio>
#include <fstream>
#include <stdexcept>

#include "check.h"
#include "frames.h"

using namespace tallytree;
using namespace tallytree::test;

namespace {

Bytes le32(size_t value) {
  const Bytes high = be16(value >> 16);
  const Bytes low = be16(value & 0xffff);
  return {low[1], low[0], high[1], high[0]};
}

/// The classic format with nanoseconds (magic a1b23c4d), version 2.4.
Bytes pcap_header(size_t link_type) {
  return le32(0xa1b23c4d) + Bytes{2, 0, 4, 0} + le32(0) + le32(0) + le32(65535) + le32(link_type);
}
Bytes pcap_record(const Bytes& frame, size_t captured) {
  return le32(1000) + le32(123456789) + le32(captured) + le32(frame.size()) +
         Bytes(frame.begin(), frame.begin() + static_cast<ptrdiff_t>(captured));
}
Bytes block(size_t type, const Bytes& body) {
  const Bytes padded = body + filler((4 - body.size() % 4) % 4, 0);
  return le32(type) + le32(padded.size() + 12) + padded + le32(padded.size() + 12);
}
Bytes pcapng(uint8_t link_type, const Bytes& frame) {
  return block(0x0a0d0d0a, le32(0x1a2b3c4d) + Bytes{1, 0, 0, 0} + filler(8, 0xff)) +
         block(1, Bytes{link_type, 0, 0, 0} + le32(0)) +
         block(6, le32(0) + le32(0) + le32(5000000) + le32(frame.size()) + le32(frame.size()) + frame);
}

class CaptureFile {
 public:
  explicit CaptureFile(const Bytes& bytes) {
    close(mkstemp(path_.data()));
    std::ofstream(path_, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  }
  ~CaptureFile() { std::remove(path_.c_str()); }
  CaptureFile(const CaptureFile&) = delete;
  CaptureFile& operator=(const CaptureFile&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_ = "/tmp/tallytree-test-XXXXXX";
};

std::vector<Packet> read_all(FileSource& source) {
  std::vector<Packet> all;
  std::array<Packet, 3> batch;
  while (!source.ended()) {
    const size_t count = source.read(batch);
    all.insert(all.end(), batch.begin(), batch.begin() + static_cast<ptrdiff_t>(count));
  }
  return all;
}

uint64_t named(const SourceStats::Causes& causes, const std::string& name) {
  for (const auto& [cause, count] : causes)
    if (cause == name) return count;
  return UINT64_MAX;
}

uint64_t sum(const SourceStats::Causes& causes) {
  uint64_t all = 0;
  for (const auto& cause : causes) all += cause.second;
  return all;
}

const Bytes kPing = ipv4({.proto = 1}, icmp(56));

}  // namespace

TEST(file_source_counts_a_capture) {
  const Bytes frame = ethernet(0x0800, ipv4({.proto = 6}, tcp(500)));
  Bytes bytes = pcap_header(1);
  for (int i = 0; i < 10; ++i) bytes = bytes + pcap_record(frame, frame.size());
  bytes =
      bytes + pcap_record(frame, 60) + pcap_record(frame, 20) + pcap_record(ethernet(0x0806, filler(28)), 42);
  const CaptureFile file(bytes);
  FileSource source(file.path());
  const std::vector<Packet> packets = read_all(source);
  CHECK_EQ(packets.size(), 11);
  CHECK_EQ(packets[0].time_ns, 1000123456789);
  CHECK_EQ(packets[10].bytes, 540);
  CHECK_EQ(packets[10].dport, 2000);
  CHECK(packets[0].direction == Direction::any);
  const SourceStats stats = source.stats();
  CHECK_EQ(stats.seen, 13);
  CHECK_EQ(stats.read, 11);
  CHECK_EQ(named(stats.unparsed, "truncated"), 1);
  CHECK_EQ(named(stats.unparsed, "not_ip"), 1);
  CHECK_EQ(stats.seen, stats.read + sum(stats.lost) + sum(stats.unparsed) + sum(stats.ignored));
  CHECK_EQ(source.offered(), source.settled());
}

TEST(file_source_knows_directions_of_cooked_captures) {
  const Bytes out = sll(4, 0x0800, kPing);
  const Bytes in = sll(0, 0x0800, kPing);
  const CaptureFile file(pcap_header(113) + pcap_record(out, out.size()) + pcap_record(in, in.size()));
  FileSource source(file.path());
  const std::vector<Packet> packets = read_all(source);
  CHECK_EQ(packets.size(), 2);
  CHECK(packets[0].direction == Direction::output);
  CHECK(packets[1].direction == Direction::input);
}

TEST(file_source_reads_pcapng_and_raw_ip) {
  const CaptureFile file(pcapng(101, kPing));
  FileSource source(file.path());
  const std::vector<Packet> packets = read_all(source);
  CHECK_EQ(packets.size(), 1);
  CHECK_EQ(packets[0].bytes, 84);
  CHECK_EQ(packets[0].time_ns, 5000000000);
}

TEST(file_source_reports_a_file_that_breaks_off) {
  const Bytes frame = ethernet(0x0800, kPing);
  Bytes bytes = pcap_header(1) + pcap_record(frame, frame.size()) + pcap_record(frame, frame.size());
  for (int i = 0; i < 10; ++i) bytes.pop_back();
  const CaptureFile file(bytes);
  FileSource source(file.path());
  CHECK_EQ(read_all(source).size(), 1);
  CHECK_EQ(named(source.stats().lost, "file"), 1);
  CHECK_EQ(source.stats().seen, 2);
}

TEST(file_source_refuses_what_it_cannot_read) {
  const auto sentence = [](const std::string& path) -> std::string {
    try {
      FileSource source(path);
      return "accepted";
    } catch (const std::runtime_error& error) {
      return error.what();
    }
  };
  CHECK(sentence("/nonexistent/x.pcap").find("No such file") != std::string::npos);
  CHECK(sentence(CaptureFile(filler(100)).path()).starts_with("opening a capture file: "));
  CHECK(sentence(CaptureFile(pcap_header(105)).path()).find("is not supported") != std::string::npos);
}
