// Reads the device table by RTM_GETLINK.
#include "links.h"

#include <linux/if_link.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>

namespace tallytree {
namespace {

constexpr int kAttempts = 3;
constexpr const char* kReading = "reading the device table";
// Forwarding is switched without a word on the link itself.
constexpr unsigned kChanges =
    RTMGRP_LINK | 1U << (RTNLGRP_IPV4_NETCONF - 1) | 1U << (RTNLGRP_IPV6_NETCONF - 1);

/// What a link message says, before it is judged.
struct Attributes {
  const nlattr* link[IFLA_MAX + 1] = {};
  const nlattr* info[IFLA_INFO_MAX + 1] = {};
  const nlattr* vlan[IFLA_VLAN_MAX + 1] = {};
};

std::string text(const nlattr* attribute) {
  if (attribute == nullptr) return {};
  const char* start = mnl_attr_get_str(attribute);
  return {start, strnlen(start, mnl_attr_get_payload_len(attribute))};
}

uint32_t number(const nlattr* attribute) noexcept {
  return attribute != nullptr && mnl_attr_get_payload_len(attribute) >= 4 ? mnl_attr_get_u32(attribute) : 0;
}

void read_vlan(const Attributes& seen, Link& link) {
  if (text(seen.info[IFLA_INFO_KIND]) != "vlan" || seen.vlan[IFLA_VLAN_ID] == nullptr) return;
  link.vlan_id = mnl_attr_get_u16(seen.vlan[IFLA_VLAN_ID]);
  const bool parent_is_here = seen.link[IFLA_LINK_NETNSID] == nullptr;
  link.vlan_parent = parent_is_here ? number(seen.link[IFLA_LINK]) : 0;
}

Attributes attributes_of(const nlmsghdr* message) {
  Attributes seen;
  mnl_attr_parse(message, sizeof(ifinfomsg), collect<IFLA_MAX + 1>, seen.link);
  if (const nlattr* info = seen.link[IFLA_LINKINFO])
    mnl_attr_parse_nested(info, collect<IFLA_INFO_MAX + 1>, seen.info);
  if (const nlattr* data = seen.info[IFLA_INFO_DATA])
    mnl_attr_parse_nested(data, collect<IFLA_VLAN_MAX + 1>, seen.vlan);
  return seen;
}

/// Entry `index` of a device's configuration for one IP version, an array of numbers.
template <size_t kSize>
bool is_set(const nlattr* family, uint16_t configuration, size_t index) {
  const nlattr* seen[kSize] = {};
  if (family != nullptr) mnl_attr_parse_nested(family, collect<kSize>, seen);
  const nlattr* array = seen[configuration];
  if (array == nullptr || mnl_attr_get_payload_len(array) < 4 * (index + 1)) return false;
  return static_cast<const uint32_t*>(mnl_attr_get_payload(array))[index] != 0;
}

void read_forwarding(const Attributes& seen, Link& link) {
  const nlattr* families[AF_INET6 + 1] = {};
  if (seen.link[IFLA_AF_SPEC] == nullptr) return;
  mnl_attr_parse_nested(seen.link[IFLA_AF_SPEC], collect<AF_INET6 + 1>, families);
  link.forwards_ipv4 =
      is_set<IFLA_INET_MAX + 1>(families[AF_INET], IFLA_INET_CONF, IPV4_DEVCONF_FORWARDING - 1);
  link.forwards_ipv6 = is_set<IFLA_INET6_MAX + 1>(families[AF_INET6], IFLA_INET6_CONF, DEVCONF_FORWARDING);
}

}  // namespace

Link to_link(const nlmsghdr* message) {
  const auto* header = static_cast<const ifinfomsg*>(mnl_nlmsg_get_payload(message));
  const Attributes seen = attributes_of(message);
  Link link;
  link.index = static_cast<uint32_t>(header->ifi_index);
  link.loopback = (header->ifi_flags & IFF_LOOPBACK) != 0;
  link.up = (header->ifi_flags & IFF_UP) != 0;
  link.mtu = number(seen.link[IFLA_MTU]);
  const nlattr* address = seen.link[IFLA_ADDRESS];
  if (address != nullptr && mnl_attr_get_payload_len(address) == link.address.size())
    std::memcpy(link.address.data(), mnl_attr_get_payload(address), link.address.size());
  link.name = text(seen.link[IFLA_IFNAME]);
  link.master = text(seen.info[IFLA_INFO_SLAVE_KIND]) == "vrf" ? 0 : number(seen.link[IFLA_MASTER]);
  link.port = link.master != 0;
  read_vlan(seen, link);
  read_forwarding(seen, link);
  return link;
}

uint32_t device_index(const std::string& name) noexcept {
  return name.empty() || name.size() >= IFNAMSIZ ? 0 : if_nametoindex(name.c_str());
}

bool device_exists(const std::string& name) noexcept { return device_index(name) != 0; }

std::string device_above(const std::string& name) {
  const Links links;
  const Link* link = links.find(device_index(name));
  const Link* above = link == nullptr ? nullptr : links.find(link->master);
  return above == nullptr ? "" : above->name;
}

Links::Links() : netlink_(kChanges, kReading) {
  if (!reload()) throw_errno(kReading);
}

std::vector<Link> Links::dump() {
  std::vector<Link> links;
  netlink_.dump(RTM_GETLINK, kReading, [&links](const nlmsghdr* message) {
    if (message->nlmsg_type == RTM_NEWLINK) links.push_back(to_link(message));
  });
  return links;
}

bool Links::reload() noexcept {
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    try {
      std::vector<Link> fresh = dump();
      std::sort(fresh.begin(), fresh.end(), [](const Link& a, const Link& b) { return a.index < b.index; });
      std::vector<std::pair<uint32_t, uint16_t>> vlans;
      for (const Link& link : fresh)
        if (link.vlan_parent != 0) vlans.emplace_back(link.vlan_parent, link.vlan_id);
      found_ = nullptr;
      links_ = std::move(fresh);
      vlans_ = std::move(vlans);
      return true;
    } catch (const std::exception&) {
      // A table that changed while it was read (EINTR), or no memory: the old one stays until the next try.
    }
  }
  return false;
}

bool Links::refresh() noexcept { return netlink_.drain() && reload(); }

const Link* Links::search(uint32_t index) const noexcept {
  const auto at = std::lower_bound(links_.begin(), links_.end(), index,
                                   [](const Link& link, uint32_t wanted) { return link.index < wanted; });
  return at != links_.end() && at->index == index ? &*at : nullptr;
}

const Link* Links::find_anew(uint32_t index) noexcept {
  const Link* known = find(index);
  return known == nullptr && refresh() ? find(index) : known;
}

bool Links::has_vlan_device(uint32_t index, uint16_t id) const noexcept {
  for (const auto& vlan : vlans_)
    if (vlan.first == index && vlan.second == id) return true;
  return false;
}

}  // namespace tallytree
