// Fuzzing the spread's decoder: what is not refused can be asked who talks to many, encoded and united.
#include "core/spread.h"

#include <stdexcept>

#include "core/bytes.h"
#include "core/errors.h"
#include "core/spread_estimates.h"
#include "target.h"

using namespace tallytree;
using tallytree::fuzz::must;

namespace {

constexpr Secret kSecret{fuzz::kSecret[0], fuzz::kSecret[1]};

void use(Spread& spread) {
  const std::vector<uint8_t> bytes = spread.encode();
  const Spread again = Spread::decode(bytes, kSecret);
  must(again.encode() == bytes, "decoded and encoded again it differs");
  const SpreadEstimates estimates(spread);
  for (const Key& owner : estimates.owners()) {
    const SpreadEstimates::Estimate found = estimates.of(owner);
    must(found.keys >= 0 && found.margin >= 0, "less than no keys");
  }
  spread.absorb(again);
  must(spread.encode() == bytes, "united with itself it differs");
}

/// The memory of a wide grid would be most of the time and shows nothing more.
bool is_wide(const std::vector<uint8_t>& bytes) {
  ByteReader in = ByteReader::framed(bytes);
  in.raw(4 + 2);
  in.text();
  in.text();
  in.raw(8);
  return in.fixed<uint32_t>() > 64;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    const std::vector<uint8_t> bytes = fuzz::framed({data, size});
    if (is_wide(bytes)) return -1;
    Spread spread = Spread::decode(bytes, kSecret);
    use(spread);
  } catch (const std::invalid_argument&) {
  } catch (const Incompatible&) {
  }
  return 0;
}
