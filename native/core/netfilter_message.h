// Messages of the netfilter subsystems of netlink (nfnetlink), and the rows of their lists in /proc.
#pragma once

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <span>

#include "descriptor.h"

namespace tallytree {

/// Begins a message to a queue or group. `type`: NFNL_SUBSYS_... << 8 | the subsystem's own.
inline nlmsghdr* put_netfilter_message(void* buffer, int type, int flags, uint16_t number) noexcept {
  nlmsghdr* message = mnl_nlmsg_put_header(buffer);
  message->nlmsg_type = static_cast<uint16_t>(type);
  message->nlmsg_flags = static_cast<uint16_t>(NLM_F_REQUEST | flags);
  auto* header = static_cast<nfgenmsg*>(mnl_nlmsg_put_extra_header(message, sizeof(nfgenmsg)));
  header->nfgen_family = AF_UNSPEC;
  header->version = NFNETLINK_V0;
  header->res_id = htons(number);
  return message;
}

/// Sends a message that asks for an answer, and waits for the kernel's consent. Throws std::system_error.
inline void ask_netfilter(mnl_socket* socket, const nlmsghdr* message, const char* what) {
  alignas(nlmsghdr) std::array<uint8_t, 512> buffer;
  if (mnl_socket_sendto(socket, message, message->nlmsg_len) < 0) throw_errno(what);
  const ssize_t size = mnl_socket_recvfrom(socket, buffer.data(), buffer.size());
  const unsigned port = mnl_socket_get_portid(socket);
  if (size < 0 || mnl_cb_run(buffer.data(), static_cast<size_t>(size), 0, port, nullptr, nullptr) < 0)
    throw_errno(what);
}

/// The attributes of a message, by type; numbers are in network byte order there. The message must be whole
/// (mnl_nlmsg_ok) and have a nfgenmsg. Walked here, for each packet: libmnl calls four functions an attribute.
template <size_t kMost>
class NetfilterAttributes {
 public:
  explicit NetfilterAttributes(const nlmsghdr* message) noexcept {
    constexpr size_t kHeaders = MNL_NLMSG_HDRLEN + MNL_ALIGN(sizeof(nfgenmsg));
    const auto* bytes = reinterpret_cast<const uint8_t*>(message);
    size_t at = kHeaders;
    while (at + sizeof(nlattr) <= message->nlmsg_len) {
      const auto* attribute = reinterpret_cast<const nlattr*>(bytes + at);
      const size_t length = attribute->nla_len;
      if (length < sizeof(nlattr) || at + length > message->nlmsg_len) return;
      const size_t type = attribute->nla_type & NLA_TYPE_MASK;
      if (type <= kMost) seen_[type] = attribute;
      at += MNL_ALIGN(length);
    }
  }

  /// 0: absent.
  uint32_t number(size_t type) const noexcept {
    const nlattr* found = seen_[type];
    if (found == nullptr || found->nla_len < MNL_ATTR_HDRLEN + sizeof(uint32_t)) return 0;
    uint32_t value;
    std::memcpy(&value, content(found), sizeof value);
    return ntohl(value);
  }

  /// Empty: absent.
  std::span<const uint8_t> bytes(size_t type) const noexcept {
    const nlattr* found = seen_[type];
    if (found == nullptr) return {};
    return {content(found), static_cast<size_t>(found->nla_len - MNL_ATTR_HDRLEN)};
  }

  /// False: absent or too short.
  template <typename Struct>
  bool copy(size_t type, Struct& out) const noexcept {
    const auto found = bytes(type);
    if (found.size() < sizeof out) return false;
    std::memcpy(&out, found.data(), sizeof out);
    return true;
  }

 private:
  static const uint8_t* content(const nlattr* attribute) noexcept {
    return reinterpret_cast<const uint8_t*>(attribute) + MNL_ATTR_HDRLEN;
  }

  std::array<const nlattr*, kMost + 1> seen_{};
};

}  // namespace tallytree
