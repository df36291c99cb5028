// Reductions: the rank by its bytes, the copy of what is above.
#include "reduction.h"

#include <algorithm>
#include <bit>

#include "entry_batch.h"

namespace tallytree {

void Reduction::begin(const Ledger& from, Ledger& to) {
  to.clear();
  to.hot_.fit(from.total_);
  purges_ = from.keys() > to.spec_.capacity;
  wanted_ = to.spec_.capacity;
  prefix_ = copied_ = next_ = 0;
  // No rank exceeds the total.
  shift_ = (std::bit_width(from.total_ | 1) - 1) / 8 * 8;
  seen_.fill(0);
  pass_ = purges_ ? Pass::rank : Pass::copy;
}

bool Reduction::step(const Ledger& from, Ledger& to, size_t entries) {
  while (pass_ != Pass::done && entries > 0) {
    if (next_ == from.keys()) {
      end_pass(from, to);
      continue;
    }
    const size_t n = std::min({entries, kBatch, from.keys() - next_});
    look(from, to, n);
    entries -= n;
  }
  return pass_ == Pass::done;
}

void Reduction::look(const Ledger& from, Ledger& to, size_t n) {
  const EntryBatch batch(from.hot_, from.spec_.secret, n, [this](size_t i) { return next_ + i; });
  for (size_t i = 0; i < n; ++i) from.cold_.prefetch(batch.tags[i]);
  for (size_t i = 0; i < n; ++i, ++next_) {
    const Interval count = from.interval_of(from.hot_.count(next_), batch.tags[i]);
    if (pass_ == Pass::rank) {
      note(count.upper);
    } else if (!purges_ || keeps(count.upper)) {
      to.hot_.insert(batch.keys[i], batch.tags[i], {count.lower, count.upper - count.lower});
      copied_ += count.lower;
    }
  }
}

void Reduction::note(uint64_t rank) noexcept {
  if (rank >> shift_ >> 8 == prefix_) ++seen_[rank >> shift_ & 255];
}

void Reduction::end_pass(const Ledger& from, Ledger& to) noexcept {
  next_ = 0;
  if (pass_ == Pass::rank) return narrow();
  to.total_ = from.total_;
  to.unkeyed = from.unkeyed;
  to.spilled_ = from.total_ - copied_;
  to.floor_ = purges_ ? std::max(from.floor_, prefix_) : from.floor_;
  pass_ = Pass::done;
}

void Reduction::narrow() noexcept {
  uint32_t byte = 255;
  while (byte > 0 && seen_[byte] < wanted_) wanted_ -= seen_[byte--];
  prefix_ = prefix_ << 8 | byte;
  seen_.fill(0);
  if (shift_ == 0)
    pass_ = Pass::copy;
  else
    shift_ -= 8;
}

bool Reduction::keeps(uint64_t rank) noexcept {
  if (rank != prefix_) return rank > prefix_;
  if (wanted_ == 0) return false;
  --wanted_;
  return true;
}

Ledger reduced(const Ledger& from, const LedgerSpec& spec) {
  Ledger to(spec);
  Reduction reduction;
  reduction.begin(from, to);
  reduction.step(from, to);
  return to;
}

}  // namespace tallytree
