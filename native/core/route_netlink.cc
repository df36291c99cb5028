// Asks for whole tables by NLM_F_DUMP.
#include "route_netlink.h"

#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <array>

namespace tallytree {
namespace {

int hand_over(const nlmsghdr* message, void* visit) {
  (*static_cast<const RouteNetlink::Visit*>(visit))(message);
  return MNL_CB_OK;
}

}  // namespace

RouteNetlink::RouteNetlink(unsigned groups, const char* what)
    : events_(open_netlink(NETLINK_ROUTE, groups, what)), requests_(open_netlink(NETLINK_ROUTE, 0, what)) {
  const timeval second{1, 0};
  setsockopt(mnl_socket_get_fd(requests_.get()), SOL_SOCKET, SO_RCVTIMEO, &second, sizeof second);
}

bool RouteNetlink::drain() noexcept {
  std::array<char, 16384> buffer;
  bool changed = false;
  for (;;) {
    const ssize_t size = recv(descriptor(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (size < 0 && errno != ENOBUFS) return changed;  // ENOBUFS: some were lost, so something changed
    changed = true;
  }
}

void RouteNetlink::dump(uint16_t request, const char* what, const Visit& visit) {
  alignas(nlmsghdr) std::array<char, 32768> buffer;
  nlmsghdr* asked = mnl_nlmsg_put_header(buffer.data());
  asked->nlmsg_type = request;
  asked->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  asked->nlmsg_seq = ++sequence_;
  mnl_nlmsg_put_extra_header(asked, sizeof(ifinfomsg));  // the longest of all tables' headers; zero: all
  if (request == RTM_GETLINK) mnl_attr_put_u32(asked, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
  if (mnl_socket_sendto(requests_.get(), asked, asked->nlmsg_len) < 0) throw_errno(what);
  for (int more = MNL_CB_OK; more > MNL_CB_STOP;) {
    const ssize_t size = mnl_socket_recvfrom(requests_.get(), buffer.data(), buffer.size());
    if (size < 0) throw_errno(what);
    const unsigned port = mnl_socket_get_portid(requests_.get());
    more = mnl_cb_run(buffer.data(), static_cast<size_t>(size), sequence_, port, hand_over,
                      const_cast<Visit*>(&visit));
    if (more == MNL_CB_ERROR) throw_errno(what);
  }
}

}  // namespace tallytree
