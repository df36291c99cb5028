// Times in which a tap was not there, so that nobody knows how many packets passed.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tallytree {

struct Gap {
  uint64_t from_ns = 0;  ///< unix time
  uint64_t to_ns = 0;    ///< 0: it goes on
  std::string reason;
  std::string netns;  ///< empty: of all that the tap reads; else of the packets of one network namespace
};

/// At most kMost, in order of time; of more, the two oldest become one that covers both.
class Gaps {
 public:
  static constexpr size_t kMost = 32;

  bool open() const noexcept { return !gaps_.empty() && gaps_.back().to_ns == 0; }

  /// Does nothing while one is open.
  void begin(uint64_t from_ns, std::string reason) {
    if (open()) return;
    if (gaps_.size() == kMost) join_oldest();
    gaps_.push_back({from_ns, 0, std::move(reason), {}});
  }

  void end(uint64_t to_ns) {
    if (open()) gaps_.back().to_ns = to_ns > gaps_.back().from_ns ? to_ns : gaps_.back().from_ns;
  }

  const std::vector<Gap>& all() const noexcept { return gaps_; }

 private:
  void join_oldest() {
    gaps_[1].from_ns = gaps_[0].from_ns;
    if (gaps_[1].reason != gaps_[0].reason) gaps_[1].reason = "several";
    gaps_.erase(gaps_.begin());
  }

  std::vector<Gap> gaps_;
};

}  // namespace tallytree
