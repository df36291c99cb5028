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
//   varint
//           value; at level 0 two joined cells, whose value is above 15, stand at the first
//   labels  of a key type with labels: their texts, see key_labels.h
#include <algorithm>
#include <array>

#include "bytes.h"
#include "errors.h"
#include "key_batch.h"
#include "key_labels.h"
#include "ledger.h"

namespace tallytree {
namespace {

constexpr uint32_t kMagic = 0x474c5454;  // "TTLG"
constexpr uint16_t kVersion = 2;

[[noreturn, gnu::cold, gnu::noinline]] void refuse(const char* why) {
  throw std::invalid_argument(std::string("not an encoded ledger: ") + why);
}

void refuse(bool bad, const char* why) {
  if (bad) [[unlikely]]
    refuse(why);
}

struct Header {
  LedgerSpec spec;  // without the secret
  uint64_t secret_check;
  unsigned cold_level;
  uint64_t total, spilled, floor, unkeyed;
};

Header read_header(ByteReader& in) {
  Header header;
  refuse(in.fixed<uint32_t>() != kMagic, "wrong magic");
  refuse(in.fixed<uint16_t>() != kVersion, "unknown version");
  const auto increment = in.fixed<uint8_t>();
  refuse(increment > 1, "unknown increment");
  header.spec.increment = static_cast<Increment>(increment);
  header.spec.key_type = KeyType::parse(in.text());
  header.secret_check = in.fixed<uint64_t>();
  header.spec.capacity = in.fixed<uint32_t>();
  refuse(
      header.spec.capacity < LedgerSpec::kLeastCapacity || header.spec.capacity > LedgerSpec::kMostCapacity,
      "capacity out of range");
  header.spec.cold_per_key = in.fixed<uint8_t>();
  refuse(header.spec.cold_per_key > LedgerSpec::kMostColdPerKey, "cold part out of range");
  header.cold_level = in.fixed<uint8_t>();
  refuse(header.cold_level >= Cold::kLevels, "unknown level of folding");
  header.total = in.fixed<uint64_t>();
  header.spilled = in.fixed<uint64_t>();
  header.floor = in.fixed<uint64_t>();
  header.unkeyed = in.fixed<uint64_t>();
  return header;
}

void write_cells(ByteWriter& out, const Cold& cold) {
  const size_t cells = cold.empty() ? 0 : cold.all_cells();
  uint32_t filled = 0;
  for (size_t i = 0; i < cells; ++i) filled += cold.cell(i) != 0;
  out.fixed(filled);
  size_t next = 0;
  for (size_t i = 0; i < cells; ++i) {
    const uint64_t value = cold.cell(i);
    if (value == 0) continue;
    out.varint(i - next);
    out.varint(value);
    next = i + 1;
  }
}

/// Each row must add up to what was spilled.
void read_cells(ByteReader& in, const Header& header, Cold& cold) {
  refuse(header.cold_level < cold.level(), "cells of too few bits");
  cold.fold_to(header.cold_level);
  static_assert(Cold::kRows == 2);
  const size_t row = cold.row_cells(), cells = cold.all_cells();
  const auto filled = in.fixed<uint32_t>();
  uint64_t left[Cold::kRows] = {header.spilled, header.spilled};
  size_t next = 0;
  for (uint32_t i = 0; i < filled; ++i) {
    const uint64_t gap = in.varint();
    refuse(gap >= cells - next, "a cell outside the sketch");
    next += gap + 1;
    const uint64_t value = in.varint();
    uint64_t& row_left = left[next > row];  // a division would take longer than all else
    refuse(value > row_left, "cells above the spilled weight");
    row_left -= value;
    // The carries of another order of events may need a fold more than the sender had.
    cold.add_to_cell((next - 1) >> (cold.level() - header.cold_level), value);
  }
  refuse(cells > 0 && (left[0] != 0 || left[1] != 0), "cells below the spilled weight");
}

/// Some entries, read and hashed together.
struct Read {
  size_t size = 0;
  std::array<Key, kBatch> keys;
  std::array<Count, kBatch> counts;
  std::array<uint64_t, kBatch> hashes;

  void fill(ByteReader& in, const Header& header, size_t entries) {
    const size_t four = header.spec.key_type.width(4) - 1, six = header.spec.key_type.width(6) - 1;
    for (size = 0; size < entries; ++size) {
      Key& key = keys[size] = {};
      const size_t length = in.peek();
      refuse(length != four && length != six, "a key of the wrong length");
      in.words(length + 1, key.bytes.data());
      counts[size].since = in.varint();
      counts[size].prior = in.varint();
      refuse(counts[size].prior > header.floor, "an entry's prior above the floor");
    }
    hash_keys(header.spec.secret, {keys.data(), size}, hashes.data());
  }
};

}  // namespace

std::vector<uint8_t> Ledger::encode() const {
  ByteWriter out;
  out.fixed(kMagic);
  out.fixed(kVersion);
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
  ByteReader in = ByteReader::framed(bytes);
  const Header header = read_header(in);
  return {header.spec.key_type.text(),
          header.spec.increment,
          header.total,
          header.spilled,
          header.floor,
          header.unkeyed,
          in.fixed<uint32_t>()};
}

Ledger Ledger::decode(std::span<const uint8_t> bytes, const Secret& secret) {
  ByteReader in = ByteReader::framed(bytes);
  Header header = read_header(in);
  header.spec.secret = secret;
  if (header.secret_check != header.spec.secret_check())
    throw Incompatible("the ledger was made with another secret");
  const auto entries = in.fixed<uint32_t>();
  refuse(entries > header.spec.capacity || entries > in.left() / 4, "more entries than it can hold");
  const uint64_t kept = header.spec.capacity - header.spec.capacity / 4;
  refuse(header.spilled > header.total || header.floor > header.total / kept, "sums that cannot be");
  Ledger ledger(header.spec);
  ledger.total_ = header.total;
  ledger.spilled_ = header.spilled;
  ledger.floor_ = header.floor;
  ledger.unkeyed = header.unkeyed;
  ledger.hot_.fit(header.total);
  uint64_t left = header.total - header.spilled;
  Read read;
  for (size_t done = 0; done < entries; done += read.size) {
    read.fill(in, header, std::min<size_t>(kBatch, entries - done));
    for (size_t i = 0; i < read.size; ++i) {
      const Tag tag = tag_of(read.hashes[i]);
      refuse(read.counts[i].since == 0, "an entry that counted nothing");
      refuse(read.counts[i].since > left, "entries above the total");
      refuse(ledger.hot_.find(read.keys[i], tag) != HotTable::kNone, "a key twice");
      left -= read.counts[i].since;
      ledger.hot_.insert(read.keys[i], tag, read.counts[i]);
    }
  }
  refuse(left != 0, "entries below the total");
  read_cells(in, header, ledger.cold_);
  read_labels(in, ledger.spec_.key_type);
  in.expect_end();
  return ledger;
}

}  // namespace tallytree
