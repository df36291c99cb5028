// Reading an encoded ledger: header, entries, cells, labels.
#include "ledger_reader.h"

#include <algorithm>

#include "errors.h"
#include "key_batch.h"
#include "key_labels.h"

namespace tallytree {

void LedgerReader::throw_refusal(const char* why) {
  throw std::invalid_argument(std::string("not an encoded ledger: ") + why);
}

LedgerReader::Header LedgerReader::read_header(ByteReader& in) {
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
  header.entries = in.fixed<uint32_t>();
  return header;
}

LedgerReader::Header LedgerReader::read_header(std::span<const uint8_t> bytes) {
  ByteReader in = ByteReader::framed(bytes);
  return read_header(in);
}

LedgerReader::LedgerReader(std::span<const uint8_t> bytes, const Secret& secret)
    : in_(ByteReader::framed(bytes)), header_(read_header(in_)) {
  header_.spec.secret = secret;
  if (header_.secret_check != header_.spec.secret_check())
    throw Incompatible("the ledger was made with another secret");
  refuse(header_.entries > header_.spec.capacity || header_.entries > in_.left() / 4,
         "more entries than it can hold");
  const uint64_t kept = header_.spec.capacity - header_.spec.capacity / 4;
  refuse(header_.spilled > header_.total || header_.floor > header_.total / kept, "sums that cannot be");
  to_come_ = header_.entries;
  left_ = header_.total - header_.spilled;
}

bool LedgerReader::next(Batch& batch) {
  const size_t four = header_.spec.key_type.width(4) - 1, six = header_.spec.key_type.width(6) - 1;
  const uint64_t floor = header_.floor;
  batch.size = std::min<size_t>(kBatch, to_come_);
  ByteReader in = in_;  // a local one stays in registers while bytes are written
  uint64_t left = left_;
  for (size_t i = 0; i < batch.size; ++i) {
    Key& key = batch.keys[i] = {};
    const size_t length = in.peek();
    refuse(length != four && length != six, "a key of the wrong length");
    in.words(length + 1, key.bytes.data());
    const uint64_t since = in.varint(), prior = in.varint();
    refuse(since == 0, "an entry that counted nothing");
    refuse(since > left, "entries above the total");
    refuse(prior > floor, "an entry's prior above the floor");
    left -= since;
    batch.counts[i] = {since, prior};
  }
  in_ = in;
  left_ = left;
  to_come_ -= static_cast<uint32_t>(batch.size);
  hash_keys(header_.spec.secret, {batch.keys.data(), batch.size}, batch.hashes.data());
  return batch.size > 0;
}

void LedgerReader::finish(Cold& cold, const KeyType& type) {
  refuse(to_come_ > 0 || left_ != 0, "entries below the total");
  read_cells(cold);
  read_labels(in_, type);
  in_.expect_end();
}

/// Each row must add up to what was spilled.
void LedgerReader::read_cells(Cold& cold) {
  refuse(header_.cold_level < cold.first_level(), "cells of too few bits");
  cold.fold_to(header_.cold_level);
  static_assert(Cold::kRows == 2);
  const unsigned fold = cold.level() - header_.cold_level;
  const size_t cells = cold.all_cells() << fold, row = cells / 2;
  ByteReader in = in_;
  const auto filled = in.fixed<uint32_t>();
  uint64_t left[Cold::kRows] = {header_.spilled, header_.spilled};
  size_t next = 0;
  for (uint32_t i = 0; i < filled; ++i) {
    const auto [gap, value] = in.varint_pair();
    refuse(gap >= cells - next, "a cell outside the sketch");
    next += gap + 1;
    uint64_t& row_left = left[next > row];  // a division would take longer than all else
    refuse(value > row_left, "cells above the spilled weight");
    row_left -= value;
    // The carries of another order of events may need a fold more than the sender had.
    cold.add_to_cell((next - 1) >> (cold.level() - header_.cold_level), value);
  }
  in_ = in;
  refuse(cells > 0 && (left[0] != 0 || left[1] != 0), "cells below the spilled weight");
}

}  // namespace tallytree
