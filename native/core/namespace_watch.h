// Keeps a packet source open in each network namespace that is wanted.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "descriptor.h"
#include "gaps.h"
#include "network_namespaces.h"
#include "packet_source.h"

namespace tallytree {

/// All at once, for each waits for the kernel, some 20 ms.
void close_all(std::vector<std::unique_ptr<PacketSource>> sources);

/// On a thread of its own, which looks every second, and at once when /run/netns changes: so whoever counts
/// waits for nothing. A socket keeps its namespace alive, so one that went from /run/netns and has no process
/// any more must be given back soon. A process that keeps one by a descriptor alone is not seen.
class NamespaceWatch {
 public:
  using Sources = std::vector<std::unique_ptr<PacketSource>>;

  /// Besides our own.
  static constexpr size_t kMost = 256;

  struct Options {
    NamespaceChoice choice;
    uint32_t ring_mib = 1;  ///< of each
    Tunnels tunnels;
  };

  /// One that came, or whose container is another one now.
  struct News {
    uint64_t inode;
    std::string netns;
    std::string container;
    std::unique_ptr<PacketSource> source;  ///< of one that came
    bool gone = false;
  };

  /// Opens those that are there. Throws std::system_error when that is not allowed, std::runtime_error when
  /// there are more than kMost.
  explicit NamespaceWatch(const Options& options);
  ~NamespaceWatch();
  NamespaceWatch(const NamespaceWatch&) = delete;
  NamespaceWatch& operator=(const NamespaceWatch&) = delete;

  /// Readable when there are news.
  int descriptor() const noexcept { return news_fd_.get(); }
  std::vector<News> take();

  /// Closes it here, for that waits for the kernel.
  void dispose(std::unique_ptr<PacketSource> source);

  /// From the look before one was seen until its source stood; those without a source yet are open.
  std::vector<Gap> gaps() const;
  /// Which of the wanted ones are not read, and why; empty: all are.
  std::string obstacle() const;

 private:
  struct Known {
    std::string netns;
    std::string container;
    uint64_t since_ns = 0;  // of one without a source: when it was not there yet
    bool open = false;
  };

  void run();
  void wait() noexcept;
  void look(bool is_first);
  void drop_missing(const std::vector<FoundNamespace>& found);
  void follow(const FoundNamespace& one);
  void open_missing(const std::vector<FoundNamespace>& found, bool is_first);
  void note_opened(const FoundNamespace& one, std::unique_ptr<PacketSource> source, bool is_first);
  void note_failure(const FoundNamespace& one, const std::exception& error);
  void note_missing_names(const std::vector<FoundNamespace>& found);
  std::string label_for(const FoundNamespace& one) const;
  bool is_wanted(const FoundNamespace& one) const;
  void tell(News news);
  void note_gap(const Known& known, uint64_t to_ns);

  Options options_;
  Descriptor news_fd_, wake_fd_, changes_fd_;
  std::map<uint64_t, Known> known_;  // by inode
  uint64_t looked_ns_ = 0;           // the last time before

  mutable std::mutex mutex_;
  std::vector<News> news_;             // under mutex_
  Sources discarded_;                  // under mutex_
  std::vector<Gap> gaps_;              // under mutex_
  std::map<uint64_t, Gap> open_gaps_;  // under mutex_, by inode
  std::string obstacle_;               // under mutex_
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

}  // namespace tallytree
