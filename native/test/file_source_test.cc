// The file source on captures that the test writes itself, byte by byte.
#include "core/file_source.h"

#include <array>
#include <stdexcept>

#include "captures.h"
#include "check.h"

using namespace tallytree;
using namespace tallytree::test;

namespace {

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
  CHECK_EQ(packets[0].second, 1000);
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

TEST(file_source_tells_packets_of_link_types_it_does_not_know) {
  const Bytes frame = ethernet(0x0800, kPing);
  const CaptureFile file(section() + interface_block(105) + interface_block(1) + enhanced(0, 1, frame) +
                         enhanced(1, 2, frame));
  FileSource source(file.path());
  CHECK_EQ(read_all(source).size(), 1);
  CHECK_EQ(named(source.stats().unparsed, "link_type"), 1);
  CHECK_EQ(source.stats().seen, 2);
}

TEST(file_source_reports_what_the_capture_had_lost) {
  const Bytes drops = option(5, n64(7)) + option(0, {});
  const CaptureFile file(section() + interface_block(101) + enhanced(0, 1, kPing) +
                         block(5, n32(0) + n64(0) + drops) + section() + interface_block(101) +
                         block(5, n32(0) + n64(0) + option(7, n64(2)) + option(5, n64(3))));
  FileSource source(file.path());
  CHECK_EQ(read_all(source).size(), 1);
  CHECK_EQ(named(source.stats().lost, "capture"), 12);
  CHECK_EQ(source.stats().seen, 13);
}

TEST(file_source_can_leave_directions_open) {
  const CaptureFile file(section() + interface_block(101) + enhanced(0, 1, kPing, option(2, n32(1))) +
                         enhanced(0, 2, kPing, option(2, n32(2))) + enhanced(0, 3, kPing));
  FileSource told(file.path());
  const std::vector<Packet> packets = read_all(told);
  CHECK(packets[0].direction == Direction::input);
  CHECK(packets[1].direction == Direction::output);
  CHECK(packets[2].direction == Direction::any);
  FileSource open(file.path(), FileSource::Directions::any);
  CHECK(read_all(open)[1].direction == Direction::any);
}

TEST(file_source_reports_a_file_that_breaks_off) {
  const Bytes frame = ethernet(0x0800, kPing);
  const Bytes record = pcap_record(frame, frame.size());
  Bytes bytes = pcap_header(1) + record + record;
  for (int i = 0; i < 10; ++i) bytes.pop_back();
  const CaptureFile file(bytes);
  FileSource source(file.path());
  CHECK_EQ(read_all(source).size(), 1);
  const SourceStats stats = source.stats();
  CHECK_EQ(named(stats.lost, "file"), 1);
  CHECK_EQ(stats.seen, 2);
  CHECK_EQ(stats.file->position, bytes.size());
  CHECK_EQ(stats.file->size, bytes.size());
  CHECK(stats.file->failure == file.path() + ", at byte " + std::to_string(24 + record.size()) +
                                   ": the file breaks off inside a packet");
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
  const std::string missing = sentence("/nonexistent/x.pcap");
  CHECK(missing.starts_with("/nonexistent/x.pcap cannot be read: ") &&
        missing.ends_with("No such file or directory"));
  CHECK(sentence("/tmp").ends_with("Is a directory"));
  CHECK(sentence(CaptureFile(filler(100)).path()).find("it is no capture file") != std::string::npos);
  CHECK(sentence(CaptureFile({}).path()).ends_with("it is empty or nearly so"));
  CHECK(sentence(CaptureFile(pcap_header(105)).path()).find("link type 105 is not supported") !=
        std::string::npos);
}
