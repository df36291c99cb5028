// posix_spawn of the guard with one end of a socket pair as its stdin.
#include "guard_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <array>
#include <cstdlib>

namespace tallytree {
namespace {

constexpr int kPatienceMs = 5000;
constexpr int kPollMs = 10;

struct SpawnActions {
  posix_spawn_file_actions_t value;
  SpawnActions() { posix_spawn_file_actions_init(&value); }
  ~SpawnActions() { posix_spawn_file_actions_destroy(&value); }
};

struct SpawnAttributes {
  posix_spawnattr_t value;
  SpawnAttributes() { posix_spawnattr_init(&value); }
  ~SpawnAttributes() { posix_spawnattr_destroy(&value); }
};

}  // namespace

GuardProcess::GuardProcess(const std::string& path, uint16_t queue, uint16_t agent_port) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
    throw_errno("opening the guard's socket pair");
  socket_ = Descriptor(ends[0]);
  const Descriptor theirs(ends[1]);
  spawn(path, queue, agent_port, theirs.get());
}

void GuardProcess::spawn(const std::string& path, uint16_t queue, uint16_t agent_port, int theirs) {
  SpawnActions actions;
  posix_spawn_file_actions_adddup2(&actions.value, theirs, STDIN_FILENO);
  posix_spawn_file_actions_addopen(&actions.value, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  SpawnAttributes attributes;
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes.value, &none);
  posix_spawnattr_setflags(&attributes.value, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSID);
  std::array<std::string, 5> words = {path, "--queue", std::to_string(queue), "--agent-port",
                                      std::to_string(agent_port)};
  std::array<char*, 6> argv{};
  for (size_t i = 0; i < words.size(); ++i) argv[i] = words[i].data();
  char* environment[] = {nullptr};
  errno = posix_spawn(&pid_, path.c_str(), &actions.value, &attributes.value, argv.data(), environment);
  if (errno != 0) throw_errno("starting tallytree-guard");
}

GuardProcess::~GuardProcess() {
  stop();
  for (int waited = 0; !ended() && waited < kPatienceMs; waited += kPollMs) poll(nullptr, 0, kPollMs);
}

void GuardProcess::heartbeat() noexcept { send(socket_.get(), "+", 1, MSG_NOSIGNAL | MSG_DONTWAIT); }

void GuardProcess::ask_passed() noexcept { send(socket_.get(), "?", 1, MSG_NOSIGNAL | MSG_DONTWAIT); }

void GuardProcess::take_line(const std::string& line) {
  if (line.starts_with("error ")) {
    state_ = State::failed;
    error_ = line.substr(6);
  } else if (line.starts_with("passed ")) {
    passed_ = std::strtoull(line.c_str() + 7, nullptr, 10);
  } else if (line == "removed") {
    state_ = State::rules_away;
    ++interruptions_;
  } else if (line == "installed" || line.starts_with("ready")) {
    state_ = State::watching;
  }
}

GuardProcess::State GuardProcess::update() noexcept {
  std::array<char, 512> buffer;
  for (;;) {
    const ssize_t size = recv(socket_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (size < 0) return state_;
    if (size == 0) {
      state_ = State::failed;
      return state_;
    }
    pending_.append(buffer.data(), static_cast<size_t>(size));
    for (size_t end; (end = pending_.find('\n')) != std::string::npos; pending_.erase(0, end + 1))
      take_line(pending_.substr(0, end));
  }
}

void GuardProcess::stop() noexcept { shutdown(socket_.get(), SHUT_WR); }

bool GuardProcess::ended() noexcept {
  if (pid_ <= 0) return true;
  int status = 0;
  if (waitpid(pid_, &status, WNOHANG) == 0) return false;
  pid_ = -1;
  return true;
}

}  // namespace tallytree
