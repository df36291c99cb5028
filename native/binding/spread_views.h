// Exports about who talks to many.
#pragma once

#include <napi.h>

namespace tallytree::binding {

/// (encoded[], secret) -> encoded
Napi::Value merge_spreads(const Napi::CallbackInfo& info);
/// (ledger, secret, by, spread or undefined) -> {keys, values, lower, upper, exact}
Napi::Value fan_outs_of(const Napi::CallbackInfo& info);

}  // namespace tallytree::binding
