// The dictionary of labels: a hash that everybody knows, and what to do when two texts share it.
#include "labels.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <stdexcept>

#include "errors.h"
#include "siphash.h"

namespace tallytree {
namespace {

constexpr Secret kKnownToAll{0x74616c6c79747265, 0x65206c6162656c73};

std::string shared_number(std::string_view text, const std::string& other) {
  std::string sentence = "the labels \"";
  sentence.append(text).append("\" and \"").append(other);
  return sentence + "\" have the same number and cannot be told apart: rename one of them";
}

}  // namespace

uint32_t Labels::number_of(std::string_view text) noexcept {
  if (text.empty() || text == kNone) return 0;
  std::array<uint8_t, kMostText> padded{};
  const size_t size = std::min(text.size(), padded.size());
  std::memcpy(padded.data(), text.data(), size);
  const auto number = static_cast<uint32_t>(siphash13(kKnownToAll, padded.data(), (size + 7) / 8));
  return number == 0 ? 1 : number;
}

uint32_t Labels::add(std::string_view text) {
  const uint32_t number = number_of(text);
  if (number == 0) return 0;
  const std::lock_guard lock(mutex_);
  const auto found = texts_.find(number);
  if (found == texts_.end()) {
    if (texts_.size() == kMost) throw std::length_error("there were too many labels: restart the monitor");
    texts_.emplace(number, text);
  } else if (found->second != text) {
    throw Incompatible(shared_number(text, found->second));
  }
  return number;
}

void Labels::add_all(const Labels& others) {
  if (&others == this) return;
  std::map<uint32_t, std::string> theirs;
  {
    const std::lock_guard lock(others.mutex_);
    theirs = others.texts_;
  }
  for (const auto& [number, text] : theirs) add(text);
}

std::string Labels::text(uint32_t number) const {
  if (number == 0) return kNone;
  const std::lock_guard lock(mutex_);
  const auto found = texts_.find(number);
  if (found != texts_.end()) return found->second;
  std::array<char, 10> digits{};
  std::snprintf(digits.data(), digits.size(), "#%08x", number);
  return digits.data();
}

uint32_t Labels::find(std::string_view text) const {
  const uint32_t number = number_of(text);
  if (number == 0) return 0;
  const std::lock_guard lock(mutex_);
  const auto found = texts_.find(number);
  if (found != texts_.end() && found->second != text)
    throw std::invalid_argument(shared_number(text, found->second));
  return number;
}

void Labels::set_own(std::string_view netns, std::string_view container) {
  places_.front() = {add(netns), add(container)};
}

uint32_t Labels::add_place(std::string_view netns, std::string_view container) {
  if (places_.size() == kMost)
    throw std::length_error("there were too many network namespaces: restart the monitor");
  places_.push_back({add(netns), add(container)});
  return static_cast<uint32_t>(places_.size() - 1);
}

}  // namespace tallytree
