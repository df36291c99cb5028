// Fuzzing what is read of a checkpoint's packet sizes: a byte tells sizes from a pane; what is not refused
// goes on counting.
#include "core/saved_sizes.h"

#include <algorithm>
#include <stdexcept>

#include "core/errors.h"
#include "core/size_counter.h"
#include "target.h"

using namespace tallytree;
using tallytree::fuzz::must;

namespace {

constexpr Secret kSecret{fuzz::kSecret[0], fuzz::kSecret[1]};

uint64_t packets_of(const SizeCounter& counter) { return counter.look(All{}).sum().packets(); }

void use(const SavedSizes& saved) {
  uint64_t packets = saved.past.packets();
  for (const auto& [_, sizes] : saved.open) packets += sizes.packets();
  SizeCounter counter(saved);
  must(packets_of(counter) == packets, "the number of packets changed");
  counter.roll(saved.open.back().second + 1);
  must(packets_of(counter) == packets, "a closed pane changed the number of packets");
  const SavedSizes again = SavedSizes::decode(counter.save().encode(), kSecret);
  must(packets_of(SizeCounter(again)) == packets, "saved again it has another number of packets");
}

void use(const SavedSizesPane& pane) {
  SavedSizes saved(kSecret);
  saved.open.push_back({pane.pane->start, {}});
  saved.sealed = {pane, pane};
  SizeCounter counter(saved);
  counter.look(Span{pane.pane->start, pane.pane->start + 60}).sum();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  try {
    const std::vector<uint8_t> bytes = fuzz::framed({data + 1, size - 1});
    if (data[0] & 1) {
      const SavedSizesPane pane = SavedSizesPane::decode(bytes, kSecret);
      must(std::ranges::equal(pane.encode(), bytes), "decoded and encoded again it differs");
      use(pane);
    } else {
      use(SavedSizes::decode(bytes, kSecret));
    }
  } catch (const std::invalid_argument&) {
  } catch (const Incompatible&) {
  }
  return 0;
}
