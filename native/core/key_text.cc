// Numbers and addresses as text.
#include "key_text.h"

#include <arpa/inet.h>

#include <charconv>
#include <stdexcept>

namespace tallytree {

std::string quoted(std::string_view text) {
  std::string quoted = "\"";  // put together by +, it makes GCC 12 warn of memory it does not touch
  quoted += text.substr(0, 64);
  return quoted += '"';
}

uint32_t parse_number(std::string_view text, uint32_t most, const char* what) {
  uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value > most)
    throw std::invalid_argument(quoted(text) + " is not a " + what + " (0 to " + std::to_string(most) + ")");
  return value;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const size_t at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

int parse_address(std::string_view text, uint8_t* out) {
  const std::string zero_ended(text.substr(0, 64));
  if (inet_pton(AF_INET, zero_ended.c_str(), out) == 1) return 4;
  if (inet_pton(AF_INET6, zero_ended.c_str(), out) == 1) return 6;
  throw std::invalid_argument(quoted(text) + " is not an IPv4 or IPv6 address");
}

std::string print_address(const uint8_t* bytes, size_t size) {
  char text[INET6_ADDRSTRLEN];
  inet_ntop(size == 4 ? AF_INET : AF_INET6, bytes, text, sizeof text);
  return text;
}

}  // namespace tallytree
