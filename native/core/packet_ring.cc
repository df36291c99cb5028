// Opens, maps and walks the ring.
#include "packet_ring.h"

#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <cstring>

namespace tallytree {
namespace {

constexpr uint32_t kMiB = 1 << 20;
// The kernel hands a block over after some time, however little is in it: small ones waste less of the ring.
constexpr uint32_t kBlockSize = kMiB / 16;
constexpr uint32_t kFrameSize = 2048;
constexpr uint32_t kFramesAhead = 8;

template <typename Value>
void set_option(int fd, int level, int name, const Value& value, const char* what) {
  if (setsockopt(fd, level, name, &value, sizeof value) < 0) throw_errno(what);
}

/// Attaches a classic BPF program, which says of each frame how many bytes the ring gets; of 0 it gets none.
template <size_t size>
void attach(int fd, sock_filter (&&steps)[size]) {
  const sock_fprog program{size, steps};
  set_option(fd, SOL_SOCKET, SO_ATTACH_FILTER, program, "limiting the captured bytes of a packet socket");
}

void keep_none(int fd) { attach(fd, {BPF_STMT(BPF_RET | BPF_K, 0)}); }

void keep_first_bytes(int fd, uint32_t length) { attach(fd, {BPF_STMT(BPF_RET | BPF_K, length)}); }

/// Of TCP right behind IP, which a host has most of, what is looked at: its header up to the length of that.
/// What the kernel does not write it need not wait for, nor the reader.
void keep_headers(int fd) {
  constexpr uint32_t kHatype = static_cast<uint32_t>(SKF_AD_OFF) + SKF_AD_HATYPE;
  constexpr uint32_t kTcp = 14, kIpv4 = ETH_HLEN + 20 + kTcp, kIpv6 = ETH_HLEN + 40 + kTcp;
  attach(fd, {
                 BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0),
                 BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, kIpv6, 0, 12),  // who reads beyond the end gets no frame
                 BPF_STMT(BPF_LD | BPF_W | BPF_ABS, kHatype),
                 BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARPHRD_ETHER, 1, 0),
                 BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARPHRD_LOOPBACK, 0, 9),
                 BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 2 * ETH_ALEN),
                 BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IPV6, 5, 0),
                 BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IP, 0, 6),
                 BPF_STMT(BPF_LD | BPF_B | BPF_ABS, ETH_HLEN),
                 BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x45, 0, 4),  // without options
                 BPF_STMT(BPF_LD | BPF_B | BPF_ABS, ETH_HLEN + 9),
                 BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_TCP, 3, 2),
                 BPF_STMT(BPF_LD | BPF_B | BPF_ABS, ETH_HLEN + 6),
                 BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_TCP, 2, 0),
                 BPF_STMT(BPF_RET | BPF_K, PacketRing::kSnapLength),
                 BPF_STMT(BPF_RET | BPF_K, kIpv4),
                 BPF_STMT(BPF_RET | BPF_K, kIpv6),
             });
}

void request_ring(int fd, uint32_t blocks, uint32_t retire_ms) {
  tpacket_req3 request{};
  request.tp_block_size = kBlockSize;
  request.tp_block_nr = blocks;
  request.tp_frame_size = kFrameSize;
  request.tp_frame_nr = kBlockSize / kFrameSize * blocks;
  request.tp_retire_blk_tov = retire_ms;
  set_option(fd, SOL_PACKET, PACKET_RX_RING, request, "allocating the packet ring");
}

void bind_all_devices(int fd) {
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(ETH_P_ALL);
  if (bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0)
    throw_errno("starting the packet ring");
}

/// Returns the group's number. A full ring's packets go to another ring of the group.
int join(int fd, int group) {
  const bool is_new = group == Fanout::kNewGroup;
  const unsigned flags = PACKET_FANOUT_FLAG_ROLLOVER | (is_new ? PACKET_FANOUT_FLAG_UNIQUEID : 0u);
  const unsigned number = is_new ? 0 : static_cast<unsigned>(group);
  const unsigned request = number | (PACKET_FANOUT_HASH | flags) << 16;
  set_option(fd, SOL_PACKET, PACKET_FANOUT, request,
             "sharing the packets between the rings of several cores");
  unsigned joined = 0;
  socklen_t size = sizeof joined;
  if (getsockopt(fd, SOL_PACKET, PACKET_FANOUT, &joined, &size) < 0)
    throw_errno("asking for the number of a group of rings");
  return static_cast<int>(joined & 0xffff);
}

}  // namespace

