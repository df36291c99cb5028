// The engine: batches in, panes closed on the second.
#include "engine.h"

#include <algorithm>
#include <stdexcept>

#include "errors.h"

namespace tallytree {
namespace {

uint64_t second_of(const Packet& packet) { return packet.time_ns / 1'000'000'000; }

}  // namespace

void Engine::count(std::span<const Packet> batch) {
  while (!batch.empty()) {
    advance(second_of(batch.front()));
    const auto later = [this](const Packet& packet) { return second_of(packet) > second_; };
    const auto end = std::find_if(batch.begin() + 1, batch.end(), later);
    const auto same = batch.first(static_cast<size_t>(end - batch.begin()));
    for (auto& [id, sketch] : sketches_) sketch->count(same);
    batch = batch.subspan(same.size());
  }
}

void Engine::advance(uint64_t second) {
  if (second <= second_) return;
  if (second_ != 0)
    for (auto& [id, sketch] : sketches_) sketch->roll(second - second_);
  second_ = second;
}

void Engine::add(const std::string& id, std::unique_ptr<Sketch> sketch) {
  if (!sketches_.emplace(id, std::move(sketch)).second)
    throw Conflict("there is a sketch " + id + " already");
}

void Engine::remove(const std::string& id) {
  if (sketches_.erase(id) == 0) throw std::out_of_range("there is no sketch " + id);
}

Sketch& Engine::sketch(const std::string& id) {
  const auto found = sketches_.find(id);
  if (found == sketches_.end()) throw std::out_of_range("there is no sketch " + id);
  return *found->second;
}

const Counter& Engine::counter(const std::string& id, const std::string& key_type) {
  const Counter* found = sketch(id).counter(key_type);
  if (found == nullptr) throw std::out_of_range("sketch " + id + " has no " + key_type + " counter");
  return *found;
}

}  // namespace tallytree
