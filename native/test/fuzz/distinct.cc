// Fuzzing the distinct set's decoder: what is not refused can be counted, encoded and merged.
#include "core/distinct.h"

#include <stdexcept>

#include "target.h"

using namespace tallytree;
using tallytree::fuzz::must;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    const Distinct::Decoded decoded = Distinct::decode(fuzz::framed({data, size}));
    const DistinctCount count = decoded.set.count();
    must(count.lower <= count.count && count.count <= count.upper, "the count is not within its bounds");
    const Distinct::Decoded again = Distinct::decode(decoded.set.encode(decoded.check));
    must(again.check == decoded.check, "the check changed");
    Distinct sum(decoded.set.precision());
    sum.absorb(decoded.set);
    sum.absorb(again.set);
    must(sum.count().count == count.count, "a set united with itself counts differently");
  } catch (const std::invalid_argument&) {
  }
  return 0;
}
