// Mutated packets through the parser under the sanitizers: parse-fuzz [count [seed]].
#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>

#include "core/parse.h"
#include "tunnels.h"

using namespace tallytree;
using namespace tallytree::test;

namespace {

struct Tally {
  uint64_t by_error[5] = {};
  uint64_t carried = 0;
};

struct Seed {
  LinkType link;
  Bytes bytes;
};

std::vector<Seed> tunnel_seeds() {
  const Bytes v4 = ipv4({.proto = 17}, udp(9));
  const Bytes bridged = ethernet(0x8100, tag(7, 0x86dd, ipv6(6, tcp(3))));
  const auto around = [](uint8_t proto, const Bytes& payload) {
    return Seed{LinkType::ethernet, ethernet(0x0800, ipv4({.proto = proto}, payload))};
  };
  return {around(17, vxlan(7, bridged)),
          around(17, geneve(7, 0x6558, bridged, 8)),
          around(17, vxlan(1, ethernet(0x0800, ipv4({.proto = 47}, gre(0x2000, 0x0800, v4, 5))))),
          around(47, gre(0xb000, 0x0800, v4, 9)),
          around(47, erspan2(bridged)),
          around(47, erspan3(bridged, true)),
          around(4, v4),
          around(137, mpls(2, v4)),
          {LinkType::ethernet, ethernet(0x8847, mpls(3, filler(4, 0) + bridged))},
          {LinkType::ethernet, ethernet(0x88a8, tag(5, 0x8100, tag(6, 0x8847, mpls(1, v4))))},
          {LinkType::raw_ip, ipv6(41, ipv6(4, v4))},
          {LinkType::linux_sll2, sll2(4, 0x88a8, tag(5, 0x8100, tag(6, 0x0800, v4)))}};
}

std::vector<Seed> seeds() {
  const Bytes inner = authentication_header(60, options_header(6, 2, tcp(9, 12)));
  const Bytes v6 = ipv6(0, options_header(43, 1, options_header(44, 0, fragment_header(51, 1, inner))));
  const Bytes v4 = ipv4({.proto = 6, .options = 8}, tcp(10, 12));
  const Bytes tagged = tag(7, 0x8100, tag(9, 0x0800, ipv4({.proto = 17}, udp(20))));
  std::vector<Seed> all = tunnel_seeds();
  const std::vector<Seed> plain = {{LinkType::ethernet, ethernet(0x0800, v4)},
                                   {LinkType::ethernet, ethernet(0x88a8, tagged)},
                                   {LinkType::ethernet, ethernet(0x86dd, v6)},
                                   {LinkType::ethernet, ethernet(0x86dd, ipv6(58, icmp(30)))},
                                   {LinkType::ethernet, ethernet(0x0806, filler(28))},
                                   {LinkType::raw_ip, v4},
                                   {LinkType::raw_ip, v6},
                                   {LinkType::raw_ip, ipv4({.proto = 132}, sctp(16))},
                                   {LinkType::raw_ip, ipv4({.proto = 17, .fragment = 0x2001}, udp(3))},
                                   {LinkType::linux_sll, sll(4, 0x0800, v4)},
                                   {LinkType::linux_sll2, sll2(0, 0x86dd, v6)},
                                   {LinkType::linux_sll2, sll2(4, 0x88a8, tagged)}};
  all.insert(all.end(), plain.begin(), plain.end());
  return all;
}

class Mutator {
 public:
  explicit Mutator(uint64_t seed) : random_(seed) {}

  uint64_t below(uint64_t limit) { return random_() % limit; }

  Bytes mutate(Bytes bytes) {
    for (uint64_t count = below(5); count > 0; --count) change(bytes);
    return bytes;
  }

