// The flow cache: finding a flow's place, giving way, walking.
#include "flow_cache.h"

#include <algorithm>
#include <cstring>

namespace tallytree {
namespace {

constexpr size_t kWays = 2;

/// The bytes of a Packet that tell its flow.
struct Flow {
  uint64_t words[6];
  explicit Flow(const Packet& packet) noexcept { std::memcpy(words, &packet, sizeof words); }
  bool operator==(const Flow&) const = default;
};
static_assert(offsetof(Packet, tunnel) + sizeof(Packet::tunnel) + sizeof(uint32_t) == sizeof(Flow));

/// Both halves of a product: each bit depends on all bits of both factors.
uint64_t mixed(uint64_t one, uint64_t other) noexcept {
  const auto product = static_cast<unsigned __int128>(one) * other;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

uint64_t hash_of(const Packet& packet, const Secret& secret) noexcept {
  const Flow flow(packet);
  const uint64_t addresses = mixed(flow.words[0] ^ secret.k0, flow.words[2] ^ secret.k1);
  const uint64_t rest = mixed(flow.words[1] ^ secret.k1, flow.words[3] ^ secret.k0);
  return mixed(addresses ^ rest ^ secret.k1 ^ flow.words[5], flow.words[4] ^ secret.k0);
}

/// Bytes and packets share a word, so one sum does for both.
void add_counts(Packet& to, const Packet& from) noexcept {
  constexpr size_t kWord = sizeof(Packet) - sizeof(uint64_t);
  uint64_t sum, more;
  std::memcpy(&sum, reinterpret_cast<const uint8_t*>(&to) + kWord, sizeof sum);
  std::memcpy(&more, reinterpret_cast<const uint8_t*>(&from) + kWord, sizeof more);
  sum += more;
  std::memcpy(reinterpret_cast<uint8_t*>(&to) + kWord, &sum, sizeof sum);
}

bool has_room(const Packet& place, uint32_t packets) noexcept {
  return place.packets > 0 && place.packets <= kMostPackets - packets;
}

}  // namespace

void FlowCache::add(std::span<const Packet* const> packets, Counters counters) {
  std::array<Packet*, kBatch> homes;
  for (size_t i = 0; i < packets.size(); ++i) {
    homes[i] = places() + hash_of(*packets[i], secret_) % (kFlows / kWays) * kWays;
    for (size_t way = 0; way < kWays; ++way) __builtin_prefetch(homes[i] + way, 1);
  }
  for (size_t i = 0; i < packets.size(); ++i) add(*packets[i], homes[i], counters);
}

void FlowCache::add(const Packet& packet, Packet* home, Counters counters) {
  const Flow flow(packet);
  Packet* least = home;
  for (Packet* place = home; place < home + kWays; ++place) {
    if (place->second == second_ && Flow(*place) == flow && has_room(*place, packet.packets)) {
      add_counts(*place, packet);
      return;
    }
    if (place->packets < least->packets) least = place;
  }
  if (least->packets > 0) leave(*least, counters);
  *least = packet;
  least->second = second_;
  ++used_;
}

void FlowCache::leave(Packet& place, Counters counters) {
  Gone& gone = gone_[place.second % gone_.size()];
  if (gone.size == kBatch || (gone.size > 0 && gone.flows[0].second != place.second)) feed(gone, counters);
  gone.flows[gone.size++] = place;
  place.packets = 0;
  --used_;
}

void FlowCache::feed(Gone& gone, Counters counters) {
  std::array<const Packet*, kBatch> flows;
  for (size_t i = 0; i < gone.size; ++i) flows[i] = &gone.flows[i];
  for (const auto& counter : counters)
    if (gone.size > 0) counter->add({flows.data(), gone.size}, gone.flows[0].second, Admission::sparing);
  gone.size = 0;
}

void FlowCache::roll(uint64_t second, Counters counters) {
  settle(counters);
  begin_round();
  second_ = second;
}

bool FlowCache::settle(Counters counters, size_t looks) {
  if (ahead_ == 0) return true;
  for (; ahead_ > 0 && used_ > 0 && looks > 0; --ahead_, --looks) {
    Packet& place = places()[hand_];
    hand_ = (hand_ + 1) % kFlows;
    if (place.packets > 0) leave(place, counters);
  }
  if (ahead_ > 0 && used_ > 0) return false;
  ahead_ = 0;
  for (Gone& gone : gone_) feed(gone, counters);
  return true;
}

}  // namespace tallytree
