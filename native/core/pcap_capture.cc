// pcap(3PCAP): create, set, activate, filter, then read without waiting.
#include "pcap_capture.h"

#include <linux/filter.h>
#include <poll.h>
#include <sys/socket.h>

#include <stdexcept>
#include <system_error>

#include "capture_reader.h"
#include "descriptor.h"

namespace tallytree {
namespace {

constexpr int kNoWait = 1;
constexpr int kWritingMs = 1;  // a packet may be on its way into the ring

/// What a program that accepts a packet answers is how much of it is kept.
void set_kept_bytes(std::vector<bpf_insn>& filter, uint32_t bytes) noexcept {
  for (bpf_insn& one : filter)
    if (one.code == (BPF_RET | BPF_K) && one.k != 0) one.k = bytes;
}

[[noreturn]] void refuse(int status, const std::string& what, const std::string& words) {
  const bool denied = status == PCAP_ERROR_PERM_DENIED || status == PCAP_ERROR_PROMISC_PERM_DENIED;
  if (denied) throw std::system_error(EPERM, std::generic_category(), what);
  if (status == PCAP_ERROR_NO_SUCH_DEVICE) throw std::system_error(ENODEV, std::generic_category(), what);
  if (status == PCAP_ERROR_IFACE_NOT_UP) throw std::system_error(ENETDOWN, std::generic_category(), what);
  throw std::runtime_error(what + ": " + words);
}

}  // namespace

PcapCapture::PcapCapture(const std::string& device, Way way, const std::string& filter, int buffer_bytes) {
  char error[PCAP_ERRBUF_SIZE] = "";
  capture_.reset(pcap_create(device.c_str(), error));
  if (!capture_) throw std::runtime_error("capturing on " + device + ": " + error);
  pcap_set_snaplen(capture_.get(), kDeepSnapLength);
  pcap_set_buffer_size(capture_.get(), buffer_bytes);
  pcap_set_tstamp_precision(capture_.get(), PCAP_TSTAMP_PRECISION_NANO);
  // Each packet can be read as soon as it is there: then an empty ring means that all are settled.
  pcap_set_immediate_mode(capture_.get(), 1);
  activate(device);
  filter_ = compile_capture_filter(capture_.get(), filter, way);
  begin();
}

void PcapCapture::activate(const std::string& device) {
  char error[PCAP_ERRBUF_SIZE] = "";
  const int status = pcap_activate(capture_.get());
  if (status < 0) refuse(status, "capturing on " + device, pcap_geterr(capture_.get()));
  if (pcap_setnonblock(capture_.get(), kNoWait, error) != 0)
    throw std::runtime_error("capturing on " + device + ": " + error);
  const auto link = link_type_of(static_cast<uint16_t>(pcap_datalink(capture_.get())));
  if (!link) throw std::runtime_error("capturing on " + device + ": its link type is not supported");
  link_ = *link;
}

/// The filter is the kernel's alone: libpcap would test the first packets itself, and knows nothing of their
/// way. What came before it stands does not count: first nothing passes, then what is there is forgotten.
void PcapCapture::begin() {
  const bpf_insn nothing{BPF_RET | BPF_K, 0, 0, 0};
  attach({&nothing, 1});
  const auto forget = [](u_char*, const pcap_pkthdr*, const u_char*) {};
  poll(nullptr, 0, kWritingMs);
  while (pcap_dispatch(capture_.get(), -1, forget, nullptr) > 0) {
  }
  update_statistics();
  offered_ = lost_ = 0;
  set_kept_bytes(filter_, kSnapLength);
  attach(filter_);
}

void PcapCapture::keep(uint32_t bytes) noexcept {
  set_kept_bytes(filter_, bytes);
  try {
    attach(filter_);
  } catch (const std::system_error&) {
    // No memory for it: the old one stays, and what it cuts off is counted as cut off.
  }
}

void PcapCapture::attach(std::span<const bpf_insn> filter) {
  std::vector<sock_filter> instructions;
  for (const bpf_insn& one : filter) instructions.push_back({one.code, one.jt, one.jf, one.k});
  const sock_fprog program{static_cast<unsigned short>(instructions.size()), instructions.data()};
  if (setsockopt(pcap_fileno(capture_.get()), SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) != 0)
    throw_errno("attaching the filter of a capture");
}

int PcapCapture::dispatch(int limit, pcap_handler handler, void* user) noexcept {
  const int count = pcap_dispatch(capture_.get(), limit, handler, static_cast<u_char*>(user));
  if (count > 0) handed_over_ += static_cast<uint64_t>(count);
  return count < 0 ? -1 : count;
}

/// ps_ifdrop is left out: it counts what the device threw away before any capture, for reasons of its own.
void PcapCapture::update_statistics() noexcept {
  pcap_stat now{};
  if (pcap_stats(capture_.get(), &now) != 0) return;
  offered_ += now.ps_recv - last_.ps_recv;  // on Linux with those that it dropped
  lost_ += now.ps_drop - last_.ps_drop;
  last_ = now;
}

}  // namespace tallytree
