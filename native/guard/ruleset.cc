// NFT_MSG_GETGEN, see include/uapi/linux/netfilter/nf_tables.h; IPT_SO_GET_INFO, see
// linux/netfilter_ipv4/ip_tables.h.
#include "ruleset.h"

#include <arpa/inet.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cstring>

namespace tallytree::guard {
namespace {

constexpr int kGetInfo = 64;  // IPT_SO_GET_INFO and IP6T_SO_GET_INFO; their headers are no valid C++

struct TableInfo {
  char name[32];
  uint32_t valid_hooks;
  uint32_t hook_entry[5];
  uint32_t underflow[5];
  uint32_t entries;
  uint32_t size;
};

int open_netlink() {
  const int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
  const timeval patience{0, 100'000};
  if (fd >= 0) setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  return fd;
}

TableInfo mangle_info(int fd, int level) {
  TableInfo info{};
  std::strcpy(info.name, "mangle");
  socklen_t size = sizeof info;
  return getsockopt(fd, level, kGetInfo, &info, &size) == 0 ? info : TableInfo{};
}

/// The answer's one attribute of interest; 0: it is not there.
uint32_t generation_in(const char* bytes, size_t size) {
  const char* end = bytes + size;
  for (const char* at = bytes + NLMSG_HDRLEN + NLMSG_ALIGN(sizeof(nfgenmsg)); at + sizeof(nlattr) <= end;) {
    nlattr attribute;
    std::memcpy(&attribute, at, sizeof attribute);
    uint32_t value = 0;
    if (attribute.nla_len < sizeof attribute) return 0;
    if (attribute.nla_type == NFTA_GEN_ID && at + NLA_HDRLEN + sizeof value <= end) {
      std::memcpy(&value, at + NLA_HDRLEN, sizeof value);
      return ntohl(value);
    }
    at += NLA_ALIGN(attribute.nla_len);
  }
  return 0;
}

}  // namespace

Ruleset::Ruleset(Kind kind) : kind_(kind) {
  if (kind_ == Kind::nftables) {
    socket4_ = open_netlink();
    return;
  }
  socket4_ = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
  socket6_ = socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
}

Ruleset::~Ruleset() {
  for (const int fd : {socket4_, socket6_})
    if (fd >= 0) close(fd);
}

RulesetMark Ruleset::mark() const {
  if (kind_ == Kind::nftables) return {{generation()}};
  const TableInfo four = mangle_info(socket4_, SOL_IP);
  const TableInfo six = mangle_info(socket6_, SOL_IPV6);
  return {{four.entries, four.size, six.entries, six.size}};
}

uint32_t Ruleset::generation() const {
  struct {
    nlmsghdr header;
    nfgenmsg family;
  } request{};
  request.header = {sizeof request, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETGEN, NLM_F_REQUEST, 0, 0};
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  if (sendto(socket4_, &request, sizeof request, 0, reinterpret_cast<const sockaddr*>(&kernel),
             sizeof kernel) < 0)
    return 0;
  char answer[512];
  const ssize_t size = recv(socket4_, answer, sizeof answer, 0);
  return size > 0 ? generation_in(answer, static_cast<size_t>(size)) : 0;
}

}  // namespace tallytree::guard
