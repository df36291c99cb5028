// generator leaving|arriving DEVICE zipf|churn COUNT RATE MAC: sends COUNT UDP frames of 64 bytes, RATE a second
// (0: as fast as it goes), and says how long it took. leaving: out of DEVICE. arriving: as if DEVICE had
// received them, which takes a third of the time.
// generator file PATH zipf|churn COUNT RATE: the same as a capture file, RATE a second by its time stamps.
#include <linux/if_packet.h>
#include <net/if.h>
#include <sys/socket.h>
#include <time.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <exception>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "bench/live_frames.h"

namespace {

using namespace tallytree;
using namespace tallytree::traffic;
using Clock = std::chrono::steady_clock;

constexpr uint32_t kMessages = 32;

struct Traffic {
  bool churn;
  uint32_t count;
  uint32_t rate;  // a second; 0: as fast as it goes

  std::vector<Varied> table() const { return churn ? churn_table() : zipf_table(); }
};

struct Request {
  bool arriving;
  uint32_t ifindex;
  Traffic traffic;
  HardwareAddress to;
};

HardwareAddress hardware_address(const std::string& text) {
  HardwareAddress address{};
  for (size_t i = 0; i < address.size(); ++i)
    address[i] = static_cast<uint8_t>(std::stoul(text.substr(3 * i, 2), nullptr, 16));
  return address;
}

Traffic read_traffic(char** words) {
  return {std::string_view(words[0]) == "churn", static_cast<uint32_t>(std::stoul(words[1])),
          static_cast<uint32_t>(std::stoul(words[2]))};
}

Request read_request(char** words) {
  Request request{};
  request.arriving = std::string_view(words[0]) == "arriving";
  request.ifindex = if_nametoindex(words[1]);
  request.traffic = read_traffic(words + 2);
  request.to = hardware_address(words[5]);
  if (request.ifindex == 0) throw std::invalid_argument("no such device");
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

void send_leaving(const Request& request, const std::vector<Varied>& table) {
  const Descriptor device = open_device(request.ifindex);
  Batch batch(frame_to(request.to));
  const auto [churn, count, rate] = request.traffic;
  const auto start = Clock::now();
  for (uint32_t sent = 0; sent < count; sent += kMessages) {
    if (rate > 0) sleep_until(start + std::chrono::nanoseconds(uint64_t{sent} * 1'000'000'000 / rate));
    batch.send(device.get(), table, sent, std::min(kMessages, count - sent));
  }
}

double seconds_of(const Request& request) {
  const std::vector<Varied> table = request.traffic.table();
  if (!request.arriving) {
    const auto start = Clock::now();
    send_leaving(request, table);
    return std::chrono::duration<double>(Clock::now() - start).count();
  }
  LiveFrames frames(frame_to(request.to), table, request.traffic.rate);
  const auto start = Clock::now();
  frames.send(request.ifindex, request.traffic.count);
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// Classic pcap: a header of 24 bytes, then 16 bytes and the frame for each packet.
void write_capture(const char* path, const Traffic& traffic) {
  if (traffic.rate == 0) throw std::invalid_argument("no rate");
  constexpr uint32_t kMicroseconds = 0xa1b2c3d4, kVersion = 0x00040002, kEthernet = 1, kStart = 1'700'000'000;
  const std::vector<Varied> table = traffic.table();
  std::ofstream file(path, std::ios::binary);
  const auto write = [&file](const auto& data) {
    file.write(reinterpret_cast<const char*>(data.data()), static_cast<std::streamsize>(sizeof data));
  };
  write(std::array<uint32_t, 6>{kMicroseconds, kVersion, 0, 0, kFrameSize, kEthernet});
  Frame frame = frame_to({});
  for (uint32_t i = 0; i < traffic.count; ++i) {
    const uint64_t time_us = uint64_t{i} * 1'000'000 / traffic.rate;
    std::memcpy(frame.data() + kVariedAt, table[i % kTableSize].data(), sizeof(Varied));
    write(std::array<uint32_t, 4>{kStart + static_cast<uint32_t>(time_us / 1'000'000),
                                  static_cast<uint32_t>(time_us % 1'000'000), kFrameSize, kFrameSize});
    write(frame);
  }
  if (!file.flush()) throw std::runtime_error(std::string("writing ") + path + " failed");
}

}  // namespace

int main(int count, char** words) {
  try {
    if (count == 6 && std::string_view(words[1]) == "file") {
      write_capture(words[2], read_traffic(words + 3));
      return 0;
    }
    if (count != 7)
      throw std::invalid_argument(
          "leaving|arriving DEVICE zipf|churn COUNT RATE MAC, or file PATH zipf|churn ...");
    const Request request = read_request(words + 1);
    std::printf("{\"sent\": %u, \"seconds\": %.4f}\n", request.traffic.count, seconds_of(request));
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "generator: %s\n", error.what());
    return 1;
  }
}
