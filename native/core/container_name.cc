// Containers by control groups (cgroups(7)), and names as labels.
#include <algorithm>
#include <array>
#include <cctype>
#include <cstdio>
#include <vector>

#include "key_text.h"
#include "labels.h"
#include "network_namespaces.h"
#include "siphash.h"

namespace tallytree {
namespace {

constexpr size_t kIdDigits = 64, kShownDigits = 12;

bool is_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

/// A run of exactly 64 digits in a part of a path; conmon is Podman's keeper, outside of its container.
std::string id_in(std::string_view part) {
  if (part.find("conmon") != std::string_view::npos) return "";
  for (size_t at = 0; at < part.size();) {
    const size_t start = at;
    while (at < part.size() && is_hex(part[at])) ++at;
    if (at - start == kIdDigits) return std::string(part.substr(start, kShownDigits));
    if (at == start) ++at;
  }
  return "";
}

/// What is between, or nothing.
std::string_view within(std::string_view text, std::string_view before, std::string_view after) {
  if (!text.starts_with(before) || !text.ends_with(after)) return {};
  return text.size() < before.size() + after.size()
             ? std::string_view{}
             : text.substr(before.size(), text.size() - before.size() - after.size());
}

/// systemd.unit(5): \xNN in the names of units.
std::string unescaped(std::string_view name) {
  std::string plain;
  for (size_t i = 0; i < name.size(); ++i) {
    unsigned code = 0;
    const bool is_escape = name.substr(i).starts_with("\\x") && i + 4 <= name.size();
    if (is_escape && std::sscanf(std::string(name.substr(i + 2, 2)).c_str(), "%2x", &code) == 1) {
      plain += static_cast<char>(code);
      i += 3;
    } else {
      plain += name[i];
    }
  }
  return plain;
}

std::string container_in(std::string_view part, std::string_view above) {
  const std::string id = id_in(part);
  if (!id.empty()) return id;
  if (above == "machine.slice") {
    for (const auto& [before, after] : {std::pair{"machine-", ".scope"}, {"systemd-nspawn@", ".service"}})
      if (const auto name = within(part, before, after); !name.empty()) return unescaped(name);
  }
  if (above == "lxc") return std::string(part);
  return std::string(within(part, "lxc.payload.", ""));
}

bool is_plain(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
         std::string_view(".-_:@+").find(c) != std::string_view::npos;
}

std::string in_hex(const char* form, uint64_t value) {
  std::array<char, 20> text{};
  std::snprintf(text.data(), text.size(), form, value);
  return text.data();
}

uint64_t hash_of(std::string_view text) {
  std::vector<uint8_t> padded((text.size() + 7) / 8 * 8);
  std::ranges::copy(text, padded.begin());
  return siphash13({}, padded.data(), padded.size() / 8);
}

}  // namespace

std::string container_of(std::string_view cgroups) {
  std::string innermost;
  for (const std::string_view line : split(cgroups, '\n')) {
    std::string_view above;
    for (const std::string_view part : split(line, '/')) {
      std::string found = container_in(part, above);
      if (!found.empty()) innermost = std::move(found);
      above = part;
    }
    if (!innermost.empty()) break;  // of the hierarchies of version 1 all say the same
  }
  return innermost;
}

std::string to_label(std::string_view name) {
  const bool is_reserved = name == "own" || name == "all" || name == Labels::kNone;
  std::string label;
  for (size_t i = 0; i < name.size(); ++i) {
    const bool stays = is_plain(name[i]) && !(is_reserved && i == 0);
    label += stays ? std::string(1, name[i]) : in_hex("%%%02lx", static_cast<uint8_t>(name[i]));
  }
  if (label.size() <= Labels::kMostText) return label;
  return label.substr(0, Labels::kMostText - 17) + "~" + in_hex("%016lx", hash_of(name));
}

}  // namespace tallytree
