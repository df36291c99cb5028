// Exports that read an encoded ledger otherwise than key by key.
#pragma once

#include <napi.h>

namespace tallytree::binding {

/// (encoded, secret, keys) -> {keys, lower, likely, upper}
Napi::Value ledger_likely(const Napi::CallbackInfo& info);
/// (encoded, secret, groupBy, options) -> {keys, lower, upper, floor}
Napi::Value ledger_groups(const Napi::CallbackInfo& info);
/// (encoded, secret, groupBy, keys) -> {keys, lower, upper}
Napi::Value ledger_group_intervals(const Napi::CallbackInfo& info);
/// (encoded, secret, distinct) -> {value, lower, upper, normalised, exact}
Napi::Value ledger_entropy(const Napi::CallbackInfo& info);
/// (encoded, secret, distinct) -> {classes: [{from, to, flows, exact}], flows, estimated}
Napi::Value ledger_flow_sizes(const Napi::CallbackInfo& info);

}  // namespace tallytree::binding
