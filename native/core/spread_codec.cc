// The byte form of a spread. All numbers little-endian; "varint" is LEB128.
//
//   u64     length of the whole, these 8 bytes included
//   u32     magic "TTSP", u16 version 1
//   u8 n    n bytes: key type text, the same of the owner
//   u64     secret check (secret_check in siphash.h)
//   u32     width w, a power of 2; there are 4 rows of w buckets
//   u32     number of filled buckets, each: varint gap to the last one's index (the first from -1);
//           u8 key length and key bytes of the owner; u64 largest hash;
//           u64 which of the 64 registers are not zero, and so many bytes
//   labels  of an owner type with labels: their texts, see key_labels.h
#include <algorithm>
#include <bit>

#include "bytes.h"
#include "errors.h"
#include "key_labels.h"
#include "spread.h"

namespace tallytree {
namespace {

constexpr uint32_t kMagic = 0x50535454;  // "TTSP"
constexpr uint16_t kVersion = 1;
constexpr size_t kLeastBucket = 1 + 2 + 8 + 8 + 1;

void refuse(bool bad, const char* why) {
  if (bad) [[unlikely]]
    throw std::invalid_argument(std::string("not an encoded spread: ") + why);
}

SpreadSpec read_spec(ByteReader& in, const Secret& secret) {
  refuse(in.fixed<uint32_t>() != kMagic, "wrong magic");
  refuse(in.fixed<uint16_t>() != kVersion, "unknown version");
  SpreadSpec spec;
  spec.key_type = KeyType::parse(in.text());
  spec.owner = KeyType::parse(in.text());
  if (in.fixed<uint64_t>() != secret_check(secret))
    throw Incompatible("the spread was made with another secret");
  spec.width = in.fixed<uint32_t>();
  refuse(!std::has_single_bit(spec.width) || spec.width < 2 || spec.width > SpreadSpec::kMostWidth,
         "width out of range");
  spec.secret = secret;
  return spec;
}

Key read_owner(ByteReader& in, const KeyType& type) {
  Key owner;
  owner.bytes[0] = in.fixed<uint8_t>();
  refuse(owner.length() + 1 != type.width(4) && owner.length() + 1 != type.width(6),
         "an owner of the wrong length");
  const auto content = in.raw(owner.length());
  std::copy(content.begin(), content.end(), owner.bytes.begin() + 1);
  return owner;
}

void write_registers(ByteWriter& out, std::span<const uint8_t> registers) {
  uint64_t filled = 0;
  for (size_t i = 0; i < registers.size(); ++i) filled |= uint64_t{registers[i] != 0} << i;
  out.fixed(filled);
  for (const uint8_t r : registers)
    if (r != 0) out.fixed(r);
}

void read_registers(ByteReader& in, std::span<uint8_t> registers) {
  const auto filled = in.fixed<uint64_t>();
  for (size_t i = 0; i < registers.size(); ++i) {
    if ((filled >> i & 1) == 0) continue;
    registers[i] = in.fixed<uint8_t>();
    refuse(registers[i] == 0, "an empty register that is named");
  }
  refuse(!Spread::kLoad.valid(registers), "a register out of range");
}

}  // namespace

std::vector<uint8_t> Spread::encode() const {
  ByteWriter out;
  out.fixed(kMagic);
  out.fixed(kVersion);
  out.text(spec().key_type.text());
  out.text(spec().owner.text());
  out.fixed(secret_check(spec().secret));
  out.fixed(spec().width);
  const auto filled = buckets() - static_cast<size_t>(std::count(tops_.data(), tops_.data() + buckets(), 0));
  out.fixed(static_cast<uint32_t>(filled));
  LabelTexts labels(spec().owner);
  size_t next = 0;
  for (size_t bucket = 0; bucket < buckets(); ++bucket) {
    if (tops_[bucket] == 0) continue;
    out.varint(bucket - next);
    next = bucket + 1;
    const Key named = owner(bucket);
    labels.note(named);
    out.raw({named.bytes.data(), named.length() + 1});
    out.fixed(tops_[bucket]);
    write_registers(out, {registers(bucket), kLoad.size()});
  }
  labels.write(out);
  return out.take_framed();
}

/// An owner stands in a bucket of its own hash, and the largest hash is among those counted.
Spread Spread::decode(std::span<const uint8_t> bytes, const Secret& secret) {
  ByteReader in = ByteReader::framed(bytes);
  const SpreadSpec spec = read_spec(in, secret);
  const auto filled = in.fixed<uint32_t>();
  refuse(filled > kRows * spec.width || filled > in.left() / kLeastBucket, "more buckets than it can hold");
  Spread spread(spec);
  size_t next = 0;
  for (uint32_t i = 0; i < filled; ++i) {
    const uint64_t gap = in.varint();
    refuse(gap >= spread.buckets() - next, "a bucket outside the sketch");
    const size_t bucket = next + gap;
    next = bucket + 1;
    const Key owner = read_owner(in, spec.owner);
    refuse(spread.bucket_of(owner.hash(secret), bucket / spec.width) != bucket,
           "an owner in another's bucket");
    spread.set_owner(bucket, owner, in.fixed<uint64_t>());
    refuse(spread.tops_[bucket] == 0, "a bucket without keys");
    read_registers(in, {spread.registers(bucket), kLoad.size()});
    refuse(!kLoad.may_hold(spread.registers(bucket), spread.tops_[bucket]), "a largest hash not counted");
  }
  read_labels(in, spec.owner);
  in.expect_end();
  return spread;
}

}  // namespace tallytree
