// Reads /run/netns and the processes of /proc.
#include "network_namespaces.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

namespace tallytree {
namespace {

namespace files = std::filesystem;

constexpr const char* kNamed = "/run/netns";
constexpr const char* kOwn = "/proc/thread-self/ns/net";

using ByInode = std::map<uint64_t, FoundNamespace>;

/// 0: it is no network namespace, or none any more.
uint64_t inode_of(const std::string& path) {
  struct stat found {};
  struct statfs system {};
  const bool is_there = stat(path.c_str(), &found) == 0 && statfs(path.c_str(), &system) == 0;
  return is_there && system.f_type == NSFS_MAGIC ? found.st_ino : 0;
}

std::vector<std::string> names_in(const char* folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (files::directory_iterator at(folder, error), end; !error && at != end; at.increment(error))
    names.push_back(at->path().filename());
  std::ranges::sort(names);
  return names;
}

void add_named(ByInode& found) {
  for (const std::string& name : names_in(kNamed)) {
    const std::string path = std::string(kNamed) + "/" + name;
    const uint64_t inode = inode_of(path);
    if (inode == 0) continue;
    FoundNamespace& one = found[inode];
    if (one.name.empty()) one = {inode, name, path, 0, {}, ""};
  }
}

std::string text_of(const std::string& path) {
  const std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

void add_container(FoundNamespace& to, const std::string& process) {
  const std::string container = container_of(text_of(process + "/cgroup"));
  if (container.empty()) return;
  to.containers.insert(container);
  if (to.first_container.empty()) to.first_container = container;
}

/// By rising pid, for the lowest gives its name.
void add_processes(ByInode& found, uint64_t own) {
  std::vector<int> pids;
  for (const std::string& name : names_in("/proc"))
    if (const int pid = std::atoi(name.c_str()); pid > 0) pids.push_back(pid);
  std::ranges::sort(pids);
  for (const int pid : pids) {
    const std::string process = "/proc/" + std::to_string(pid);
    const uint64_t inode = inode_of(process + "/ns/net");
    if (inode == 0 || inode == own) continue;
    FoundNamespace& one = found[inode];
    if (one.inode == 0) one = {inode, "", process + "/ns/net", 0, {}, ""};
    if (one.pid == 0) one.pid = pid;
    add_container(one, process);
  }
}

}  // namespace

std::vector<FoundNamespace> find_namespaces() {
  ByInode found;
  const uint64_t own = inode_of(kOwn);
  add_named(found);
  add_processes(found, own);
  found.erase(own);
  std::vector<FoundNamespace> all;
  for (auto& [inode, one] : found) all.push_back(std::move(one));
  return all;
}

FoundNamespace own_namespace() {
  ByInode named;
  add_named(named);
  FoundNamespace own;
  own.inode = inode_of(kOwn);
  own.path = kOwn;
  if (const auto found = named.find(own.inode); found != named.end()) own.name = found->second.name;
  add_container(own, "/proc/self");
  return own;
}

void enter_namespace(const std::string& path) {
  const Descriptor space(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (space.get() < 0) throw_errno("opening a network namespace");
  if (setns(space.get(), CLONE_NEWNET) != 0)
    throw_errno("entering a network namespace (it needs the capability CAP_SYS_ADMIN)");
}

}  // namespace tallytree
