// The words of keys and filters: pieces of text to numbers and addresses, and back; private to key*.cc.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tallytree {

/// As errors show it, shortened.
std::string quoted(std::string_view text);
std::vector<std::string_view> split(std::string_view text, char separator);

/// From 0 to `most`. Throws std::invalid_argument: "x" is not a `what`.
uint32_t parse_number(std::string_view text, uint32_t most, const char* what);
/// 4 or 6, the address's bytes in `out`. Throws std::invalid_argument.
int parse_address(std::string_view text, uint8_t* out);
/// RFC 5952 by glibc's inet_ntop, which follows it but for mapped forms, which are kept mapped.
std::string print_address(const uint8_t* bytes, size_t size);

}  // namespace tallytree
