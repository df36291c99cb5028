// fork and execve with pipes and a deadline.
#include "command.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>

namespace tallytree::guard {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto kDeadline = std::chrono::seconds(10);

struct Pipe {
  int ends[2] = {-1, -1};

  Pipe() {
    if (pipe2(ends, O_CLOEXEC) < 0) ends[0] = ends[1] = -1;
  }
  ~Pipe() {
    close_end(0);
    close_end(1);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  bool is_open() const { return ends[0] >= 0; }
  void close_end(int end) {
    if (ends[end] >= 0) close(ends[end]);
    ends[end] = -1;
  }
};

std::vector<char*> argument_vector(const std::string& path, const std::vector<std::string>& arguments) {
  std::vector<char*> argv;
  argv.push_back(const_cast<char*>(path.c_str()));
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  return argv;
}

/// In the child, where nothing may be allocated. It dies with us, also when we have just died: what it would
/// still change, nobody would undo.
[[noreturn]] void become(char* const* argv, int in, int out, pid_t parent) {
  char* const environment[] = {nullptr};
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(127);
  if (dup2(in, 0) >= 0 && dup2(out, 1) >= 0 && dup2(out, 2) >= 0) execve(argv[0], argv, environment);
  _exit(127);
}

bool readable(int fd, Clock::time_point deadline) {
  pollfd polled{fd, POLLIN, 0};
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
  return left > 0 && poll(&polled, 1, static_cast<int>(left)) > 0;
}

/// False when the deadline passed before the program closed its output.
bool read_all(int fd, std::string& output) {
  const auto deadline = Clock::now() + kDeadline;
  char buffer[4096];
  while (readable(fd, deadline)) {
    const ssize_t size = read(fd, buffer, sizeof buffer);
    if (size <= 0) return true;
    output.append(buffer, static_cast<size_t>(size));
  }
  return false;
}

}  // namespace

std::string find_tool(const std::string& name) {
  for (const char* folder : {"/usr/sbin/", "/sbin/", "/usr/local/sbin/", "/usr/bin/"}) {
    const std::string path = folder + name;
    if (access(path.c_str(), X_OK) == 0) return path;
  }
  return {};
}

Outcome run(const std::string& path, const std::vector<std::string>& arguments, const std::string& input) {
  Outcome outcome;
  Pipe in;
  Pipe out;
  if (!in.is_open() || !out.is_open()) return outcome;
  if (write(in.ends[1], input.data(), input.size()) != static_cast<ssize_t>(input.size())) return outcome;
  const std::vector<char*> argv = argument_vector(path, arguments);
  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child == 0) become(argv.data(), in.ends[0], out.ends[1], parent);
  if (child < 0) return outcome;
  in.close_end(0);
  in.close_end(1);
  out.close_end(1);
  if (!read_all(out.ends[0], outcome.output)) kill(child, SIGKILL);
  int status = 0;
  waitpid(child, &status, 0);
  if (WIFEXITED(status)) outcome.status = WEXITSTATUS(status);
  return outcome;
}

}  // namespace tallytree::guard
