// The byte form of a ledger. All numbers little-endian; "varint" is LEB128.
//
//   u64     length of the whole, these 8 bytes included
//   u32     magic "TTLG", u16 version 2
//   u8      increment: 0 packets, 1 bytes
//   u8 n    n bytes: key type text
//   u64     secret check (LedgerSpec::secret_check)
//   u32     capacity K
//   u8 x2   c, the bytes of a cold row for each of K; level l: the cold part has 2 rows of 2 c K / 2^l cells
//   u64 x4  total, spilled, floor, unkeyed
//   u32     number of entries, each: u8 key length, key bytes, varint since, varint prior
//   u32     number of non-zero cold cells, each: varint gap to the last cell's index (the first from -1),
//           varint value; at level 0 two joined cells, whose value is above 15, stand at the first
//   labels  of a key type with labels: their texts, see key_labels.h
#include "bytes.h"
#include "key_labels.h"
#include "ledger.h"
#include "ledger_reader.h"

namespace tallytree {
namespace {

void write_cells(ByteWriter& out, const Cold& cold) {
  const size_t number_at = out.size();
  uint32_t filled = 0;
  out.fixed(filled);
  size_t next = 0;
  cold.visit_cells([&](size_t index, uint64_t value) {
    out.varint(index - next);
    out.varint(value);
    next = index + 1;
    ++filled;
  });
  out.set_fixed(number_at, filled);
}

}  // namespace

std::vector<uint8_t> Ledger::encode() const {
  ByteWriter out;
  out.fixed(LedgerReader::kMagic);
  out.fixed(LedgerReader::kVersion);
  out.fixed(static_cast<uint8_t>(spec_.increment));
  out.text(spec_.key_type.text());
  out.fixed(spec_.secret_check());
  out.fixed(spec_.capacity);
  out.fixed(static_cast<uint8_t>(spec_.cold_per_key));
  out.fixed(static_cast<uint8_t>(cold_.level()));
  for (const uint64_t sum : {total_, spilled_, floor_, unkeyed}) out.fixed(sum);
  LabelTexts labels(spec_.key_type);
  out.fixed(static_cast<uint32_t>(hot_.size()));
  for (uint32_t place = 0; place < hot_.size(); ++place) {
    const Key key = hot_.key(place);
    const Count count = hot_.count(place);
    out.raw({key.bytes.data(), key.length() + 1});
    out.varint(count.since);
    out.varint(count.prior);
    labels.note(key);
  }
  write_cells(out, cold_);
  labels.write(out);
  return out.take_framed();
}

size_t Ledger::most_encoded(const LedgerSpec& spec, size_t entries) noexcept {
  constexpr size_t kNumbers = 8 + 4 + 2 + 1 + 1 + 8 + 4 + 2 + 4 * 8 + 4 + 4, kVarint = 10;
  return kNumbers + spec.key_type.text().size() + entries * (spec.key_type.width(6) + 2 * kVarint) +
         LabelTexts::most(spec.key_type, entries);
}

LedgerSummary Ledger::summarize(std::span<const uint8_t> bytes) {
  const LedgerReader::Header header = LedgerReader::read_header(bytes);
  return {.key_type = header.spec.key_type.text(),
          .increment = header.spec.increment,
          .total = header.total,
          .spilled = header.spilled,
          .floor = header.floor,
          .unkeyed = header.unkeyed,
          .keys = header.entries};
}

Ledger Ledger::decode(std::span<const uint8_t> bytes, const Secret& secret) {
  LedgerReader in(bytes, secret);
  const LedgerReader::Header& header = in.header();
  Ledger ledger(header.spec);
  ledger.total_ = header.total;
  ledger.spilled_ = header.spilled;
  ledger.floor_ = header.floor;
  ledger.unkeyed = header.unkeyed;
  ledger.hot_.fit(header.total);
  LedgerReader::Batch batch;
  while (in.next(batch)) {
    for (size_t i = 0; i < batch.size; ++i) {
      const Tag tag = tag_of(batch.hashes[i]);
      LedgerReader::refuse(ledger.hot_.find(batch.keys[i], tag) != HotTable::kNone, "a key twice");
      ledger.hot_.insert(batch.keys[i], tag, batch.counts[i]);
    }
  }
  in.finish(ledger.cold_, ledger.spec_.key_type);
  return ledger;
}

}  // namespace tallytree
