// Ledgers read by coarser keys, and as a whole.
#include "ledger_views.h"

#include "convert.h"
#include "core/errors.h"
#include "core/flow_sizes.h"
#include "core/ledger_entropy.h"
#include "core/ledger_groups.h"
#include "core/likely.h"

namespace tallytree::binding {
namespace {

/// A ledger and the set of its keys.
struct Population {
  Ledger ledger;
  DistinctCount distinct;
};

Population to_population(const Napi::CallbackInfo& info) {
  Ledger ledger = Ledger::decode(to_bytes(info[0], "encoded"), to_secret(info[1]));
  const Distinct::Decoded distinct = Distinct::decode(to_bytes(info[2], "distinct"));
  if (distinct.check != ledger.spec().secret_check())
    throw Incompatible("the distinct keys were hashed with another secret");
  return {std::move(ledger), distinct.set.count()};
}

Napi::Object from_class(Napi::Env env, const SizeClass& found) {
  Napi::Object one = Napi::Object::New(env);
  one.Set("from", Napi::BigInt::New(env, found.from));
  one.Set("to", Napi::BigInt::New(env, found.to));
  one.Set("flows", Napi::Number::New(env, static_cast<double>(found.flows)));
  one.Set("exact", Napi::Number::New(env, static_cast<double>(found.exact)));
  return one;
}

}  // namespace

Napi::Value ledger_likely(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    const Secret secret = to_secret(info[1]);
    const Ledger ledger = Ledger::decode(to_bytes(info[0], "encoded"), secret);
    const Likely counts(ledger);
    const auto texts = to_text_list(info[2]);
    std::vector<Ledger::Entry> entries;
    Napi::BigUint64Array likely = Napi::BigUint64Array::New(info.Env(), texts.size());
    for (size_t i = 0; i < texts.size(); ++i) {
      const Key key = ledger.spec().key_type.learn(texts[i]);
      entries.push_back({key, ledger.interval(key, key.hash(secret))});
      likely[i] = counts.count(key);
    }
    auto columns = from_entries(info.Env(), ledger.spec().key_type, entries).As<Napi::Object>();
    columns.Set("likely", likely);
    return columns;
  });
}

Napi::Value ledger_groups(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    const Ledger ledger = Ledger::decode(to_bytes(info[0], "encoded"), to_secret(info[1]));
    const LedgerGroups groups(ledger, KeyType::parse(to_text(info[2], "groupBy")));
    const auto options = info[3].As<Napi::Object>();
    const Napi::Value above = options.Get("above");
    auto entries = groups.entries(above.IsUndefined() ? 0 : to_count(above, "above"));
    const auto limit = static_cast<size_t>(field_or(options, "limit", 1 << 30, 0, 1 << 30));
    if (entries.size() > limit) entries.resize(limit);
    auto columns = from_entries(info.Env(), groups.type(), entries).As<Napi::Object>();
    columns.Set("floor", Napi::BigInt::New(info.Env(), groups.floor()));
    return columns;
  });
}

Napi::Value ledger_group_intervals(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const Ledger ledger = Ledger::decode(to_bytes(info[0], "encoded"), to_secret(info[1]));
    const LedgerGroups groups(ledger, KeyType::parse(to_text(info[2], "groupBy")));
    std::vector<Ledger::Entry> entries;
    for (const std::string& text : to_text_list(info[3])) {
      const Key key = groups.type().learn(text);
      entries.push_back({key, groups.interval(key)});
    }
    return from_entries(info.Env(), groups.type(), entries);
  });
}

Napi::Value ledger_entropy(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    const auto [ledger, distinct] = to_population(info);
    const Entropy found = entropy_of(ledger, distinct);
    Napi::Object entropy = Napi::Object::New(info.Env());
    entropy.Set("value", found.value);
    entropy.Set("lower", found.lower);
    entropy.Set("upper", found.upper);
    entropy.Set("normalised", found.normalised);
    entropy.Set("exact", found.exact);
    return entropy;
  });
}

Napi::Value ledger_flow_sizes(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    const Napi::Env env = info.Env();
    const auto [ledger, distinct] = to_population(info);
    const FlowSizes found = flow_sizes(ledger, distinct);
    Napi::Array classes = Napi::Array::New(env, found.classes.size());
    for (uint32_t i = 0; i < found.classes.size(); ++i) classes.Set(i, from_class(env, found.classes[i]));
    Napi::Object sizes = Napi::Object::New(env);
    sizes.Set("classes", classes);
    sizes.Set("flows", Napi::Number::New(env, static_cast<double>(found.flows)));
    sizes.Set("estimated", Napi::Number::New(env, static_cast<double>(found.estimated)));
    sizes.Set("byCells", Napi::Boolean::New(env, found.by_cells));
    return sizes;
  });
}

}  // namespace tallytree::binding
