// Filter expressions in libpcap's language (pcap-filter(7)), compiled for one way of traffic on a device.
#pragma once

#include <pcap/pcap.h>

#include <string>
#include <vector>

namespace tallytree {

/// Which packets of a device a capture takes: those that come in and are for this host, or those that leave.
enum class Way : uint8_t { input, output };

/// The expression's program for frames of a link type, a DLT_ number. Throws std::invalid_argument with
/// libpcap's own words when it is none, or makes no sense there.
std::vector<bpf_insn> compile_for_link(int link_type, const std::string& expression);

/// The expression's program for that capture, behind a test of the way: the kernel knows it beside the
/// packet (SKF_AD_PKTTYPE). Throws as above, for what makes no sense on the capture's link type too.
std::vector<bpf_insn> compile_capture_filter(pcap_t* capture, const std::string& expression, Way way);

}  // namespace tallytree
