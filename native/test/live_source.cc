// Runs one source as a tap does and prints what it counted as one JSON object:
// live-source packet|nfqueue|nflog|file [--ring MIB] [--queue N --queues COUNT --guard PATH] [--path FILE]
// [--device NAME] [--seconds N] Prints "ready" on stderr once it reads; ends after the seconds, at the end of
// a file, or on SIGTERM. Of several queues each has a thread and prints an object; the first is the leader.
#include <poll.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <list>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "core/file_source.h"
#include "core/nflog_source.h"
#include "core/nfqueue_source.h"
#include "core/packet_source.h"

using namespace tallytree;
using Clock = std::chrono::steady_clock;

namespace {

volatile sig_atomic_t stopped = 0;

struct Sum {
  uint64_t skbs = 0;
  uint64_t packets = 0;
  uint64_t bytes = 0;

  void add(const Packet& packet) {
    ++skbs;
    packets += packet.packets;
    bytes += packet.bytes;
  }
};

/// One sum for each direction and protocol: "input 1", "loopback output 6".
using Sums = std::map<std::string, Sum>;

const char* name_of(Direction direction) {
  if (direction == Direction::any) return "any";
  return direction == Direction::output ? "output" : "input";
}

std::string name_of(const Packet& packet) {
  const std::string place = packet.loopback ? "loopback " : "";
  return place + name_of(packet.direction) + " " + std::to_string(packet.proto);
}

using Options = std::map<std::string, std::string>;

std::string option(const Options& options, const std::string& name, const std::string& otherwise) {
  const auto at = options.find(name);
  return at == options.end() ? otherwise : at->second;
}

uint16_t number_of(const Options& options, const std::string& name, const std::string& otherwise) {
  return static_cast<uint16_t>(std::stoul(option(options, name, otherwise)));
}

std::unique_ptr<Source> open_ruled_source(const std::string& kind, const Options& options) {
  const uint16_t number = number_of(options, "--queue", "8000");
  const std::string guard = option(options, "--guard", "build/native-test/tallytree-guard");
  if (kind == "nflog") {
    NflogOptions nflog;
    nflog.group = number;
    nflog.guard = guard;
    return std::make_unique<NflogSource>(nflog);
  }
  NfqueueOptions nfqueue;
  nfqueue.queue = number;
  nfqueue.queues = number_of(options, "--queues", "1");
  nfqueue.guard = guard;
  return std::make_unique<NfqueueSource>(nfqueue);
}

std::unique_ptr<Source> open_source(const std::string& kind, const Options& options) {
  if (kind == "packet")
    return std::make_unique<PacketSource>(static_cast<uint32_t>(std::stoul(option(options, "--ring", "32"))));
  if (kind == "file") return std::make_unique<FileSource>(option(options, "--path", ""));
  if (kind == "nfqueue" || kind == "nflog") return open_ruled_source(kind, options);
  throw std::invalid_argument("the source must be packet, nfqueue, nflog or file");
}

void wait_for(const Source& source) {
  pollfd polled[8] = {};
  nfds_t count = 0;
  for (const int fd : source.descriptors()) polled[count++] = {fd, POLLIN, 0};
  if (count > 0) poll(polled, count, 50);
}

size_t read_batch(Source& source, uint32_t device, Sums& sums) {
  static Packet batch[256];
  const size_t count = source.read(batch);
  for (size_t i = 0; i < count; ++i)
    if (device == 0 || batch[i].ifindex == device) sums[name_of(batch[i])].add(batch[i]);
  return count;
}

/// Until `over`, or for the seconds.
template <class Flag>
Sums run(Source& source, uint32_t device, double seconds, const Flag& over) {
  Sums sums;
  const auto end =
      Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
  auto next_tick = Clock::now();
  while (!over && !source.ended() && Clock::now() < end) {
    if (Clock::now() >= next_tick) {
      source.tick();
      next_tick = Clock::now() + std::chrono::milliseconds(200);
    }
    if (read_batch(source, device, sums) == 0) wait_for(source);
  }
  return sums;
}

/// As sketches of both directions do. What comes meanwhile is not counted.
void measure_all(Source& source, Sums early = {}) {
  source.heed({Direction::input | Direction::output, false, {}});
  for (; !source.heeds(); source.tick())
    if (read_batch(source, 0, early) == 0) poll(nullptr, 0, 1);
}

struct Settling {
  bool done = false;
  int64_t microseconds = 0;
};

/// Waits for what was offered when asked, a second at most, as a query does.
bool wait_until_settled(Source& source, uint32_t device, Sums& sums) {
  const uint64_t offered = source.offered();
  for (const auto end = Clock::now() + std::chrono::seconds(1); Clock::now() < end;) {
    if (source.settled() >= offered) return true;
    if (read_batch(source, device, sums) == 0) wait_for(source);
  }
  return false;
}

Settling settle(Source& source, uint32_t device, Sums& sums) {
  const auto start = Clock::now();
  Settling settling;
  settling.done = wait_until_settled(source, device, sums);
  settling.microseconds = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - start).count();
  return settling;
}

