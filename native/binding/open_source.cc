// One case a kind of source.
#include "open_source.h"

#include "convert.h"
#include "core/cap_source.h"
#include "core/file_source.h"
#include "core/namespaces_source.h"
#include "core/nflog_source.h"
#include "core/nfqueue_source.h"
#include "core/packet_source.h"
#include "core/pcap_source.h"

namespace tallytree::binding {
namespace {

Tunnels to_tunnels(const Napi::Object& source) {
  return {static_cast<uint16_t>(field_or(source, "vxlanPort", Tunnels{}.vxlan_port, 1, 65535))};
}

NamespaceChoice to_choice(const Napi::Value& value) {
  if (value.IsString()) return {true, {}};
  const std::vector<std::string> names = to_text_list(value);
  return {false, {names.begin(), names.end()}};
}

std::unique_ptr<Source> open_packet_source(const Napi::Object& source, Napi::Object tap) {
  const auto ring = field_or(source, "ringMiB", PacketSource::kDefaultRingMiB, 1, 4096);
  if (!source.Get("netns").IsUndefined()) {
    const NamespaceChoice choice = to_choice(source.Get("netns"));
    return std::make_unique<NamespacesSource>(
        NamespacesOptions{choice, static_cast<uint32_t>(ring), to_tunnels(source)});
  }
  const auto group = field_or(source, "group", Fanout::kAlone, Fanout::kAlone, 65535);
  auto opened = std::make_unique<PacketSource>(static_cast<uint32_t>(ring), static_cast<int>(group),
                                               to_tunnels(source));
  tap.Set("group", opened->group());
  return opened;
}

std::unique_ptr<Source> open_file_source(const Napi::Object& source) {
  const bool any = source.Get("anyDirection").ToBoolean();
  const auto directions = any ? FileSource::Directions::any : FileSource::Directions::as_told;
  return std::make_unique<FileSource>(to_text(source.Get("path"), "path"), directions, to_tunnels(source));
}

std::unique_ptr<Source> open_nflog_source(const Napi::Object& source) {
  NflogOptions options;
  options.group = static_cast<uint16_t>(field_or(source, "group", options.group, 0, 65535));
  options.buffer_mib = static_cast<uint32_t>(field_or(source, "ringMiB", options.buffer_mib, 1, 1024));
  options.guard = to_text(source.Get("guard"), "guard");
  options.tunnels = to_tunnels(source);
  return std::make_unique<NflogSource>(options);
}

std::unique_ptr<Source> open_cap_source(const Napi::Object& source) {
  CapOptions options;
  options.node = to_text(source.Get("node"), "node");
  options.program = to_text(source.Get("program"), "program");
  options.device = to_text(source.Get("device"), "device");
  options.filter = text_or(source, "filter", "");
  return std::make_unique<CapSource>(options);
}

std::unique_ptr<Source> open_pcap_source(const Napi::Object& source) {
  PcapOptions options;
  options.device = text_or(source, "device", "");
  options.filter = text_or(source, "filter", "");
  options.buffer_mib = static_cast<uint32_t>(field_or(source, "ringMiB", options.buffer_mib, 1, 4096));
  options.tunnels = to_tunnels(source);
  return std::make_unique<PcapSource>(options);
}

std::unique_ptr<Source> open_nfqueue_source(const Napi::Object& source) {
  NfqueueOptions options;
  options.queue = static_cast<uint16_t>(field_or(source, "queue", 8000, 0, 65535));
  options.queues = static_cast<uint16_t>(field_or(source, "cores", 1, 1, 64));
  options.leads = !source.Get("follows").ToBoolean();
  options.guard = to_text(source.Get("guard"), "guard");
  options.agent_port = static_cast<uint16_t>(field_or(source, "agentPort", 8000, 1, 65535));
  options.tunnels = to_tunnels(source);
  return std::make_unique<NfqueueSource>(options);
}

std::unique_ptr<Source> open_kind(const std::string& kind, const Napi::Object& source, Napi::Object tap) {
  if (kind == "packet") return open_packet_source(source, tap);
  if (kind == "file") return open_file_source(source);
  if (kind == "pcap") return open_pcap_source(source);
  if (kind == "cap") return open_cap_source(source);
  if (kind == "nflog") return open_nflog_source(source);
  if (kind != "nfqueue")
    throw std::invalid_argument("kind must be packet, nfqueue, nflog, pcap, cap or file");
  return open_nfqueue_source(source);
}

}  // namespace

std::unique_ptr<Source> open_source(const Napi::Object& source, Napi::Object tap) {
  const std::string kind = to_text(source.Get("kind"), "kind");
  auto opened = open_kind(kind, source, tap);
  if (kind == "file") return opened;
  const FoundNamespace own = own_namespace();
  const auto label = [](const std::string& name, const char* otherwise) {
    return name.empty() ? otherwise : to_label(name);
  };
  opened->labels()->set_own(label(own.name, "own"), label(own.first_container, Labels::kNone));
  return opened;
}

}  // namespace tallytree::binding
