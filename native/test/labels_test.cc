// Labels in keys: numbers that are the same everywhere, texts that travel, and what they are made of.
#include <algorithm>
#include <unordered_map>

#include "check.h"
#include "core/errors.h"
#include "core/ledger_sum.h"
#include "core/network_namespaces.h"
#include "core/sketch.h"

using namespace tallytree;

namespace {

constexpr Secret kSecret{1, 2};

Packet packet_in(uint32_t place, uint8_t host = 1) {
  Packet packet;
  packet.src = {10, 0, 0, host};
  packet.foreign = place != 0;
  packet.ifindex = place;
  packet.direction = Direction::input;
  return packet;
}

Ledger ledger_of(const char* type, const std::shared_ptr<Labels>& labels) {
  LedgerSpec spec;
  spec.key_type = KeyType::parse(type);
  spec.key_type.use(labels);
  spec.secret = kSecret;
  return Ledger(spec);
}

void count(Ledger& ledger, const Packet& packet, uint64_t packets) {
  Key key;
  CHECK(ledger.spec().key_type.make(packet, key));
  ledger.add(key, key.hash(kSecret), packets);
}

/// One host's ledger, as it travels: `name` has so many packets, and our own namespace one.
std::vector<uint8_t> host_with(const std::string& name, uint64_t packets) {
  const auto labels = std::make_shared<Labels>();
  const uint32_t place = labels->add_place(name, "none");
  Ledger ledger = ledger_of("netns_src", labels);
  count(ledger, packet_in(place), packets);
  count(ledger, packet_in(0), 1);
  return ledger.encode();
}

std::pair<std::string, std::string> colliding_names() {
  std::unordered_map<uint32_t, std::string> seen;
  for (uint64_t i = 0;; ++i) {
    const std::string name = "n" + std::to_string(i);
    const auto [found, is_new] = seen.emplace(Labels::number_of(name), name);
    if (!is_new) return {found->second, name};
  }
}

template <typename Body>
bool incompatible(Body&& body) {
  try {
    body();
    return false;
  } catch (const Incompatible&) {
    return true;
  }
}

template <typename Body>
bool throws(Body&& body) {
  try {
    body();
  } catch (const std::exception&) {
    return true;
  }
  return false;
}

std::string printed(const Ledger& ledger, size_t entry) {
  return ledger.spec().key_type.print(ledger.entries()[entry].key);
}

}  // namespace

TEST(labels_tell_the_place_of_a_packet) {
  const auto labels = std::make_shared<Labels>();
  const uint32_t blue = labels->add_place("blue", "0123456789ab"), red = labels->add_place("red", "none");
  KeyType type = KeyType::parse("container_src_netns");
  type.use(labels);
  Key key;
  CHECK(type.make(packet_in(blue), key));
  CHECK_EQ(type.print(key), "0123456789ab,10.0.0.1,blue");
  CHECK(type.make(packet_in(red), key));
  CHECK_EQ(type.print(key), "none,10.0.0.1,red");
  CHECK(type.make(packet_in(0), key));
  CHECK_EQ(type.print(key), "none,10.0.0.1,own");
  for (const char* text : {"0123456789ab,10.0.0.1,blue", "none,2001:db8::1,red"})
    CHECK_EQ(type.print(type.read(text)), text);
  CHECK(throws([&] { type.read("none,10.0.0.1,"); }));
}

TEST(labels_of_a_batch_are_those_of_its_packets) {
  const auto labels = std::make_shared<Labels>();
  const uint32_t blue = labels->add_place("blue", "c1"), red = labels->add_place("red", "c2");
  KeyType type = KeyType::parse("netns_src_container_dport");
  type.use(labels);
  const Packet packets[] = {packet_in(blue), packet_in(red), packet_in(0)};
  const Packet* pointers[] = {&packets[0], &packets[1], &packets[2]};
  Packet with_ports[3] = {packets[0], packets[1], packets[2]};
  for (size_t i = 0; i < 3; ++i) with_ports[i].has_ports = true, pointers[i] = &with_ports[i];
  Key batch[3], alone;
  type.make_v4(pointers, batch);
  for (size_t i = 0; i < 3; ++i) {
    CHECK(type.make(with_ports[i], alone));
    CHECK(alone == batch[i]);
  }
}

TEST(labels_stand_beside_ipv6_addresses) {
  const KeyType type = KeyType::parse("src_dst_netns_container");
  CHECK_EQ(type.width(6), size_t{41});
  const char* text = "2001:db8::1,2001:db8::2,blue,0123456789ab";
  CHECK_EQ(type.print(type.learn(text)), text);
}

