// What the tables of the accuracy bench share: ledgers of a size in bytes, keys, and the trace.
#pragma once

#include <string>
#include <vector>

#include "core/ledger.h"
#include "peers.h"
#include "report.h"
#include "traces.h"

namespace tallytree::accuracy {

using traces::Counted;
using traces::Trace;

inline constexpr Secret kSecret{0x1234567, 0x89abcdef};
inline constexpr size_t kFlows = 110'000, kPackets = 2'500'000;
inline uint64_t seeds = 10;

inline Key key_of(uint32_t number) {
  Key key;
  key.bytes[0] = 4;
  std::memcpy(key.bytes.data() + 1, &number, 4);
  return key;
}

/// A split of a ledger's memory: bytes of a cold row for each key of the table.
struct Split {
  static constexpr uint32_t kDefault = UINT32_MAX;
  uint32_t cold = kDefault;

  std::string name() const { return cold == kDefault ? "ledger" : "ledger, cold " + std::to_string(cold); }
};

/// The specification of the largest ledger of that many bytes.
inline LedgerSpec spec_of(size_t bytes, Split split, const char* type = "src") {
  LedgerSpec spec;
  spec.key_type = KeyType::parse(type);
  spec.secret = kSecret;
  const auto sized = [&](uint32_t capacity) {
    spec.capacity = capacity;
    spec.cold_per_key = split.cold == Split::kDefault ? LedgerSpec::cold_for(capacity) : split.cold;
    return spec;
  };
  uint32_t capacity = LedgerSpec::kLeastCapacity;
  while (Ledger::bytes(sized(capacity + 1), 4, false) <= bytes) ++capacity;
  return sized(capacity);
}

inline void count(Ledger& ledger, const std::vector<uint32_t>& keys) {
  for (const uint32_t number : keys) {
    const Key key = key_of(number);
    ledger.add(key, key.hash(kSecret), 1);
  }
}

inline Ledger counted(size_t bytes, Split split, const std::vector<uint32_t>& keys) {
  Ledger ledger(spec_of(bytes, split));
  count(ledger, keys);
  return ledger;
}

/// Entries by their certain count.
inline std::vector<Counted> listed(const Ledger& ledger) {
  std::vector<Counted> found;
  for (const Ledger::Entry& entry : ledger.entries()) {
    uint32_t number;
    std::memcpy(&number, entry.key.bytes.data() + 1, 4);
    found.emplace_back(number, entry.interval.lower);
  }
  return found;
}

inline Trace trace_of(bool bursty, uint64_t seed) {
  static const traffic::Zipf zipf(kFlows, 1.0, 11);
  Trace trace = traces::shuffled(kPackets, zipf, kFlows, seed);
  return bursty ? traces::bursty(std::move(trace), seed) : trace;
}

inline std::string setting(size_t kb, bool bursty) {
  return std::to_string(kb) + (bursty ? " KB bursty" : " KB shuffled");
}

// The tables beside those of accuracy.cc.
void heavy_change(report::Report& results);
void flow_size_classes(report::Report& results);
void distinct_keys(report::Report& results);
void partial_keys(report::Report& results);

}  // namespace tallytree::accuracy
