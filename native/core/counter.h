// A counter: one key type, counted over all time and by the second.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "distinct.h"
#include "ledger.h"
#include "packet.h"

namespace tallytree {

/// Packets are handed on in batches of at most so many.
inline constexpr size_t kBatch = 64;

/// all: since the counter was made. realtime: the last closed second and the current one.
enum class Window : uint8_t { all, realtime };

/// One stretch of time.
struct Pane {
  explicit Pane(const LedgerSpec& spec) : ledger(spec) {}

  void absorb(Pane& other);
  void clear() noexcept;
  Pane clone() const;

  Ledger ledger;
  Distinct distinct;
};

/// Each packet updates one pane, the current second's. A closed pane stays readable for one more second and
/// then goes into the sum of all before it, so nothing is counted twice and nothing is updated twice.
class Counter {
 public:
  explicit Counter(const LedgerSpec& spec) : past_(spec), last_(spec), current_(spec) {}

  const LedgerSpec& spec() const noexcept { return past_.ledger.spec(); }

  /// At most kBatch packets.
  void add(std::span<const Packet* const> packets);

  /// Closes the current pane. `seconds`: how far the clock went on since it was opened, at least 1.
  void roll(uint64_t seconds);

  Interval interval(const Key& key) const;
  std::vector<uint8_t> ledger(Window window) const;
  std::vector<uint8_t> distinct(Window window) const;

  /// Most bytes a counter of this specification ever holds.
  static size_t bytes(const LedgerSpec& spec) noexcept {
    return 3 * (Ledger::bytes(spec) + Distinct::bytes());
  }

 private:
  Pane sum(Window window) const;

  Pane past_;     // all panes before last_
  Pane last_;     // the last closed second
  Pane current_;  // the second that is running
};

}  // namespace tallytree
