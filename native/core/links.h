// The devices of this network namespace, by rtnetlink (never /sys, which may show another namespace's).
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "packet.h"
#include "route_netlink.h"

namespace tallytree {

struct Link {
  uint32_t index = 0;
  uint32_t mtu = 0;
  uint32_t vlan_parent =
      0;  ///< index of the device below; 0: not a VLAN device, or its parent is in another namespace
  uint16_t vlan_id = kNoVlan;
  std::array<uint8_t, 6> address{};  ///< of its frames; zero: it has none of that size
  bool loopback = false;
  bool up = false;  ///< by its administrator
  /// Bridge port, bond or team slave: the master shows the same frames again. False below a VRF, which does
  /// not.
  bool port = false;
  uint32_t master = 0;  ///< of a port: index of the device above
  /// Whether what arrives here for another host is sent on, by IP version.
  bool forwards_ipv4 = false;
  bool forwards_ipv6 = false;
  std::string name;
};

/// What one RTM_NEWLINK message says.
Link to_link(const nlmsghdr* message);

/// The index of a device of the calling thread's namespace; 0: there is none of that name.
uint32_t device_index(const std::string& name) noexcept;
bool device_exists(const std::string& name) noexcept;
/// The bridge, bond or team that shows this device's frames again; empty: none. Throws std::system_error.
std::string device_above(const std::string& name);

/// A table that follows the kernel's notifications. Owned and used by one thread.
class Links {
 public:
  /// Throws std::system_error when netlink is refused.
  Links();

  /// Readable when a device came, went or changed: call refresh() then.
  int descriptor() const noexcept { return netlink_.descriptor(); }

  /// Takes in what changed, if anything. Returns true when the table was read anew.
  bool refresh() noexcept;

  /// nullptr: unknown.
  const Link* find(uint32_t index) const noexcept {
    if (found_ == nullptr || found_->index != index) found_ = search(index);
    return found_;
  }

  /// The same, but looks at what changed before it says nullptr.
  const Link* find_anew(uint32_t index) noexcept;

  /// True when frames of that VLAN show up again on a VLAN device above `index`.
  bool has_vlan_device(uint32_t index, uint16_t id) const noexcept;

  const std::vector<Link>& all() const noexcept { return links_; }

 private:
  const Link* search(uint32_t index) const noexcept;
  bool reload() noexcept;
  std::vector<Link> dump();

  RouteNetlink netlink_;
  std::vector<Link> links_;              ///< sorted by index
  mutable const Link* found_ = nullptr;  ///< the last one: most packets come from where the one before did
  std::vector<std::pair<uint32_t, uint16_t>> vlans_;
};

}  // namespace tallytree
