// The counting engine: all sketches fed by one source, and the clock that closes their panes. No threads
// here.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>

#include "sketch.h"

namespace tallytree {

class Engine {
 public:
  /// Counts at most kBatch packets, closing panes where their time stamps pass a full second.
  /// `verdicts`: for each packet, when interest() has frames.
  void count(std::span<const Packet> batch, const uint64_t* verdicts = nullptr);

  /// The time by a packet, or by a clock when there are none: seconds since 1970. Time never goes back.
  void advance(uint64_t second);
  /// The time by the wall clock, which may have been set back.
  void set_clock(uint64_t second);

  /// Socket buffers of which at least one sketch counted something.
  uint64_t matched() const noexcept { return matched_; }

  /// Goes on with closed panes while there are no packets; true when there is nothing left to do.
  bool settle();

  /// What the sketches want to know of packets.
  Interest interest() noexcept;

  /// What the sketches' flow caches hold now is to reach the counters: begin, then flush() until it says
  /// true. counter() does what is left.
  void begin_flush() noexcept;
  bool flush();

  /// Throws Conflict when the id is taken, std::invalid_argument when there is no room for its frame filter.
  void add(const std::string& id, std::unique_ptr<Sketch> sketch);
  /// Throws std::out_of_range when there is none.
  void remove(const std::string& id);
  Sketch& sketch(const std::string& id);
  const Counter& counter(const std::string& id, const std::string& key_type);
  const SizeCounter& sizes(const std::string& id);

 private:
  void roll(uint64_t second);
  FrameFilters number_filters();

  uint64_t second_ = 0;
  uint64_t matched_ = 0;
  bool opens_ = false;  // a sketch has asked for what tunnels carry
  std::map<std::string, std::unique_ptr<Sketch>> sketches_;
};

}  // namespace tallytree
