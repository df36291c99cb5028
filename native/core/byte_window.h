// A window that moves over a stream of bytes: what is asked for lies there in one piece.
#pragma once

#include <cstring>
#include <memory>

#include "byte_stream.h"

namespace tallytree {

class ByteWindow {
 public:
  explicit ByteWindow(std::unique_ptr<ByteStream> stream) : stream_(std::move(stream)) {}

  /// The next `size` bytes, which hold until the next call; nullptr: the stream ends before. Throws as the
  /// stream does.
  const uint8_t* peek(size_t size) {
    if (end_ - begin_ < size && !fill(size)) return nullptr;
    return buffer_.get() + begin_;
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
    make_room(size);
    while (end_ < size) {
      const size_t added = stream_->read({buffer_.get() + end_, size_ - end_});
      if (added == 0) return false;
      end_ += added;
    }
    return true;
  }

  /// For so many bytes, of which those ahead come first.
  void make_room(size_t size) {
    std::unique_ptr<uint8_t[]> larger;
    if (size > size_) larger = std::make_unique_for_overwrite<uint8_t[]>(size);
    std::memmove(larger ? larger.get() : buffer_.get(), buffer_.get() + begin_, end_ - begin_);
    if (larger) {
      buffer_ = std::move(larger);
      size_ = size;
    }
    end_ -= begin_;
    begin_ = 0;
  }

  std::unique_ptr<ByteStream> stream_;
  size_t size_ = kSize;
  std::unique_ptr<uint8_t[]> buffer_ = std::make_unique_for_overwrite<uint8_t[]>(kSize);
  size_t begin_ = 0;
  size_t end_ = 0;
  uint64_t offset_ = 0;
};

}  // namespace tallytree
