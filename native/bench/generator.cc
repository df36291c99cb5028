// generator paced|burst DEVICE zipf|churn COUNT RATE MAC: sends COUNT UDP frames of 64 bytes and says how
// long it took. paced: out of DEVICE, RATE a second. burst: as if DEVICE had received them, as fast as it
// goes.
#include <linux/if_packet.h>
#include <net/if.h>
#include <sys/socket.h>
#include <time.h>

#include <chrono>
#include <cstdio>
#include <exception>
#include <string>
#include <string_view>
#include <vector>

#include "bench/live_frames.h"

namespace {

using namespace tallytree;
using namespace tallytree::traffic;
using Clock = std::chrono::steady_clock;

constexpr uint32_t kMessages = 32;

struct Request {
  bool paced;
  uint32_t ifindex;
  bool churn;
  uint32_t count;
  uint32_t rate;
  HardwareAddress to;
};

HardwareAddress hardware_address(const std::string& text) {
  HardwareAddress address{};
  for (size_t i = 0; i < address.size(); ++i)
    address[i] = static_cast<uint8_t>(std::stoul(text.substr(3 * i, 2), nullptr, 16));
  return address;
}

Request read_request(char** words) {
  Request request{};
  request.paced = std::string_view(words[0]) == "paced";
  request.ifindex = if_nametoindex(words[1]);
  request.churn = std::string_view(words[2]) == "churn";
  request.count = static_cast<uint32_t>(std::stoul(words[3]));
  request.rate = static_cast<uint32_t>(std::stoul(words[4]));
  request.to = hardware_address(words[5]);
  if (request.ifindex == 0 || request.rate == 0) throw std::invalid_argument("no such device, or no rate");
  return request;
}

Descriptor open_device(uint32_t ifindex) {
  Descriptor made(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_ifindex = static_cast<int>(ifindex);
  if (made.get() < 0 || bind(made.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0)
    throw_errno("opening the device to send from");
  return made;
}

/// Many frames by one system call.
class Batch {
 public:
  explicit Batch(const Frame& frame) : frames_(kMessages, frame), parts_(kMessages), messages_(kMessages) {
    for (size_t i = 0; i < kMessages; ++i) {
      parts_[i] = {frames_[i].data(), kFrameSize};
      messages_[i].msg_hdr.msg_iov = &parts_[i];
      messages_[i].msg_hdr.msg_iovlen = 1;
    }
  }

  void send(int socket, const std::vector<Varied>& table, uint32_t from, uint32_t count) {
    for (uint32_t i = 0; i < count; ++i)
      std::memcpy(frames_[i].data() + kVariedAt, table[(from + i) % kTableSize].data(), sizeof(Varied));
    for (uint32_t sent = 0; sent < count;) {
      const int done = sendmmsg(socket, messages_.data() + sent, count - sent, 0);
      if (done < 0 && errno != ENOBUFS) throw_errno("sending frames");
      if (done > 0) sent += static_cast<uint32_t>(done);
    }
  }

 private:
  std::vector<Frame> frames_;
  std::vector<iovec> parts_;
  std::vector<mmsghdr> messages_;
};

void sleep_until(Clock::time_point when) {
  const auto left = std::chrono::duration_cast<std::chrono::nanoseconds>(when - Clock::now()).count();
  if (left < 50'000) return;  // shorter than a sleep takes
  const timespec span{0, static_cast<long>(left)};
  nanosleep(&span, nullptr);
}

void send_paced(const Request& request, const std::vector<Varied>& table) {
  const Descriptor device = open_device(request.ifindex);
  Batch batch(frame_to(request.to));
  const auto start = Clock::now();
  for (uint32_t sent = 0; sent < request.count; sent += kMessages) {
    sleep_until(start + std::chrono::nanoseconds(uint64_t{sent} * 1'000'000'000 / request.rate));
    batch.send(device.get(), table, sent, std::min(kMessages, request.count - sent));
  }
}

double seconds_of(const Request& request) {
  const std::vector<Varied> table = request.churn ? churn_table() : zipf_table();
  if (request.paced) {
    const auto start = Clock::now();
    send_paced(request, table);
    return std::chrono::duration<double>(Clock::now() - start).count();
  }
  LiveFrames frames(frame_to(request.to), table);
  const auto start = Clock::now();
  frames.send(request.ifindex, request.count);
  return std::chrono::duration<double>(Clock::now() - start).count();
}

}  // namespace

int main(int count, char** words) {
  try {
    if (count != 7) throw std::invalid_argument("paced|burst DEVICE zipf|churn COUNT RATE MAC");
    const Request request = read_request(words + 1);
    std::printf("{\"sent\": %u, \"seconds\": %.4f}\n", request.count, seconds_of(request));
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "generator: %s\n", error.what());
    return 1;
  }
}
