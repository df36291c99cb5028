// The seam between the kernel and the counting engine: one implementation a kernel mechanism.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "gaps.h"
#include "interest.h"
#include "labels.h"
#include "packet.h"

namespace tallytree {

/// How far a capture file was read, and how it ended.
struct FileState {
  uint64_t position = 0;  ///< bytes of the file as it lies there
  uint64_t size = 0;      ///< 0: unknown (a pipe)
  uint64_t first_ns = 0;  ///< earliest and latest time stamp so far, since 1970
  uint64_t last_ns = 0;
  std::string failure;  ///< why it ended before its end: file, byte and reason; empty: it did not
};

/// Named 64-bit sums since the source was opened, in socket buffers ("skbs") as the kernel hands them over.
/// The books balance: seen = read + sum(lost) + sum(unparsed) + sum(ignored).
struct SourceStats {
  using Causes = std::vector<std::pair<std::string, uint64_t>>;
  uint64_t seen = 0;  ///< reached the tap, lost ones included
  uint64_t read = 0;  ///< handed to the engine as a Packet
  Causes lost;        ///< by cause: "ring", "queue", "socket", "uncounted", "namespace"
  Causes unparsed;    ///< by reason: "truncated", "not_ip", "malformed", ...
  Causes ignored;     ///< not this host's traffic or already seen: "other_host", "loopback", "bridge_port"
  uint64_t super_packets = 0;           ///< how many of `read` carried more than one wire packet
  uint64_t estimated = 0;               ///< of how many of those the wire packets are estimated
  std::vector<Gap> gaps;                ///< when the source was not there, however many packets passed then
  std::string obstacle;                 ///< why it is not there now; empty: it is
  std::vector<std::string> namespaces;  ///< labels of those that it reads besides our own
  uint64_t unopened = 0;          ///< of `read`: tunnels whose content, asked for, is cut off or damaged
  std::optional<FileState> file;  ///< of a file
};

/// Owned and used by one tap thread. Constructors open and throw std::system_error with a sentence
/// ("opening an AF_PACKET socket"); everything below is noexcept and, but for stats(), allocation-free.
class Source {
 public:
  Source() = default;
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;
  virtual ~Source() = default;

  /// Fills up to out.size() packets, at least two, that are ready now, without waiting. 0: none ready. While
  /// somebody asks for it, what a tunnel carries is a packet too, right behind the tunnel's own.
  virtual size_t read(std::span<Packet> out) noexcept = 0;

  /// Whether the last read() took all that was there: what comes later makes a descriptor readable, so it is
  /// not asked for again before that.
  virtual bool drained() const noexcept { return false; }

  /// What to find out from now on.
  virtual void heed(const Interest& interest) noexcept { verdicts_.ask(interest.frames); }

  /// Whether what heed() was told last is found out by now, or stats() says why not. At most some tenths
  /// of a second later.
  virtual bool heeds() noexcept { return true; }

  /// For each packet of the last read() the bits of the frame filters that its frame matches; empty: nobody
  /// asks for any.
  std::span<const uint64_t> verdicts() const noexcept {
    return verdicts_.asked() ? verdicts_.bits() : std::span<const uint64_t>{};
  }

  /// Descriptors to poll (POLLIN) before the next read; empty: always ready (a file).
  virtual std::span<const int> descriptors() const noexcept = 0;

  /// Socket buffers the kernel had accepted for this source up to now, lost ones included.
  virtual uint64_t offered() noexcept = 0;

  /// How many of those are behind us: read, lost, unparsed or ignored. An answer that waits until
  /// settled() >= the offered() of its asking misses no packet that was there when it was asked.
  virtual uint64_t settled() noexcept = 0;

  /// How long packets may wait, so that a wake-up finds many of them, when `packets` came since it was asked
  /// last. 0: none may, for somebody waits for them.
  virtual std::chrono::microseconds rest([[maybe_unused]] size_t packets) noexcept { return {}; }

  /// Fewer since it was asked last, and each is read at once.
  static constexpr size_t kMany = 64;

  /// A rest() for those whose buffer holds far more than comes in a few milliseconds.
  static constexpr std::chrono::microseconds buffered(size_t packets) noexcept {
    return std::chrono::milliseconds(packets >= kMany ? 3 : 0);
  }

  /// Called at least every 250 ms by the tap thread, busy or idle (housekeeping, sign of life).
  virtual void tick() noexcept {}

  /// True once no packet can come any more (end of file, device gone for good).
  virtual bool ended() const noexcept { return false; }

  virtual SourceStats stats() = 0;

  /// What its packets are labelled with.
  const std::shared_ptr<Labels>& labels() const noexcept { return labels_; }

 protected:
  FrameVerdicts verdicts_;

 private:
  std::shared_ptr<Labels> labels_ = std::make_shared<Labels>();
};

}  // namespace tallytree
