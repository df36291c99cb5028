// Filter expressions in libpcap's language (pcap-filter(7)), compiled for one way of traffic on a device.
#pragma once

#include <pcap/pcap.h>

#include <string>
#include <vector>

namespace tallytree {

/// Which packets of a device a capture takes: those that come in and are for this host, or those that leave.
enum class Way : uint8_t { input, output };

/// Throws std::invalid_argument with libpcap's own words when the expression is none.
void check_capture_filter(const std::string& expression);

/// The expression's program for that capture, behind a test of the way: the kernel knows it beside the
/// packet (SKF_AD_PKTTYPE). Throws as above, for what makes no sense on the capture's link type too.
std::vector<bpf_insn> compile_capture_filter(pcap_t* capture, const std::string& expression, Way way);

}  // namespace tallytree
