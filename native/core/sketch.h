// A sketch: a filter, the totals of what passed it, and counters.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "counter.h"
#include "filter.h"
#include "flow_cache.h"
#include "labels.h"
#include "packet.h"
#include "promiscuity.h"
#include "size_counter.h"

namespace tallytree {

/// Packets and IP bytes on the wire that passed a sketch's filter, and the socket buffers they came in.
struct Totals {
  uint64_t packets = 0;
  uint64_t bytes = 0;
  uint64_t buffers = 0;
};

/// What a sketch keeps besides its counters.
enum class Sizes : uint8_t { none, kept };

class Sketch {
 public:
  /// Throws std::system_error when a promiscuous device is refused. `totals`: what was counted before.
  explicit Sketch(const Secret& secret, Filter filter, Sizes sizes = Sizes::none, const Totals& totals = {});

  /// The source's labels, before there are counters.
  void use(std::shared_ptr<Labels> labels);

  /// All of the running second or, with `late`, of the one before. `verdicts`: of FrameVerdicts, for a filter
  /// with frames. A bit for each packet that passed the filter.
  uint64_t count(std::span<const Packet> batch, bool late = false, const uint64_t* verdicts = nullptr);
  /// The clock shows `second`, unix seconds.
  void roll(uint64_t second);
  /// Goes on with closed panes; true when there is nothing left to do.
  bool settle(size_t entries);
  /// What the flow cache holds now is to reach the counters: begin, then go on until it says true.
  void begin_flush() noexcept;
  bool flush(size_t lines = FlowCache::kLines);

  /// Throws Conflict when a counter of that key type is there.
  void add_counter(CounterSpec spec);
  /// The same, going on with what was saved; before an engine has the sketch, so that its totals and all
  /// else are of the same packets.
  void add_counter(SavedCounter saved);
  /// Keeps packet sizes, going on with what was saved; before an engine has the sketch.
  void add_sizes(const SavedSizes& saved);
  /// nullptr when there is none.
  const Counter* counter(const std::string& key_type) const noexcept;
  /// Those of its packets; nullptr when they are not kept.
  const SizeCounter* sizes() const noexcept { return sizes_.get(); }
  const Filter& filter() const noexcept { return filter_; }
  void set_frames_bit(uint32_t bit) noexcept { filter_.frames_bit = bit; }
  const Totals& totals() const noexcept { return totals_; }

  /// Most bytes that a counter of this specification takes, with the flow cache that a sketch's first one
  /// brings along.
  static size_t bytes(const CounterSpec& spec) noexcept { return Counter::bytes(spec) + FlowCache::bytes(); }

 private:
  void find_device() noexcept;
  void hand_on(std::span<const Packet* const> matched, bool late);
  void admit(std::unique_ptr<Counter> counter);

  Secret secret_;
  Filter filter_;
  Pattern pattern_;  // of it
  std::shared_ptr<Labels> labels_;
  std::optional<Promiscuity> promiscuity_;
  Totals totals_;
  std::unique_ptr<SizeCounter> sizes_;  // when asked for
  std::vector<std::unique_ptr<Counter>> counters_;
  std::unique_ptr<FlowCache> cache_;  // with counters
  size_t turn_ = 0;
  uint64_t second_ = 0;
};

}  // namespace tallytree
