// The sizes of a sketch's packets, over all time and by the second.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "pane_ring.h"
#include "saved_sizes.h"
#include "size_histogram.h"
#include "timeline.h"
#include "window.h"

namespace tallytree {

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

  /// Goes on where the saved one was.
  explicit SizeCounter(const SavedSizes& saved);

  /// Packets of the running second or, with `late`, of the one before.
  void add(std::span<const Packet* const> packets, bool late);
  /// The clock shows `second`, unix seconds. On a clock that was set back, spans begin anew.
  void roll(uint64_t second);

  SizeSnapshot look(const Window& window) const;

  /// A copy to be kept; sealed panes are shared.
  SavedSizes save() const;

  /// Most bytes that one ever holds.
  static size_t bytes() noexcept;

 private:
  using Ring = PaneRing<std::shared_ptr<const SealedSizes>>;

  SizeHistogram open_sum(bool with_past) const;
  SizeSnapshot look_at(const Span& asked) const;
  void dismiss(SizeHistogram& pane, uint64_t second);
  void restart(uint64_t second);
  void take_up(const std::vector<SavedSizesPane>& panes);
  std::shared_ptr<const SealedSizes> seal(uint64_t start, const SizeHistogram& pane);

  Secret secret_;
  Timeline time_;
  SizeHistogram past_;     // all panes before last_
  SizeHistogram last_;     // the last closed one
  SizeHistogram current_;  // the second that is running
  SizeHistogram minute_;   // the sealed seconds of the minute that is open in ring_
  Ring ring_;
  uint64_t serial_ = 0;  // of the pane that was sealed last
};

}  // namespace tallytree