 private:
  void change(Bytes& bytes) {
    if (bytes.empty()) return;
    static constexpr uint8_t kTelling[] = {0,  1,  4,   6,    17,   43,   44,   51,   58,   59,  60,
                                           41, 47, 137, 0x45, 0x4f, 0x60, 0x80, 0x81, 0x88, 0xff};
    const size_t at = below(bytes.size());
    switch (below(6)) {
      case 0:
        bytes[at] = static_cast<uint8_t>(random_());
        break;
      case 1:
        bytes[at] ^= static_cast<uint8_t>(1U << below(8));
        break;
      case 2:
        bytes[at] = kTelling[below(sizeof kTelling)];
        break;
      case 3:
        bytes.resize(at);
        break;
      case 4:
        bytes.insert(bytes.begin() + static_cast<ptrdiff_t>(at), below(24), static_cast<uint8_t>(random_()));
        break;
      default:
        bytes.erase(bytes.begin() + static_cast<ptrdiff_t>(at));
    }
  }

  std::mt19937_64 random_;
};

[[noreturn]] void fail(const char* what, uint64_t round) {
  std::fprintf(stderr, "round %" PRIu64 ": %s\n", round, what);
  std::exit(1);
}

/// What must hold for any bytes whatsoever, besides staying inside them.
void check(const Packet& packet, const Headers& headers, ParseError error, uint64_t wire, uint64_t round) {
  if (!countable(error)) return;
  if (packet.bytes > wire || packet.bytes < headers.ip) fail("bytes out of range", round);
  if (packet.has_ports && error != ParseError::none) fail("ports in a partial packet", round);
  if (packet.family != 4 && packet.family != 6) fail("no family", round);
  Packet cut = packet;
  apply_gso(cut, headers, 1448);
  if (cut.packets == 0 || cut.bytes < packet.bytes) fail("super-packet arithmetic", round);
}

void one_round(Mutator& mutator, const std::vector<Seed>& corpus, uint64_t round, Tally& tally) {
  const Seed& start = corpus[mutator.below(corpus.size())];
  const Bytes bytes = mutator.mutate(start.bytes);
  const std::unique_ptr<uint8_t[]> exact(new uint8_t[bytes.size()]);
  std::copy(bytes.begin(), bytes.end(), exact.get());
  const auto link = mutator.below(8) == 0 ? static_cast<LinkType>(mutator.below(4)) : start.link;
  const auto original = static_cast<uint32_t>(mutator.below(3) == 0 ? mutator.below(200000) : bytes.size());
  Packet packet;
  Headers headers;
  const ParseError error = parse_frame({exact.get(), bytes.size()}, link, original, packet, headers);
  ++tally.by_error[static_cast<int>(error)];
  const auto wire = std::max<uint64_t>(bytes.size(), original);
  check(packet, headers, error, wire, round);
  const Tunnels tunnels{static_cast<uint16_t>(mutator.below(2) == 0 ? 4789 : packet.dport)};
  if (!is_tunnel(packet, headers, tunnels)) return;
  const ParseError found = parse_carried({exact.get(), bytes.size()}, tunnels, error, packet, headers);
  // What was cut on its way states a length of its own.
  check(packet, headers, found, std::max<uint64_t>(wire, 65535 + 40), round);
  if (countable(found) && packet.carrier == Carrier::none) fail("inside nothing", round);
  tally.carried += countable(found);
}

}  // namespace

int main(int argc, char** argv) {
  const uint64_t count = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1000000;
  const uint64_t seed = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1;
  std::printf("seed %" PRIu64 "\n", seed);
  Mutator mutator(seed);
  const std::vector<Seed> corpus = seeds();
  Tally tally;
  for (uint64_t round = 0; round < count; ++round) one_round(mutator, corpus, round, tally);
  for (int error = 0; error < 5; ++error)
    std::printf("%s %" PRIu64 "\n", parse_error_name(static_cast<ParseError>(error)), tally.by_error[error]);
  std::printf("carried %" PRIu64 "\n", tally.carried);
  std::printf("%" PRIu64 " packets, 0 findings\n", count);
}
