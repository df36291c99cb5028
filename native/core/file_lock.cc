// File locks by flock(2), which no other descriptor of this process can undo.
#include "file_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace tallytree {

int lock_file(const std::string& path) {
  const int file = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (file < 0) throw std::system_error(errno, std::system_category(), "opening " + path);
  if (flock(file, LOCK_EX | LOCK_NB) == 0) return file;
  const int reason = errno;
  close(file);
  if (reason == EWOULDBLOCK) return -1;
  throw std::system_error(reason, std::system_category(), "locking " + path);
}

}  // namespace tallytree
