// nfnetlink_log messages, see include/uapi/linux/netfilter/nfnetlink_log.h.
#include "nflog_socket.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/netfilter/nfnetlink_log.h>
#include <linux/sock_diag.h>
#include <sys/socket.h>

#include <array>

#include "netfilter_message.h"
#include "queue_counters.h"

namespace tallytree {
namespace {

constexpr const char* kInstancesPath = "/proc/thread-self/net/netfilter/nfnetlink_log";
constexpr uint32_t kBatchBytes = 1 << 16;
constexpr uint32_t kBatchPackets = 256;
constexpr uint32_t kBatchCentiseconds = 1;  // the kernel's shortest
constexpr uint16_t kPacketMessage = NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_PACKET;

using Attributes = NetfilterAttributes<NFULA_MAX>;

bool decode(const nlmsghdr* message, LoggedPacket& out) noexcept {
  const Attributes seen(message);
  nfulnl_msg_packet_hdr header;
  if (!seen.copy(NFULA_PACKET_HDR, header)) return false;
  out.hook = header.hook;
  out.payload = seen.bytes(NFULA_PAYLOAD);
  out.sequence = seen.number(NFULA_SEQ);
  out.input_device = seen.number(NFULA_IFINDEX_INDEV);
  out.output_device = seen.number(NFULA_IFINDEX_OUTDEV);
  return true;
}

}  // namespace

NflogSocket::NflogSocket(uint16_t group, uint32_t buffer_mib)
    : group_(group),
      socket_(open_netlink(NETLINK_NETFILTER, 0, "opening a netfilter netlink socket")),
      buffer_(2 * kBatchBytes) {
  const int bytes = static_cast<int>(buffer_mib << 20);
  if (setsockopt(descriptor(), SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes) < 0)
    throw_errno("enlarging the buffer of an NFLOG group (it needs the capability CAP_NET_ADMIN)");
  configure();
  instances_ = Descriptor(open(kInstancesPath, O_RDONLY | O_CLOEXEC));
  const int on = 1;
  mnl_socket_setsockopt(socket_.get(), NETLINK_NO_ENOBUFS, const_cast<int*>(&on), sizeof on);
}

void NflogSocket::configure() {
  alignas(nlmsghdr) std::array<uint8_t, 512> buffer;
  nlmsghdr* message =
      put_netfilter_message(buffer.data(), NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_CONFIG, NLM_F_ACK, group_);
  const nfulnl_msg_config_cmd bind{NFULNL_CFG_CMD_BIND};
  const nfulnl_msg_config_mode mode{htonl(kCopyRange), NFULNL_COPY_PACKET, 0};
  mnl_attr_put(message, NFULA_CFG_CMD, sizeof bind, &bind);
  mnl_attr_put(message, NFULA_CFG_MODE, sizeof mode, &mode);
  mnl_attr_put_u32(message, NFULA_CFG_NLBUFSIZ, htonl(kBatchBytes));
  mnl_attr_put_u32(message, NFULA_CFG_TIMEOUT, htonl(kBatchCentiseconds));
  mnl_attr_put_u32(message, NFULA_CFG_QTHRESH, htonl(kBatchPackets));
  mnl_attr_put_u16(message, NFULA_CFG_FLAGS, htons(NFULNL_CFG_F_SEQ));
  ask_netfilter(socket_.get(), message,
                "binding an NFLOG group (does another program use that group number?)");
}

/// Without asking for an answer: it would come among the packets.
void NflogSocket::keep(uint32_t bytes) noexcept {
  alignas(nlmsghdr) std::array<uint8_t, 128> buffer;
  nlmsghdr* message =
      put_netfilter_message(buffer.data(), NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_CONFIG, 0, group_);
  const nfulnl_msg_config_mode mode{htonl(bytes), NFULNL_COPY_PACKET, 0};
  mnl_attr_put(message, NFULA_CFG_MODE, sizeof mode, &mode);
  mnl_socket_sendto(socket_.get(), message, message->nlmsg_len);
}

bool NflogSocket::next(LoggedPacket& out) noexcept {
  for (;;) {
    while (message_ != nullptr && mnl_nlmsg_ok(message_, left_)) {
      const nlmsghdr* message = message_;
      message_ = mnl_nlmsg_next(message, &left_);
      const bool is_packet =
          message->nlmsg_type == kPacketMessage && mnl_nlmsg_get_payload_len(message) >= sizeof(nfgenmsg);
      if (is_packet && decode(message, out)) return true;
    }
    if (!receive()) return false;
  }
}

/// ENOBUFS is no error: the gap in the sequence tells what was lost.
bool NflogSocket::receive() noexcept {
  const ssize_t size = recv(descriptor(), buffer_.data(), buffer_.size(), MSG_DONTWAIT);
  message_ = size > 0 ? reinterpret_cast<const nlmsghdr*>(buffer_.data()) : nullptr;
  left_ = static_cast<int>(size);
  return size > 0;
}

uint32_t NflogSocket::dropped() const noexcept {
  std::array<uint32_t, SK_MEMINFO_VARS> memory{};
  socklen_t size = sizeof memory;
  getsockopt(descriptor(), SOL_SOCKET, SO_MEMINFO, memory.data(), &size);
  return memory[SK_MEMINFO_DROPS];
}

/// Columns: group, portid, packets held back, ...
std::optional<uint32_t> NflogSocket::held_back() noexcept {
  std::array<char, 8192> text;
  const ssize_t size = pread(instances_.get(), text.data(), text.size(), 0);
  if (size <= 0) return std::nullopt;
  std::array<uint32_t, 3> columns{};
  if (!find_row({text.data(), static_cast<size_t>(size)}, group_, columns)) return std::nullopt;
  return columns[2];
}

}  // namespace tallytree
