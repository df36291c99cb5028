// Starts the other process and reads its stream of packets.
#include "cap_source.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#include <algorithm>
#include <chrono>
#include <stdexcept>

#include "capture_reader.h"
#include "clocks.h"
#include "spawn.h"

namespace tallytree {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kBufferBytes = 1 << 17;
constexpr size_t kFileHeader = 24;
constexpr size_t kRecordHeader = 16;
constexpr uint32_t kMagic = 0xa1b23c4d;
constexpr uint32_t kMostCaptured = 1 << 16;
constexpr size_t kMacBytes = 6;
constexpr auto kStartPatience = std::chrono::seconds(20);
constexpr uint64_t kRestartEveryNs = 1'000'000'000;
constexpr uint64_t kOnTheWayNs = 30'000'000;

}  // namespace

CapSource::CapSource(const CapOptions& options)
    : options_(options), device_(device_index(options.device)), buffer_(kBufferBytes) {
  if (device_ == 0) throw std::invalid_argument("no network device \"" + options.device + "\" on this host");
  spawn();
  wait_for_header();
}

CapSource::~CapSource() { reap(); }

void CapSource::spawn() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) throw_errno("opening a pipe for the cap tap");
  pipe_ = Descriptor(ends[0]);
  const Descriptor theirs(ends[1]);
  fcntl(pipe_.get(), F_SETFL, O_NONBLOCK);
  fcntl(pipe_.get(), F_SETPIPE_SZ, 1 << 20);
  pid_ = tallytree::spawn({options_.node, options_.program, options_.device, options_.filter}, kNothing,
                          theirs.get(), "starting the process of the cap tap");
  descriptors_ = {pipe_.get()};
  begin_ = end_ = 0;
  begun_ = over_ = false;
}

/// What comes instead of a stream is the sentence that says why there is none.
void CapSource::wait_for_header() {
  const auto deadline = Clock::now() + kStartPatience;
  while (!take_header() && !over_ && Clock::now() < deadline) {
    pollfd polled{pipe_.get(), POLLIN, 0};
    poll(&polled, 1, 50);
  }
  if (begun_) return;
  const std::string said(buffer_.begin() + static_cast<ptrdiff_t>(begin_),
                         buffer_.begin() + static_cast<ptrdiff_t>(end_));
  throw std::runtime_error("capturing on " + options_.device +
                           " by the cap package: " + (said.empty() ? "its process gave no answer" : said));
}

bool CapSource::take_header() noexcept {
  while (end_ - begin_ < kFileHeader && fill()) {
  }
  if (end_ - begin_ < kFileHeader || field<uint32_t>(buffer_.data() + begin_, false) != kMagic) return false;
  link_type_ =
      link_type_of(field<uint16_t>(buffer_.data() + begin_ + 20, false)).value_or(LinkType::ethernet);
  begin_ += kFileHeader;
  begun_ = true;
  gaps_.end(wall_clock_ns());
  return true;
}

/// False: nothing more at present, or at all.
bool CapSource::fill() noexcept {
  std::copy(buffer_.begin() + static_cast<ptrdiff_t>(begin_), buffer_.begin() + static_cast<ptrdiff_t>(end_),
            buffer_.begin());
  end_ -= begin_;
  begin_ = 0;
  const ssize_t size = ::read(pipe_.get(), buffer_.data() + end_, buffer_.size() - end_);
  if (size > 0) end_ += static_cast<size_t>(size);
  if (size == 0 && !over_) note_end();
  return size > 0;
}

void CapSource::note_end() noexcept {
  over_ = true;
  next_start_ns_ = steady_ns() + kRestartEveryNs;
  if (begun_) gaps_.begin(wall_clock_ns(), "crashed");
}

bool CapSource::next(std::span<const uint8_t>& bytes, uint32_t& original_length, uint64_t& second) noexcept {
  while (end_ - begin_ < kRecordHeader)
    if (!fill()) return false;
  const uint32_t captured = std::min(field<uint32_t>(buffer_.data() + begin_ + 8, false), kMostCaptured);
  while (end_ - begin_ < kRecordHeader + captured)
    if (!fill()) return false;
  const uint8_t* record = buffer_.data() + begin_;
  second = field<uint32_t>(record, false);
  original_length = field<uint32_t>(record + 12, false);
  bytes = {record + kRecordHeader, captured};
  begin_ += kRecordHeader + captured;
  return true;
}

size_t CapSource::read(std::span<Packet> out) noexcept {
  if (!begun_ && !take_header()) return 0;
  const bool waited = awaited_ != reached_ && steady_ns() >= awaited_since_ns_ + kOnTheWayNs;
  size_t count = 0;
  std::span<const uint8_t> bytes;
  uint32_t original_length = 0;
  uint64_t second = 0;
  while (count < out.size()) {
    if (!next(bytes, original_length, second)) {
      if (waited) reached_ = awaited_;
      links_.refresh();
      break;
    }
    if (!deliver(bytes, original_length, second, out[count])) continue;
    if (verdicts_.asked()) verdicts_.judge(count, {bytes, link_type_, original_length});
    ++count;
  }
  return count;
}

bool CapSource::deliver(std::span<const uint8_t> bytes, uint32_t original_length, uint64_t second,
                        Packet& out) noexcept {
  const Link* link = links_.find(device_);
  out = Packet{};
  Headers headers;
  const ParseError error = parse_frame(bytes, link_type_, original_length, out, headers);
  if (!countable(error)) {
    unparsed_.add(error);
    return false;
  }
  out.second = second;
  out.ifindex = device_;
  out.loopback = link != nullptr && link->loopback;
  if (link_type_ == LinkType::ethernet && !out.loopback) out.direction = direction_of(bytes, link);
  segments_.split(out, headers, bytes, link);
  ++read_;
  return true;
}

Direction CapSource::direction_of(std::span<const uint8_t> bytes, const Link* link) const noexcept {
  const bool is_own =
      link != nullptr && std::equal(link->address.begin(), link->address.end(), bytes.begin() + kMacBytes);
  return is_own ? Direction::output : Direction::input;
}

uint64_t CapSource::offered() noexcept {
  awaited_since_ns_ = steady_ns();
  return ++awaited_;
}

void CapSource::tick() noexcept {
  if (links_.refresh()) device_ = device_index(options_.device);
  if (!over_ || steady_ns() < next_start_ns_) return;
  reap();
  try {
    spawn();
  } catch (const std::exception&) {
    next_start_ns_ = steady_ns() + kRestartEveryNs;
  }
}

void CapSource::reap() noexcept {
  if (pid_ > 0) kill(pid_, SIGKILL);  // it holds nothing that must be put back
  if (pid_ > 0) waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

SourceStats CapSource::stats() {
  SourceStats stats;
  stats.seen = read_ + unparsed_.sum();
  stats.read = read_;
  stats.unparsed = unparsed_.named();
  stats.super_packets = segments_.super_packets();
  stats.estimated = segments_.estimated();
  stats.gaps = gaps_.all();
  stats.obstacle = begun_ && !over_ ? "" : "the process of the cap package ended and is started anew";
  return stats;
}

}  // namespace tallytree
