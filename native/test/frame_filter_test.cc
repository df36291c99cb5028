// Filter expressions over frames, and what sketches make of them.
#include "core/frame_filter.h"

#include "check.h"
#include "core/engine.h"

using namespace tallytree;

namespace {

/// From 10.0.0.6 port 40000 to 10.0.0.5 port 80, without payload.
std::vector<uint8_t> tcp_frame() {
  std::vector<uint8_t> frame(54);
  frame[12] = 0x08;
  const uint8_t ip[] = {0x45, 0, 0, 40, 0, 0, 0, 0, 64, 6, 0, 0, 10, 0, 0, 6, 10, 0, 0, 5, 0x9c, 0x40, 0, 80};
  std::copy(std::begin(ip), std::end(ip), frame.begin() + 14);
  return frame;
}

bool matches(const char* expression, const Frame& frame) { return FrameFilter(expression).matches(frame); }

bool is_refused(const char* expression, LinkType link) {
  try {
    FrameFilter(expression, link);
  } catch (const std::invalid_argument& error) {
    return std::string(error.what()) != "";
  }
  return false;
}

Packet packet_at(uint64_t second) {
  Packet packet;
  packet.src = {10, 0, 0, 6};
  packet.direction = Direction::input;
  packet.second = second;
  return packet;
}

std::unique_ptr<Sketch> sketch_with(const char* expression) {
  Filter filter;
  if (expression != nullptr) filter.frames = std::make_shared<const FrameFilter>(expression);
  return std::make_unique<Sketch>(Secret{1, 2}, filter);
}

}  // namespace

TEST(frame_filter_reads_each_kind_of_frame) {
  const std::vector<uint8_t> bytes = tcp_frame();
  const Frame ethernet{bytes, LinkType::ethernet, 54};
  CHECK(matches("tcp port 80 and net 10.0.0.0/8", ethernet));
  CHECK(!matches("udp", ethernet));
  CHECK(matches("less 54", ethernet));
  CHECK(!matches("less 54", {bytes, LinkType::ethernet, 1514}));
  const Frame routed{std::span(bytes).subspan(14), LinkType::raw_ip, 40};
  CHECK(matches("tcp dst port 80 and src host 10.0.0.6", routed));
  CHECK(!matches("ether host 00:00:5e:00:53:01", routed));
  std::vector<uint8_t> cooked(16);
  cooked[14] = 0x08;
  cooked.insert(cooked.end(), bytes.begin() + 14, bytes.end());
  CHECK(matches("tcp port 80", {cooked, LinkType::linux_sll, 56}));
}

TEST(frame_filter_sees_the_tag_that_the_kernel_took_off) {
  const std::vector<uint8_t> bytes = tcp_frame();
  const Frame tagged{bytes, LinkType::ethernet, 54, 0x2007, 0x8100};
  CHECK(matches("vlan 7 and tcp port 80", tagged));
  CHECK(!matches("vlan 8", tagged));
  CHECK(!matches("vlan", {bytes, LinkType::ethernet, 54}));
}

TEST(frame_filter_does_not_match_by_what_is_cut_off) {
  const std::vector<uint8_t> bytes = tcp_frame();
  CHECK(matches("ip[30] = 0", {bytes, LinkType::ethernet, 54}));
  CHECK(!matches("ip[30] = 0", {std::span(bytes).first(34), LinkType::ethernet, 54}));
  CHECK(!matches("tcp", {{}, LinkType::ethernet, 54}));
}

TEST(frame_filter_refuses_what_makes_no_sense_there) {
  CHECK(is_refused("tcp prot 80", LinkType::ethernet));
  CHECK(is_refused("ether host 00:00:5e:00:53:01", LinkType::raw_ip));
  CHECK(!is_refused("ether host 00:00:5e:00:53:01", LinkType::ethernet));
}

TEST(sketches_with_one_expression_share_its_verdict) {
  Engine engine;
  engine.add("a", sketch_with("tcp"));
  engine.add("b", sketch_with("udp"));
  engine.add("c", sketch_with("tcp"));
  engine.add("d", sketch_with(nullptr));
  const FrameFilters filters = engine.interest().frames;
  CHECK_EQ(filters.size(), size_t{2});
  FrameVerdicts verdicts;
  verdicts.ask(filters);
  const std::vector<uint8_t> bytes = tcp_frame();
  const Packet batch[] = {packet_at(7), packet_at(7), packet_at(8)};
  for (size_t i = 0; i < 3; ++i) verdicts.judge(i, {bytes, LinkType::ethernet, 54});
  verdicts.set(1, 0);
  engine.count(batch, verdicts.bits().data());
  const auto packets = [&](const char* id) { return engine.sketch(id).totals().packets; };
  CHECK_EQ(packets("a"), uint64_t{2});
  CHECK_EQ(packets("b"), uint64_t{0});
  CHECK_EQ(packets("c"), uint64_t{2});
  CHECK_EQ(packets("d"), uint64_t{3});
  engine.remove("a");
  CHECK_EQ(engine.interest().frames.size(), size_t{2});
}

TEST(more_expressions_than_a_packet_has_bits_are_refused) {
  Engine engine;
  for (size_t i = 0; i < kMostFrameFilters; ++i)
    engine.add(std::to_string(i), sketch_with(("port " + std::to_string(1 + i)).c_str()));
  engine.add("again", sketch_with("port 1"));
  bool refused = false;
  try {
    engine.add("one more", sketch_with("port 1000"));
  } catch (const std::invalid_argument&) {
    refused = true;
  }
  CHECK(refused);
  CHECK_EQ(engine.interest().frames.size(), kMostFrameFilters);
}
