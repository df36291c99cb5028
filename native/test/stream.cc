// A stream of numbered datagrams, and what becomes of it while somebody does harm:
//   stream send ADDRESS PORT RATE COUNT        {"sent": N}
//   stream receive PORT                        until SIGTERM: {"received": N, "gap_ms": X}
//   stream end PID SIGNAL QUEUE                sends the signal: {"gone_ms": X} when the NFQUEUE is gone, at
//   most 5 s
// `gap_ms` is the longest time in which none arrived, less the time in which the sender was kept from
// sending.
#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <string>
#include <thread>

#include "core/descriptor.h"
#include "core/precedence.h"
#include "core/queue_counters.h"

namespace {

using tallytree::Descriptor;
using tallytree::throw_errno;
using Clock = std::chrono::steady_clock;
using Milliseconds = std::chrono::duration<double, std::milli>;

constexpr size_t kBatch = 64;
constexpr int kBuffer = 64 << 20;
constexpr auto kTurn = std::chrono::milliseconds(1);
constexpr auto kEndPatience = std::chrono::seconds(5);

volatile sig_atomic_t stopped = 0;

sockaddr_in address_of(const char* address, const char* port) {
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<uint16_t>(std::stoul(port)));
  if (inet_pton(AF_INET, address, &to.sin_addr) != 1) throw std::invalid_argument("no IPv4 address");
  return to;
}

Descriptor open_socket() {
  Descriptor socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (socket.get() < 0) throw_errno("opening a UDP socket");
  for (const int name : {SO_RCVBUFFORCE, SO_SNDBUFFORCE})
    setsockopt(socket.get(), SOL_SOCKET, name, &kBuffer, sizeof kBuffer);
  return socket;
}

/// As many messages, each of which says how long the sender has been kept from sending, in nanoseconds.
struct Batch {
  std::array<int64_t, kBatch> stalls{};
  std::array<iovec, kBatch> vectors;
  std::array<mmsghdr, kBatch> messages{};

  Batch() {
    for (size_t i = 0; i < kBatch; ++i) {
      vectors[i] = {&stalls[i], sizeof stalls[i]};
      messages[i].msg_hdr.msg_iov = &vectors[i];
      messages[i].msg_hdr.msg_iovlen = 1;
    }
  }
};

void send_lot(int socket, Batch& batch, uint64_t count) {
  while (count > 0) {
    const size_t lot = std::min<size_t>(count, kBatch);
    const int sent = sendmmsg(socket, batch.messages.data(), static_cast<unsigned>(lot), 0);
    // Nobody may listen: the refusal of an earlier datagram takes the place of this one.
    if (sent < 0 && errno != ECONNREFUSED && errno != ENOBUFS) throw_errno("sending");
    count -= static_cast<uint64_t>(std::max(sent, 0));
  }
}

int send(const char* address, const char* port, double rate, uint64_t count) {
  const Descriptor socket = open_socket();
  const sockaddr_in to = address_of(address, port);
  if (connect(socket.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) < 0) throw_errno("connecting");
  const auto apart =
      std::max(Clock::duration(kTurn),
               std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(1 / rate)));
  Batch batch;
  uint64_t sent = 0;
  const auto start = Clock::now();
  for (auto last = start; sent < count && stopped == 0;) {
    const auto now = Clock::now();
    const auto due =
        std::min(count, static_cast<uint64_t>(std::chrono::duration<double>(now - start).count() * rate) + 1);
    if (due == sent) {
      std::this_thread::sleep_for(kTurn);
      continue;
    }
    const auto late = std::chrono::nanoseconds(now - last - 2 * apart).count();
    if (late > 0) batch.stalls.fill(batch.stalls.front() + late);
    last = now;
    send_lot(socket.get(), batch, due - sent);
    sent = due;
  }
  std::printf("{\"sent\": %lu}\n", sent);
  return 0;
}

int receive(const char* port) {
  const Descriptor socket = open_socket();
  const sockaddr_in own = address_of("0.0.0.0", port);
  if (bind(socket.get(), reinterpret_cast<const sockaddr*>(&own), sizeof own) < 0) throw_errno("binding");
  std::fprintf(stderr, "ready\n");
  Batch batch;
  uint64_t received = 0;
  Clock::duration gap{};
  Clock::time_point last{};
  std::chrono::nanoseconds stalled{};
  while (stopped == 0) {
    const int count = recvmmsg(socket.get(), batch.messages.data(), kBatch, MSG_WAITFORONE, nullptr);
    if (count <= 0) continue;
    const auto now = Clock::now();
    const std::chrono::nanoseconds stalled_now(batch.stalls[0]);
    if (received > 0) gap = std::max(gap, now - last - (stalled_now - stalled));
    last = now;
    stalled = std::chrono::nanoseconds(batch.stalls[static_cast<size_t>(count) - 1]);
    received += static_cast<uint64_t>(count);
  }
  for (int count; (count = recvmmsg(socket.get(), batch.messages.data(), kBatch, MSG_DONTWAIT, nullptr)) > 0;)
    received += static_cast<uint64_t>(count);
  std::printf("{\"received\": %lu, \"gap_ms\": %.3f}\n", received, Milliseconds(gap).count());
  return 0;
}

int end(const char* pid, const char* signal, const char* queue) {
  const Descriptor file(open(tallytree::kQueueCountersPath, O_RDONLY | O_CLOEXEC));
  const auto number = static_cast<uint16_t>(std::stoul(queue));
  tallytree::QueueCounters counters;
  if (!tallytree::read_queue(file.get(), number, counters))
    throw std::runtime_error("there is no such queue");
  const auto start = Clock::now();
  if (kill(static_cast<pid_t>(std::stoul(pid)), std::stoi(signal)) < 0) throw_errno("sending a signal");
  while (tallytree::read_queue(file.get(), number, counters) && Clock::now() - start < kEndPatience)
    std::this_thread::sleep_for(kTurn / 2);
  std::printf("{\"gone_ms\": %.3f}\n", Milliseconds(Clock::now() - start).count());
  return 0;
}

int run(int count, char** words) {
  const std::string what = count > 1 ? words[1] : "";
  if (what == "send" && count == 6)
    return send(words[2], words[3], std::stod(words[4]), std::stoull(words[5]));
  if (what == "receive" && count == 3) return receive(words[2]);
  if (what == "end" && count == 5) return end(words[2], words[3], words[4]);
  throw std::invalid_argument("send ADDRESS PORT RATE COUNT | receive PORT | end PID SIGNAL QUEUE");
}

}  // namespace

int main(int count, char** words) {
  // What is measured is the tap, not who else uses this machine.
  setpriority(PRIO_PROCESS, 0, -20);
  setsid();
  tallytree::Precedence::raise_session();
  struct sigaction stop {};
  stop.sa_handler = [](int) { stopped = 1; };
  sigaction(SIGTERM, &stop, nullptr);  // no SA_RESTART: it ends the waiting
  try {
    return run(count, words);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "stream: %s\n", error.what());
    return 1;
  }
}
