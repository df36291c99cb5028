// posix_spawn(3).
#include "spawn.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <unistd.h>

#include "descriptor.h"

namespace tallytree {
namespace {

struct SpawnActions {
  posix_spawn_file_actions_t value;
  SpawnActions() { posix_spawn_file_actions_init(&value); }
  ~SpawnActions() { posix_spawn_file_actions_destroy(&value); }

  void redirect(int to, int from, int mode) {
    if (from == kNothing)
      posix_spawn_file_actions_addopen(&value, to, "/dev/null", mode, 0);
    else
      posix_spawn_file_actions_adddup2(&value, from, to);
  }
};

struct SpawnAttributes {
  posix_spawnattr_t value;
  SpawnAttributes() { posix_spawnattr_init(&value); }
  ~SpawnAttributes() { posix_spawnattr_destroy(&value); }
};

}  // namespace

pid_t spawn(std::vector<std::string> words, int input, int output, const char* what) {
  SpawnActions actions;
  actions.redirect(STDIN_FILENO, input, O_RDONLY);
  actions.redirect(STDOUT_FILENO, output, O_WRONLY);
  SpawnAttributes attributes;
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes.value, &none);
  posix_spawnattr_setflags(&attributes.value, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSID);
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  char* environment[] = {nullptr};
  pid_t pid = -1;
  errno = posix_spawn(&pid, argv[0], &actions.value, &attributes.value, argv.data(), environment);
  if (errno != 0) throw_errno(what);
  return pid;
}

}  // namespace tallytree