PacketRing::PacketRing(uint32_t mib, int group, uint32_t retire_ms) {
  // Protocol 0: nothing arrives before the ring stands and bind() names the protocol.
  socket_ = Descriptor(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (socket_.get() < 0) throw_errno("opening an AF_PACKET socket (it needs the capability CAP_NET_RAW)");
  configure(mib == 0 ? 1 : mib, retire_ms);
  size_ = size_t{blocks_} * kBlockSize;
  void* memory = mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, socket_.get(), 0);
  if (memory == MAP_FAILED) throw_errno("mapping the packet ring");
  memory_ = static_cast<uint8_t*>(memory);
  try {
    bind_to(group);
  } catch (...) {
    munmap(memory_, size_);
    throw;
  }
}

PacketRing::~PacketRing() { munmap(memory_, size_); }

void PacketRing::configure(uint32_t mib, uint32_t retire_ms) {
  blocks_ = mib * (kMiB / kBlockSize);
  const int fd = socket_.get();
  const int version = TPACKET_V3;
  const int on = 1;
  set_option(fd, SOL_PACKET, PACKET_VERSION, version, "asking for a TPACKET_V3 ring");
  set_option(fd, SOL_PACKET, PACKET_VNET_HDR, on, "asking for segmentation sizes in the packet ring");
  request_ring(fd, blocks_, retire_ms);
}

/// A socket can join a group only once it is bound, and until then would see the packets of the others too.
void PacketRing::bind_to(int group) {
  const int fd = socket_.get();
  const bool alone = group == Fanout::kAlone;
  alone ? keep_headers(fd) : keep_none(fd);
  take_outgoing(!alone);
  bind_all_devices(fd);
  if (alone) return;
  group_ = join(fd, group);
  keep_headers(fd);
}

void PacketRing::keep(Kept kept) noexcept {
  const int fd = socket_.get();
  try {
    kept == Kept::deep ? keep_first_bytes(fd, kDeepSnapLength) : keep_headers(fd);
  } catch (const std::system_error&) {
    // No memory for a new filter: the old one stays, and what it cuts off is counted as cut off.
  }
}

void PacketRing::take_outgoing(bool wanted) noexcept {
  const int ignored = wanted ? 0 : 1;
  // A kernel before 4.20 does not know it: then they come, and no sketch counts them.
  setsockopt(socket_.get(), SOL_PACKET, PACKET_IGNORE_OUTGOING, &ignored, sizeof ignored);
}

tpacket_block_desc* PacketRing::block() const noexcept {
  return reinterpret_cast<tpacket_block_desc*>(memory_ + size_t{current_} * kBlockSize);
}

bool PacketRing::open_block() noexcept {
  if (open_) {
    __atomic_store_n(&block()->hdr.bh1.block_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
    current_ = current_ + 1 == blocks_ ? 0 : current_ + 1;
    remaining_ = 0;
  }
  const tpacket_block_desc* next = block();
  open_ = (__atomic_load_n(&next->hdr.bh1.block_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER) != 0;
  if (!open_) return false;
  remaining_ = next->hdr.bh1.num_pkts;
  next_ = reinterpret_cast<const uint8_t*>(next) + next->hdr.bh1.offset_to_first_pkt;
  return true;
}

/// The other core has just written the frames: whoever asks for them one by one waits for each.
void PacketRing::prefetch(const uint8_t* from, uint32_t frame_size) const noexcept {
  const uint8_t* ahead = from + size_t{kFramesAhead} * frame_size;
  for (size_t line = 0; line < 3; ++line) __builtin_prefetch(ahead + 64 * line);
}

bool PacketRing::take(RingFrame& out) noexcept {
  out.header = reinterpret_cast<const tpacket3_hdr*>(next_);
  out.address = reinterpret_cast<const sockaddr_ll*>(next_ + TPACKET_ALIGN(sizeof(tpacket3_hdr)));
  out.bytes = next_ + out.header->tp_mac;
  --remaining_;
  prefetch(next_, out.header->tp_next_offset);
  next_ += out.header->tp_next_offset;
  // A frame whose offload the virtio header cannot say keeps its place in the block, without its status.
  if ((out.header->tp_status & TP_STATUS_USER) == 0) return false;
  std::memcpy(&out.offload, out.bytes - sizeof out.offload, sizeof out.offload);
  return true;
}

void PacketRing::update_statistics() noexcept {
  tpacket_stats_v3 since{};
  socklen_t size = sizeof since;
  if (getsockopt(socket_.get(), SOL_PACKET, PACKET_STATISTICS, &since, &size) < 0) return;
  seen_ += since.tp_packets;
  lost_ += since.tp_drops;
}

void PacketRing::clear_error() noexcept {
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error, &size);
}

}  // namespace tallytree
