// What is kept of a sketch's packet sizes, so that a later process can go on with them.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "size_histogram.h"

namespace tallytree {

/// A closed second or minute. Never changed, so other threads may read it.
struct SealedSizes {
  uint64_t start;              ///< unix seconds
  uint64_t serial;             ///< no two panes of a sketch's sizes have the same
  std::vector<uint8_t> bytes;  ///< encoded
};

struct SavedSizesPane {
  bool minute = false;
  std::shared_ptr<const SealedSizes> pane;

  /// The byte form; saved_sizes.cc has the layout.
  std::vector<uint8_t> encode() const;
  /// Throws std::invalid_argument for anything that is not exactly one encoded pane, Incompatible for one of
  /// other buckets or a sketch with another secret.
  static SavedSizesPane decode(std::span<const uint8_t> bytes, const Secret& secret);
};

/// Copied on the thread that counts, encoded on another.
struct SavedSizes {
  struct Open {
    uint64_t second;
    SizeHistogram sizes;
  };

  explicit SavedSizes(const Secret& of) : secret(of) {}

  Secret secret;
  uint64_t since = 0;
  SizeHistogram past;                  ///< what no open pane has
  std::vector<Open> open;              ///< not sealed yet, by time; the last one is the running second
  std::vector<SavedSizesPane> sealed;  ///< by time

  /// The byte form without `sealed`; saved_sizes.cc has the layout.
  std::vector<uint8_t> encode() const;
  /// As SavedSizesPane::decode.
  static SavedSizes decode(std::span<const uint8_t> bytes, const Secret& secret);
};

}  // namespace tallytree
