// A list under a lock, which is taken when taps are opened and never for a packet.
#include "queue_crew.h"

#include <algorithm>
#include <mutex>

namespace tallytree::queue_crew {
namespace {

std::mutex mutex;
std::vector<std::weak_ptr<QueueReader>> readers;  // under mutex

}  // namespace

std::shared_ptr<QueueReader> join(uint16_t queue, int socket) {
  auto reader = std::make_shared<QueueReader>();
  reader->queue = queue;
  reader->socket = socket;
  const std::lock_guard lock(mutex);
  std::erase_if(readers, [](const auto& known) { return known.expired(); });
  readers.push_back(reader);
  return reader;
}

std::vector<std::shared_ptr<QueueReader>> members(uint16_t first, uint16_t count) {
  std::vector<std::shared_ptr<QueueReader>> found;
  const std::lock_guard lock(mutex);
  for (const auto& known : readers)
    if (auto reader = known.lock(); reader && reader->queue >= first && reader->queue - first < count)
      found.push_back(std::move(reader));
  std::ranges::sort(found, {}, &QueueReader::queue);
  return found;
}

}  // namespace tallytree::queue_crew
