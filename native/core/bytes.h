// Little-endian writing and bounds-checked reading of the encoded forms.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tallytree {

/// Writes a form that has its own length at its head.
class ByteWriter {
 public:
  template <typename T>
  void fixed(T value) {
    put(room(sizeof(T)), value);
    size_ += sizeof(T);
  }
  /// Writes over what stands `at` a place that size() told.
  template <typename T>
  void set_fixed(size_t at, T value) {
    put(bytes_.data() + at, value);
  }
  /// LEB128: seven bits a byte, least significant first.
  void varint(uint64_t value) {
    uint8_t* to = room(10);
    for (; value >= 0x80; value >>= 7, ++size_) *to++ = static_cast<uint8_t>(value | 0x80);
    *to = static_cast<uint8_t>(value);
    ++size_;
  }
  void raw(std::span<const uint8_t> bytes) {
    if (bytes.empty()) return;
    std::memcpy(room(bytes.size()), bytes.data(), bytes.size());
    size_ += bytes.size();
  }
  void text(std::string_view text) {
    fixed(static_cast<uint8_t>(text.size()));
    raw({reinterpret_cast<const uint8_t*>(text.data()), text.size()});
  }
  size_t size() const noexcept { return size_; }

  /// All bytes, behind their total length (u64), which the reader checks first; and no more memory than that.
  std::vector<uint8_t> take_framed() {
    set_fixed(0, static_cast<uint64_t>(size_));
    return {bytes_.data(), bytes_.data() + size_};
  }

 private:
  template <typename T>
  static void put(uint8_t* to, T value) noexcept {
    for (size_t i = 0; i < sizeof(T); ++i) to[i] = static_cast<uint8_t>(value >> (8 * i));
  }
  uint8_t* room(size_t more) {
    if (bytes_.size() - size_ < more) bytes_.resize(2 * bytes_.size() + more);
    return bytes_.data() + size_;
  }

  std::vector<uint8_t> bytes_ = std::vector<uint8_t>(64);  // size_ of them are written
  size_t size_ = sizeof(uint64_t);
};

/// Every read throws std::invalid_argument("truncated") rather than pass the end.
class ByteReader {
 public:
  explicit ByteReader(std::span<const uint8_t> bytes) : bytes_(bytes) {}

  /// Checks the length written by take_framed() against what is there.
  static ByteReader framed(std::span<const uint8_t> bytes) {
    ByteReader reader(bytes);
    if (reader.fixed<uint64_t>() != bytes.size()) throw std::invalid_argument("the length does not fit");
    return reader;
  }

  template <typename T>
  T fixed() {
    T value = 0;
    const auto bytes = raw(sizeof(T));
    for (size_t i = 0; i < sizeof(T); ++i) value |= static_cast<T>(static_cast<T>(bytes[i]) << (8 * i));
    return value;
  }

  uint64_t varint() {
    uint64_t word;
    if (bytes_.size() < sizeof word) return varint_by_bytes();
    std::memcpy(&word, bytes_.data(), sizeof word);
    const uint64_t ends = ~word & 0x8080808080808080;
    if (ends == 0) return varint_by_bytes();
    // All seven-bit groups at once: their number is not to be foretold.
    word &= ends ^ (ends - 1);
    bytes_ = bytes_.subspan(static_cast<size_t>(std::countr_zero(ends)) / 8 + 1);
    word = (word & 0x007f007f007f007f) | (word & 0x7f007f007f007f00) >> 1;
    word = (word & 0x00003fff00003fff) | (word & 0x3fff00003fff0000) >> 2;
    return (word & 0x0fffffff) | (word & 0x0fffffff00000000) >> 4;
  }

  /// Two of them, quicker where both are nearly always small.
  std::pair<uint64_t, uint64_t> varint_pair() {
    if (bytes_.size() >= 2 && ((bytes_[0] | bytes_[1]) & 0x80) == 0) {
      const std::pair<uint64_t, uint64_t> pair{bytes_[0], bytes_[1]};
      bytes_ = bytes_.subspan(2);
      return pair;
    }
    const uint64_t first = varint();
    return {first, varint()};
  }

  std::span<const uint8_t> raw(size_t size) {
    if (size > bytes_.size()) throw std::invalid_argument("truncated");
    const auto taken = bytes_.first(size);
    bytes_ = bytes_.subspan(size);
    return taken;
  }

  /// A form with its own length at its head, this length included.
  std::span<const uint8_t> blob() {
    ByteReader ahead = *this;
    return raw(ahead.fixed<uint64_t>());
  }

  /// As raw(), into `to`, in whole words with zeros behind: who reads it as words next need not wait for
  /// bytes.
  void words(size_t size, uint8_t* to) {
    const std::span<const uint8_t> all = bytes_;
    raw(size);
    for (size_t i = 0; i < size; i += 8) {
      uint64_t word = 0;
      if (i + 8 <= all.size())
        std::memcpy(&word, all.data() + i, 8);
      else
        std::memcpy(&word, all.data() + i, all.size() - i);
      if (size - i < 8) word &= UINT64_MAX >> (64 - 8 * (size - i));
      std::memcpy(to + i, &word, 8);
    }
  }

  std::string text() {
    const auto bytes = raw(fixed<uint8_t>());
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }

  /// The next byte, which stays to be read.
  uint8_t peek() const {
    if (bytes_.empty()) throw std::invalid_argument("truncated");
    return bytes_[0];
  }

  size_t left() const noexcept { return bytes_.size(); }
  void expect_end() const {
    if (!bytes_.empty()) throw std::invalid_argument("bytes are left over");
  }

 private:
  uint64_t varint_by_bytes() {
    uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const auto byte = fixed<uint8_t>();
      if (shift == 63 && byte > 1) break;
      value |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw std::invalid_argument("a number is too long");
  }

  std::span<const uint8_t> bytes_;
};

}  // namespace tallytree
