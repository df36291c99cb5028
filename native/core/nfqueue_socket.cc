// nfnetlink_queue messages, see include/uapi/linux/netfilter/nfnetlink_queue.h.
#include "nfqueue_socket.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <sys/socket.h>

#include <algorithm>

#include "netfilter_message.h"

namespace tallytree {
namespace {

constexpr int kReceiveBuffer = 32 << 20;
constexpr uint16_t kPacketMessage = NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_PACKET;
constexpr uint16_t kConfigMessage = NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_CONFIG;
constexpr uint16_t kVerdictMessage = NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_VERDICT_BATCH;

bool decode(const nlmsghdr* message, QueuedPacket& out) noexcept {
  const NetfilterAttributes<NFQA_MAX> seen(message);
  nfqnl_msg_packet_hdr packet;
  if (!seen.copy(NFQA_PACKET_HDR, packet)) return false;
  out = QueuedPacket{};
  out.id = ntohl(packet.packet_id);
  out.hook = packet.hook;
  out.payload = seen.bytes(NFQA_PAYLOAD);
  const uint32_t full = seen.number(NFQA_CAP_LEN);  // only there when the copy is shorter
  out.length = full != 0 ? full : static_cast<uint32_t>(out.payload.size());
  out.input_device = seen.number(NFQA_IFINDEX_INDEV);
  out.output_device = seen.number(NFQA_IFINDEX_OUTDEV);
  out.super_packet = (seen.number(NFQA_SKB_INFO) & NFQA_SKB_GSO) != 0;
  return true;
}

enum class Content { packet, unreadable, other };

/// The kernel sends one packet a datagram; others say that a verdict came too late. Lengths are signed here:
/// a cut message must not wrap around.
Content decode_datagram(const uint8_t* bytes, int size, QueuedPacket& out) noexcept {
  const auto* message = reinterpret_cast<const nlmsghdr*>(bytes);
  if (!mnl_nlmsg_ok(message, size)) return Content::unreadable;
  if (message->nlmsg_type != kPacketMessage) return Content::other;
  const bool whole = mnl_nlmsg_get_payload_len(message) >= sizeof(nfgenmsg);
  return whole && decode(message, out) ? Content::packet : Content::unreadable;
}

}  // namespace

NfqueueSocket::Buffers::Buffers() noexcept {
  for (size_t i = 0; i < kBatch; ++i) {
    vectors[i] = {datagrams[i].data(), kDatagram};
    messages[i].msg_hdr.msg_iov = &vectors[i];
    messages[i].msg_hdr.msg_iovlen = 1;
  }
}

NfqueueSocket::NfqueueSocket(uint16_t queue)
    : queue_(queue),
      socket_(open_netlink(NETLINK_NETFILTER, 0, "opening a netfilter netlink socket")),
      buffers_(std::make_unique<Buffers>()) {
  if (setsockopt(descriptor(), SOL_SOCKET, SO_RCVBUFFORCE, &kReceiveBuffer, sizeof kReceiveBuffer) < 0)
    throw_errno("enlarging the buffer of an NFQUEUE (it needs the capability CAP_NET_ADMIN)");
  counters_ = Descriptor(open(kQueueCountersPath, O_RDONLY | O_CLOEXEC));
  if (counters_.get() < 0) throw_errno("opening the counters of NFQUEUE in /proc (is it in this kernel?)");
  configure();
  const int on = 1;
  mnl_socket_setsockopt(socket_.get(), NETLINK_NO_ENOBUFS, const_cast<int*>(&on), sizeof on);
}

/// One message: between a bind and a mode of its own, packets would be dropped despite --queue-bypass.
void NfqueueSocket::configure() {
  alignas(nlmsghdr) std::array<uint8_t, 512> buffer;
  nlmsghdr* message = put_netfilter_message(buffer.data(), kConfigMessage, NLM_F_ACK, queue_);
  const nfqnl_msg_config_cmd bind{NFQNL_CFG_CMD_BIND, 0, htons(AF_UNSPEC)};
  const nfqnl_msg_config_params params{htonl(kCopyRange), NFQNL_COPY_PACKET};
  constexpr uint32_t kFlags = NFQA_CFG_F_FAIL_OPEN | NFQA_CFG_F_GSO;
  mnl_attr_put(message, NFQA_CFG_CMD, sizeof bind, &bind);
  mnl_attr_put(message, NFQA_CFG_PARAMS, sizeof params, &params);
  mnl_attr_put_u32(message, NFQA_CFG_QUEUE_MAXLEN, htonl(kQueueLength));
  mnl_attr_put_u32(message, NFQA_CFG_MASK, htonl(kFlags));
  mnl_attr_put_u32(message, NFQA_CFG_FLAGS, htonl(kFlags));
  ask_netfilter(socket_.get(), message, "binding an NFQUEUE (does another program use that queue number?)");
}

/// Without asking for an answer: it would come among the packets.
void NfqueueSocket::keep(uint32_t bytes) noexcept {
  alignas(nlmsghdr) std::array<uint8_t, 128> buffer;
  nlmsghdr* message = put_netfilter_message(buffer.data(), kConfigMessage, 0, queue_);
  const nfqnl_msg_config_params params{htonl(bytes), NFQNL_COPY_PACKET};
  mnl_attr_put(message, NFQA_CFG_PARAMS, sizeof params, &params);
  mnl_socket_sendto(socket_.get(), message, message->nlmsg_len);
}

NfqueueSocket::Batch NfqueueSocket::receive(std::span<QueuedPacket> out) noexcept {
  const auto wanted = static_cast<unsigned>(std::min(out.size(), kBatch));
  const int received = recvmmsg(descriptor(), buffers_->messages.data(), wanted, MSG_DONTWAIT, nullptr);
  Batch batch;
  if (received <= 0) return batch;  // nothing there, or ENOBUFS: then the gap in the ids tells what was lost
  batch.datagrams = static_cast<size_t>(received);
  for (size_t i = 0; i < batch.datagrams; ++i) {
    const int size = static_cast<int>(buffers_->messages[i].msg_len);
    const Content content = decode_datagram(buffers_->datagrams[i].data(), size, out[batch.packets]);
    if (content == Content::packet) ++batch.packets;
    if (content == Content::unreadable) batch.unreadable = true;
  }
  return batch;
}

bool NfqueueSocket::accept_up_to(uint32_t id) noexcept {
  alignas(nlmsghdr) std::array<uint8_t, 128> buffer;
  nlmsghdr* message = put_netfilter_message(buffer.data(), kVerdictMessage, 0, queue_);
  const nfqnl_msg_verdict_hdr verdict{htonl(NF_ACCEPT), htonl(id)};
  mnl_attr_put(message, NFQA_VERDICT_HDR, sizeof verdict, &verdict);
  return mnl_socket_sendto(socket_.get(), message, message->nlmsg_len) >= 0;
}

bool NfqueueSocket::counters(QueueCounters& out) noexcept { return read_queue(counters_.get(), queue_, out); }

}  // namespace tallytree
