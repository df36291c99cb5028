// The byte forms of a saved counter and of its sealed panes. All numbers little-endian; a "blob" is one of
// the encoded forms with its own length at its head.
//
//   u64     length of the whole, these 8 bytes included
//   u32     magic "TTCO", u16 version 1
//   u64     first second that was counted
//   blob x2 past: ledger, distinct
//   u8 n    n blobs: spreads since the counter was made
//   u8      number of open panes, each: u64 second; blobs: ledger, distinct, n spreads
//
//   u64     length of the whole, these 8 bytes included
//   u32     magic "TTPA", u16 version 1
//   u8      0: a second, 1: a minute
//   u64     its start, u64 serial
//   blob    ledger
//   u8      1: the registers of its keys follow, as many bytes as the counter's precision says
//   u8 n    n blobs: spreads
#include "saved_counter.h"

#include <utility>

#include "bytes.h"
#include "errors.h"
#include "saved_form.h"

namespace tallytree {
namespace {

constexpr uint32_t kCounterMagic = 0x4f435454;  // "TTCO"
constexpr uint32_t kPaneMagic = 0x41505454;     // "TTPA"
constexpr size_t kMostOpen = 3;
constexpr SavedForm kForm{"a saved counter"};

Ledger read_ledger(ByteReader& in, const LedgerSpec& spec) {
  Ledger ledger = Ledger::decode(in.blob(), spec.secret);
  if (!(ledger.spec() == spec)) throw Incompatible("a saved ledger is not this counter's");
  return ledger;
}

Distinct read_distinct(ByteReader& in, const CounterSpec& spec) {
  Distinct::Decoded decoded = Distinct::decode(in.blob());
  if (decoded.check != spec.secret_check() || decoded.set.precision() != spec.distinct_precision)
    throw Incompatible("saved keys are not this counter's");
  return std::move(decoded.set);
}

/// `width`: of the spreads of CounterSpec::spread_by.
Spreads read_spreads(ByteReader& in, const CounterSpec& spec, uint32_t width) {
  Spreads spreads;
  for (const KeyType& by : spec.spread_by) {
    spreads.push_back(Spread::decode(in.blob(), spec.secret));
    if (!(spreads.back().spec() == spec.spread_spec(by, width)))
      throw Incompatible("a saved spread is not this counter's");
  }
  return spreads;
}

void write(ByteWriter& out, const Spreads& spreads) {
  for (const Spread& spread : spreads) out.raw(spread.encode());
}

void write(ByteWriter& out, const Pane& pane) {
  out.raw(pane.ledger.encode());
  out.raw(pane.distinct.encode(pane.ledger.spec().secret_check()));
  write(out, pane.spreads);
}

Pane read_pane(ByteReader& in, const CounterSpec& spec) {
  Pane pane(spec, spec.distinct_precision);
  pane.ledger = read_ledger(in, spec);
  pane.distinct = read_distinct(in, spec);
  pane.spreads = read_spreads(in, spec, SpreadSpec::kWindowWidth);
  return pane;
}

}  // namespace

void SavedCounter::settle() {
  for (Pane& pane : leaving) {
    if (!progress) progress = past.begin_absorb(pane);
    past.ledger.absorb_some(pane.ledger, *progress);
    progress.reset();
  }
  leaving.clear();
}

std::vector<uint8_t> SavedCounter::encode() const {
  ByteWriter out;
  SavedForm::write_head(out, kCounterMagic);
  out.fixed(since);
  write(out, past);
  out.fixed(static_cast<uint8_t>(spreads.size()));
  write(out, spreads);
  out.fixed(static_cast<uint8_t>(open.size()));
  for (const auto& [second, pane] : open) {
    out.fixed(second);
    write(out, pane);
  }
  return out.take_framed();
}

SavedCounter SavedCounter::decode(std::span<const uint8_t> bytes, const CounterSpec& spec) {
  ByteReader in = ByteReader::framed(bytes);
  kForm.read_head(in, kCounterMagic);
  SavedCounter saved(spec);
  saved.since = in.fixed<uint64_t>();
  saved.past.ledger = read_ledger(in, spec);
  saved.past.distinct = read_distinct(in, spec);
  kForm.refuse(in.fixed<uint8_t>() != spec.spread_by.size(), "another number of spreads");
  saved.spreads = read_spreads(in, spec, SpreadSpec::kWidth);
  const auto read = [&] { return read_pane(in, spec); };
  saved.open = kForm.read_open<Open>(in, saved.since, kMostOpen, read);
  in.expect_end();
  return saved;
}

std::vector<uint8_t> SavedPane::encode() const {
  ByteWriter out;
  SavedForm::write_head(out, kPaneMagic);
  SavedForm::write_pane_head(out, minute, *pane);
  out.raw(pane->ledger);
  out.fixed(static_cast<uint8_t>(!pane->registers.empty()));
  out.raw(pane->registers);
  out.fixed(static_cast<uint8_t>(pane->spreads.size()));
  write(out, pane->spreads);
  return out.take_framed();
}

SavedPane SavedPane::decode(std::span<const uint8_t> bytes, const CounterSpec& spec) {
  ByteReader in = ByteReader::framed(bytes);
  kForm.read_head(in, kPaneMagic);
  auto pane = std::make_shared<SealedPane>();
  const bool minute = kForm.read_pane_head(in, *pane);
  const Ledger ledger = read_ledger(in, window_spec(spec));
  pane->ledger = ledger.encode();
  const auto estimated = in.fixed<uint8_t>();
  kForm.refuse(estimated > 1 || (estimated == 0) != ledger.exact(), "registers missing or in vain");
  if (estimated == 1) {
    const UltraLogLog beyond(spec.distinct_precision);
    const auto registers = in.raw(beyond.size());
    kForm.refuse(!beyond.valid(registers), "a register out of range");
    pane->registers.assign(registers.begin(), registers.end());
  }
  const size_t spreads = ledger.exact() ? 0 : spec.spread_by.size();
  kForm.refuse(in.fixed<uint8_t>() != spreads, "another number of spreads");
  if (spreads > 0) pane->spreads = read_spreads(in, spec, SpreadSpec::kWindowWidth);
  in.expect_end();
  return {minute, std::move(pane)};
}

}  // namespace tallytree
