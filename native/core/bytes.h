// Little-endian writing and bounds-checked reading of the encoded forms.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace tallytree {

class ByteWriter {
 public:
  template <typename T>
  void fixed(T value) {
    for (size_t i = 0; i < sizeof(T); ++i) bytes_.push_back(static_cast<uint8_t>(value >> (8 * i)));
  }
  /// LEB128: seven bits a byte, least significant first.
  void varint(uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes_.push_back(static_cast<uint8_t>(value | 0x80));
    bytes_.push_back(static_cast<uint8_t>(value));
  }
  void raw(std::span<const uint8_t> bytes) { bytes_.insert(bytes_.end(), bytes.begin(), bytes.end()); }
  void text(std::string_view text) {
    fixed(static_cast<uint8_t>(text.size()));
    raw({reinterpret_cast<const uint8_t*>(text.data()), text.size()});
  }
  void reserve(size_t size) { bytes_.reserve(size); }

  /// The bytes so far, behind their own total length (u64), which the reader checks first.
  std::vector<uint8_t> take_framed() {
    ByteWriter framed;
    framed.reserve(bytes_.size() + 8);
    framed.fixed(static_cast<uint64_t>(bytes_.size() + 8));
    framed.raw(bytes_);
    return std::move(framed.bytes_);
  }

 private:
  std::vector<uint8_t> bytes_;
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
    if (!bytes_.empty() && bytes_[0] < 0x80) return fixed<uint8_t>();  // most of them
    uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const auto byte = fixed<uint8_t>();
      if (shift == 63 && byte > 1) break;
      value |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw std::invalid_argument("a number is too long");
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
  std::span<const uint8_t> bytes_;
};

}  // namespace tallytree
