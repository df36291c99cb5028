// Capture files built byte by byte, for the tests of their readers.
#pragma once

#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <cstdio>
#include <fstream>
#include <string>

#include "frames.h"

namespace tallytree::test {

enum class Order : uint8_t { little, big };

inline Bytes number(uint64_t value, size_t size, Order order) {
  Bytes bytes(size);
  for (size_t i = 0; i < size; ++i)
    bytes[order == Order::little ? i : size - 1 - i] = static_cast<uint8_t>(value >> (8 * i));
  return bytes;
}
inline Bytes n16(size_t value, Order order = Order::little) { return number(value, 2, order); }
inline Bytes n32(size_t value, Order order = Order::little) { return number(value, 4, order); }
inline Bytes n64(size_t value, Order order = Order::little) { return number(value, 8, order); }

inline constexpr size_t kNanoseconds = 0xa1b23c4d;
inline constexpr size_t kMicroseconds = 0xa1b2c3d4;

/// The classic format, version 2.4.
inline Bytes pcap_header(size_t link_type, size_t magic = kNanoseconds, Order order = Order::little) {
  return n32(magic, order) + n16(2, order) + n16(4, order) + filler(8, 0) + n32(65535, order) +
         n32(link_type, order);
}
/// At 1000.123456789 s, or .000123456 with `fraction` 123456.
inline Bytes pcap_record(const Bytes& frame, size_t captured, Order order = Order::little,
                         size_t fraction = 123456789) {
  return n32(1000, order) + n32(fraction, order) + n32(captured, order) + n32(frame.size(), order) +
         Bytes(frame.begin(), frame.begin() + static_cast<ptrdiff_t>(captured));
}

inline Bytes pad4(Bytes bytes) { return bytes + filler((4 - bytes.size() % 4) % 4, 0); }
inline Bytes block(size_t type, const Bytes& body, Order order = Order::little) {
  const Bytes length = n32(pad4(body).size() + 12, order);
  return n32(type, order) + length + pad4(body) + length;
}
inline Bytes option(size_t code, const Bytes& value, Order order = Order::little) {
  return n16(code, order) + n16(value.size(), order) + pad4(value);
}
inline Bytes section(Order order = Order::little) {
  return block(0x0a0d0d0a, n32(0x1a2b3c4d, order) + n16(1, order) + n16(0, order) + filler(8, 0xff), order);
}
inline Bytes interface_block(size_t link_type, const Bytes& options = {}, Order order = Order::little,
                             size_t snap_length = 0) {
  return block(1, n16(link_type, order) + n16(0, order) + n32(snap_length, order) + options, order);
}
inline Bytes enhanced(size_t index, uint64_t ticks, const Bytes& frame, const Bytes& options = {},
                      Order order = Order::little) {
  return block(6,
               n32(index, order) + n32(ticks >> 32, order) + n32(ticks & 0xffffffff, order) +
                   n32(frame.size(), order) + n32(frame.size(), order) + pad4(frame) + options,
               order);
}

inline Bytes gzip(const Bytes& bytes) {
  z_stream state{};
  deflateInit2(&state, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  Bytes out(deflateBound(&state, bytes.size()));
  state.next_in = const_cast<Bytef*>(bytes.data());
  state.avail_in = static_cast<uInt>(bytes.size());
  state.next_out = out.data();
  state.avail_out = static_cast<uInt>(out.size());
  deflate(&state, Z_FINISH);
  out.resize(state.total_out);
  deflateEnd(&state);
  return out;
}
inline Bytes zstd(const Bytes& bytes) {
  Bytes out(ZSTD_compressBound(bytes.size()));
  out.resize(ZSTD_compress(out.data(), out.size(), bytes.data(), bytes.size(), 3));
  return out;
}

class CaptureFile {
 public:
  explicit CaptureFile(const Bytes& bytes) {
    close(mkstemp(path_.data()));
    std::ofstream(path_, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  }
  ~CaptureFile() { std::remove(path_.c_str()); }
  CaptureFile(const CaptureFile&) = delete;
  CaptureFile& operator=(const CaptureFile&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_ = "/tmp/tallytree-test-XXXXXX";
};

}  // namespace tallytree::test
