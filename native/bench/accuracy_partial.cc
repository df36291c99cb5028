// Accuracy of one 5-tuple ledger that is asked for six key types, beside a CocoSketch read the same way and
// six ledgers that share its memory.
#include <map>

#include "accuracy.h"
#include "core/ledger_groups.h"

namespace tallytree::accuracy {
namespace {

constexpr size_t kBytes = 500'000, kBucket = 17;
constexpr double kHeavy = 0.0001;
constexpr const char* kWhole = "src_sport_dst_dport_proto";
constexpr std::array kTypes = {kWhole, "src_dst", "src_sport", "dst_dport", "src", "dst"};

/// Flows between 4000 clients and 1000 servers, each with few ports.
Packet packet_of(uint32_t flow) {
  const uint64_t mixed = traffic::scrambled(flow + 1);
  Packet packet;
  const auto put = [](Address& to, uint64_t value) {
    to[0] = 10;
    for (size_t i = 1; i < 4; ++i) to[i] = static_cast<uint8_t>(value >> (8 * (3 - i)));
  };
  put(packet.src, mixed % 4000);
  put(packet.dst, 1 << 20 | (mixed >> 20) % 1000);
  packet.sport = static_cast<uint16_t>(1024 + (mixed >> 32) % 60000);
  packet.dport = static_cast<uint16_t>((mixed >> 20) % 7 == 0 ? 443 : 80);
  packet.proto = 6;
  packet.has_ports = true;
  return packet;
}

/// The groups that a key type makes of the flows, numbered.
struct Grouping {
  explicit Grouping(const KeyType& type) : group_of(kFlows) {
    for (uint32_t flow = 0; flow < kFlows; ++flow) {
      Key key;
      type.make(packet_of(flow), key);
      group_of[flow] = numbers.try_emplace(key.bytes, static_cast<uint32_t>(numbers.size())).first->second;
    }
  }
  std::vector<uint32_t> truth(const Trace& trace) const {
    std::vector<uint32_t> counts(numbers.size());
    for (uint32_t flow = 0; flow < kFlows; ++flow) counts[group_of[flow]] += trace.truth[flow];
    return counts;
  }

  std::map<decltype(Key::bytes), uint32_t> numbers;
  std::vector<uint32_t> group_of;
};

Ledger ledger_of(const Trace& trace, size_t bytes, const char* type) {
  Ledger ledger(spec_of(bytes, {}, type));
  std::vector<Key> keys(kFlows);
  for (uint32_t flow = 0; flow < kFlows; ++flow) ledger.spec().key_type.make(packet_of(flow), keys[flow]);
  for (const uint32_t flow : trace.keys) ledger.add(keys[flow], keys[flow].hash(kSecret), 1);
  return ledger;
}

std::vector<Counted> groups_of(const Ledger& ledger, const KeyType& type, const Grouping& grouping) {
  std::vector<Counted> found;
  for (const auto& [key, interval] : LedgerGroups(ledger, type).entries())
    found.emplace_back(grouping.numbers.at(key.bytes), interval.lower);
  return found;
}

std::vector<Counted> groups_of(const std::vector<Counted>& flows, const Grouping& grouping) {
  std::vector<uint64_t> sums(grouping.numbers.size());
  for (const auto& [flow, count] : flows) sums[grouping.group_of[flow]] += count;
  std::vector<Counted> found;
  for (uint32_t group = 0; group < sums.size(); ++group) found.emplace_back(group, sums[group]);
  return found;
}

}  // namespace

void partial_keys(report::Report& results) {
  std::map<std::string, report::Means> tables;
  for (uint64_t seed = 1; seed <= seeds; ++seed) {
    const Trace trace = trace_of(true, seed);
    const Ledger ledger = ledger_of(trace, kBytes, kWhole);
    peers::Coco coco(kBytes / kBucket * peers::Coco::kBucketBytes);
    for (const uint32_t flow : trace.keys) coco.add(flow);
    const std::vector<Counted> flows = coco.listed();
    for (const char* name : kTypes) {
      const KeyType type = KeyType::parse(name);
      const Grouping grouping(type);
      const std::vector<uint32_t> truth = grouping.truth(trace);
      const auto judge = [&](const std::string& who, const std::vector<Counted>& found) {
        tables[name].add(who, traces::score(found, truth, kHeavy * kPackets));
      };
      judge("ledger", groups_of(ledger, type, grouping));
      const Ledger own = ledger_of(trace, kBytes / kTypes.size(), name);
      judge("ledgers, a sixth each", groups_of(own, type, grouping));
      judge("CocoSketch", groups_of(flows, grouping));
    }
  }
  for (const char* name : kTypes) tables[name].write(results, "partial keys, 500 KB", name);
}

}  // namespace tallytree::accuracy
