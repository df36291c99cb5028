// Loads a short program that waits for each frame's time and writes the next row of the table into it.
#include "bench/live_frames.h"

#include <linux/bpf.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <system_error>
#include <vector>

namespace tallytree::traffic {
namespace {

/// The map's one value; then come the rows.
struct State {
  uint64_t position;
  uint64_t time;      // of the next frame, nanoseconds; 0: it is the first
  uint64_t interval;  // nanoseconds from frame to frame; 0: as fast as it goes
};
/// Turns of the loop that waits for one frame's time, as many as the verifier takes: a millisecond at least.
constexpr int32_t kMostTurns = 8'000;
constexpr uint32_t kMostAtATime = 64, kTimesPerSecond = 4000;

long bpf(bpf_cmd command, bpf_attr& attributes, const char* what) {
  const long result = syscall(SYS_bpf, command, &attributes, sizeof attributes);
  if (result < 0) throw std::system_error(errno, std::system_category(), what);
  return result;
}

uint64_t pointer(const void* to) { return reinterpret_cast<uintptr_t>(to); }

Descriptor make_table(std::span<const Varied> rows, uint32_t rate) {
  const State state{0, 0, rate == 0 ? 0 : 1'000'000'000 / rate};
  std::vector<uint8_t> value(sizeof state + rows.size_bytes());
  std::memcpy(value.data(), &state, sizeof state);
  std::memcpy(value.data() + sizeof state, rows.data(), rows.size_bytes());
  bpf_attr map{};
  map.map_type = BPF_MAP_TYPE_ARRAY;
  map.key_size = 4;
  map.value_size = static_cast<uint32_t>(value.size());
  map.max_entries = 1;
  Descriptor made(static_cast<int>(bpf(BPF_MAP_CREATE, map, "making the generator's table")));
  const uint32_t key = 0;
  bpf_attr element{};
  element.map_fd = static_cast<uint32_t>(made.get());
  element.key = pointer(&key);
  element.value = pointer(value.data());
  bpf(BPF_MAP_UPDATE_ELEM, element, "filling the generator's table");
  return made;
}

bpf_insn instruction(uint8_t code, uint8_t to, uint8_t from, int16_t offset, int32_t number) {
  bpf_insn made{};
  made.code = code;
  made.dst_reg = to & 0xf;
  made.src_reg = from & 0xf;
  made.off = offset;
  made.imm = number;
  return made;
}

bpf_insn load(uint8_t size, uint8_t to, uint8_t from, int16_t offset) {
  return instruction(BPF_LDX | size | BPF_MEM, to, from, offset, 0);
}

bpf_insn store(uint8_t to, uint8_t from, int16_t offset) {
  return instruction(BPF_STX | BPF_DW | BPF_MEM, to, from, offset, 0);
}

bpf_insn number(uint8_t operation, uint8_t to, int32_t value) {
  return instruction(BPF_ALU64 | BPF_K | operation, to, 0, 0, value);
}

bpf_insn registers(uint8_t operation, uint8_t to, uint8_t from) {
  return instruction(BPF_ALU64 | BPF_X | operation, to, from, 0, 0);
}

bpf_insn jump(uint8_t condition, uint8_t one, int32_t number, int16_t over) {
  return instruction(BPF_JMP | BPF_K | condition, one, 0, over, number);
}

/// r6: the context, r7: the state.
std::vector<bpf_insn> wait_code() {
  const bpf_insn look = instruction(BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_ktime_get_ns);
  return {
      load(BPF_DW, 8, 7, offsetof(State, interval)),
      jump(BPF_JEQ, 8, 0, 13),
      number(BPF_MOV, 9, 0),
      look,  // some 40 ns
      look,
      look,
      look,
      load(BPF_DW, 1, 7, offsetof(State, time)),
      instruction(BPF_JMP | BPF_JGE | BPF_X, 0, 1, 2, 0),
      number(BPF_ADD, 9, 1),
      jump(BPF_JLT, 9, kMostTurns, -8),
      jump(BPF_JNE, 1, 0, 1),
      registers(BPF_MOV, 1, 0),
      registers(BPF_ADD, 1, 8),
      store(7, 1, offsetof(State, time)),
  };
}

/// The same registers.
std::vector<bpf_insn> write_code() {
  constexpr auto at = static_cast<int16_t>(kVariedAt);
  const bpf_insn exit = instruction(BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
  return {
      load(BPF_W, 2, 6, 0),  // r2: the frame, r3: its end
      load(BPF_W, 3, 6, 4),
      registers(BPF_MOV, 4, 2),
      number(BPF_ADD, 4, kFrameSize),
      instruction(BPF_JMP | BPF_JGT | BPF_X, 4, 3, 13, 0),
      load(BPF_DW, 0, 7, offsetof(State, position)),  // r0: position++
      registers(BPF_MOV, 4, 0),
      number(BPF_ADD, 4, 1),
      store(7, 4, offsetof(State, position)),
      number(BPF_AND, 0, kTableSize - 1),
      number(BPF_LSH, 0, 4),
      registers(BPF_ADD, 7, 0),
      load(BPF_DW, 4, 7, sizeof(State)),
      store(2, 4, at),
      load(BPF_DW, 4, 7, sizeof(State) + 8),
      store(2, 4, at + 8),
      number(BPF_MOV, 0, XDP_PASS),
      exit,
      number(BPF_MOV, 0, XDP_DROP),
      exit,
  };
}

std::vector<bpf_insn> code(int table) {
  std::vector<bpf_insn> all{registers(BPF_MOV, 6, 1),
                            instruction(BPF_LD | BPF_DW | BPF_IMM, 7, BPF_PSEUDO_MAP_VALUE, 0, table),
                            instruction(0, 0, 0, 0, 0)};
  for (const auto& part : {wait_code(), write_code()}) all.insert(all.end(), part.begin(), part.end());
  return all;
}

Descriptor load_program(int table) {
  const std::vector<bpf_insn> instructions = code(table);
  bpf_attr program{};
  program.prog_type = BPF_PROG_TYPE_XDP;
  program.insns = pointer(instructions.data());
  program.insn_cnt = static_cast<uint32_t>(instructions.size());
  program.license = pointer("Apache-2.0");
  return Descriptor(static_cast<int>(bpf(BPF_PROG_LOAD, program, "loading the generator's XDP program")));
}

}  // namespace

LiveFrames::LiveFrames(const Frame& frame, std::span<const Varied> table, uint32_t rate)
    : frame_(frame),
      at_a_time_(rate == 0 ? kMostAtATime : std::clamp(rate / kTimesPerSecond, 1u, kMostAtATime)),
      table_(make_table(table, rate)),
      program_(load_program(table_.get())) {}

void LiveFrames::send(uint32_t ifindex, uint32_t count) {
  xdp_md context{};
  context.data_end = kFrameSize;
  context.ingress_ifindex = ifindex;
  bpf_attr run{};
  run.test.prog_fd = static_cast<uint32_t>(program_.get());
  run.test.data_in = pointer(frame_.data());
  run.test.data_size_in = kFrameSize;
  run.test.ctx_in = pointer(&context);
  run.test.ctx_size_in = sizeof context;
  run.test.flags = BPF_F_TEST_XDP_LIVE_FRAMES;
  run.test.repeat = count;
  run.test.batch_size = at_a_time_;
  bpf(BPF_PROG_TEST_RUN, run, "sending live frames");
}

}  // namespace tallytree::traffic
