// Reads the device table by RTM_GETLINK (rtnetlink(7)) and follows RTMGRP_LINK.
#include "links.h"

#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace tallytree {
namespace {

constexpr int kAttempts = 3;

/// What a link message says, before it is judged.
struct Attributes {
  const nlattr* link[IFLA_MAX + 1] = {};
  const nlattr* info[IFLA_INFO_MAX + 1] = {};
  const nlattr* vlan[IFLA_VLAN_MAX + 1] = {};
};

template <size_t kSize>
int collect(const nlattr* attribute, void* table) {
  const uint16_t type = mnl_attr_get_type(attribute);
  if (type < kSize) static_cast<const nlattr**>(table)[type] = attribute;
  return MNL_CB_OK;
}

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

int add_link(const nlmsghdr* message, void* into) {
  if (message->nlmsg_type == RTM_NEWLINK) static_cast<std::vector<Link>*>(into)->push_back(to_link(message));
  return MNL_CB_OK;
}

}  // namespace

Link to_link(const nlmsghdr* message) {
  const auto* header = static_cast<const ifinfomsg*>(mnl_nlmsg_get_payload(message));
  const Attributes seen = attributes_of(message);
  Link link;
  link.index = static_cast<uint32_t>(header->ifi_index);
  link.loopback = (header->ifi_flags & IFF_LOOPBACK) != 0;
  link.mtu = number(seen.link[IFLA_MTU]);
  link.name = text(seen.link[IFLA_IFNAME]);
  link.port = number(seen.link[IFLA_MASTER]) != 0 && text(seen.info[IFLA_INFO_SLAVE_KIND]) != "vrf";
  read_vlan(seen, link);
  return link;
}

uint32_t device_index(const std::string& name) noexcept {
  return name.empty() || name.size() >= IFNAMSIZ ? 0 : if_nametoindex(name.c_str());
}

bool device_exists(const std::string& name) noexcept { return device_index(name) != 0; }

Links::Links()
    : events_(open_netlink(NETLINK_ROUTE, RTMGRP_LINK, "listening for device changes")),
      requests_(open_netlink(NETLINK_ROUTE, 0, "opening a netlink socket for the device table")) {
  const timeval second{1, 0};
  setsockopt(mnl_socket_get_fd(requests_.get()), SOL_SOCKET, SO_RCVTIMEO, &second, sizeof second);
  if (!reload()) throw_errno("reading the device table");
}

std::vector<Link> Links::dump() {
  alignas(nlmsghdr) std::array<char, 32768> buffer;
  nlmsghdr* request = mnl_nlmsg_put_header(buffer.data());
  request->nlmsg_type = RTM_GETLINK;
  request->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  request->nlmsg_seq = ++sequence_;
  mnl_nlmsg_put_extra_header(request, sizeof(ifinfomsg));
  mnl_attr_put_u32(request, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
  if (mnl_socket_sendto(requests_.get(), request, request->nlmsg_len) < 0)
    throw_errno("asking for the device table");
  std::vector<Link> links;
  for (int more = MNL_CB_OK; more > MNL_CB_STOP;) {
    const ssize_t size = mnl_socket_recvfrom(requests_.get(), buffer.data(), buffer.size());
    if (size < 0) throw_errno("reading the device table");
    const unsigned port = mnl_socket_get_portid(requests_.get());
    more = mnl_cb_run(buffer.data(), static_cast<size_t>(size), sequence_, port, add_link, &links);
    if (more == MNL_CB_ERROR) throw_errno("reading the device table");
  }
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
      links_ = std::move(fresh);
      vlans_ = std::move(vlans);
      return true;
    } catch (const std::exception&) {
      // A table that changed while it was read (EINTR), or no memory: the old one stays until the next try.
    }
  }
  return false;
}

bool Links::drain_events() noexcept {
  std::array<char, 16384> buffer;
  bool changed = false;
  for (;;) {
    const ssize_t size = recv(descriptor(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (size < 0 && errno != ENOBUFS) return changed;  // ENOBUFS: some were lost, so something changed
    changed = true;
  }
}

bool Links::refresh() noexcept { return drain_events() && reload(); }

const Link* Links::find(uint32_t index) const noexcept {
  const auto at = std::lower_bound(links_.begin(), links_.end(), index,
                                   [](const Link& link, uint32_t wanted) { return link.index < wanted; });
  return at != links_.end() && at->index == index ? &*at : nullptr;
}

bool Links::has_vlan_device(uint32_t index, uint16_t id) const noexcept {
  for (const auto& vlan : vlans_)
    if (vlan.first == index && vlan.second == id) return true;
  return false;
}

}  // namespace tallytree
