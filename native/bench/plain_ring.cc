// plain-ring DEVICE [count-min]: the least that reading every packet costs on a machine. Counts what arrives
// in an AF_PACKET ring; with count-min also adds each IPv4 source and destination to a bare one. Says on
// SIGTERM how many.
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <array>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string_view>
#include <vector>

namespace {

constexpr uint32_t kBlockBytes = 1 << 18;
constexpr uint32_t kBlocks = 64;
constexpr uint32_t kSourceAt = 14 + 12;  ///< Ethernet and the IPv4 header up to its addresses

volatile std::sig_atomic_t ended = 0;

class CountMin {
 public:
  void add(const uint8_t* key) noexcept {
    uint64_t word;
    std::memcpy(&word, key, sizeof word);
    for (size_t row = 0; row < kMultipliers.size(); ++row)
      ++cells_[row << kWidthBits | (word * kMultipliers[row]) >> (64 - kWidthBits)];
  }

 private:
  static constexpr uint32_t kWidthBits = 14;
  static constexpr std::array<uint64_t, 4> kMultipliers = {0x9e3779b97f4a7c15, 0xbf58476d1ce4e5b9,
                                                           0x94d049bb133111eb, 0xd6e8feb86659fd93};
  std::vector<uint32_t> cells_ = std::vector<uint32_t>(kMultipliers.size() << kWidthBits);
};

/// The ring's memory; null, with errno, when it cannot be made.
uint8_t* open_ring(int socket, const char* device) {
  const int version = TPACKET_V3;
  tpacket_req3 request{};
  request.tp_block_size = kBlockBytes;
  request.tp_block_nr = kBlocks;
  request.tp_frame_size = TPACKET_ALIGNMENT << 7;
  request.tp_frame_nr = kBlocks * (kBlockBytes / request.tp_frame_size);
  request.tp_retire_blk_tov = 10;  // ms
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(ETH_P_ALL);
  address.sll_ifindex = static_cast<int>(if_nametoindex(device));
  if (setsockopt(socket, SOL_PACKET, PACKET_VERSION, &version, sizeof version) < 0 ||
      setsockopt(socket, SOL_PACKET, PACKET_RX_RING, &request, sizeof request) < 0 ||
      bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0)
    return nullptr;
  void* memory = mmap(nullptr, size_t{kBlockBytes} * kBlocks, PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_POPULATE, socket, 0);
  return memory == MAP_FAILED ? nullptr : static_cast<uint8_t*>(memory);
}

uint64_t read_block(const tpacket_block_desc& block, CountMin* sums) noexcept {
  const auto* frame = reinterpret_cast<const uint8_t*>(&block) + block.hdr.bh1.offset_to_first_pkt;
  uint64_t count = 0;
  for (uint32_t i = 0; i < block.hdr.bh1.num_pkts; ++i) {
    const auto& header = *reinterpret_cast<const tpacket3_hdr*>(frame);
    const uint8_t* bytes = frame + header.tp_mac;
    const bool is_ipv4 = bytes[12] == (ETHERTYPE_IP >> 8) && bytes[13] == (ETHERTYPE_IP & 0xff);
    if (is_ipv4 && sums != nullptr) sums->add(bytes + kSourceAt);
    count += is_ipv4;
    frame += header.tp_next_offset;
  }
  return count;
}

uint64_t read_until_ended(int socket, uint8_t* ring, CountMin* sums) noexcept {
  uint64_t count = 0;
  for (uint32_t at = 0; ended == 0;) {
    auto& block = *reinterpret_cast<tpacket_block_desc*>(ring + size_t{at} * kBlockBytes);
    if ((__atomic_load_n(&block.hdr.bh1.block_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER) == 0) {
      pollfd waiting{socket, POLLIN, 0};
      poll(&waiting, 1, 100);
      continue;
    }
    count += read_block(block, sums);
    __atomic_store_n(&block.hdr.bh1.block_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
    at = (at + 1) % kBlocks;
  }
  return count;
}

}  // namespace

int main(int count, char** words) {
  const int socket = ::socket(AF_PACKET, SOCK_RAW, 0);
  uint8_t* ring = count > 1 && socket >= 0 ? open_ring(socket, words[1]) : nullptr;
  if (ring == nullptr) {
    std::perror("plain-ring DEVICE [count-min]");
    return 1;
  }
  std::signal(SIGTERM, [](int) { ended = 1; });
  CountMin sums;
  const bool adds = count > 2 && std::string_view(words[2]) == "count-min";
  const uint64_t packets = read_until_ended(socket, ring, adds ? &sums : nullptr);
  std::printf("{\"packets\":%llu}\n", static_cast<unsigned long long>(packets));
}
