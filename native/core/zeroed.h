// A zero-filled array whose pages cost nothing until they are touched.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <type_traits>

namespace tallytree {

template <typename T>
class Zeroed {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  Zeroed() = default;
  explicit Zeroed(size_t size) : size_(size), data_(static_cast<T*>(std::calloc(size, sizeof(T)))) {
    if (data_ == nullptr && size > 0) throw std::bad_alloc();
  }

  /// Keeps what is there. The old and the new never stand side by side.
  void grow(size_t size) {
    auto* grown = static_cast<T*>(std::realloc(data_.get(), size * sizeof(T)));
    if (grown == nullptr) throw std::bad_alloc();
    (void)data_.release();
    data_.reset(grown);
    std::memset(static_cast<void*>(grown + size_), 0, (size - size_) * sizeof(T));
    size_ = size;
  }

  T* data() noexcept { return data_.get(); }
  const T* data() const noexcept { return data_.get(); }
  size_t size() const noexcept { return size_; }
  T& operator[](size_t i) noexcept { return data_.get()[i]; }
  const T& operator[](size_t i) const noexcept { return data_.get()[i]; }

 private:
  struct Free {
    void operator()(void* memory) const noexcept { std::free(memory); }
  };
  size_t size_ = 0;
  std::unique_ptr<T, Free> data_;
};

}  // namespace tallytree
