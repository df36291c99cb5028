// Starting another program: by its path and words, without a shell.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace tallytree {

inline constexpr int kNothing = -1;  ///< /dev/null

/// With an empty environment, no signals blocked, in a session of its own (out of a terminal's reach), and
/// the caller's standard error. `what` says what failed. Throws std::system_error.
pid_t spawn(std::vector<std::string> words, int input, int output, const char* what);

}  // namespace tallytree
