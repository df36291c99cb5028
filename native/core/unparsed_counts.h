// How many packets could not be read, by reason: the same books in every source.
#pragma once

#include <array>
#include <cstdint>

#include "parse.h"
#include "source.h"

namespace tallytree {

class UnparsedCounts {
 public:
  void add(ParseError error) noexcept { ++counts_[static_cast<size_t>(error)]; }

  uint64_t sum() const noexcept {
    uint64_t all = 0;
    for (const uint64_t count : counts_) all += count;
    return all;
  }

  SourceStats::Causes named() const {
    SourceStats::Causes causes;
    for (const ParseError error : {ParseError::truncated, ParseError::not_ip, ParseError::malformed})
      causes.emplace_back(parse_error_name(error), counts_[static_cast<size_t>(error)]);
    return causes;
  }

 private:
  std::array<uint64_t, 5> counts_{};
};

}  // namespace tallytree
