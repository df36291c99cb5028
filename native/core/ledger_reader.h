// Reading an encoded ledger: checks all of it, whatever becomes of what it says.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "bytes.h"
#include "cold.h"
#include "hot_table.h"
#include "key.h"
#include "ledger.h"
#include "packet.h"

namespace tallytree {

/// From the first byte to the last; ledger_codec.cc has the layout. Every step throws std::invalid_argument for
/// what cannot be. That a key comes twice is for the caller to see.
class LedgerReader {
 public:
  static constexpr uint32_t kMagic = 0x474c5454;  // "TTLG"
  static constexpr uint16_t kVersion = 2;

  struct Header {
    LedgerSpec spec;
    uint64_t secret_check;
    unsigned cold_level;
    uint64_t total, spilled, floor, unkeyed;
    uint32_t entries;
  };

  /// Some entries, hashed together.
  struct Batch {
    size_t size = 0;
    std::array<Key, kBatch> keys;
    std::array<Count, kBatch> counts;
    std::array<uint64_t, kBatch> hashes;
  };

  /// Throws Incompatible for a ledger made with another secret.
  LedgerReader(std::span<const uint8_t> bytes, const Secret& secret);

  const Header& header() const noexcept { return header_; }

  /// The next entries; false when there are no more.
  bool next(Batch& batch);
  /// What stands behind them: adds to `cold`, which is of the same specification, and to the type's labels.
  void finish(Cold& cold, const KeyType& type);

  static void refuse(bool bad, const char* why) {
    if (bad) [[unlikely]]
      throw_refusal(why);
  }

  /// The header alone, without the secret.
  static Header read_header(std::span<const uint8_t> bytes);

 private:
  [[noreturn, gnu::cold, gnu::noinline]] static void throw_refusal(const char* why);
  static Header read_header(ByteReader& in);
  void read_cells(Cold& cold);

  ByteReader in_;
  Header header_;
  uint32_t to_come_;  // entries
  uint64_t left_;     // what they must add up to
};

}  // namespace tallytree
