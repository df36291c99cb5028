// Looks, compares with the last look, opens and tells.
#include "namespace_watch.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>

#include <algorithm>
#include <array>
#include <exception>
#include <future>
#include <stdexcept>

#include "clocks.h"

namespace tallytree {
namespace {

constexpr int kLookEveryMs = 1000;
constexpr uint32_t kRetireMs = 8;  // a timer for each ring: those of many namespaces are to be idle
constexpr size_t kMostGaps = 32;

Descriptor open_event() {
  Descriptor event(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (event.get() < 0) throw_errno("opening an eventfd");
  return event;
}

/// Without it, or before there is such a folder, changes are seen a look later.
Descriptor watch_names() {
  Descriptor changes(inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (changes.get() >= 0) inotify_add_watch(changes.get(), "/run/netns", IN_CREATE | IN_DELETE | IN_ATTRIB);
  return changes;
}

std::unique_ptr<PacketSource> open_in(const std::string& path, const NamespaceWatch::Options& options) {
  enter_namespace(path);
  return std::make_unique<PacketSource>(options.ring_mib, Fanout::kAlone, options.tunnels, kRetireMs);
}

}  // namespace

void close_all(std::vector<std::unique_ptr<PacketSource>> sources) {
  std::vector<std::future<void>> closing;
  for (std::unique_ptr<PacketSource>& source : sources)
    closing.push_back(std::async(std::launch::async, [gone = std::move(source)]() mutable { gone.reset(); }));
}

NamespaceWatch::NamespaceWatch(const Options& options)
    : options_(options), news_fd_(open_event()), wake_fd_(open_event()), changes_fd_(watch_names()) {
  look(true);
  thread_ = std::thread([this] { run(); });
}

NamespaceWatch::~NamespaceWatch() {
  stopping_ = true;
  eventfd_write(wake_fd_.get(), 1);
  thread_.join();
}

void NamespaceWatch::run() {
  while (!stopping_) {
    wait();
    Sources discarded;
    {
      const std::lock_guard lock(mutex_);
      discarded.swap(discarded_);
    }
    close_all(std::move(discarded));
    try {
      look(false);
    } catch (const std::exception& error) {
      const std::lock_guard lock(mutex_);
      obstacle_ = error.what();
    }
  }
}

void NamespaceWatch::wait() noexcept {
  pollfd polled[] = {{wake_fd_.get(), POLLIN, 0}, {changes_fd_.get(), POLLIN, 0}};
  poll(polled, 2, kLookEveryMs);
  eventfd_t ignored;
  eventfd_read(wake_fd_.get(), &ignored);
  std::array<char, 4096> told;
  while (read(changes_fd_.get(), told.data(), told.size()) > 0) {
  }
}

void NamespaceWatch::look(bool is_first) {
  const uint64_t now = wall_clock_ns();
  if (is_first) looked_ns_ = now;
  std::vector<FoundNamespace> found = find_namespaces();
  std::erase_if(found, [this](const FoundNamespace& one) { return !is_wanted(one); });
  if (is_first && found.size() > kMost)
    throw std::runtime_error("there are " + std::to_string(found.size()) +
                             " network namespaces to tap, and " + std::to_string(kMost) +
                             " is the most: name some of them");
  note_missing_names(found);
  drop_missing(found);
  for (const FoundNamespace& one : found) follow(one);
  open_missing(found, is_first);
  looked_ns_ = now;
}

bool NamespaceWatch::is_wanted(const FoundNamespace& one) const {
  return options_.choice.all || options_.choice.names.contains(one.name);
}

void NamespaceWatch::note_missing_names(const std::vector<FoundNamespace>& found) {
  std::string missing;
  for (const std::string& name : options_.choice.names) {
    if (std::ranges::find(found, name, &FoundNamespace::name) == found.end())
      missing.append(missing.empty() ? "" : ", ").append(name);
  }
  const std::lock_guard lock(mutex_);
  obstacle_ = missing.empty() ? "" : "not there under /run/netns: " + missing;
}

void NamespaceWatch::drop_missing(const std::vector<FoundNamespace>& found) {
  std::erase_if(known_, [&](const auto& entry) {
    const auto& [inode, known] = entry;
    if (std::ranges::find(found, inode, &FoundNamespace::inode) != found.end()) return false;
    if (known.open) tell({inode, known.netns, known.container, nullptr, true});
    const std::lock_guard lock(mutex_);
    if (open_gaps_.erase(inode) > 0)
      gaps_.push_back({known.since_ns, wall_clock_ns(), "untapped", known.netns});
    return true;
  });
}

void NamespaceWatch::follow(const FoundNamespace& one) {
  const auto [place, is_new] = known_.try_emplace(one.inode);
  Known& known = place->second;
  if (is_new) known = {label_for(one), "", looked_ns_, false};
  if (one.containers.contains(known.container)) return;
  const bool is_other = known.container != one.first_container;
  known.container = one.first_container;
  if (known.open && is_other) tell({one.inode, known.netns, to_label(known.container), nullptr});
}

/// Each by a thread of its own: its sockets stay in the namespace when it ends, and no other thread was
/// there.
void NamespaceWatch::open_missing(const std::vector<FoundNamespace>& found, bool is_first) {
  auto room = kMost - static_cast<size_t>(
                          std::ranges::count_if(known_, [](const auto& entry) { return entry.second.open; }));
  std::vector<std::pair<const FoundNamespace*, std::future<std::unique_ptr<PacketSource>>>> opening;
  for (const FoundNamespace& one : found) {
    if (known_[one.inode].open) continue;
    if (room == 0)
      note_failure(one, std::runtime_error("at most " + std::to_string(kMost) + " can be tapped"));
    else
      opening.emplace_back(&one, std::async(std::launch::async, open_in, one.path, options_)), --room;
  }
  for (auto& [one, opened] : opening) {
    try {
      note_opened(*one, opened.get(), is_first);
    } catch (const std::system_error& error) {
      if (is_first && error.code().value() == EPERM) throw;
      note_failure(*one, error);
    } catch (const std::exception& error) {
      note_failure(*one, error);
    }
  }
}

void NamespaceWatch::note_opened(const FoundNamespace& one, std::unique_ptr<PacketSource> source,
                                 bool is_first) {
  Known& known = known_[one.inode];
  known.open = true;
  tell({one.inode, known.netns, to_label(known.container), std::move(source)});
  if (!is_first) note_gap(known, wall_clock_ns());
  const std::lock_guard lock(mutex_);
  open_gaps_.erase(one.inode);
}

void NamespaceWatch::note_failure(const FoundNamespace& one, const std::exception& error) {
  const Known& known = known_[one.inode];
  const std::lock_guard lock(mutex_);
  open_gaps_[one.inode] = {known.since_ns, 0, "untapped", known.netns};
  if (obstacle_.empty()) obstacle_ = "network namespace " + known.netns + ": " + error.what();
}

/// A name, or else the container, or else a process; each belongs to one namespace at a time.
std::string NamespaceWatch::label_for(const FoundNamespace& one) const {
  const std::array<std::string, 4> choices = {to_label(one.name), to_label(one.first_container),
                                              one.pid == 0 ? "" : "pid-" + std::to_string(one.pid),
                                              "net-" + std::to_string(one.inode)};
  const auto is_free = [this](const std::string& label) {
    return !label.empty() &&
           std::ranges::none_of(known_, [&](const auto& entry) { return entry.second.netns == label; });
  };
  return *std::ranges::find_if(choices, is_free);
}

void NamespaceWatch::tell(News news) {
  {
    const std::lock_guard lock(mutex_);
    news_.push_back(std::move(news));
  }
  eventfd_write(news_fd_.get(), 1);
}

/// Of too many the oldest two become one, of both their namespaces: of any.
void NamespaceWatch::note_gap(const Known& known, uint64_t to_ns) {
  const std::lock_guard lock(mutex_);
  gaps_.push_back({known.since_ns, to_ns, "untapped", known.netns});
  if (gaps_.size() <= kMostGaps) return;
  gaps_[1].from_ns = std::min(gaps_[0].from_ns, gaps_[1].from_ns);
  gaps_[1].to_ns = std::max(gaps_[0].to_ns, gaps_[1].to_ns);
  if (gaps_[1].netns != gaps_[0].netns) gaps_[1].netns = "all";
  gaps_.erase(gaps_.begin());
}

std::vector<NamespaceWatch::News> NamespaceWatch::take() {
  eventfd_t ignored;
  eventfd_read(news_fd_.get(), &ignored);
  const std::lock_guard lock(mutex_);
  return std::exchange(news_, {});
}

void NamespaceWatch::dispose(std::unique_ptr<PacketSource> source) {
  {
    const std::lock_guard lock(mutex_);
    discarded_.push_back(std::move(source));
  }
  eventfd_write(wake_fd_.get(), 1);
}

std::vector<Gap> NamespaceWatch::gaps() const {
  const std::lock_guard lock(mutex_);
  std::vector<Gap> all = gaps_;
  for (const auto& [inode, gap] : open_gaps_) all.push_back(gap);
  return all;
}

std::string NamespaceWatch::obstacle() const {
  const std::lock_guard lock(mutex_);
  return obstacle_;
}

}  // namespace tallytree
