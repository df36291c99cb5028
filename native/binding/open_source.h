// The source that a tap's options name.
#pragma once

#include <napi.h>

#include <memory>

#include "core/source.h"

namespace tallytree::binding {

/// Throws std::invalid_argument for options that are none, std::system_error when the source cannot be opened.
std::unique_ptr<Source> open_source(const Napi::Object& source);

}  // namespace tallytree::binding
