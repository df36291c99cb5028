// Filters: from fields to bits.
#include "filter.h"

namespace tallytree {
namespace {

constexpr Carrier kAllCarriers{3};
constexpr uint32_t kAllDevices = UINT32_MAX >> 1;

/// A packet none of whose flow bits is set.
Packet blank() noexcept {
  Packet packet;
  packet.vlan = packet.family = 0;
  packet.direction = Direction::none;
  return packet;
}

/// What is asked of a packet: of `mask` the bits that are looked at, of `wanted` what they must be.
struct Asked {
  explicit Asked(const Filter& filter) {
    mask.direction = wanted.direction = filter.direction;
    if (filter.proto) mask.proto = UINT8_MAX;
    wanted.proto = filter.proto.value_or(0);
    ask_prefix(&Packet::src, filter.src);
    ask_prefix(&Packet::dst, filter.dst);
    ask_port(&Packet::sport, filter.sport);
    ask_port(&Packet::dport, filter.dport);
    ask_place(filter);
    if (!filter.inner) mask.carrier = kAllCarriers;
  }

  void ask_prefix(Address Packet::*field, const std::optional<Prefix>& prefix) noexcept {
    if (!prefix) return;
    if (mask.family != 0 && wanted.family != prefix->family) is_none = true;
    mask.*field = prefix->mask;
    wanted.*field = prefix->address;
    mask.family = 7;
    wanted.family = prefix->family == 4 ? 4 : 6;
  }
  void ask_port(uint16_t Packet::*field, std::optional<uint16_t> port) noexcept {
    if (!port) return;
    mask.*field = UINT16_MAX;
    wanted.*field = *port;
    mask.has_ports = wanted.has_ports = true;
  }
  void ask_place(const Filter& filter) noexcept {
    if (filter.device.empty()) {
      mask.loopback = true;
      mask.foreign = filter.netns.empty();
      return;
    }
    mask.foreign = true;
    mask.ifindex = kAllDevices;
    wanted.ifindex = filter.ifindex;
    if (filter.ifindex == 0) is_none = true;
  }

  Packet mask = blank(), wanted = blank();
  bool is_none = false;  // what no packet has
};

}  // namespace

Interest Filter::interest() const noexcept { return {.directions = direction, .inner = inner, .frames = {}}; }

Pattern::Pattern(const Filter& filter) : inner_(filter.inner), labels_(filter.labels) {
  const Asked asked(filter);
  mask_ = FlowBits(asked.mask);
  wanted_ = FlowBits(asked.wanted);
  if (asked.is_none) mask_.words[0] = 0, wanted_.words[0] = 1;
  if (filter.device.empty() && filter.netns != Filter::kAllNamespaces) netns_ = filter.netns;
  asks_more_ = inner_ || !netns_.empty();
}

bool Pattern::matches_rest(const Packet& packet) const noexcept {
  if (inner_ && packet.carrier == Carrier::none) return false;
  return netns_.empty() || labels_->place_of(packet).netns == Labels::number_of(netns_);
}

}  // namespace tallytree
