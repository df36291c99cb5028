// Spreads: adding, uniting, estimating.
#include "spread.h"

#include <algorithm>
#include <cstring>

#include "errors.h"

namespace tallytree {
namespace {

/// Rows must fail independently, so each has hashes of its own: a bijection (Steele et al., "Fast splittable
/// pseudorandom number generators", 2014) of hashes that are secret already.
uint64_t in_row(uint64_t hash, size_t row) noexcept {
  uint64_t mixed = hash + (row + 1) * 0x9e3779b97f4a7c15;
  mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9;
  mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111eb;
  return mixed ^ mixed >> 31;
}

}  // namespace

Spread::Spread(const SpreadSpec& spec)
    : Spread(std::make_shared<const Plan>(Plan{spec, KeyProjection(spec.key_type, spec.owner)})) {}

Spread::Spread(std::shared_ptr<const Plan> plan)
    : plan_(std::move(plan)),
      owner_bytes_(plan_->spec.owner.width(6)),
      registers_(buckets() * kLoad.size()),
      tops_(buckets()),
      owners_(buckets() * owner_bytes_) {}

size_t Spread::bytes(const SpreadSpec& spec) noexcept {
  constexpr size_t kPlan = 10'000;  // the projection lists the bits of two keys
  return clone_bytes(spec) + kPlan;
}

size_t Spread::clone_bytes(const SpreadSpec& spec) noexcept {
  return kRows * spec.width * (kLoad.size() + 8 + spec.owner.width(6));
}

size_t Spread::bucket_of(uint64_t owner_hash, size_t row) const noexcept {
  return row * width() + (in_row(owner_hash, row) & (width() - 1));
}

Key Spread::owner(size_t bucket) const noexcept {
  Key owner;
  std::memcpy(owner.bytes.data(), owners_.data() + bucket * owner_bytes_, owner_bytes_);
  return owner;
}

void Spread::set_owner(size_t bucket, const Key& owner, uint64_t top) noexcept {
  tops_[bucket] = top;
  std::memcpy(owners_.data() + bucket * owner_bytes_, owner.bytes.data(), owner_bytes_);
}

/// Two keys with one hash: the order of their owners decides, so that no order of unions matters.
bool Spread::outranks(size_t bucket, const Key& owner, uint64_t top) const noexcept {
  if (top != tops_[bucket]) return top > tops_[bucket];
  return std::memcmp(owner.bytes.data(), owners_.data() + bucket * owner_bytes_, owner_bytes_) > 0;
}

void Spread::add(const Key& key, uint64_t hash) noexcept {
  const Key owner = plan_->projection.apply(key);
  const uint64_t owner_hash = owner.hash(spec().secret);
  for (size_t row = 0; row < kRows; ++row) {
    const size_t bucket = bucket_of(owner_hash, row);
    const uint64_t own = std::max<uint64_t>(in_row(hash, row), 1);
    kLoad.observe(registers(bucket), own);
    if (outranks(bucket, owner, own)) set_owner(bucket, owner, own);
  }
}

void Spread::absorb(const Spread& other) {
  if (!(other.spec() == spec()))
    throw Incompatible("spreads of unlike key types, widths or secrets have no union");
  spec().owner.add_labels(other.spec().owner);
  for (size_t row = 0; row < kRows; ++row) absorb_row(other, row);
}

void Spread::absorb_row(const Spread& other, size_t row) noexcept {
  for (size_t bucket = row * width(); bucket < (row + 1) * width(); ++bucket) {
    const uint64_t top = other.tops_[bucket];
    if (top == 0) continue;
    kLoad.absorb(registers(bucket), other.registers(bucket));
    const Key owner = other.owner(bucket);
    if (outranks(bucket, owner, top)) set_owner(bucket, owner, top);
  }
}

void Spread::clear() noexcept {
  std::fill_n(registers_.data(), registers_.size(), 0);
  std::fill_n(tops_.data(), tops_.size(), 0);
  std::fill_n(owners_.data(), owners_.size(), 0);
}

Spread Spread::clone() const {
  Spread copy(plan_);
  std::memcpy(copy.registers_.data(), registers_.data(), registers_.size());
  std::memcpy(copy.tops_.data(), tops_.data(), tops_.size() * sizeof(uint64_t));
  std::memcpy(copy.owners_.data(), owners_.data(), owners_.size());
  return copy;
}

}  // namespace tallytree
