// Compiles an expression for each link type, and runs the programs.
#include "frame_filter.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <stdexcept>

#include "capture_filter.h"

namespace tallytree {
namespace {

constexpr std::array<int, 4> kLinkTypes = {DLT_EN10MB, DLT_RAW, DLT_LINUX_SLL, DLT_LINUX_SLL2};
static_assert(static_cast<size_t>(LinkType::linux_sll2) == kLinkTypes.size() - 1);

constexpr size_t kAddresses = 12, kTag = 4, kLongest = 2048;

bool runs(const std::vector<bpf_insn>& program, std::span<const uint8_t> bytes, uint32_t length) noexcept {
  const auto captured = static_cast<u_int>(bytes.size());
  return !program.empty() &&
         bpf_filter(program.data(), bytes.data(), std::max<u_int>(length, captured), captured) != 0;
}

}  // namespace

FrameFilter::FrameFilter(const std::string& expression, LinkType link) : expression_(expression) {
  for (size_t type = 0; type < kLinkTypes.size(); ++type) {
    try {
      programs_[type] = compile_for_link(kLinkTypes[type], expression);
    } catch (const std::invalid_argument&) {
      if (type == static_cast<size_t>(link)) throw;
    }
  }
}

/// The expression sees the frame as it was on the wire: with its tag.
bool FrameFilter::matches(const Frame& frame) const noexcept {
  const std::vector<bpf_insn>& program = programs_[static_cast<size_t>(frame.link)];
  if (frame.vlan_type == 0 || frame.bytes.size() < kAddresses)
    return runs(program, frame.bytes, frame.original_length);
  std::array<uint8_t, kLongest> whole;
  const size_t rest = std::min(frame.bytes.size() - kAddresses, whole.size() - kAddresses - kTag);
  std::memcpy(whole.data(), frame.bytes.data(), kAddresses);
  const uint16_t tag[] = {__builtin_bswap16(frame.vlan_type), __builtin_bswap16(frame.vlan_tag)};
  std::memcpy(whole.data() + kAddresses, tag, kTag);
  std::memcpy(whole.data() + kAddresses + kTag, frame.bytes.data() + kAddresses, rest);
  return runs(program, {whole.data(), kAddresses + kTag + rest}, frame.original_length + kTag);
}

void FrameVerdicts::judge(size_t place, const Frame& frame) noexcept {
  uint64_t bits = 0;
  for (size_t i = 0; i < filters_.size(); ++i) bits |= uint64_t{filters_[i]->matches(frame)} << i;
  bits_[place] = bits;
}

}  // namespace tallytree
