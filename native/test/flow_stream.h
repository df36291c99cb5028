// A ledger beside the exact count of the same made-up packets, for tests of what is derived from ledgers.
#pragma once

#include <cmath>
#include <map>
#include <memory>
#include <random>
#include <vector>

#include "core/ledger.h"

namespace tallytree::test {

using Bytes = std::array<uint8_t, Key::kBytes>;

inline LedgerSpec flow_spec(const char* type, uint32_t capacity) {
  LedgerSpec spec;
  spec.key_type = KeyType::parse(type);
  spec.capacity = capacity;
  spec.secret = {5, 13};
  return spec;
}

/// Counts packets by one key type, in a ledger and in a map.
struct FlowCount {
  FlowCount(const char* type, uint32_t capacity) : ledger(flow_spec(type, capacity)) {}

  void add(const Packet& packet, uint64_t amount) {
    Key key;
    if (!ledger.spec().key_type.make(packet, key)) return;
    ledger.add(key, key.hash(ledger.spec().secret), amount);
    truth[key.bytes] += amount;
    packets[key.bytes] = packet;
  }

  void absorb(FlowCount& other) {
    ledger.absorb(other.ledger);
    for (const auto& [key, count] : other.truth) truth[key] += count;
    packets.merge(other.packets);
  }

  /// The truth by a coarser key type.
  std::map<Bytes, uint64_t> truth_by(const KeyType& coarse) const {
    std::map<Bytes, uint64_t> sums;
    for (const auto& [key, count] : truth) {
      Key group;
      coarse.make(packets.at(key), group);
      sums[group.bytes] += count;
    }
    return sums;
  }

  Ledger ledger;
  std::map<Bytes, uint64_t> truth;
  std::map<Bytes, Packet> packets;  // one of each key
};

/// Few flows often and many seldom, of both families.
class FlowStream {
 public:
  explicit FlowStream(uint64_t seed) : random_(seed) {}

  Packet next(uint32_t flows) {
    const double u = std::uniform_real_distribution<>(0, 1)(random_);
    auto flow = static_cast<uint32_t>(std::pow(static_cast<double>(flows), u));
    Packet packet;
    packet.family = flow % 7 == 3 ? 6 : 4;
    packet.has_ports = true;
    packet.src = {10, 0, static_cast<uint8_t>(flow % 5), static_cast<uint8_t>(flow % 61)};
    packet.dst = {10, 1, static_cast<uint8_t>(flow / 61 % 3), static_cast<uint8_t>(flow % 17)};
    packet.sport = static_cast<uint16_t>(flow * 7919);
    packet.dport = flow % 3 == 0 ? 80 : static_cast<uint16_t>(flow % 100);
    packet.proto = flow % 4 == 0 ? 17 : 6;
    return packet;
  }

  void fill(FlowCount& count, int packets, uint32_t flows, uint64_t most = 3) {
    for (int i = 0; i < packets; ++i) count.add(next(flows), 1 + random_() % most);
  }

  std::mt19937_64& random() { return random_; }

 private:
  std::mt19937_64 random_;
};

/// Hosts with streams of their own, merged in some order.
inline std::unique_ptr<FlowCount> merged_hosts(uint64_t seed, const char* type, uint32_t capacity,
                                               int hosts) {
  FlowStream stream(seed);
  std::vector<std::unique_ptr<FlowCount>> all;
  for (int host = 0; host < hosts; ++host) {
    all.push_back(std::make_unique<FlowCount>(type, capacity));
    stream.fill(*all.back(), 100 << (host % 5), 50 << (host % 7));
  }
  while (all.size() > 1) {
    std::swap(all[stream.random()() % all.size()], all.back());
    const auto taken = std::move(all.back());
    all.pop_back();
    all[stream.random()() % all.size()]->absorb(*taken);
  }
  return std::move(all.front());
}

}  // namespace tallytree::test
