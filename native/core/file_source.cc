// Walks a capture file and keeps its books.
#include "file_source.h"

#include <algorithm>
#include <stdexcept>

#include "carried.h"

namespace tallytree {

FileSource::FileSource(const std::string& path, Directions directions, const Tunnels& tunnels)
    : path_(path), directions_(directions), tunnels_(tunnels), size_(size_of_file(path)) {
  try {
    window_ = std::make_unique<ByteWindow>(open_bytes(path));
    reader_ = open_capture(*window_);
  } catch (const std::exception& error) {
    throw std::runtime_error(path + " cannot be read: " + error.what());
  }
}

size_t FileSource::read(std::span<Packet> out) noexcept {
  size_t count = 0;
  CapturedPacket captured;
  while (count + 2 <= out.size() && next(captured)) {
    const size_t delivered = deliver(captured, &out[count]);
    if (verdicts_.asked() && captured.link)
      for (size_t i = 0; i < delivered; ++i)
        verdicts_.judge(count + i, {captured.bytes, *captured.link, captured.original_length});
    count += delivered;
  }
  return count;
}

bool FileSource::next(CapturedPacket& out) noexcept {
  if (ended_) return false;
  try {
    ended_ = !reader_->next(out);
  } catch (const std::exception& error) {
    ended_ = true;
    ++broken_;
    failure_ = path_ + ", at byte " + std::to_string(window_->offset()) + ": " + error.what();
  }
  return !ended_;
}

size_t FileSource::deliver(const CapturedPacket& captured, Packet* out) noexcept {
  note_time(captured.time_ns);
  if (!captured.link) return ++unknown_link_, 0;
  *out = Packet{};
  out->direction = captured.direction;
  Headers headers;
  const ParseError error =
      parse_frame(captured.bytes, *captured.link, captured.original_length, *out, headers);
  if (directions_ == Directions::any) out->direction = Direction::any;
  out->second = captured.time_ns / 1'000'000'000;
  const bool opens = interest_.inner && is_tunnel(*out, headers, tunnels_);
  const size_t count =
      opens ? open_carried(captured.bytes, tunnels_, error, headers, out, unopened_) : countable(error);
  if (count == 0) return unparsed_.add(error), 0;
  if (count == 2) seen_as(*out, out[1]);
  ++read_;
  return count;
}

void FileSource::note_time(uint64_t time_ns) noexcept {
  first_ns_ = std::min(first_ns_, time_ns);
  last_ns_ = std::max(last_ns_, time_ns);
}

uint64_t FileSource::settled() noexcept {
  return read_ + broken_ + reader_->lost_before() + unknown_link_ + unparsed_.sum();
}

SourceStats FileSource::stats() {
  SourceStats stats;
  stats.seen = settled();
  stats.read = read_;
  stats.lost = {{"file", broken_}, {"capture", reader_->lost_before()}};
  stats.unparsed = unparsed_.named();
  stats.unopened = unopened_;
  stats.unparsed.emplace_back("link_type", unknown_link_);
  stats.file = FileState{window_->position(), size_, std::min(first_ns_, last_ns_), last_ns_, failure_};
  return stats;
}

}  // namespace tallytree
