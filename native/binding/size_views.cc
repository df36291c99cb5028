// Merging size histograms, and reading one.
#include "size_views.h"

#include "convert.h"
#include "core/size_counter.h"

namespace tallytree::binding {
namespace {

Napi::BigInt from_count(Napi::Env env, uint64_t count) { return Napi::BigInt::New(env, count); }

Napi::Object from_bucket(Napi::Env env, const SizeHistogram::Bucket& bucket) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("from", from_count(env, bucket.from));
  object.Set("to", from_count(env, bucket.to));
  object.Set("packets", from_count(env, bucket.packets));
  return object;
}

Napi::Object from_size(Napi::Env env, const SizeHistogram::Size& size) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("value", from_count(env, size.value));
  object.Set("lower", from_count(env, size.lower));
  object.Set("upper", from_count(env, size.upper));
  return object;
}

Napi::Array from_quantiles(Napi::Env env, const SizeHistogram& sizes, const Napi::Array& shares) {
  Napi::Array all = Napi::Array::New(env, shares.Length());
  for (uint32_t i = 0; i < shares.Length(); ++i)
    all.Set(i, from_size(env, sizes.quantile(shares.Get(i).ToNumber().DoubleValue())));
  return all;
}

Napi::Array from_buckets(Napi::Env env, const std::vector<SizeHistogram::Bucket>& buckets) {
  Napi::Array all = Napi::Array::New(env, buckets.size());
  for (uint32_t i = 0; i < buckets.size(); ++i) all.Set(i, from_bucket(env, buckets[i]));
  return all;
}

}  // namespace

Napi::Value sizes_bytes(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(SizeCounter::bytes()));
}

Napi::Value merge_sizes(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const auto encoded = to_byte_list(info[0]);
    const Secret secret = to_secret(info[1]);
    SizeHistogram sum;
    for (const auto& bytes : encoded) sum.absorb(SizeHistogram::decode(bytes, secret));
    return from_bytes(info.Env(), sum.encode(secret));
  });
}

Napi::Value size_summary(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    const Napi::Env env = info.Env();
    const auto sizes = SizeHistogram::decode(to_bytes(info[0], "encoded"), to_secret(info[1]));
    Napi::Object summary = Napi::Object::New(env);
    summary.Set("packets", from_count(env, sizes.packets()));
    summary.Set("bytes", from_count(env, sizes.bytes()));
    summary.Set("least", from_count(env, sizes.least()));
    summary.Set("largest", from_count(env, sizes.largest()));
    summary.Set("buckets", from_buckets(env, sizes.buckets()));
    summary.Set("quantiles", from_quantiles(env, sizes, info[2].As<Napi::Array>()));
    return summary;
  });
}

}  // namespace tallytree::binding
