// Which threads of the inline tap go before others: the host's packets wait for them.
#pragma once

#include <cstdint>

namespace tallytree {

/// Needs CAP_SYS_NICE; without it all stays as it is. Owned and used by one thread.
class Precedence {
 public:
  /// As of nice(1).
  static constexpr int kRaised = -15;

  /// Raises all threads that this process has: a killed process takes its queue down only when its last
  /// thread is gone, and the packets wait for that, and for the guard, which inherits it.
  static void raise_process() noexcept;

  /// Where the kernel shares the cores among sessions first (sched(7), autogroup), nice(1) counts only within
  /// one: a session that this process began gets its nice value.
  static void raise_session() noexcept;

  /// Called a few times a second. The calling thread goes before others as long as it takes at most half a
  /// core: most of what it does is the kernel's delivery of what it accepts, which untapped waits for nobody.
  /// When more comes, the host's own programs are not to starve, and what is too much passes uncounted: then
  /// it shares with all others for some seconds.
  void keep() noexcept;

  /// The same by what the thread has run so far, at which time: true when it may go before others.
  bool is_modest(uint64_t ran_ns, uint64_t now_ns) noexcept;

 private:
  uint64_t ran_ns_ = 0;
  uint64_t now_ns_ = 0;
  uint64_t humble_until_ns_ = 0;
  bool raised_ = true;
};

}  // namespace tallytree
