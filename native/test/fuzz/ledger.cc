// Fuzzing the ledger's decoder: what is not refused can be asked, encoded, merged and reduced.
#include "core/ledger.h"

#include <algorithm>

#include "core/bytes.h"
#include "core/errors.h"
#include "core/flow_sizes.h"
#include "core/ledger_entropy.h"
#include "core/ledger_sum.h"
#include "core/reduction.h"
#include "target.h"

using namespace tallytree;
using tallytree::fuzz::must;

namespace {

constexpr Secret kSecret{fuzz::kSecret[0], fuzz::kSecret[1]};

bool same(const std::vector<Ledger::Entry>& ours, const std::vector<Ledger::Entry>& theirs) {
  return std::ranges::equal(ours, theirs, [](const Ledger::Entry& a, const Ledger::Entry& b) {
    return a.key == b.key && a.interval == b.interval;
  });
}

void use(Ledger& ledger) {
  const std::vector<uint8_t> bytes = ledger.encode();
  Ledger again = Ledger::decode(bytes, kSecret);
  must(again.encode() == bytes, "decoded and encoded again it differs");
  const auto entries = ledger.entries();
  must(entries.size() == ledger.keys(), "entries are missing");
  for (const Ledger::Entry& entry : entries)
    must(ledger.interval(entry.key, entry.key.hash(kSecret)) == entry.interval, "two answers about a key");
  const DistinctCount distinct{static_cast<double>(entries.size()) + 9, 0, 0, false};
  flow_sizes(ledger, distinct);
  entropy_of(ledger, distinct);
  LedgerSpec narrow = ledger.spec();
  narrow.capacity = LedgerSpec::kLeastCapacity;
  narrow.cold_per_key = 0;
  must(reduced(ledger, narrow).total() == ledger.total(), "a reduction changed the total");
  const std::span<const uint8_t> one = bytes;
  LedgerSum alone(ledger.spec());
  alone.add(one);
  must(same(alone.take().entries(), entries), "the sum of one differs from it");
  const std::span<const uint8_t> twice[] = {one, one};
  must(sum_of(twice, kSecret).keys() == ledger.keys(), "a sum lost entries");
  ledger.absorb(again);
  must(again.total() == 0 && ledger.keys() >= entries.size(), "a merge lost entries");
}

/// The memory of a large table would be most of the time and shows nothing more.
bool is_large(const std::vector<uint8_t>& bytes) {
  ByteReader in = ByteReader::framed(bytes);
  in.raw(4 + 2 + 1);
  in.text();
  in.raw(8);
  return in.fixed<uint32_t>() > 256;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    const std::vector<uint8_t> bytes = fuzz::framed({data, size});
    if (is_large(bytes)) return -1;
    Ledger ledger = Ledger::decode(bytes, kSecret);
    use(ledger);
  } catch (const std::invalid_argument&) {
  } catch (const Incompatible&) {
  }
  return 0;
}