void print_causes(const char* name, const SourceStats::Causes& causes) {
  std::printf("\"%s\":{", name);
  for (size_t i = 0; i < causes.size(); ++i)
    std::printf("%s\"%s\":%lu", i > 0 ? "," : "", causes[i].first.c_str(), causes[i].second);
  std::printf("},");
}

void print_gaps(const std::vector<Gap>& gaps) {
  std::printf("\"gaps\":[");
  for (size_t i = 0; i < gaps.size(); ++i) std::printf("%s\"%s\"", i > 0 ? "," : "", gaps[i].reason.c_str());
  std::printf("],");
}

void print(Source& source, const Sums& sums, const Settling& settling, uint64_t offered) {
  const SourceStats stats = source.stats();
  std::printf("{\"offered\":%lu,\"settled\":%lu,\"settles\":%s,\"settle_us\":%ld,", offered, source.settled(),
              settling.done ? "true" : "false", settling.microseconds);
  std::printf("\"seen\":%lu,\"read\":%lu,\"super_packets\":%lu,", stats.seen, stats.read,
              stats.super_packets);
  print_causes("lost", stats.lost);
  print_causes("unparsed", stats.unparsed);
  print_causes("ignored", stats.ignored);
  print_gaps(stats.gaps);
  std::printf("\"counts\":{");
  const char* separator = "";
  for (const auto& [name, sum] : sums) {
    std::printf("%s\"%s\":{\"skbs\":%lu,\"packets\":%lu,\"bytes\":%lu}", separator, name.c_str(), sum.skbs,
                sum.packets, sum.bytes);
    separator = ",";
  }
  std::printf("}}\n");
}

void settle_and_print(Source& source, uint32_t device, Sums& sums) {
  const Settling settling = settle(source, device, sums);
  print(source, sums, settling, source.offered());
}

/// The readers of the queues behind the leader's, each in a thread. They read until it is gone.
class Members {
 public:
  explicit Members(const Options& options) {
    const int first = number_of(options, "--queue", "8000");
    for (int i = 1; i < number_of(options, "--queues", "1"); ++i) open(first + i);
  }
  ~Members() {
    over_ = true;
    for (Member& member : members_) {
      member.thread.join();
      settle_and_print(*member.source, 0, member.sums);
    }
  }
  Members(const Members&) = delete;
  Members& operator=(const Members&) = delete;

 private:
  struct Member {
    std::unique_ptr<Source> source;
    Sums sums;
    std::thread thread;
  };

  void open(int queue) {
    NfqueueOptions options;
    options.queue = static_cast<uint16_t>(queue);
    options.leads = false;
    Member& member = members_.emplace_back();
    member.source = std::make_unique<NfqueueSource>(options);
    member.thread = std::thread([this, &member] { member.sums = run(*member.source, 0, 3600, over_); });
  }

  std::list<Member> members_;
  std::atomic<bool> over_ = false;
};

int run_command(const std::string& kind, const Options& options) {
  const uint32_t device = device_index(option(options, "--device", ""));
  const Members members(options);
  const auto source = open_source(kind, options);
  measure_all(*source);
  std::fprintf(stderr, "ready\n");
  Sums sums = run(*source, device, std::stod(option(options, "--seconds", "3600")), stopped);
  settle_and_print(*source, device, sums);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const auto stop = [](int) { stopped = 1; };
  std::signal(SIGTERM, stop);
  std::signal(SIGINT, stop);
  Options options;
  for (int i = 2; i + 1 < argc; i += 2) options[argv[i]] = argv[i + 1];
  try {
    return run_command(argc > 1 ? argv[1] : "", options);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
