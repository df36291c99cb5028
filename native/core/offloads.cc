// SIOCETHTOOL with ETHTOOL_GGRO and its like, see include/uapi/linux/ethtool.h.
#include "offloads.h"

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cstdint>
#include <cstring>
#include <memory>

#include "descriptor.h"

namespace tallytree {
namespace {

struct Question {
  const char* name;
  uint32_t command;
  uint32_t bits;
};

constexpr Question kQuestions[] = {{"gro", ETHTOOL_GGRO, 1},
                                   {"gso", ETHTOOL_GGSO, 1},
                                   {"lro", ETHTOOL_GFLAGS, ETH_FLAG_LRO},
                                   {"tso", ETHTOOL_GTSO, 1}};

bool is_on(int socket, const char* device, const Question& question) {
  ethtool_value value{question.command, 0};
  ifreq request{};
  std::strncpy(request.ifr_name, device, IFNAMSIZ - 1);
  request.ifr_data = reinterpret_cast<char*>(&value);
  return ioctl(socket, SIOCETHTOOL, &request) == 0 && (value.data & question.bits) != 0;
}

}  // namespace

std::vector<DeviceOffloads> device_offloads() {
  std::vector<DeviceOffloads> found;
  const Descriptor socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const std::unique_ptr<struct if_nameindex, decltype(&if_freenameindex)> devices(if_nameindex(),
                                                                                  if_freenameindex);
  if (socket.get() < 0 || !devices) return found;
  for (const struct if_nameindex* at = devices.get(); at->if_index != 0; ++at) {
    if (std::strcmp(at->if_name, "lo") == 0) continue;
    DeviceOffloads device{at->if_name, {}};
    for (const Question& question : kQuestions)
      if (is_on(socket.get(), at->if_name, question)) device.names.emplace_back(question.name);
    found.push_back(std::move(device));
  }
  return found;
}

}  // namespace tallytree
