// The add-on's exports: taps, and the algebra of encoded ledgers and distinct sets.
#include <napi.h>

#include <algorithm>

#include "convert.h"
#include "core/capture_filter.h"
#include "core/counter.h"
#include "core/errors.h"
#include "core/file_lock.h"
#include "core/ledger_sum.h"
#include "core/links.h"
#include "core/offloads.h"
#include "ledger_views.h"
#include "process_memory.h"
#include "size_views.h"
#include "spread_views.h"
#include "tap_object.h"

namespace tallytree::binding {
namespace {

using Info = const Napi::CallbackInfo&;

Napi::Value counter_bytes(Info info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    return Napi::Number::New(info.Env(), static_cast<double>(Sketch::bytes(to_spec(info[0]))));
  });
}

Napi::Value capacity_for(Info info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    const double share = info[0].ToNumber().DoubleValue(), width = info[1].ToNumber().DoubleValue();
    return Napi::Number::New(info.Env(), LedgerSpec::capacity_for(share, width));
  });
}

Napi::Value check_key(Info info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    const KeyType type = KeyType::parse(to_text(info[0], "keyType"));
    return Napi::String::New(info.Env(), type.print(type.learn(to_text(info[1], "key"))));
  });
}

Napi::Value above_device(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    return Napi::String::New(info.Env(), device_above(to_text(info[0], "name")));
  });
}

Napi::Value has_device(Info info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    return Napi::Boolean::New(info.Env(), device_exists(to_text(info[0], "name")));
  });
}

Napi::Value check_filter(Info info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    const bool is_raw = info[1].ToBoolean();
    compile_for_link(is_raw ? DLT_RAW : DLT_EN10MB, to_text(info[0], "filter"));
    return info.Env().Undefined();
  });
}

Napi::Value lock_path(Info info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    return Napi::Number::New(info.Env(), lock_file(to_text(info[0], "path")));
  });
}

Napi::Value offloads(Info info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    const Napi::Env env = info.Env();
    Napi::Object object = Napi::Object::New(env);
    for (const DeviceOffloads& device : device_offloads()) {
      Napi::Array names = Napi::Array::New(env, device.names.size());
      for (uint32_t i = 0; i < device.names.size(); ++i) names.Set(i, device.names[i]);
      object.Set(device.device, names);
    }
    return object;
  });
}

Napi::Value merge_ledgers(Info info) {
  return guarded(info.Env(), [&] {
    const auto encoded = to_byte_list(info[0]);
    return from_bytes(info.Env(), sum_of(encoded, to_secret(info[1])).encode());
  });
}

Napi::Value ledger_summary(Info info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    const Napi::Env env = info.Env();
    const LedgerSummary found = Ledger::summarize(to_bytes(info[0], "encoded"));
    Napi::Object summary = Napi::Object::New(env);
    summary.Set("keyType", found.key_type);
    summary.Set("increment", found.increment == Increment::packets ? "pkt" : "bytes");
    summary.Set("total", Napi::BigInt::New(env, found.total));
    summary.Set("keys", Napi::Number::New(env, found.keys));
    summary.Set("exact", Napi::Boolean::New(env, found.spilled == 0));
    summary.Set("floor", Napi::BigInt::New(env, found.floor));
    summary.Set("unkeyed", Napi::BigInt::New(env, found.unkeyed));
    return summary;
  });
}

Napi::Value ledger_entries(Info info) {
  return guarded(info.Env(), [&] {
    const Ledger ledger = Ledger::decode(to_bytes(info[0], "encoded"), to_secret(info[1]));
    const auto options = info[2].As<Napi::Object>();
    const Napi::Value above = options.Get("above");
    auto entries = ledger.entries(above.IsUndefined() ? 0 : to_count(above, "above"));
    const auto limit = static_cast<size_t>(field_or(options, "limit", 1 << 30, 0, 1 << 30));
    if (entries.size() > limit) entries.resize(limit);
    return from_entries(info.Env(), ledger.spec().key_type, entries);
  });
}

Napi::Value ledger_intervals(Info info) {
  return guarded(info.Env(), [&] {
    const Secret secret = to_secret(info[1]);
    const Ledger ledger = Ledger::decode(to_bytes(info[0], "encoded"), secret);
    std::vector<Ledger::Entry> entries;
    for (const std::string& text : to_text_list(info[2])) {
      const Key key = ledger.spec().key_type.learn(text);
      entries.push_back({key, ledger.interval(key, key.hash(secret))});
    }
    return from_entries(info.Env(), ledger.spec().key_type, entries);
  });
}

Napi::Value merge_distinct(Info info) {
  return guarded(info.Env(), [&] {
    const auto encoded = to_byte_list(info[0]);
    Distinct::Decoded sum = Distinct::decode(encoded.front());
    for (size_t i = 1; i < encoded.size(); ++i) {
      const Distinct::Decoded next = Distinct::decode(encoded[i]);
      if (next.check != sum.check)
        throw Incompatible("distinct sets made with different secrets have no union");
      sum.set.absorb(next.set);
    }
    return from_bytes(info.Env(), sum.set.encode(sum.check));
  });
}

Napi::Value distinct_count(Info info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    const Napi::Env env = info.Env();
    const DistinctCount found = Distinct::decode(to_bytes(info[0], "encoded")).set.count();
    Napi::Object count = Napi::Object::New(env);
    count.Set("count", Napi::Number::New(env, found.count));
    count.Set("lower", Napi::Number::New(env, found.lower));
    count.Set("upper", Napi::Number::New(env, found.upper));
    count.Set("exact", Napi::Boolean::New(env, found.exact));
    return count;
  });
}

Napi::Object init(Napi::Env env, Napi::Object exports) {
  const auto declare = [&](const char* name, Napi::Value (*body)(Info)) {
    exports.Set(name, Napi::Function::New(env, body, name));
  };
  declare("openTap", TapObject::open);
  declare("counterBytes", counter_bytes);
  declare("capacityFor", capacity_for);
  declare("checkKey", check_key);
  declare("deviceExists", has_device);
  declare("deviceAbove", above_device);
  declare("checkCaptureFilter", check_filter);
  declare("lockFile", lock_path);
  declare("offloads", offloads);
  declare("mergeLedgers", merge_ledgers);
  declare("ledgerSummary", ledger_summary);
  declare("ledgerEntries", ledger_entries);
  declare("ledgerIntervals", ledger_intervals);
  declare("ledgerLikely", ledger_likely);
  declare("ledgerGroups", ledger_groups);
  declare("ledgerGroupIntervals", ledger_group_intervals);
  declare("ledgerEntropy", ledger_entropy);
  declare("ledgerFlowSizes", ledger_flow_sizes);
  declare("mergeSpreads", merge_spreads);
  declare("fanOuts", fan_outs_of);
  declare("sizesBytes", sizes_bytes);
  declare("mergeSizes", merge_sizes);
  declare("sizeSummary", size_summary);
  declare("mergeDistinct", merge_distinct);
  declare("distinctCount", distinct_count);
  declare("forgetStartup", forget_startup);
  give_memory_back();
  return exports;
}

}  // namespace

NODE_API_MODULE(tallytree, init)

}  // namespace tallytree::binding
