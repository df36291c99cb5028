// The byte form of a ledger. All numbers little-endian; "varint" is LEB128.
//
//   u64     length of the whole, these 8 bytes included
//   u32     magic "TTLG", u16 version 1
//   u8      increment: 0 packets, 1 bytes
//   u8 n    n bytes: key type text
//   u64     secret check (LedgerSpec::secret_check)
//   u32     capacity K; the cold part has 2 rows of 8 K cells
//   u64 x4  total, spilled, floor, unkeyed
//   u32     number of entries, each: u8 key length, key bytes, varint since, varint prior
//   u32     number of non-zero cold cells, each: varint gap to the last cell's index (the first from -1),
//   varint value
#include <algorithm>

#include "bytes.h"
#include "errors.h"
#include "ledger.h"

namespace tallytree {
namespace {

constexpr uint32_t kMagic = 0x474c5454;  // "TTLG"
constexpr uint16_t kVersion = 1;
constexpr uint32_t kMostCapacity = 1 << 20;

void refuse(bool bad, const char* why) {
  if (bad) throw std::invalid_argument(std::string("not an encoded ledger: ") + why);
}

struct Header {
  LedgerSpec spec;  // without the secret
  uint64_t secret_check;
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
  refuse(header.spec.capacity < 4 || header.spec.capacity > kMostCapacity, "capacity out of range");
  header.total = in.fixed<uint64_t>();
  header.spilled = in.fixed<uint64_t>();
  header.floor = in.fixed<uint64_t>();
  header.unkeyed = in.fixed<uint64_t>();
  return header;
}

}  // namespace

std::vector<uint8_t> Ledger::encode() const {
  ByteWriter out;
  out.fixed(kMagic);
  out.fixed(kVersion);
  out.fixed(static_cast<uint8_t>(spec_.increment));
  out.text(spec_.key_type.text());
  out.fixed(spec_.secret_check());
  out.fixed(spec_.capacity);
  for (const uint64_t sum : {total_, spilled_, floor_, unkeyed}) out.fixed(sum);
  out.fixed(static_cast<uint32_t>(hot_.size()));
  hot_.each([&](size_t at) {
    const Key key = hot_.key(at);
    const Count& count = hot_.count(at);
    out.raw({key.bytes.data(), key.length() + 1});
    out.varint(count.since);
    out.varint(count.prior);
  });
  const auto& cells = cold_.cells();
  const auto filled = [](uint64_t cell) { return cell != 0; };
  const auto count = cold_.empty() ? 0 : std::count_if(cells.data(), cells.data() + cells.size(), filled);
  out.fixed(static_cast<uint32_t>(count));
  size_t next = 0;
  for (size_t i = 0; count > 0 && i < cells.size(); ++i) {
    if (cells[i] == 0) continue;
    out.varint(i - next);
    out.varint(cells[i]);
    next = i + 1;
  }
  return out.take_framed();
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
  Ledger ledger(header.spec);
  ledger.total_ = header.total;
  ledger.spilled_ = header.spilled;
  ledger.floor_ = header.floor;
  ledger.unkeyed = header.unkeyed;
  for (uint32_t i = 0; i < entries; ++i) {
    Key key;
    key.bytes[0] = in.fixed<uint8_t>();
    refuse(key.length() + 1 != header.spec.key_type.width(4) &&
               key.length() + 1 != header.spec.key_type.width(6),
           "a key of the wrong length");
    const auto content = in.raw(key.length());
    std::copy(content.begin(), content.end(), key.bytes.begin() + 1);
    const uint64_t since = in.varint();
    const uint64_t prior = in.varint();
    const Tag tag = tag_of(key.hash(secret));
    refuse(since > header.total || prior > header.total, "an entry above the total");
    refuse(ledger.hot_.find(key, tag) != nullptr, "a key twice");
    ledger.hot_.insert(key, tag, {since, prior});
  }
  const auto filled = in.fixed<uint32_t>();
  size_t next = 0;
  for (uint32_t i = 0; i < filled; ++i) {
    const uint64_t gap = in.varint();
    refuse(gap >= ledger.cold_.cells().size() - next, "a cell outside the sketch");
    next += gap + 1;
    ledger.cold_.set_cell(next - 1, in.varint());
  }
  in.expect_end();
  return ledger;
}

}  // namespace tallytree
