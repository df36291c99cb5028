// Exports about packet sizes.
#pragma once

#include <napi.h>

namespace tallytree::binding {

/// () -> bytes
Napi::Value sizes_bytes(const Napi::CallbackInfo& info);
/// (encoded[], secret) -> encoded
Napi::Value merge_sizes(const Napi::CallbackInfo& info);
/// (encoded, secret, shares[]) -> {packets, bytes, least, largest, buckets, quantiles}
Napi::Value size_summary(const Napi::CallbackInfo& info);

}  // namespace tallytree::binding
