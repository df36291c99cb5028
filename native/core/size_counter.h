// The sizes of a sketch's packets, over all time and by the second.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "pane_ring.h"
#include "size_histogram.h"
#include "timeline.h"
#include "window.h"

namespace tallytree {

/// A closed second or minute. Never changed, so other threads may read it.
struct SealedSizes {
  uint64_t start;              ///< unix seconds
  std::vector<uint8_t> bytes;  ///< encoded
};

/// What is known of a window, to be summed on another thread.
struct SizeSnapshot {
  Secret secret;
  Span covered;
  std::vector<std::shared_ptr<const SealedSizes>> sealed;
  SizeHistogram open;  ///< the sum of what is not sealed

  SizeHistogram sum() const;
};

/// Keeps time as Counter does: each packet updates one pane, that of its second. A closed pane stays readable
/// for one more second, then is sealed and goes into its minute and into the sum of all before it.
class SizeCounter {
 public:
  explicit SizeCounter(const Secret& secret) : secret_(secret) {}

  /// Packets of the running second or, with `late`, of the one before.
  void add(std::span<const Packet* const> packets, bool late);
  /// The clock shows `second`, unix seconds. On a clock that was set back, spans begin anew.
  void roll(uint64_t second);

  SizeSnapshot look(const Window& window) const;

  /// Most bytes that one ever holds.
  static size_t bytes() noexcept;

 private:
  using Ring = PaneRing<std::shared_ptr<const SealedSizes>>;

  SizeHistogram open_sum(bool with_past) const;
  SizeSnapshot look_at(const Span& asked) const;
  void dismiss(SizeHistogram& pane, uint64_t second);
  void restart(uint64_t second);
  std::shared_ptr<const SealedSizes> seal(uint64_t start, const SizeHistogram& pane) const;

  Secret secret_;
  Timeline time_;
  SizeHistogram past_;     // all panes before last_
  SizeHistogram last_;     // the last closed one
  SizeHistogram current_;  // the second that is running
  SizeHistogram minute_;   // the sealed seconds of the minute that is open in ring_
  Ring ring_;
};

}  // namespace tallytree
