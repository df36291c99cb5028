// The device table of whatever namespace the test runs in: every one has a loopback device.
#include "core/links.h"

#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include <array>

#include "check.h"

using namespace tallytree;

namespace {

/// An RTM_NEWLINK message as the kernel writes it.
class LinkMessage {
 public:
  LinkMessage() : message_(mnl_nlmsg_put_header(buffer_.data())) {
    message_->nlmsg_type = RTM_NEWLINK;
    auto* header = static_cast<ifinfomsg*>(mnl_nlmsg_put_extra_header(message_, sizeof(ifinfomsg)));
    header->ifi_index = 7;
    mnl_attr_put_strz(message_, IFLA_IFNAME, "dev7");
    mnl_attr_put_u32(message_, IFLA_MTU, 9000);
  }

  LinkMessage& number(uint16_t type, uint32_t value) {
    mnl_attr_put_u32(message_, type, value);
    return *this;
  }
  LinkMessage& slave_of(const char* kind) {
    nlattr* info = mnl_attr_nest_start(message_, IFLA_LINKINFO);
    mnl_attr_put_strz(message_, IFLA_INFO_SLAVE_KIND, kind);
    mnl_attr_nest_end(message_, info);
    return number(IFLA_MASTER, 9);
  }
  LinkMessage& vlan(uint16_t id) {
    nlattr* info = mnl_attr_nest_start(message_, IFLA_LINKINFO);
    mnl_attr_put_strz(message_, IFLA_INFO_KIND, "vlan");
    nlattr* data = mnl_attr_nest_start(message_, IFLA_INFO_DATA);
    mnl_attr_put_u16(message_, IFLA_VLAN_ID, id);
    mnl_attr_nest_end(message_, data);
    mnl_attr_nest_end(message_, info);
    return number(IFLA_LINK, 3);
  }
  LinkMessage& forwarding(uint32_t ipv4, uint32_t ipv6) {
    const uint32_t settings4[] = {ipv4, 1, 1};
    const uint32_t settings6[] = {ipv6, 64, 1280};
    nlattr* all = mnl_attr_nest_start(message_, IFLA_AF_SPEC);
    nlattr* four = mnl_attr_nest_start(message_, AF_INET);
    mnl_attr_put(message_, IFLA_INET_CONF, sizeof settings4, settings4);
    mnl_attr_nest_end(message_, four);
    nlattr* six = mnl_attr_nest_start(message_, AF_INET6);
    mnl_attr_put(message_, IFLA_INET6_CONF, sizeof settings6, settings6);
    mnl_attr_nest_end(message_, six);
    mnl_attr_nest_end(message_, all);
    return *this;
  }
  Link link() const { return to_link(message_); }

 private:
  alignas(nlmsghdr) std::array<char, 1024> buffer_{};
  nlmsghdr* message_;
};

}  // namespace

TEST(links_read_an_ordinary_device) {
  const Link link = LinkMessage().link();
  CHECK_EQ(link.index, 7);
  CHECK_EQ(link.name, "dev7");
  CHECK_EQ(link.mtu, 9000);
  CHECK(!link.loopback && !link.port);
  CHECK_EQ(link.vlan_parent, 0);
}

TEST(links_read_vlan_devices) {
  const Link link = LinkMessage().vlan(42).link();
  CHECK_EQ(link.vlan_id, 42);
  CHECK_EQ(link.vlan_parent, 3);
  // The parent's number is one of another namespace: here it may be any device.
  CHECK_EQ(LinkMessage().vlan(42).number(IFLA_LINK_NETNSID, 0).link().vlan_parent, 0);
  // A veth has a link as well, its peer, and is no VLAN device.
  CHECK_EQ(LinkMessage().number(IFLA_LINK, 3).link().vlan_parent, 0);
}

TEST(links_read_ports) {
  CHECK(LinkMessage().slave_of("bridge").link().port);
  CHECK(LinkMessage().slave_of("bond").link().port);
  CHECK(!LinkMessage().slave_of("vrf").link().port);
  CHECK_EQ(LinkMessage().slave_of("bond").link().master, 9u);
  CHECK_EQ(device_above("lo"), "");
}

TEST(links_read_forwarding_by_ip_version) {
  CHECK(!LinkMessage().link().forwards_ipv4 && !LinkMessage().link().forwards_ipv6);
  CHECK(LinkMessage().forwarding(1, 0).link().forwards_ipv4);
  CHECK(!LinkMessage().forwarding(1, 0).link().forwards_ipv6);
  CHECK(LinkMessage().forwarding(0, 1).link().forwards_ipv6);
}

TEST(links_know_the_loopback_device) {
  const Links links;
  const uint32_t index = device_index("lo");
  CHECK(index != 0);
  const Link* lo = links.find(index);
  CHECK(lo != nullptr);
  if (lo == nullptr) return;
  CHECK_EQ(lo->name, "lo");
  CHECK(lo->loopback);
  CHECK(!lo->port);
  CHECK(lo->mtu > 1000);
  CHECK_EQ(lo->vlan_parent, 0);
  CHECK_EQ(lo->vlan_id, kNoVlan);
}

TEST(links_agree_with_the_kernel_on_every_index) {
  const Links links;
  CHECK(!links.all().empty());
  for (const Link& link : links.all()) {
    CHECK_EQ(device_index(link.name), link.index);
    CHECK(links.find(link.index) == &link);
  }
}

TEST(links_of_unknown_names_and_numbers) {
  const Links links;
  CHECK(links.find(0x7fffffff) == nullptr);
  CHECK(!links.has_vlan_device(device_index("lo"), 5));
  CHECK(device_exists("lo"));
  CHECK(!device_exists(""));
  CHECK(!device_exists("no-such-device"));
  CHECK(!device_exists("a-name-that-is-longer-than-the-kernel-allows"));
}

TEST(links_refresh_without_news_changes_nothing) {
  Links links;
  links.refresh();
  CHECK(!links.refresh());
  CHECK(links.descriptor() >= 0);
}
