// A window that moves over a stream of bytes: what is asked for lies there in one piece.
#pragma once

#include <cstring>
#include <memory>
#include <vector>

#include "byte_stream.h"

namespace tallytree {

class ByteWindow {
 public:
  explicit ByteWindow(std::unique_ptr<ByteStream> stream) : stream_(std::move(stream)), buffer_(kSize) {}

  /// The next `size` bytes, which hold until the next call; nullptr: the stream ends before. Throws as the
  /// stream does.
  const uint8_t* peek(size_t size) {
    if (end_ - begin_ < size && !fill(size)) return nullptr;
    return buffer_.data() + begin_;
  }

  /// Precondition: they were peeked at.
  void skip(size_t size) noexcept {
    begin_ += size;
    offset_ += size;
  }

  /// How many bytes were skipped.
  uint64_t offset() const noexcept { return offset_; }
  /// True when nothing follows. Throws as the stream does.
  bool at_end() { return peek(1) == nullptr; }
  /// How much of the file as it lies there was read.
  uint64_t position() const noexcept { return stream_->position(); }

 private:
  static constexpr size_t kSize = 1 << 20;

  bool fill(size_t size) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
    if (size > buffer_.size()) buffer_.resize(size);
    while (end_ < size) {
      const size_t added = stream_->read(std::span(buffer_).subspan(end_));
      if (added == 0) return false;
      end_ += added;
    }
    return true;
  }

  std::unique_ptr<ByteStream> stream_;
  std::vector<uint8_t> buffer_;
  size_t begin_ = 0;
  size_t end_ = 0;
  uint64_t offset_ = 0;
};

}  // namespace tallytree
