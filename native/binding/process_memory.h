// What the process around the add-on keeps in memory besides what it uses.
#pragma once

#include <napi.h>

namespace tallytree::binding {

/// One arena for all threads: ours seldom ask for memory, and every arena keeps the most that it once gave.
void keep_one_arena() noexcept;

/// forgetStartup(): lets go of the program's own pages that only starting up needed. They are clean pages of
/// a file, never written: what is called again is mapped again.
Napi::Value forget_startup(const Napi::CallbackInfo& info);

}  // namespace tallytree::binding
