// Verdicts by nfnetlink: the kernel takes them from any process that holds the socket the queue is bound to.
#include "held_queues.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <csignal>

namespace tallytree::guard {
namespace {

constexpr auto kReleaseEvery = std::chrono::milliseconds(20);

/// "Accept every packet up to that id."
struct BatchVerdict {
  nlmsghdr header;
  nfgenmsg queue;
  nlattr attribute;
  nfqnl_msg_verdict_hdr verdict;
};

BatchVerdict accept_up_to(uint16_t queue, uint32_t id) {
  BatchVerdict message{};
  message.header.nlmsg_len = sizeof message;
  message.header.nlmsg_type = NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_VERDICT_BATCH;
  message.header.nlmsg_flags = NLM_F_REQUEST;
  message.queue = {AF_UNSPEC, NFNETLINK_V0, htons(queue)};
  message.attribute = {sizeof message.attribute + sizeof message.verdict, NFQA_VERDICT_HDR};
  message.verdict = {htonl(NF_ACCEPT), htonl(id)};
  return message;
}

/// Whoever made the socket pair; 0: nobody known.
pid_t maker_of(int socket) {
  ucred peer{};
  socklen_t size = sizeof peer;
  return getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 ? peer.pid : 0;
}

}  // namespace

HeldQueues::HeldQueues(int monitor, uint16_t first, std::vector<int> sockets)
    : file_(open(kQueueCountersPath, O_RDONLY | O_CLOEXEC)) {
  if (const pid_t pid = maker_of(monitor); pid > 0)
    process_ = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
  for (const int socket : sockets) queues_.push_back({first++, socket});
}

HeldQueues::~HeldQueues() {
  for (const int fd : {process_, file_})
    if (fd >= 0) close(fd);
}

std::optional<QueueCounters> HeldQueues::counters(uint16_t queue) const {
  QueueCounters found;
  if (file_ < 0 || !read_queue(file_, queue, found)) return std::nullopt;
  return found;
}

uint64_t HeldQueues::queued() {
  uint64_t sum = 0;
  for (Queue& queue : queues_) {
    if (const auto found = counters(queue.number)) {
      const uint32_t now = found->last_id + found->queue_dropped;
      queue.queued += static_cast<uint32_t>(now - queue.seen);
      queue.seen = now;
    }
    sum += queue.queued;
  }
  return sum;
}

uint64_t HeldQueues::waiting() const {
  uint64_t sum = 0;
  for (const Queue& queue : queues_)
    if (const auto found = counters(queue.number)) sum += found->waiting;
  return sum;
}

bool HeldQueues::release() const {
  bool reached = true;
  for (const Queue& queue : queues_) {
    const auto found = counters(queue.number);
    if (found && found->waiting > 0) reached = accept_all(queue, found->last_id) && reached;
  }
  return reached;
}

bool HeldQueues::accept_all(const Queue& queue, uint32_t last_id) const {
  const auto socket = static_cast<int>(syscall(SYS_pidfd_getfd, process_, queue.socket, 0));
  if (socket < 0) return false;
  const BatchVerdict message = accept_up_to(queue.number, last_id);
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  const ssize_t sent = sendto(socket, &message, sizeof message, MSG_DONTWAIT,
                              reinterpret_cast<const sockaddr*>(&kernel), sizeof kernel);
  close(socket);
  return sent == static_cast<ssize_t>(sizeof message);
}

void HeldQueues::end_monitor() const { syscall(SYS_pidfd_send_signal, process_, SIGKILL, nullptr, 0); }

Relief::Relief(const HeldQueues& queues)
    : queues_(queues), works_(queues.release()), thread_([this] { run(); }) {}

Relief::~Relief() {
  over_ = true;
  thread_.join();
  queues_.release();
}

void Relief::run() {
  while (!over_) {
    works_ = queues_.release();
    std::this_thread::sleep_for(kReleaseEvery);
  }
}

}  // namespace tallytree::guard
