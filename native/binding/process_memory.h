// What the process around the add-on keeps in memory besides what it uses.
#pragma once

#include <napi.h>

namespace tallytree::binding {

/// One arena for all threads: ours seldom ask for memory, and every arena keeps the most that it once gave. Answers
/// and tables are mapped each by itself, so they leave no holes in it; by itself malloc would cease to after the first.
void give_memory_back() noexcept;

/// forgetStartup(): lets go of the program's own pages that only starting up needed. They are clean pages of
/// a file, never written: what is called again is mapped again.
Napi::Value forget_startup(const Napi::CallbackInfo& info);

}  // namespace tallytree::binding
