// The network namespaces of this host: which there are, what they are called, and whose they are.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "descriptor.h"

namespace tallytree {

/// Which of them are wanted, besides our own.
struct NamespaceChoice {
  bool all = false;
  std::set<std::string> names;  ///< under /run/netns, when not all
};

/// One that is there now.
struct FoundNamespace {
  uint64_t inode = 0;
  std::string name;                  ///< under /run/netns; empty: it has none there
  std::string path;                  ///< to open it by
  int pid = 0;                       ///< the lowest of the processes in it; 0: there is none
  std::set<std::string> containers;  ///< that those processes are in
  std::string first_container;       ///< that of the lowest such process; empty: there is none
};

/// By a name of the first of several; processes are those that our /proc shows.
std::vector<FoundNamespace> find_namespaces();

/// Our own, by the calling thread.
FoundNamespace own_namespace();

/// Enters a namespace with the calling thread. Throws std::system_error.
void enter_namespace(const std::string& path);

/// The container that a process is in by its control groups, the text of /proc/PID/cgroup: the first 12
/// digits of an id of 64 hexadecimal ones (Docker, containerd, CRI-O, Podman), or the name of a machine
/// (systemd-nspawn) or of an LXC container. Of nested ones the innermost. Empty: none.
std::string container_of(std::string_view cgroups);

/// A name as a label: letters, digits and .-_:@+ stand as they are, other bytes and the first one of a
/// reserved word ("own", "all", "none") as %XX; what is too long ends in its hash.
std::string to_label(std::string_view name);

}  // namespace tallytree
