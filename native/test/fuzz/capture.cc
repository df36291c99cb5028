// Fuzzing the readers of capture files, pcap and pcapng: every packet's bytes are there to be read.
#include <algorithm>
#include <stdexcept>

#include "core/capture_reader.h"
#include "target.h"

using namespace tallytree;

namespace {

class Memory : public ByteStream {
 public:
  explicit Memory(std::span<const uint8_t> bytes) : left_(bytes) {}
  size_t read(std::span<uint8_t> out) override {
    const size_t size = std::min(out.size(), left_.size());
    std::copy_n(left_.begin(), size, out.begin());
    left_ = left_.subspan(size);
    return size;
  }
  uint64_t position() const noexcept override { return 0; }

 private:
  std::span<const uint8_t> left_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    ByteWindow window(std::make_unique<Memory>(std::span(data, size)));
    const std::unique_ptr<CaptureReader> reader = open_capture(window);
    CapturedPacket packet;
    volatile unsigned sum = 0;
    while (reader->next(packet))
      for (const uint8_t byte : packet.bytes) sum = sum + byte;
  } catch (const std::runtime_error&) {
  }
  return 0;
}
