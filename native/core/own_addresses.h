// The IP addresses of this host: what is sent to one of them is for us, and to no other.
#pragma once

#include <cstdint>
#include <vector>

#include "packet.h"
#include "route_netlink.h"

namespace tallytree {

/// All that this network namespace answers to: its addresses of both families and the broadcast addresses of
/// its IPv4 networks. Follows the kernel's notifications. Owned and used by one thread.
class OwnAddresses {
 public:
  /// Throws std::system_error when netlink is refused.
  OwnAddresses();

  /// Readable when an address came or went: call refresh() then.
  int descriptor() const noexcept { return netlink_.descriptor(); }
  /// Takes in what changed, if anything.
  void refresh() noexcept;

  /// An address that is everybody's, multicast, the whole broadcast or loopback, is ours too.
  bool contains(int family, const Address& address) const noexcept;

  /// What one RTM_NEWADDR message adds.
  void add(const nlmsghdr* message);

 private:
  bool reload() noexcept;
  void add_ipv4(const uint8_t* address, unsigned prefix);
  bool contains_ipv4(uint32_t address) const noexcept;
  bool contains_ipv6(const Address& address) const noexcept;

  RouteNetlink netlink_;
  std::vector<uint32_t> ipv4_;  ///< host byte order, sorted
  std::vector<Address> ipv6_;   ///< sorted
};

}  // namespace tallytree
