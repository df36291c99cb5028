// What stretch of time a question is about.
#pragma once

#include <cstdint>
#include <variant>

namespace tallytree {

/// Since the counter was made.
struct All {};
/// The last closed second and the current one.
struct Realtime {};
/// Unix seconds from `from` up to, and without, `to`.
struct Span {
  uint64_t from = 0;
  uint64_t to = 0;
  bool holds(uint64_t second) const noexcept { return from <= second && second < to; }
  bool operator==(const Span&) const = default;
};

using Window = std::variant<All, Realtime, Span>;

}  // namespace tallytree
