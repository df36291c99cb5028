// The engine: batches in, panes closed on the second.
#include "engine.h"

#include <algorithm>
#include <bit>
#include <stdexcept>

#include "errors.h"

namespace tallytree {
namespace {

/// Those that were found inside the packet before them.
uint64_t inside_of(std::span<const Packet> batch) noexcept {
  uint64_t inside = 0;
  for (size_t i = 1; i < batch.size(); ++i) inside |= uint64_t{batch[i].inside} << i;
  return inside;
}

/// How many socket buffers have one of these packets.
uint64_t buffers_of(uint64_t packets, uint64_t inside) noexcept {
  return static_cast<uint64_t>(std::popcount((packets & ~inside) | (packets & inside) >> 1));
}

}  // namespace

/// A packet of the second before may come after that has been closed: it is still counted there.
void Engine::count(std::span<const Packet> batch, const uint64_t* verdicts) {
  while (!batch.empty()) {
    advance(batch.front().second);
    const auto is_late = [this](const Packet& packet) { return packet.second + 1 == second_; };
    const bool late = is_late(batch.front());
    const auto other = [&](const Packet& packet) {
      return packet.second > second_ || is_late(packet) != late;
    };
    const auto end = std::find_if(batch.begin() + 1, batch.end(), other);
    const auto same = batch.first(static_cast<size_t>(end - batch.begin()));
    uint64_t passed = 0;
    for (auto& [id, sketch] : sketches_) passed |= sketch->count(same, late, verdicts);
    matched_ += buffers_of(passed, opens_ ? inside_of(same) : 0);
    batch = batch.subspan(same.size());
    if (verdicts != nullptr) verdicts += same.size();
  }
}

void Engine::advance(uint64_t second) {
  if (second > second_) roll(second);
}

void Engine::set_clock(uint64_t second) {
  // Time stamps of packets and the clock that is read here may differ by a little.
  if (second > second_ || second + 2 < second_) roll(second);
}

/// Who jumps enters the second before as well: a packet of it that comes late finds its pane open.
void Engine::roll(uint64_t second) {
  if (second_ != 0 && second > second_ + 1) roll(second - 1);
  for (auto& [id, sketch] : sketches_) sketch->roll(second);
  second_ = second;
}

bool Engine::settle() {
  constexpr size_t kEntries = 512;
  bool settled = true;
  for (auto& [id, sketch] : sketches_) settled = sketch->settle(kEntries) && settled;
  return settled;
}

/// A bit for each expression, however many sketches have it.
FrameFilters Engine::number_filters() {
  FrameFilters filters;
  for (auto& [id, sketch] : sketches_) {
    const auto& wanted = sketch->filter().frames;
    if (!wanted) continue;
    const auto is_same = [&](const auto& known) { return known->expression() == wanted->expression(); };
    const auto found = std::ranges::find_if(filters, is_same);
    sketch->set_frames_bit(static_cast<uint32_t>(found - filters.begin()));
    if (found == filters.end()) filters.push_back(wanted);
  }
  return filters;
}

Interest Engine::interest() noexcept {
  Interest interest;
  interest.frames = number_filters();
  for (const auto& [id, sketch] : sketches_) interest.add(sketch->filter().interest());
  return interest;
}

void Engine::begin_flush() noexcept {
  for (auto& [id, sketch] : sketches_) sketch->begin_flush();
}

bool Engine::flush() {
  constexpr size_t kLines = 256;
  bool flushed = true;
  for (auto& [id, sketch] : sketches_) flushed = sketch->flush(kLines) && flushed;
  return flushed;
}

void Engine::add(const std::string& id, std::unique_ptr<Sketch> sketch) {
  const auto [place, added] = sketches_.emplace(id, std::move(sketch));
  if (!added) throw Conflict("there is a sketch " + id + " already");
  if (number_filters().size() > kMostFrameFilters) {
    sketches_.erase(place);
    number_filters();
    throw std::invalid_argument("there are " + std::to_string(kMostFrameFilters) +
                                " different filters already: delete a sketch");
  }
  opens_ |= place->second->filter().inner;
  if (second_ != 0) place->second->roll(second_);  // what it goes on from has a clock already
}

void Engine::remove(const std::string& id) {
  if (sketches_.erase(id) == 0) throw std::out_of_range("there is no sketch " + id);
}

Sketch& Engine::sketch(const std::string& id) {
  const auto found = sketches_.find(id);
  if (found == sketches_.end()) throw std::out_of_range("there is no sketch " + id);
  return *found->second;
}

const SizeCounter& Engine::sizes(const std::string& id) {
  const SizeCounter* found = sketch(id).sizes();
  if (found == nullptr) throw std::out_of_range("sketch " + id + " keeps no packet sizes");
  return *found;
}

const Counter& Engine::counter(const std::string& id, const std::string& key_type) {
  Sketch& holder = sketch(id);
  holder.begin_flush();
  holder.flush();
  const Counter* found = holder.counter(key_type);
  if (found == nullptr) throw std::out_of_range("sketch " + id + " has no " + key_type + " counter");
  return *found;
}

}  // namespace tallytree