TEST(labels_of_hosts_add_up_by_name) {
  Ledger sum = Ledger::decode(host_with("blue", 5), kSecret);
  for (const auto& [name, packets] : {std::pair{"red", 7}, {"blue", 30}}) {
    const std::vector<uint8_t> one = sum.encode(), other = host_with(name, static_cast<uint64_t>(packets));
    const std::span<const uint8_t> both[] = {one, other};
    const Ledger at_once = sum_of(both, kSecret);
    Ledger next = Ledger::decode(other, kSecret);
    sum.absorb(next);
    CHECK(at_once.encode() == sum.encode());
  }
  const Ledger travelled = Ledger::decode(sum.encode(), kSecret);
  CHECK_EQ(travelled.keys(), size_t{3});
  CHECK_EQ(printed(travelled, 0), "blue,10.0.0.1");
  const auto entries = travelled.entries();
  CHECK_EQ(entries[0].interval.lower, uint64_t{35});
  CHECK_EQ(printed(travelled, 1), "red,10.0.0.1");
  CHECK_EQ(printed(travelled, 2), "own,10.0.0.1");
}

TEST(labels_with_one_number_are_refused_and_never_merged) {
  const auto names = colliding_names();
  const std::string& one = names.first;
  const std::string& other = names.second;
  Labels labels;
  labels.add(one);
  CHECK(throws([&] { labels.add(other); }));
  CHECK(throws([&] { labels.find(other); }));
  const std::vector<uint8_t> first = host_with(one, 5), second = host_with(other, 5);
  const std::span<const uint8_t> both[] = {first, second};
  Ledger sum = Ledger::decode(first, kSecret);
  Ledger next = Ledger::decode(second, kSecret);
  CHECK(incompatible([&] { sum.absorb(next); }));
  CHECK(incompatible([&] { sum_of(both, kSecret); }));
}

TEST(labels_decoder_refuses_lies) {
  const std::vector<uint8_t> bytes = host_with("blue", 5);
  for (size_t size = 0; size < bytes.size(); ++size)
    CHECK(throws([&] { Ledger::decode({bytes.data(), size}, kSecret); }));
  std::vector<uint8_t> nameless = bytes;
  constexpr std::string_view kName = "blue";
  const auto name = std::search(nameless.begin(), nameless.end(), kName.begin(), kName.end());
  CHECK(name != nameless.end());
  *(name - 1) = 0;  // its length
  CHECK(throws([&] { Ledger::decode(nameless, kSecret); }));
}

TEST(filter_counts_our_own_namespace_unless_told_otherwise) {
  const auto labels = std::make_shared<Labels>();
  const uint32_t blue = labels->add_place("blue", "none"), again = labels->add_place("blue", "c");
  const uint32_t red = labels->add_place("red", "none");
  Filter filter;
  filter.labels = labels;
  const auto matching = [&](const char* netns) {
    filter.netns = netns;
    std::string matched;
    for (const uint32_t place : {0u, blue, again, red})
      matched += Pattern(filter).matches(packet_in(place)) ? 'y' : 'n';
    return matched;
  };
  CHECK_EQ(matching(""), "ynnn");
  CHECK_EQ(matching("all"), "yyyy");
  CHECK_EQ(matching("blue"), "nyyn");
  CHECK_EQ(matching("own"), "ynnn");
  filter.device = "eth0";
  filter.ifindex = blue;
  CHECK_EQ(matching(""), "nnnn");
}

TEST(container_is_told_by_control_groups) {
  const std::string id = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
                    brief = id.substr(0, 12);
  const std::string other(64, 'e');
  CHECK_EQ(container_of("0::/system.slice/docker-" + id + ".scope\n"), brief);
  CHECK_EQ(container_of("12:pids:/docker/" + id + "\n0::/\n"), brief);
  CHECK_EQ(container_of("0::/kubepods.slice/kubepods-pod1.slice/cri-containerd-" + id + ".scope"), brief);
  CHECK_EQ(container_of("0::/machine.slice/libpod-" + id + ".scope/container"), brief);
  CHECK_EQ(container_of("0::/docker/" + other + "/docker/" + id), brief);
  CHECK_EQ(container_of("0::/machine.slice/machine-my\\x2dbox.scope/payload"), "my-box");
  CHECK_EQ(container_of("0::/machine.slice/systemd-nspawn@web.service/payload"), "web");
  CHECK_EQ(container_of("0::/lxc.payload.db/init.scope"), "db");
  CHECK_EQ(container_of("4:memory:/lxc/db"), "db");
  const std::string keeper = "0::/machine.slice/libpod-conmon-" + id + ".scope", longer = "0::/x/" + id + "0";
  for (const std::string& none :
       {std::string("0::/"), std::string("0::/user.slice/user-0.slice"), keeper, longer})
    CHECK_EQ(container_of(none), "");
}

TEST(label_of_a_name_is_unlike_that_of_any_other) {
  CHECK_EQ(to_label("cni-1a2b:3.x@y+z_"), "cni-1a2b:3.x@y+z_");
  CHECK_EQ(to_label("a,b %"), "a%2cb%20%25");
  CHECK_EQ(to_label("own"), "%6fwn");
  CHECK_EQ(to_label("none"), "%6eone");
  const std::string one = to_label(std::string(200, 'x') + "1"),
                    other = to_label(std::string(200, 'x') + "2");
  CHECK_EQ(one.size(), Labels::kMostText);
  CHECK(one != other);
}
