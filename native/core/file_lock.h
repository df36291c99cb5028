// A file that one process has for itself.
#pragma once

#include <string>

namespace tallytree {

/// Opens it, made if need be, and locks it: a descriptor, or -1 when another process has it. The kernel
/// unlocks it with the descriptor's end, so at the latest with the process, however that ends. Throws
/// std::system_error.
int lock_file(const std::string& path);

}  // namespace tallytree
