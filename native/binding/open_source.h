// From what openTap() is given to a source of packets.
#pragma once

#include <napi.h>

#include <memory>

#include "core/source.h"

namespace tallytree::binding {

/// Throws std::invalid_argument for options that are wrong, std::system_error as the sources do. A packet
/// tap's object is told the number of its group.
std::unique_ptr<Source> open_source(const Napi::Object& options, Napi::Object tap);

}  // namespace tallytree::binding
