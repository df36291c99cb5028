// Runs one source as a tap does and prints what it counted as one JSON object:
// live-source packet|nfqueue|nflog|file [--ring MIB] [--queue N --guard PATH] [--path FILE] [--device NAME]
// [--seconds N] Prints "ready" on stderr once it reads; ends after the seconds, at the end of a file, or on
// SIGTERM.
#include <poll.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>

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

std::unique_ptr<Source> open_ruled_source(const std::string& kind, const Options& options) {
  const auto number = static_cast<uint16_t>(std::stoul(option(options, "--queue", "8000")));
  const std::string guard = option(options, "--guard", "build/native-test/tallytree-guard");
  if (kind == "nflog") {
    NflogOptions nflog;
    nflog.group = number;
    nflog.guard = guard;
    return std::make_unique<NflogSource>(nflog);
  }
  NfqueueOptions nfqueue;
  nfqueue.queue = number;
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

Sums run(Source& source, uint32_t device, double seconds) {
  Sums sums;
  const auto end =
      Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
  auto next_tick = Clock::now();
  while (!stopped && !source.ended() && Clock::now() < end) {
    if (Clock::now() >= next_tick) {
      source.tick();
      next_tick = Clock::now() + std::chrono::milliseconds(200);
    }
    if (read_batch(source, device, sums) == 0) wait_for(source);
  }
  return sums;
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

void print(Source& source, const Sums& sums, const Settling& settling, uint64_t offered) {
  const SourceStats stats = source.stats();
  std::printf("{\"offered\":%lu,\"settled\":%lu,\"settles\":%s,\"settle_us\":%ld,", offered, source.settled(),
              settling.done ? "true" : "false", settling.microseconds);
  std::printf("\"seen\":%lu,\"read\":%lu,\"super_packets\":%lu,", stats.seen, stats.read,
              stats.super_packets);
  print_causes("lost", stats.lost);
  print_causes("unparsed", stats.unparsed);
  print_causes("ignored", stats.ignored);
  std::printf("\"counts\":{");
  const char* separator = "";
  for (const auto& [name, sum] : sums) {
    std::printf("%s\"%s\":{\"skbs\":%lu,\"packets\":%lu,\"bytes\":%lu}", separator, name.c_str(), sum.skbs,
                sum.packets, sum.bytes);
    separator = ",";
  }
  std::printf("}}\n");
}

int run_command(const std::string& kind, const Options& options) {
  const uint32_t device = device_index(option(options, "--device", ""));
  const auto source = open_source(kind, options);
  std::fprintf(stderr, "ready\n");
  Sums sums = run(*source, device, std::stod(option(options, "--seconds", "3600")));
  const Settling settling = settle(*source, device, sums);
  print(*source, sums, settling, source->offered());
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
