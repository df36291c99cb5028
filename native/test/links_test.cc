// The device table of whatever namespace the test runs in: every one has a loopback device.
#include "core/links.h"

#include "check.h"

using namespace tallytree;

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
