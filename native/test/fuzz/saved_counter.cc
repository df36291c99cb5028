// Fuzzing what is read of a checkpoint: a byte tells a counter from a pane; what is not refused goes on
// counting.
#include "core/saved_counter.h"

#include <algorithm>

#include "core/counter.h"
#include "core/errors.h"
#include "target.h"

using namespace tallytree;
using tallytree::fuzz::must;

namespace {

/// That of the golden files.
CounterSpec golden_spec() {
  CounterSpec spec;
  spec.key_type = KeyType::parse("src_dst");
  spec.capacity = 32;
  spec.secret = {fuzz::kSecret[0], fuzz::kSecret[1]};
  spec.spread_by = {KeyType::parse("src")};
  return spec;
}

void use(SavedCounter saved) {
  const uint64_t second = saved.open.back().second;
  uint64_t total = saved.past.ledger.total();
  for (const auto& [_, pane] : saved.open) total += pane.ledger.total();
  Counter counter(std::move(saved));
  must(Ledger::summarize(counter.ledger(All{})).total == total, "the total changed");
  counter.roll(second + 1);
  counter.settle();
  must(Ledger::summarize(counter.ledger(All{})).total == total, "a closed pane changed the total");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  try {
    const std::vector<uint8_t> bytes = fuzz::framed({data + 1, size - 1});
    if (data[0] & 1) {
      const SavedPane pane = SavedPane::decode(bytes, golden_spec());
      must(std::ranges::equal(pane.encode(), bytes), "decoded and encoded again it differs");
    } else {
      use(SavedCounter::decode(bytes, golden_spec()));
    }
  } catch (const std::invalid_argument&) {
  } catch (const Incompatible&) {
  }
  return 0;
}
