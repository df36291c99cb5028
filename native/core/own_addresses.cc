// Reads the addresses by RTM_GETADDR.
#include "own_addresses.h"

#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace tallytree {
namespace {

constexpr int kAttempts = 3;
constexpr const char* kReading = "reading this host's addresses";

uint32_t load32(const void* at) noexcept {
  uint32_t value;
  std::memcpy(&value, at, sizeof value);
  return __builtin_bswap32(value);
}

bool holds(const nlattr* attribute, size_t bytes) noexcept {
  return attribute != nullptr && mnl_attr_get_payload_len(attribute) == bytes;
}

}  // namespace

OwnAddresses::OwnAddresses() : netlink_(RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR, kReading) {
  if (!reload()) throw_errno(kReading);
}

void OwnAddresses::refresh() noexcept {
  if (netlink_.drain()) reload();
}

bool OwnAddresses::reload() noexcept {
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const auto old_ipv4 = std::exchange(ipv4_, {});
    const auto old_ipv6 = std::exchange(ipv6_, {});
    try {
      netlink_.dump(RTM_GETADDR, kReading, [this](const nlmsghdr* message) { add(message); });
      std::sort(ipv4_.begin(), ipv4_.end());
      std::sort(ipv6_.begin(), ipv6_.end());
      return true;
    } catch (const std::exception&) {
      ipv4_ = old_ipv4;
      ipv6_ = old_ipv6;
    }
  }
  return false;
}

void OwnAddresses::add(const nlmsghdr* message) {
  if (message->nlmsg_type != RTM_NEWADDR) return;
  const auto* header = static_cast<const ifaddrmsg*>(mnl_nlmsg_get_payload(message));
  const nlattr* seen[IFA_MAX + 1] = {};
  mnl_attr_parse(message, sizeof(ifaddrmsg), collect<IFA_MAX + 1>, seen);
  // IFA_ADDRESS of a point-to-point link is the other end's; where they differ IFA_LOCAL is there.
  const nlattr* own = seen[IFA_LOCAL] != nullptr ? seen[IFA_LOCAL] : seen[IFA_ADDRESS];
  if (header->ifa_family == AF_INET && holds(own, 4))
    add_ipv4(static_cast<const uint8_t*>(mnl_attr_get_payload(own)), header->ifa_prefixlen);
  if (header->ifa_family == AF_INET6 && holds(own, 16))
    std::memcpy(ipv6_.emplace_back().data(), mnl_attr_get_payload(own), 16);
}

/// With its network's broadcast address, which the kernel answers to whether it is configured or not.
void OwnAddresses::add_ipv4(const uint8_t* address, unsigned prefix) {
  const uint32_t own = load32(address);
  ipv4_.push_back(own);
  if (prefix < 31) ipv4_.push_back(own | (UINT32_MAX >> prefix));
}

bool OwnAddresses::contains_ipv4(uint32_t address) const noexcept {
  const bool everybodys = address >> 28 == 14 || address == UINT32_MAX;
  return everybodys || address >> 24 == 127 || std::binary_search(ipv4_.begin(), ipv4_.end(), address);
}

bool OwnAddresses::contains_ipv6(const Address& address) const noexcept {
  return address[0] == 0xff || std::binary_search(ipv6_.begin(), ipv6_.end(), address);
}

bool OwnAddresses::contains(int family, const Address& address) const noexcept {
  return family == 4 ? contains_ipv4(load32(address.data())) : contains_ipv6(address);
}

}  // namespace tallytree
