// Uniting spreads, and reading them beside the ledger of the same keys.
#include "spread_views.h"

#include <optional>

#include "convert.h"
#include "core/fan_out.h"

namespace tallytree::binding {
namespace {

Napi::Value from_fan_outs(Napi::Env env, const KeyType& by, const FanOuts& found) {
  const size_t n = found.owners.size();
  Napi::Array keys = Napi::Array::New(env, n);
  Napi::Float64Array values = Napi::Float64Array::New(env, n), lower = Napi::Float64Array::New(env, n),
                     upper = Napi::Float64Array::New(env, n);
  for (uint32_t i = 0; i < n; ++i) {
    const FanOut& one = found.owners[i];
    keys.Set(i, Napi::String::New(env, by.print(one.owner)));
    values[i] = one.keys;
    lower[i] = one.lower;
    upper[i] = one.upper;
  }
  Napi::Object columns = Napi::Object::New(env);
  columns.Set("keys", keys);
  columns.Set("values", values);
  columns.Set("lower", lower);
  columns.Set("upper", upper);
  columns.Set("exact", Napi::Boolean::New(env, found.exact));
  return columns;
}

}  // namespace

Napi::Value merge_spreads(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const auto encoded = to_byte_list(info[0]);
    const Secret secret = to_secret(info[1]);
    Spread sum = Spread::decode(encoded.front(), secret);
    for (size_t i = 1; i < encoded.size(); ++i) sum.absorb(Spread::decode(encoded[i], secret));
    return from_bytes(info.Env(), sum.encode());
  });
}

Napi::Value fan_outs_of(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const Secret secret = to_secret(info[1]);
    const Ledger ledger = Ledger::decode(to_bytes(info[0], "encoded"), secret);
    KeyType by = KeyType::parse(to_text(info[2], "by"));
    by.use(ledger.spec().key_type.labels());
    std::optional<Spread> spread;
    if (!info[3].IsUndefined()) spread.emplace(Spread::decode(to_bytes(info[3], "spread"), secret));
    if (spread) by.add_labels(spread->spec().owner);
    return from_fan_outs(info.Env(), by, fan_outs(ledger, by, spread ? &*spread : nullptr));
  });
}

}  // namespace tallytree::binding
