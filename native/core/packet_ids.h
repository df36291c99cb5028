// The ids of an NFQUEUE, in 64 bits: they run without holes, so a hole is packets that found our socket full
// (the kernel let them pass).
#pragma once

#include <cstdint>

namespace tallytree {

class PacketIds {
 public:
  /// Id of the last packet behind us.
  uint64_t position() const noexcept { return position_; }
  uint64_t lost() const noexcept { return lost_; }

  /// The kernel's 32 bits as the nearest number to where we are.
  uint64_t extended(uint32_t id) const noexcept {
    const auto ahead = static_cast<int32_t>(id - static_cast<uint32_t>(position_));
    return position_ + static_cast<uint64_t>(int64_t{ahead});
  }

  void note(uint32_t id) noexcept {
    const uint64_t at = extended(id);
    if (at > position_) {
      lost_ += at - position_ - 1;
      position_ = at;
    } else if (lost_ > 0) {
      --lost_;  // it was taken for lost too early
    }
  }

  /// The kernel puts a packet into our socket as it gives out its id. The socket is empty: an id given out
  /// before is lost.
  void settle(uint64_t given_out) noexcept {
    if (given_out <= position_) return;
    lost_ += given_out - position_;
    position_ = given_out;
  }

  /// What came so far is not counted.
  void begin() noexcept {
    origin_ = position_;
    lost_ = 0;
  }
  uint64_t since_begin() const noexcept { return position_ - origin_; }
  uint64_t origin() const noexcept { return origin_; }

 private:
  uint64_t position_ = 0;
  uint64_t origin_ = 0;
  uint64_t lost_ = 0;
};

}  // namespace tallytree
