// Fuzzing the size histogram's decoder: what is not refused can be asked, encoded and merged.
#include <stdexcept>

#include "core/errors.h"
#include "core/size_histogram.h"
#include "target.h"

using namespace tallytree;
using tallytree::fuzz::must;

namespace {

constexpr Secret kSecret{fuzz::kSecret[0], fuzz::kSecret[1]};

void use(SizeHistogram& sizes) {
  const std::vector<uint8_t> bytes = sizes.encode(kSecret);
  must(bytes.size() <= SizeHistogram::most_encoded(), "longer than the longest");
  const SizeHistogram again = SizeHistogram::decode(bytes, kSecret);
  must(again.encode(kSecret) == bytes, "decoded and encoded again it differs");
  uint64_t packets = 0, last = 0;
  for (const double share : {0.0, 0.1, 0.5, 0.9, 1.0}) {
    const SizeHistogram::Size size = sizes.quantile(share);
    must(size.lower <= size.value && size.value <= size.upper, "a size is not within its bounds");
    must(last <= size.lower, "sizes fall with their rank");
    last = size.lower;
  }
  for (const SizeHistogram::Bucket& one : sizes.buckets()) {
    must(one.from <= one.to && one.packets > 0, "an empty bucket");
    packets += one.packets;
  }
  must(packets == sizes.packets(), "buckets do not add up");
  try {
    sizes.absorb(again);
    must(sizes.packets() == 2 * packets, "a merge lost packets");
  } catch (const std::overflow_error&) {
    must(packets >> 62 != 0 || sizes.bytes() >> 62 != 0, "refused without need");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    SizeHistogram sizes = SizeHistogram::decode(fuzz::framed({data, size}), kSecret);
    use(sizes);
  } catch (const std::invalid_argument&) {
  } catch (const Incompatible&) {
  }
  return 0;
}
