// A packet socket that reads nothing and only keeps the membership.
#include "promiscuity.h"

#include <linux/if_packet.h>
#include <sys/socket.h>

namespace tallytree {

Promiscuity::Promiscuity() : socket_(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0)) {
  if (socket_.get() < 0) throw_errno("opening an AF_PACKET socket for a promiscuous device");
}

bool Promiscuity::change(int action) noexcept {
  packet_mreq request{};
  request.mr_ifindex = static_cast<int>(ifindex_);
  request.mr_type = PACKET_MR_PROMISC;
  return setsockopt(socket_.get(), SOL_PACKET, action, &request, sizeof request) == 0;
}

void Promiscuity::follow(uint32_t ifindex) noexcept {
  if (ifindex == ifindex_) return;
  if (ifindex_ != 0) change(PACKET_DROP_MEMBERSHIP);
  ifindex_ = ifindex;
  if (ifindex_ != 0 && !change(PACKET_ADD_MEMBERSHIP)) ifindex_ = 0;
}

}  // namespace tallytree
