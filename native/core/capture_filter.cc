// Compiles, and puts three instructions before what was compiled.
#include "capture_filter.h"

#include <linux/filter.h>
#include <linux/if_packet.h>

#include <memory>
#include <stdexcept>

namespace tallytree {
namespace {

constexpr uint32_t kWholePacket = 262144;

struct PcapCloser {
  void operator()(pcap_t* capture) const noexcept { pcap_close(capture); }
};

std::vector<bpf_insn> compile(pcap_t* capture, const std::string& expression) {
  bpf_program program{};
  if (pcap_compile(capture, &program, expression.c_str(), 1, PCAP_NETMASK_UNKNOWN) != 0)
    throw std::invalid_argument(pcap_geterr(capture));
  std::vector<bpf_insn> instructions(program.bf_insns, program.bf_insns + program.bf_len);
  pcap_freecode(&program);
  return instructions;
}

bpf_insn instruction(u_short code, uint32_t value, u_char if_true = 0, u_char if_not = 0) {
  return {code, if_true, if_not, value};
}

}  // namespace

std::vector<bpf_insn> compile_for_link(int link_type, const std::string& expression) {
  const std::unique_ptr<pcap_t, PcapCloser> dead(pcap_open_dead(link_type, kWholePacket));
  return compile(dead.get(), expression);
}

std::vector<bpf_insn> compile_capture_filter(pcap_t* capture, const std::string& expression, Way way) {
  const std::vector<bpf_insn> compiled = compile(capture, expression);
  const auto type = static_cast<uint32_t>(SKF_AD_OFF + SKF_AD_PKTTYPE);
  std::vector<bpf_insn> program = {instruction(BPF_LD | BPF_B | BPF_ABS, type)};
  // Host, broadcast and multicast come in this order before "for another host" and "outgoing".
  program.push_back(way == Way::output ? instruction(BPF_JMP | BPF_JEQ | BPF_K, PACKET_OUTGOING, 1, 0)
                                       : instruction(BPF_JMP | BPF_JGT | BPF_K, PACKET_MULTICAST, 0, 1));
  program.push_back(instruction(BPF_RET | BPF_K, 0));
  program.insert(program.end(), compiled.begin(), compiled.end());
  return program;
}

}  // namespace tallytree
