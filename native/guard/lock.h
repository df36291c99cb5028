// One guard a network namespace.
#pragma once

#include <string>

namespace tallytree::guard {

/// A locked file in /run, where only root may write: a name that anybody can take would let anybody keep the
/// guard out. The kernel unlocks it when the process ends, however that happens, and what it ran: a guard is
/// killed more quickly than iptables, which may be in the middle of its last change.
class Lock {
 public:
  enum class Holder { us, living, ending, dead, unknown };

  Lock();
  ~Lock();
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

  /// Who has it, after a try to get it. `ending`: a guard whose monitor is gone, which still removes its
  /// rules. `dead`: one that was killed, but what it ran has not ended yet.
  Holder take();

  /// Tells others that we only clean up.
  void say_ending() const;

  const std::string& path() const { return path_; }

 private:
  bool is_current() const;

  std::string path_;
  int file_ = -1;
  bool ours_ = false;
};

}  // namespace tallytree::guard
