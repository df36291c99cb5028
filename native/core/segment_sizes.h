// Segment sizes of TCP connections, learned from what passes: some kernel mechanisms hand over super-packets
// without saying how many packets of the wire they are.
#pragma once

#include <array>
#include <memory>
#include <span>

#include "segments.h"
#include "siphash.h"

namespace tallytree {

/// What a source is told about a packet.
enum class Told : uint8_t {
  nothing,      ///< but its length
  one_packet,   ///< it is as it was on the wire
  super_packet  ///< it carries several
};

/// A table of fixed size, where the newest connection takes its place. Owned and used by one thread; split()
/// allocates nothing.
///
/// No segment is longer than what the other end announced with its SYN (RFC 9293, 3.7.1) or than the device's
/// MTU allows. Most are no longer than what their sender announced for itself, which often is its own limit
/// as well, or was lowered by a router on the way. The first super-packet that is a multiple of one of the two
/// decides. Before, and of a connection whose SYNs were not seen, it is an estimate.
class SegmentSizes {
 public:
  SegmentSizes();

  /// Learns from a parsed packet, and turns a super-packet into what it carries. `captured`: the bytes that
  /// it was parsed from. `link` nullptr: unknown.
  void split(Packet& packet, const Headers& headers, std::span<const uint8_t> captured, const Link* link,
             Told told = Told::nothing) noexcept;

  /// One that was split elsewhere, by the MTU.
  void note_estimate() noexcept { ++super_packets_, ++estimated_; }

  uint64_t super_packets() const noexcept { return super_packets_; }
  uint64_t estimated() const noexcept { return estimated_; }

 private:
  static constexpr size_t kConnections = 8192;

  /// All sizes with TCP's options, as announced (RFC 6691). 0: unknown.
  struct Way {
    uint16_t announced = 0;  ///< by the sender, for what it gets
    uint16_t decided = 0;    ///< what it sends
  };
  /// First the way from the smaller of both ends.
  struct Connection {
    uint32_t tag = 0;  ///< 0: nobody's
    std::array<Way, 2> ways;
  };
  struct Place {
    Connection* connection;
    uint32_t tag;
    size_t way;
  };

  struct Limits {
    uint32_t least;
    uint32_t most;
  };

  Place place_of(const Packet& packet) noexcept;
  void note_syn(const Place& place, std::span<const uint8_t> header) noexcept;
  static Limits limits_of(const Connection& connection, size_t way, const Headers& headers,
                          const Link* link) noexcept;
  void split_tcp(Packet& packet, const Headers& headers, const Link* link, Told told) noexcept;

  Secret secret_;
  std::unique_ptr<Connection[]> connections_;
  uint64_t super_packets_ = 0;
  uint64_t estimated_ = 0;
};

}  // namespace tallytree
