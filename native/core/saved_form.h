// What the byte forms of saved counters and of saved packet sizes have in common: heads, and panes by time.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "bytes.h"

namespace tallytree {

struct SavedForm {
  static constexpr uint16_t kVersion = 1;

  const char* what;  ///< "a saved counter"

  /// Throws std::invalid_argument.
  void refuse(bool bad, const char* why) const {
    if (bad) [[unlikely]]
      throw std::invalid_argument(std::string("not ") + what + ": " + why);
  }

  static void write_head(ByteWriter& out, uint32_t magic) {
    out.fixed(magic);
    out.fixed(kVersion);
  }

  void read_head(ByteReader& in, uint32_t magic) const {
    refuse(in.fixed<uint32_t>() != magic, "wrong magic");
    refuse(in.fixed<uint16_t>() != kVersion, "unknown version");
  }

  /// One to `most` panes that are still open, none before `since`; `read` gives what is in one.
  template <typename Open, typename Read>
  std::vector<Open> read_open(ByteReader& in, uint64_t since, size_t most, Read read) const {
    std::vector<Open> open;
    const auto panes = in.fixed<uint8_t>();
    refuse(panes == 0 || panes > most, "a number of open panes that cannot be");
    for (uint64_t least = since; open.size() < panes; ++least) {
      const auto second = in.fixed<uint64_t>();
      refuse(second < least, "seconds out of order");
      least = second;
      open.push_back({second, read()});
    }
    return open;
  }

  template <typename Pane>
  static void write_pane_head(ByteWriter& out, bool minute, const Pane& pane) {
    out.fixed(static_cast<uint8_t>(minute));
    out.fixed(pane.start);
    out.fixed(pane.serial);
  }

  /// Fills in start and serial; true for a minute.
  template <typename Pane>
  bool read_pane_head(ByteReader& in, Pane& pane) const {
    const auto minute = in.fixed<uint8_t>();
    pane.start = in.fixed<uint64_t>();
    pane.serial = in.fixed<uint64_t>();
    refuse(minute > 1 || (minute == 1 && pane.start % 60 != 0), "neither a second nor a minute");
    return minute == 1;
  }
};

}  // namespace tallytree
