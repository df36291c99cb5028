// Labels: texts that stand in keys as numbers of 32 bits, and which of them a packet has.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "packet.h"

namespace tallytree {

/// A number is the hash of its text, so that the same text has the same number on all hosts. Texts travel
/// with the byte forms whose keys name them. Only the numbers of packets belong to one thread.
class Labels {
 public:
  static constexpr size_t kMostText = 64;
  /// Of texts, and of namespaces: some 40 MB.
  static constexpr size_t kMost = 1 << 18;
  static constexpr const char* kNone = "none";

  /// What packets are labelled with that were seen in one network namespace.
  struct Place {
    uint32_t netns = 0;
    uint32_t container = 0;
  };

  Labels() { set_own("own", kNone); }

  /// 0 for "none", or no text at all.
  static uint32_t number_of(std::string_view text) noexcept;

  /// Throws Incompatible when another text has the same number, std::length_error when there are too many.
  uint32_t add(std::string_view text);
  void add_all(const Labels& others);
  /// The text of a number that was added; of another one "#" and its digits.
  std::string text(uint32_t number) const;
  /// The number for a question. Throws std::invalid_argument when a text that was added has it too.
  uint32_t find(std::string_view text) const;

  /// Those of this process's own network namespace.
  void set_own(std::string_view netns, std::string_view container);
  /// A number for Packet::ifindex of foreign packets, never given twice. Throws as add().
  uint32_t add_place(std::string_view netns, std::string_view container);
  const Place& place_of(const Packet& packet) const noexcept {
    return places_[packet.foreign ? packet.ifindex : 0];
  }

 private:
  mutable std::mutex mutex_;
  std::map<uint32_t, std::string> texts_;  // under mutex_
  std::vector<Place> places_{1};           // the first is our own namespace
};

}  // namespace tallytree
