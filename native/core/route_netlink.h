// Tables of the kernel's network state (rtnetlink(7)): read whole, then followed by its notifications.
#pragma once

#include <functional>

#include "descriptor.h"

namespace tallytree {

/// Puts an attribute at its type's place in a table of `kSize` attributes; those beyond it are left out.
template <size_t kSize>
int collect(const nlattr* attribute, void* table) {
  const uint16_t type = mnl_attr_get_type(attribute);
  if (type < kSize) static_cast<const nlattr**>(table)[type] = attribute;
  return MNL_CB_OK;
}

/// A socket that hears of changes and one that asks. Owned and used by one thread.
class RouteNetlink {
 public:
  /// `groups`: the changes to hear of. Throws std::system_error with `what` when netlink is refused.
  RouteNetlink(unsigned groups, const char* what);

  /// Readable when something changed.
  int descriptor() const noexcept { return mnl_socket_get_fd(events_.get()); }

  /// Takes the notifications in; true when there were any.
  bool drain() noexcept;

  using Visit = std::function<void(const nlmsghdr*)>;
  /// Hands over each message of a table; `request`: RTM_GETLINK or the like. Throws std::system_error, also
  /// when the table changed while it was read (EINTR).
  void dump(uint16_t request, const char* what, const Visit& visit);

 private:
  NetlinkSocket events_;
  NetlinkSocket requests_;
  uint32_t sequence_ = 0;
};

}  // namespace tallytree
