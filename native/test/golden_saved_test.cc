// The byte forms of checkpoints as they once were written.
#include "core/counter.h"
#include "core/saved_counter.h"
#include "core/size_counter.h"
#include "golden.h"

using namespace tallytree;
using namespace tallytree::golden;

namespace {

CounterSpec saved_spec() {
  CounterSpec spec;
  spec.key_type = KeyType::parse("src_dst");
  spec.capacity = 32;
  spec.secret = kSecret;
  spec.spread_by = {KeyType::parse("src")};
  return spec;
}

/// Sealed seconds and a sealed minute, two panes that are open, evictions.
SavedCounter saved_counter() {
  Counter counter(saved_spec());
  for (uint32_t i = 0; i < 400; ++i) {
    counter.roll(1'800'000'055 + i / 40);
    Packet packet;
    packet.family = 4;
    packet.packets = 1;
    packet.bytes = 84;
    packet.src = {10, 0, 0, static_cast<uint8_t>(i % 3)};
    packet.dst = {10, 0, 1, static_cast<uint8_t>(i * i % 251)};
    const Packet* const one[] = {&packet};
    counter.add(one);
  }
  SavedCounter saved = counter.save();
  saved.settle();
  return saved;
}

/// The same of packet sizes.
SavedSizes saved_sizes() {
  SizeCounter counter(kSecret);
  for (uint32_t i = 0; i < 400; ++i) {
    counter.roll(1'800'000'055 + i / 40);
    Packet packet;
    packet.packets = 1;
    packet.bytes = 40 + i * i % 1461;
    const Packet* const one[] = {&packet};
    counter.add(one, false);
  }
  return counter.save();
}

Bytes saved_sizes_again(const Bytes& bytes) { return SavedSizes::decode(bytes, kSecret).encode(); }
Bytes sizes_pane_again(const Bytes& bytes) { return SavedSizesPane::decode(bytes, kSecret).encode(); }

Bytes saved_again(const Bytes& bytes) { return SavedCounter::decode(bytes, saved_spec()).encode(); }
Bytes pane_again(const Bytes& bytes) { return SavedPane::decode(bytes, saved_spec()).encode(); }

const Specimen kSpecimens[] = {
    {"counter-v1.bin", [] { return saved_counter().encode(); }, saved_again},
    {"pane-v1-second.bin", [] { return saved_counter().sealed.back().encode(); }, pane_again},
    {"pane-v1-minute.bin", [] { return saved_counter().sealed.front().encode(); }, pane_again},
    {"saved-sizes-v1.bin", [] { return saved_sizes().encode(); }, saved_sizes_again},
    {"sizes-pane-v1-second.bin", [] { return saved_sizes().sealed.back().encode(); }, sizes_pane_again},
    {"sizes-pane-v1-minute.bin", [] { return saved_sizes().sealed.front().encode(); }, sizes_pane_again},
};

}  // namespace

TEST(golden_checkpoints_are_written_again_byte_by_byte) { check_again(kSpecimens); }

TEST(golden_checkpoints_with_another_version_are_refused) { check_versions(kSpecimens); }

TEST(golden_counters_go_on) {
  SavedCounter saved = SavedCounter::decode(file("counter-v1.bin"), saved_spec());
  CHECK_EQ(saved.since, 1'800'000'055u);
  CHECK_EQ(saved.open.back().second, 1'800'000'064u);
  for (const char* pane : {"pane-v1-minute.bin", "pane-v1-second.bin"})
    saved.sealed.push_back(SavedPane::decode(file(pane), saved_spec()));
  CHECK(saved.sealed[0].minute && saved.sealed[0].pane->start == 1'800'000'000);
  const Counter counter(std::move(saved));
  CHECK_EQ(Ledger::summarize(counter.ledger(All{})).total, 400u);
  CHECK_EQ(Ledger::summarize(counter.ledger(Span{1'800'000'061, 1'800'000'063})).total, 80u);
}

TEST(golden_packet_sizes_go_on) {
  SavedSizes saved = SavedSizes::decode(file("saved-sizes-v1.bin"), kSecret);
  CHECK_EQ(saved.since, 1'800'000'055u);
  for (const char* pane : {"sizes-pane-v1-minute.bin", "sizes-pane-v1-second.bin"})
    saved.sealed.push_back(SavedSizesPane::decode(file(pane), kSecret));
  CHECK(saved.sealed[0].minute && saved.sealed[0].pane->start == 1'800'000'000);
  const SizeCounter counter(saved);
  CHECK_EQ(counter.look(All{}).sum().packets(), 400u);
  CHECK_EQ(counter.look(Span{1'800'000'062, 1'800'000'064}).sum().packets(), 80u);
}
