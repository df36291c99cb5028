// Two locks on a file named by the network namespace: flock(2) is ours and our children's, fcntl(2) is ours
// alone. Its text says whether the holder is ending.
#include "lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string_view>

namespace tallytree::guard {
namespace {

constexpr std::string_view kEnding = "ending";

std::string path_of_namespace() {
  struct stat ns {};
  if (stat("/proc/self/ns/net", &ns) < 0) return "/run/tallytree-guard.lock";
  return "/run/tallytree-guard-" + std::to_string(ns.st_ino) + ".lock";
}

struct flock whole_file() {
  struct flock range {};
  range.l_type = F_WRLCK;
  range.l_whence = SEEK_SET;
  return range;
}

bool is_held_by_a_process(int file) {
  struct flock range = whole_file();
  return fcntl(file, F_GETLK, &range) < 0 || range.l_type != F_UNLCK;
}

}  // namespace

Lock::Lock() : path_(path_of_namespace()) {}

Lock::~Lock() {
  if (ours_) unlink(path_.c_str());
  if (file_ >= 0) close(file_);
}

Lock::Holder Lock::take() {
  if (file_ >= 0) close(file_);
  file_ = open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (file_ < 0) return Holder::unknown;
  if (flock(file_, LOCK_EX | LOCK_NB) == 0) {
    const struct flock range = whole_file();
    ours_ = is_current() && ftruncate(file_, 0) == 0 && fcntl(file_, F_SETLK, &range) == 0 &&
            fcntl(file_, F_SETFD, 0) == 0;
    return ours_ ? Holder::us : Holder::ending;
  }
  if (!is_held_by_a_process(file_)) return Holder::dead;
  char text[kEnding.size()];
  const ssize_t size = pread(file_, text, sizeof text, 0);
  return size > 0 && std::string_view(text, static_cast<size_t>(size)) == kEnding ? Holder::ending
                                                                                  : Holder::living;
}

/// The holder before us may have removed the file between our opening and our locking it.
bool Lock::is_current() const {
  struct stat held {};
  struct stat named {};
  return fstat(file_, &held) == 0 && stat(path_.c_str(), &named) == 0 && held.st_ino == named.st_ino;
}

void Lock::say_ending() const {
  if (pwrite(file_, kEnding.data(), kEnding.size(), 0) < 0) return;  // then a new guard gives up sooner
}

}  // namespace tallytree::guard
