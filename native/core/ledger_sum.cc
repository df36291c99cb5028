// The sum of many encoded ledgers: one table for all, reduced when it is full.
#include "ledger_sum.h"

#include <algorithm>
#include <utility>

#include "entry_batch.h"

namespace tallytree {

/// So that most sums give up entries once, and the table of usual ones stays in the second cache.
size_t LedgerSum::room(const LedgerSpec& spec) noexcept {
  constexpr size_t kUsual = 32768;
  return std::clamp<size_t>(kUsual, size_t{spec.capacity} * 2, size_t{spec.capacity} * 8);
}

LedgerSum::LedgerSum(const LedgerSpec& spec)
    : sum_(spec), table_(room(spec), spec.key_type.width(4)), touched_(room(spec)) {}

void LedgerSum::add(std::span<const uint8_t> encoded) {
  LedgerReader in(encoded, sum_.spec_.secret);
  const LedgerReader::Header& header = in.header();
  sum_.require_like(header.spec);
  if (table_.size() + header.entries > table_.capacity()) reopen();
  sum_.total_ += header.total;
  sum_.spilled_ += header.spilled;
  sum_.floor_ += header.floor;
  sum_.unkeyed += header.unkeyed;
  table_.fit(sum_.total_);
  sum_.hot_.fit(sum_.total_);
  touched_.assign(touched_.size(), false);
  LedgerReader::Batch batch;
  while (in.next(batch)) {
    for (size_t i = 0; i < batch.size; ++i) table_.prefetch(tag_of(batch.hashes[i]));
    for (size_t i = 0; i < batch.size; ++i) table_.prefetch_entry(tag_of(batch.hashes[i]));
    for (size_t i = 0; i < batch.size; ++i)
      add_entry(batch.keys[i], tag_of(batch.hashes[i]), batch.counts[i], header.floor);
  }
  in.finish(sum_.cold_, sum_.spec_.key_type);
}

void LedgerSum::add_entry(const Key& key, Tag tag, const Count& count, uint64_t floor) {
  uint32_t place = table_.find(key, tag);
  const uint64_t off = floor - count.prior;
  if (place == HotTable::kNone) {
    place = static_cast<uint32_t>(table_.size());
    table_.insert(key, tag, {count.since, off});
  } else {
    LedgerReader::refuse(touched_[place], "a key twice");
    const Count sum = table_.count(place);
    table_.set_count(place, {sum.since + count.since, sum.prior + off});
  }
  touched_[place] = true;
}

/// Entries with the highest ranks go to the sum's own table. The others go to its cold part, and its floor rises
/// to the highest of theirs.
void LedgerSum::settle() {
  struct Ranked {
    uint64_t rank;
    uint32_t place;
  };
  std::vector<Ranked> ranked(table_.size());
  for (uint32_t place = 0; place < ranked.size(); ++place) {
    const Count count = table_.count(place);
    ranked[place] = {count.since + (sum_.floor_ - count.prior), place};
  }
  const size_t kept = std::min<size_t>(ranked.size(), sum_.spec_.capacity);
  const auto given_up = ranked.begin() + static_cast<ptrdiff_t>(kept);
  std::nth_element(ranked.begin(), given_up, ranked.end(),
                   [](const Ranked& a, const Ranked& b) { return a.rank > b.rank; });
  for (size_t first = 0; first < ranked.size(); first += kBatch) {
    const size_t n = std::min(kBatch, ranked.size() - first);
    const EntryBatch batch(table_, sum_.spec_.secret, n, [&](size_t i) { return ranked[first + i].place; });
    sum_.prefetch({batch.tags.data(), n});
    for (size_t i = 0; i < n; ++i) {
      const Count count = table_.count(ranked[first + i].place);
      if (first + i < kept)
        sum_.hot_.insert(batch.keys[i], batch.tags[i], {count.since, sum_.floor_ - count.prior});
      else
        sum_.spill(batch.tags[i], count.since);
    }
  }
  // The first of them has the highest rank.
  if (given_up != ranked.end()) sum_.floor_ = std::max(sum_.floor_, given_up->rank);
  table_.clear();
}

/// Makes room for another ledger.
void LedgerSum::reopen() {
  settle();
  visit_entries(sum_.hot_, sum_.spec_.secret, [&](size_t place, const Key& key, Tag tag) {
    const Count count = sum_.hot_.count(place);
    table_.insert(key, tag, {count.since, sum_.floor_ - count.prior});
  });
  sum_.hot_.clear();
}

Ledger LedgerSum::take() {
  settle();
  return std::move(sum_);
}

Ledger sum_of(std::span<const std::span<const uint8_t>> encoded, const Secret& secret) {
  if (encoded.size() == 1) return Ledger::decode(encoded.front(), secret);
  LedgerSum sum(LedgerReader(encoded.front(), secret).header().spec);
  for (const std::span<const uint8_t> bytes : encoded) sum.add(bytes);
  return sum.take();
}

}  // namespace tallytree
