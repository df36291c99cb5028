// The bytes of a file, whatever it is compressed with.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace tallytree {

class ByteStream {
 public:
  ByteStream() = default;
  ByteStream(const ByteStream&) = delete;
  ByteStream& operator=(const ByteStream&) = delete;
  virtual ~ByteStream() = default;

  /// Puts at most out.size() bytes there; 0: the end. Throws std::runtime_error with what is wrong with the
  /// file.
  virtual size_t read(std::span<uint8_t> out) = 0;

  /// How much of the file as it lies there was read.
  virtual uint64_t position() const noexcept = 0;
};

/// Opens a file, a pipe or a device. gzip (RFC 1952) and Zstandard (RFC 8878) are told by their first bytes,
/// several compressed parts one after the other are one file. Throws std::system_error.
std::unique_ptr<ByteStream> open_bytes(const std::string& path);

/// The size of a regular file; 0: it has none.
uint64_t size_of_file(const std::string& path) noexcept;

}  // namespace tallytree
