// Plain, gzip and Zstandard files read piece by piece.
#include "byte_stream.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <stdexcept>

#include "descriptor.h"

namespace tallytree {
namespace {

constexpr size_t kPiece = 1 << 18;
using Magic = std::array<uint8_t, 4>;

/// What was read to tell the kind of file is given out first.
class PlainBytes final : public ByteStream {
 public:
  explicit PlainBytes(const std::string& path) : file_(open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    if (file_.get() < 0) throw_errno("opening it");
    posix_fadvise(file_.get(), 0, 0, POSIX_FADV_SEQUENTIAL);
    while (magic_size_ < magic_.size()) {
      const size_t size = read_file(std::span(magic_).subspan(magic_size_));
      if (size == 0) break;
      magic_size_ += size;
    }
  }

  bool begins_with(std::initializer_list<uint8_t> bytes) const {
    return magic_size_ >= bytes.size() && std::equal(bytes.begin(), bytes.end(), magic_.begin());
  }

  size_t read(std::span<uint8_t> out) override {
    if (given_ == magic_size_) return read_file(out);
    const size_t size = std::min(out.size(), magic_size_ - given_);
    std::memcpy(out.data(), magic_.data() + given_, size);
    given_ += size;
    return size;
  }

  uint64_t position() const noexcept override { return position_; }

 private:
  size_t read_file(std::span<uint8_t> out) {
    ssize_t size;
    do size = ::read(file_.get(), out.data(), out.size());
    while (size < 0 && errno == EINTR);
    if (size < 0) throw_errno("reading it");
    position_ += static_cast<uint64_t>(size);
    return static_cast<size_t>(size);
  }

  Descriptor file_;
  Magic magic_{};
  size_t magic_size_ = 0;
  size_t given_ = 0;
  uint64_t position_ = 0;
};

/// A piece of the compressed file and how much of it is used.
class Compressed {
 public:
  explicit Compressed(std::unique_ptr<PlainBytes> file) : file_(std::move(file)) {}

  /// What is left of the piece, or the next one; empty: the end.
  std::span<const uint8_t> ahead() {
    if (used_ == size_) {
      size_ = file_->read({piece_.get(), kPiece});
      used_ = 0;
    }
    return {piece_.get() + used_, size_ - used_};
  }
  void use(size_t bytes) { used_ += bytes; }
  uint64_t position() const noexcept { return file_->position() - (size_ - used_); }

 private:
  std::unique_ptr<PlainBytes> file_;
  std::unique_ptr<uint8_t[]> piece_ = std::make_unique_for_overwrite<uint8_t[]>(kPiece);
  size_t used_ = 0;
  size_t size_ = 0;
};

class GzipBytes final : public ByteStream {
 public:
  explicit GzipBytes(std::unique_ptr<PlainBytes> file) : file_(std::move(file)) {
    constexpr int kGzipOnly = 16 + MAX_WBITS;
    if (inflateInit2(&state_, kGzipOnly) != Z_OK) throw std::bad_alloc();
  }
  ~GzipBytes() override { inflateEnd(&state_); }

  size_t read(std::span<uint8_t> out) override {
    state_.next_out = out.data();
    state_.avail_out = static_cast<uInt>(out.size());
    while (state_.avail_out == out.size()) {
      const auto ahead = file_.ahead();
      if (ahead.empty()) {
        if (!between_) throw std::runtime_error("the gzip file breaks off");
        break;
      }
      step(ahead);
    }
    return out.size() - state_.avail_out;
  }

  uint64_t position() const noexcept override { return file_.position(); }

 private:
  void step(std::span<const uint8_t> ahead) {
    if (between_) inflateReset(&state_);
    state_.next_in = const_cast<Bytef*>(ahead.data());
    state_.avail_in = static_cast<uInt>(ahead.size());
    const int result = inflate(&state_, Z_NO_FLUSH);
    if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR)
      throw std::runtime_error(std::string("the gzip file is damaged: ") +
                               (state_.msg ? state_.msg : "it makes no sense"));
    between_ = result == Z_STREAM_END;
    file_.use(ahead.size() - state_.avail_in);
  }

  Compressed file_;
  z_stream state_{};
  bool between_ = false;  // one part has ended, another may begin
};

class ZstdBytes final : public ByteStream {
 public:
  explicit ZstdBytes(std::unique_ptr<PlainBytes> file)
      : file_(std::move(file)), state_(ZSTD_createDStream()) {
    if (!state_) throw std::bad_alloc();
  }

  size_t read(std::span<uint8_t> out) override {
    ZSTD_outBuffer filled{out.data(), out.size(), 0};
    while (filled.pos == 0) {
      const auto ahead = file_.ahead();
      if (ahead.empty() && wanted_ == 0) break;
      if (ahead.empty() && !full_) throw std::runtime_error("the Zstandard file breaks off");
      ZSTD_inBuffer input{ahead.data(), ahead.size(), 0};
      wanted_ = ZSTD_decompressStream(state_.get(), &filled, &input);
      if (ZSTD_isError(wanted_))
        throw std::runtime_error(std::string("the Zstandard file is damaged: ") + ZSTD_getErrorName(wanted_));
      file_.use(input.pos);
      full_ = filled.pos == filled.size;
    }
    return filled.pos;
  }

  uint64_t position() const noexcept override { return file_.position(); }

 private:
  struct Closer {
    void operator()(ZSTD_DStream* state) const noexcept { ZSTD_freeDStream(state); }
  };

  Compressed file_;
  std::unique_ptr<ZSTD_DStream, Closer> state_;
  size_t wanted_ = 0;  // 0: one part has ended, another may begin
  bool full_ = false;  // there may be more to give out without more to take in
};

}  // namespace

std::unique_ptr<ByteStream> open_bytes(const std::string& path) {
  auto file = std::make_unique<PlainBytes>(path);
  if (file->begins_with({0x1f, 0x8b})) return std::make_unique<GzipBytes>(std::move(file));
  if (file->begins_with({0x28, 0xb5, 0x2f, 0xfd})) return std::make_unique<ZstdBytes>(std::move(file));
  return file;
}

uint64_t size_of_file(const std::string& path) noexcept {
  struct stat found {};
  return stat(path.c_str(), &found) == 0 && S_ISREG(found.st_mode) ? static_cast<uint64_t>(found.st_size) : 0;
}

}  // namespace tallytree
