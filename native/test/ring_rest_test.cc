// The rests of a ring's reader: as long as the ring allows, whatever the rate was before.
#include "core/ring_rest.h"

#include "check.h"

using namespace tallytree;

namespace {

constexpr uint32_t kMiB = 16;

/// Share of the ring that fills in one rest, after some at this rate.
double filled(RingRest& rest, double frames_a_second, double frame_bytes) {
  std::chrono::duration<double> last{0.024};
  for (int i = 0; i < 5; ++i) last = rest.after(static_cast<size_t>(frames_a_second * last.count()));
  return last.count() * frames_a_second * frame_bytes / (kMiB << 20);
}

}  // namespace

TEST(ring_rest_fills_a_quarter_at_most) {
  RingRest rest(kMiB);
  for (const double rate : {1e4, 1e6, 3e6, 9e6, 2e5}) CHECK(filled(rest, rate, 160) < 0.26);
  CHECK(filled(rest, 9e6, 160) > 0.2);
}

TEST(ring_rest_is_short_enough_for_a_burst) {
  RingRest rest(kMiB);
  filled(rest, 1e3, 160);
  CHECK(rest.after(100).count() * 1e-6 * 1.3e6 * 256 <= (kMiB << 20) / 2.0);
  CHECK(RingRest(1).after(100).count() <= 1500);
  CHECK(RingRest(1024).after(100).count() <= 24'000);
}
