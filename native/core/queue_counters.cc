// Columns: number, portid, waiting, copy mode, copy range, queue_dropped, user_dropped, last id, 1.
#include "queue_counters.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace tallytree {
namespace {

bool parse_columns(std::string_view line, std::span<uint32_t> out) noexcept {
  for (uint32_t& value : out) {
    line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
    const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), value);
    if (error != std::errc()) return false;
    line.remove_prefix(static_cast<size_t>(end - line.data()));
  }
  return true;
}

}  // namespace

bool find_row(std::string_view text, uint16_t number, std::span<uint32_t> columns) noexcept {
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    if (parse_columns(text.substr(0, end), columns) && columns[0] == number) return true;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return false;
}

bool find_queue(std::string_view text, uint16_t queue, QueueCounters& out) noexcept {
  std::array<uint32_t, 8> columns{};
  if (!find_row(text, queue, columns)) return false;
  out = {columns[2], columns[5], columns[6], columns[7]};
  return true;
}

bool read_queue(int file, uint16_t queue, QueueCounters& out) noexcept {
  std::array<char, 8192> text;
  const ssize_t size = pread(file, text.data(), text.size(), 0);
  return size > 0 && find_queue({text.data(), static_cast<size_t>(size)}, queue, out);
}

}  // namespace tallytree
