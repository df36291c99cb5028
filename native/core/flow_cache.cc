// The flow cache: which table has a flow, and what leaves the tables.
#include "flow_cache.h"

#include <algorithm>

namespace tallytree {

void FlowCache::serve(Counters counters) noexcept {
  by_addresses_ = std::ranges::all_of(
      counters, [](const auto& counter) { return counter->spec().key_type.has_addresses_only(); });
}

void FlowCache::add(std::span<const Packet* const> packets, Counters counters) {
  const auto leaves = [&](auto& place) { leave(place, counters); };
  if (!by_addresses_) return whole_.add(packets, second_, leaves);
  std::array<const Packet*, kBatch> pairs, others;
  size_t paired = 0, left = 0;
  for (const Packet* packet : packets)
    (AddressPair::fits(*packet) ? pairs[paired++] : others[left++]) = packet;
  pairs_.add({pairs.data(), paired}, second_, leaves);
  whole_.add({others.data(), left}, second_, leaves);
}

void FlowCache::feed(Gone& gone, Counters counters) {
  std::array<const Packet*, kBatch> flows;
  for (size_t i = 0; i < gone.size; ++i) flows[i] = &gone.flows[i];
  for (const auto& counter : counters)
    if (gone.size > 0) counter->add({flows.data(), gone.size}, gone.second, Admission::sparing);
  gone.size = 0;
}

/// Only the last bit tells a place's second: what is here now must not be taken for one of the new second.
void FlowCache::roll(uint64_t second, Counters counters) {
  settle(counters);
  begin_round();
  if (second % 2 == second_ % 2) settle(counters);
  second_ = second;
  gone_[second % 2].second = second;
}

void FlowCache::begin_round() noexcept {
  pairs_.begin_round();
  whole_.begin_round();
  walks_ = true;
}

bool FlowCache::settle(Counters counters, size_t lines) {
  if (!walks_) return true;
  const auto leaves = [&](auto& place) { leave(place, counters); };
  const bool pairs_settled = pairs_.settle(lines, leaves), whole_settled = whole_.settle(lines, leaves);
  if (!pairs_settled || !whole_settled) return false;
  walks_ = false;
  for (Gone& gone : gone_) feed(gone, counters);
  return true;
}

}  // namespace tallytree
