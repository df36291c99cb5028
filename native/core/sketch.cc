// Sketches: filtering a batch and handing it to the counters.
#include "sketch.h"

#include <net/if.h>

#include <array>

#include "errors.h"

namespace tallytree {

Sketch::Sketch(const Secret& secret, Filter filter, Sizes sizes, const Totals& totals)
    : secret_(secret), filter_(std::move(filter)), pattern_(filter_), totals_(totals) {
  if (sizes == Sizes::kept) sizes_ = std::make_unique<SizeCounter>(secret);
  if (filter_.promiscuous) promiscuity_.emplace();
  find_device();
}

void Sketch::use(std::shared_ptr<Labels> labels) {
  filter_.labels = labels;
  labels_ = std::move(labels);
  pattern_ = Pattern(filter_);
}

/// A device that went and came back under its name has a new index.
void Sketch::find_device() noexcept {
  if (filter_.device.empty()) return;
  filter_.ifindex = if_nametoindex(filter_.device.c_str());
  pattern_ = Pattern(filter_);
  if (promiscuity_) promiscuity_->follow(filter_.ifindex);
}

uint64_t Sketch::count(std::span<const Packet> batch, bool late, const uint64_t* verdicts) {
  std::array<const Packet*, kBatch> matched;
  uint64_t passed = 0;
  size_t n = 0;
  for (size_t i = 0; i < batch.size(); ++i) {
    const Packet& packet = batch[i];
    if (!pattern_.matches(packet)) continue;
    if (filter_.frames && (verdicts[i] >> filter_.frames_bit & 1) == 0) continue;
    passed |= uint64_t{1} << i;
    matched[n++] = &packet;
    totals_.packets += packet.packets;
    totals_.bytes += packet.bytes;
  }
  totals_.buffers += n;  // it has a tunnel's own packets or what they carry, never both
  if (n > 0) hand_on({matched.data(), n}, late);
  return passed;
}

void Sketch::hand_on(std::span<const Packet* const> matched, bool late) {
  if (sizes_) sizes_->add(matched, late);
  if (counters_.empty()) return;
  if (cache_ && !late) {
    cache_->add(matched, counters_);
    cache_->settle(counters_, kBatch / 2);  // beside what the packets drive out of it
  } else {
    for (const auto& counter : counters_) counter->add(matched, second_ - late);
  }
  // One counter a batch moves on with its closed pane, so that not all of them stop in one.
  counters_[turn_++ % counters_.size()]->settle(kBatch * counters_.size());
}

void Sketch::roll(uint64_t second) {
  find_device();
  if (cache_) cache_->roll(second, counters_);
  second_ = second;
  if (sizes_) sizes_->roll(second);
  for (const auto& counter : counters_) counter->roll(second);
}

void Sketch::begin_flush() noexcept {
  if (cache_) cache_->begin_round();
}

bool Sketch::flush(size_t lines) { return !cache_ || cache_->settle(counters_, lines); }

bool Sketch::settle(size_t entries) {
  bool settled = flush(entries);
  for (const auto& counter : counters_) settled = counter->settle(entries) && settled;
  return settled;
}

void Sketch::add_counter(CounterSpec spec) {
  spec.secret = secret_;
  if (labels_) spec.use(labels_);
  admit(std::make_unique<Counter>(spec));
}

void Sketch::add_counter(SavedCounter saved) {
  if (!(saved.spec.secret == secret_)) throw Incompatible("the counter was saved with another secret");
  if (labels_) saved.spec.use(labels_);
  admit(std::make_unique<Counter>(std::move(saved)));
}

void Sketch::add_sizes(const SavedSizes& saved) {
  if (!(saved.secret == secret_)) throw Incompatible("the sizes were saved with another secret");
  sizes_ = std::make_unique<SizeCounter>(saved);
}

void Sketch::admit(std::unique_ptr<Counter> made) {
  const std::string& key_type = made->spec().key_type.text();
  if (counter(key_type)) throw Conflict("the sketch has a " + key_type + " counter already");
  begin_flush();
  flush();
  counters_.push_back(std::move(made));
  if (second_ != 0) counters_.back()->roll(second_);  // a saved one has a clock already
  if (cache_) return cache_->serve(counters_);
  cache_ = std::make_unique<FlowCache>(secret_);
  cache_->serve(counters_);
  cache_->roll(second_, counters_);
}

const Counter* Sketch::counter(const std::string& key_type) const noexcept {
  for (const auto& counter : counters_)
    if (counter->spec().key_type.text() == key_type) return counter.get();
  return nullptr;
}

}  // namespace tallytree
