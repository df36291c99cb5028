// Opening a source by its kind.
#include "open_source.h"

#include "convert.h"
#include "core/file_source.h"
#include "core/nfqueue_source.h"
#include "core/packet_source.h"

namespace tallytree::binding {

std::unique_ptr<Source> open_source(const Napi::Object& source) {
  const std::string kind = to_text(source.Get("kind"), "kind");
  if (kind == "packet") return std::make_unique<PacketSource>(field_or(source, "ringMiB", PacketSource::kDefaultRingMiB, 1, 4096));
  if (kind == "file") return std::make_unique<FileSource>(to_text(source.Get("path"), "path"));
  if (kind != "nfqueue") throw std::invalid_argument("kind must be \"packet\", \"nfqueue\" or \"file\"");
  NfqueueOptions options;
  options.queue = static_cast<uint16_t>(field_or(source, "queue", 8000, 0, 65535));
  options.guard = to_text(source.Get("guard"), "guard");
  options.agent_port = static_cast<uint16_t>(field_or(source, "agentPort", 8000, 1, 65535));
  return std::make_unique<NfqueueSource>(options);
}

}  // namespace tallytree::binding
