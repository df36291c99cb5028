// A counter: one key type, counted over all time and by the second.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "distinct.h"
#include "ledger.h"
#include "packet.h"

namespace tallytree {

/// all: since the counter was made. realtime: the last closed second and the current one.
enum class Window : uint8_t { all, realtime };

/// One stretch of time.
struct Pane {
  explicit Pane(const LedgerSpec& spec) : ledger(spec) {}

  void absorb(Pane& other);
  Absorption begin_absorb(Pane& other);
  Pane clone() const;

  Ledger ledger;
  Distinct distinct;
};

/// Each packet updates one pane, the current second's. A closed pane stays readable for one more second and
/// then goes, bit by bit, into the sum of all before it, so nothing is counted twice and no packet waits.
class Counter {
 public:
  explicit Counter(const LedgerSpec& spec) : past_(spec), leaving_(spec), last_(spec), current_(spec) {}

  const LedgerSpec& spec() const noexcept { return past_.ledger.spec(); }

  /// At most kBatch packets.
  void add(std::span<const Packet* const> packets);

  /// Closes the current pane. `seconds`: how far the clock went on since it was opened, at least 1.
  void roll(uint64_t seconds);

  /// Takes at most `entries` entries of the pane that is leaving into the sum. roll() does what is left of
  /// it.
  void settle(size_t entries = SIZE_MAX);

  Interval interval(const Key& key) const;
  std::vector<uint8_t> ledger(Window window) const;
  std::vector<uint8_t> distinct(Window window) const;

  /// Most bytes a counter of this specification ever holds.
  static size_t bytes(const LedgerSpec& spec) noexcept {
    return sizeof(Counter) + kPanes * (Ledger::bytes(spec) + Distinct::bytes());
  }

 private:
  static constexpr size_t kPanes = 4;

  Pane sum(Window window) const;
  void dismiss(Pane& pane);

  Pane past_;     // all panes before leaving_
  Pane leaving_;  // on its way into past_, or empty
  Pane last_;     // the last closed second
  Pane current_;  // the second that is running
  enum class Leaving : uint8_t { nothing, waiting, moving } state_ = Leaving::nothing;
  Absorption progress_;  // of leaving_ while moving
};

}  // namespace tallytree
