// The addresses of this host, from messages as the kernel writes them.
#include "core/own_addresses.h"

#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <array>

#include "check.h"

using namespace tallytree;

namespace {

/// An RTM_NEWADDR message.
class AddressMessage {
 public:
  AddressMessage(const AddressMessage&) = delete;
  AddressMessage(uint8_t family, uint8_t prefix) : message_(mnl_nlmsg_put_header(buffer_.data())) {
    message_->nlmsg_type = RTM_NEWADDR;
    auto* header = static_cast<ifaddrmsg*>(mnl_nlmsg_put_extra_header(message_, sizeof(ifaddrmsg)));
    header->ifa_family = family;
    header->ifa_prefixlen = prefix;
  }
  template <size_t kSize>
  AddressMessage& with(uint16_t type, const std::array<uint8_t, kSize>& address) {
    mnl_attr_put(message_, type, kSize, address.data());
    return *this;
  }
  const nlmsghdr* get() const { return message_; }

 private:
  alignas(nlmsghdr) std::array<char, 256> buffer_{};
  nlmsghdr* message_;
};

bool has(const OwnAddresses& own, uint8_t a, uint8_t b, uint8_t c, uint8_t d) {
  return own.contains(4, {a, b, c, d});
}

using Ipv4 = std::array<uint8_t, 4>;

}  // namespace

TEST(own_addresses_are_with_everybodys) {
  const OwnAddresses own;
  CHECK(has(own, 127, 0, 0, 1) && has(own, 127, 3, 2, 1));
  CHECK(has(own, 224, 0, 0, 1) && has(own, 239, 255, 0, 1) && has(own, 255, 255, 255, 255));
  CHECK(!has(own, 198, 51, 100, 7) && !has(own, 240, 0, 0, 1));
  CHECK(own.contains(6, {0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}));
  CHECK(!own.contains(6, {0x20, 0x01, 0x0d, 0xb8, 9}));
}

TEST(own_addresses_are_with_the_broadcast_address_of_their_network) {
  OwnAddresses own;
  // Added in rising order, as a reading of the whole table sorts them.
  own.add(AddressMessage(AF_INET, 24).with(IFA_LOCAL, Ipv4{251, 0, 2, 3}).get());
  own.add(AddressMessage(AF_INET, 31).with(IFA_LOCAL, Ipv4{252, 0, 2, 6}).get());
  CHECK(has(own, 251, 0, 2, 3) && has(own, 251, 0, 2, 255) && has(own, 252, 0, 2, 6));
  CHECK(!has(own, 251, 0, 2, 4) && !has(own, 252, 0, 2, 7));
}

TEST(own_addresses_leave_out_the_other_end_of_a_link) {
  OwnAddresses own;
  AddressMessage message(AF_INET, 32);
  message.with(IFA_ADDRESS, Ipv4{253, 0, 0, 2}).with(IFA_LOCAL, Ipv4{253, 0, 0, 1});
  own.add(message.get());
  CHECK(has(own, 253, 0, 0, 1) && !has(own, 253, 0, 0, 2));
}

TEST(own_addresses_ignore_what_is_too_short) {
  OwnAddresses own;
  own.add(AddressMessage(AF_INET6, 64).with(IFA_ADDRESS, Ipv4{254, 0, 0, 1}).get());
  own.add(AddressMessage(AF_INET, 24).get());
  CHECK(!has(own, 254, 0, 0, 1));
  own.refresh();
  CHECK(has(own, 127, 0, 0, 1));
}
