// The readers of capture files: every form of header, every way to break, and bytes turned at random.
#include "core/capture_reader.h"

#include <array>
#include <random>
#include <stdexcept>

#include "captures.h"
#include "check.h"
#include "core/file_source.h"

using namespace tallytree;
using namespace tallytree::test;

namespace {

const Bytes kPing = ipv4({.proto = 1}, icmp(56));

/// What a file holds, and the sentence with which it ends ("" for a whole file).
struct Found {
  std::vector<uint64_t> times;  // nanoseconds since 1970
  std::vector<uint64_t> bytes;
  std::string failure;
};

/// Up to where it breaks off.
std::vector<uint64_t> times_in(const std::string& path) {
  std::vector<uint64_t> times;
  try {
    ByteWindow window(open_bytes(path));
    const std::unique_ptr<CaptureReader> reader = open_capture(window);
    for (CapturedPacket packet; reader->next(packet);) times.push_back(packet.time_ns);
  } catch (const std::runtime_error&) {
  }
  return times;
}

Found read_capture(const Bytes& bytes) {
  const CaptureFile file(bytes);
  Found found;
  found.times = times_in(file.path());
  try {
    FileSource source(file.path());
    std::array<Packet, 5> batch;
    while (!source.ended())
      for (const Packet& packet : std::span(batch).first(source.read(batch)))
        found.bytes.push_back(packet.bytes);
    found.failure = source.stats().file->failure;
  } catch (const std::runtime_error& error) {
    found.failure = error.what();
  }
  return found;
}

const Bytes kThreePings = [] {
  const Bytes frame = ethernet(0x0800, kPing);
  const Bytes record = pcap_record(frame, frame.size());
  return pcap_header(1) + record + record + record;
}();

const Bytes kPcapng = section() + interface_block(1) + interface_block(101, option(9, {9})) +
                      enhanced(0, 5'000'000, ethernet(0x0800, kPing)) + enhanced(1, 6'000'000'007, kPing) +
                      block(3, n32(kPing.size() + 14) + ethernet(0x0800, kPing)) + block(0x0bad, filler(20)) +
                      enhanced(1, 7'000'000'000, kPing);

/// Every prefix reads as some of the whole file's packets, and says so unless it ends between two of them.
void check_prefixes(const Bytes& whole, size_t packets, size_t places_between) {
  size_t silent = 0;
  for (size_t size = 0; size < whole.size(); ++size) {
    const Found found = read_capture(Bytes(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(size)));
    CHECK(found.bytes.size() <= packets);
    if (found.failure.empty()) ++silent;
  }
  CHECK_EQ(silent, places_between);
}

}  // namespace

TEST(capture_reader_reads_both_byte_orders_and_both_units) {
  const Bytes frame = ethernet(0x0800, kPing);
  for (const Order order : {Order::little, Order::big}) {
    const Found nano =
        read_capture(pcap_header(1, kNanoseconds, order) + pcap_record(frame, frame.size(), order));
    CHECK_EQ(nano.times.at(0), 1'000'123'456'789);
    const Found micro =
        read_capture(pcap_header(1, kMicroseconds, order) + pcap_record(frame, frame.size(), order, 123456));
    CHECK_EQ(micro.times.at(0), 1'000'123'456'000);
    CHECK_EQ(micro.bytes.at(0), 84);
  }
}

TEST(capture_reader_reads_interfaces_of_unlike_link_types_and_clocks) {
  for (const Order order : {Order::little, Order::big}) {
    const Bytes offset = option(14, n64(100, order), order);
    const Found found = read_capture(
        section(order) + interface_block(1, {}, order) + interface_block(101, option(9, {9}, order), order) +
        interface_block(101, option(9, {0x80 | 10}, order) + offset, order) +
        enhanced(0, 5'000'001, ethernet(0x0800, kPing), {}, order) +
        enhanced(1, 5'000'000'001, kPing, {}, order) + enhanced(2, 5 * 1024 + 512, kPing, {}, order));
    CHECK(found.failure.empty());
    CHECK(found.times == std::vector<uint64_t>{5'000'001'000, 5'000'000'001, 105'500'000'000});
    CHECK(found.bytes == std::vector<uint64_t>{84, 84, 84});
  }
}

TEST(capture_reader_reads_simple_and_old_packets_and_several_sections) {
  const Bytes simple = block(3, n32(kPing.size()) + kPing);
  const Bytes cut = block(3, n32(kPing.size()) + Bytes(kPing.begin(), kPing.begin() + 40));
  const Bytes old =
      block(2, n16(0) + n16(0) + n32(0) + n32(9'000'000) + n32(kPing.size()) + n32(kPing.size()) + kPing);
  const Found found =
      read_capture(section() + interface_block(101) + old + simple + section(Order::big) +
                   interface_block(101, {}, Order::big) + enhanced(0, 1, kPing, {}, Order::big) + section() +
                   interface_block(101, {}, Order::little, 40) + cut);
  CHECK(found.failure.empty());
  CHECK(found.times == std::vector<uint64_t>{9'000'000'000, 9'000'000'000, 1000, 1000});
  CHECK(found.bytes == std::vector<uint64_t>{84, 84, 84, 84});
}

TEST(capture_reader_reads_compressed_files_also_in_parts) {
  const Bytes first(kThreePings.begin(), kThreePings.begin() + 100);
  const Bytes rest(kThreePings.begin() + 100, kThreePings.end());
  for (const Bytes& whole :
       {gzip(kThreePings), zstd(kThreePings), gzip(first) + gzip(rest), zstd(first) + zstd(rest)}) {
    const Found found = read_capture(whole);
    CHECK(found.failure.empty());
    CHECK_EQ(found.bytes.size(), 3);
  }
  CHECK_EQ(read_capture(gzip(kPcapng)).bytes.size(), 4);
}

TEST(capture_reader_reads_more_than_its_window_holds) {
  const Bytes frame = ethernet(0x0800, ipv4({.proto = 17}, udp(60000)));
  Bytes bytes = pcap_header(1);
  const Bytes record = pcap_record(frame, frame.size());
  for (int i = 0; i < 60; ++i) bytes.insert(bytes.end(), record.begin(), record.end());
  for (const Bytes& file : {bytes, gzip(bytes), zstd(bytes)}) {
    const Found found = read_capture(file);
    CHECK_EQ(found.bytes.size(), 60);
    CHECK(found.failure.empty());
  }
}

TEST(capture_reader_tells_where_a_file_breaks_off) {
  check_prefixes(kThreePings, 3, 3);
  check_prefixes(kPcapng, 4, 7);
  check_prefixes(gzip(kThreePings), 3, 0);
  check_prefixes(zstd(kThreePings), 3, 0);
}

TEST(capture_reader_names_what_is_damaged) {
  const auto failure = [](const Bytes& bytes) { return read_capture(bytes).failure; };
  const auto holds = [&](const Bytes& bytes, const std::string& words) {
    return failure(bytes).find(words) != std::string::npos;
  };
  const Bytes head = section() + interface_block(101);
  CHECK(holds(pcap_header(1) + n32(0) + n32(0) + n32(0x7fffffff) + n32(60), "a packet of 2147483647 bytes"));
  CHECK(holds(head + n32(6) + n32(13) + n32(0), "a block of 13 bytes"));
  CHECK(holds(head + n32(6) + n32(16) + n32(0) + n32(20), "a block's two lengths differ"));
  CHECK(holds(head + enhanced(1, 0, kPing), "a packet of interface 1, which it has not"));
  CHECK(holds(head + block(6, n32(0) + n64(0) + n32(500) + n32(500) + kPing), "longer than its block"));
  CHECK(holds(head + block(6, filler(8)), "a packet without a header"));
  CHECK(holds(section() + interface_block(101, option(9, {127})), "a clock that is none"));
  CHECK(holds(section() + n32(0x0a0d0d0a) + n32(28) + n32(0x12345678) + filler(16), "no byte order"));
  CHECK(holds(gzip(kThreePings) + filler(50), "the gzip file is damaged"));
  CHECK(holds(zstd(kThreePings) + filler(50), "the Zstandard file is damaged"));
}

TEST(capture_reader_survives_bytes_turned_at_random) {
  std::mt19937 random(7);
  for (const Bytes& whole : {kThreePings, kPcapng, gzip(kPcapng), zstd(kPcapng)})
    for (int round = 0; round < 500; ++round) {
      Bytes bytes = whole;
      for (int turned = 0; turned < 3; ++turned)
        bytes[random() % bytes.size()] = static_cast<uint8_t>(random());
      CHECK(read_capture(bytes).bytes.size() <= 64);
    }
}
