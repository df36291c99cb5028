// The tap object's methods that make, end and save. The thread that counts only copies what is saved, and
// takes over sketches that are whole.
#include "convert.h"
#include "core/saved_counter.h"
#include "core/saved_sizes.h"
#include "tap_object.h"

namespace tallytree::binding {
namespace {

Napi::Value undefined(Napi::Env env) { return env.Undefined(); }

template <typename Pane>
Napi::Object from_pane(Napi::Env env, const Pane& saved) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("serial", Napi::Number::New(env, static_cast<double>(saved.pane->serial)));
  object.Set("bytes", from_bytes(env, saved.encode()));
  return object;
}

/// Bytes only of panes that were sealed after the one with the serial `after`.
template <typename Saved>
Napi::Value from_saved(Napi::Env env, const Saved& saved, uint64_t after) {
  Napi::Array kept = Napi::Array::New(env, saved.sealed.size()), panes = Napi::Array::New(env);
  for (uint32_t i = 0; i < saved.sealed.size(); ++i) {
    const auto& pane = saved.sealed[i];
    kept.Set(i, Napi::Number::New(env, static_cast<double>(pane.pane->serial)));
    if (pane.pane->serial > after) panes.Set(panes.Length(), from_pane(env, pane));
  }
  Napi::Object object = Napi::Object::New(env);
  object.Set("state", from_bytes(env, saved.encode()));
  object.Set("panes", panes);
  object.Set("kept", kept);
  Napi::Array one = Napi::Array::New(env, 1);
  one.Set(0u, object);
  return one;
}

/// `of`: what both byte forms are decoded by.
template <typename Saved, typename Pane, typename Of>
Saved to_saved(const Napi::Value& value, const Of& of) {
  if (!value.IsArray() || value.As<Napi::Array>().Length() != 1)
    throw std::invalid_argument("this tap has one core: it takes what one has saved");
  const auto object = value.As<Napi::Array>().Get(0u).As<Napi::Object>();
  Saved saved = Saved::decode(to_bytes(object.Get("state"), "state"), of);
  const auto panes = object.Get("panes").As<Napi::Array>();
  for (uint32_t i = 0; i < panes.Length(); ++i)
    saved.sealed.push_back(Pane::decode(to_bytes(panes.Get(i), "each pane"), of));
  return saved;
}

SavedCounter to_saved_counter(const Napi::Object& counter, const Secret& secret) {
  CounterSpec spec = to_spec(counter.Get("spec"));
  spec.secret = secret;
  return to_saved<SavedCounter, SavedPane>(counter.Get("saved"), spec);
}

/// With all that it goes on from.
std::unique_ptr<Sketch> to_sketch(const Secret& secret, Filter filter, const Napi::Object& options,
                                  const std::shared_ptr<Labels>& labels) {
  const Napi::Value sizes = options.Get("sizes"), counters = options.Get("counters");
  const Sizes fresh = sizes.IsArray() ? Sizes::none : to_sizes(options);
  auto sketch = std::make_unique<Sketch>(secret, std::move(filter), fresh, to_totals(options));
  sketch->use(labels);
  if (sizes.IsArray()) sketch->add_sizes(to_saved<SavedSizes, SavedSizesPane>(sizes, secret));
  if (counters.IsUndefined()) return sketch;
  const auto list = counters.As<Napi::Array>();
  for (uint32_t i = 0; i < list.Length(); ++i)
    sketch->add_counter(to_saved_counter(to_object(list.Get(i), "each counter"), secret));
  return sketch;
}

/// The serial that the caller has panes up to.
uint64_t to_after(const Napi::Value& value) {
  const Napi::Value given = value.As<Napi::Array>().Get(0u);
  return given.IsNumber() ? static_cast<uint64_t>(given.As<Napi::Number>().Int64Value()) : 0;
}

}  // namespace

Napi::Value TapObject::add_sketch(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const std::string id = to_text(info[0], "id");
    const auto options =
        info[3].IsUndefined() ? Napi::Object::New(info.Env()) : to_object(info[3], "options");
    auto sketch = std::make_shared<std::unique_ptr<Sketch>>(
        to_sketch(to_secret(info[1]), to_filter(info[2]), options, labels_));
    return promise(info.Env(), [id, sketch](Engine& engine, Source&) {
      engine.add(id, std::move(*sketch));
      return undefined;
    });
  });
}

Napi::Value TapObject::remove_sketch(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    return promise(info.Env(), [id = to_text(info[0], "id")](Engine& engine, Source&) {
      engine.remove(id);
      return undefined;
    });
  });
}

Napi::Value TapObject::add_counter(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    return promise(info.Env(),
                   [id = to_text(info[0], "id"), spec = to_spec(info[1])](Engine& engine, Source&) {
                     engine.sketch(id).add_counter(spec);
                     return undefined;
                   });
  });
}

Napi::Value TapObject::save_counter(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    return promise(info.Env(),
                   [id = to_text(info[0], "id"), key_type = to_text(info[1], "keyType"),
                    after = to_after(info[2])](Engine& engine, Source&) -> Convert {
                     // Not by Engine::counter: the flow caches were emptied before this task.
                     const Counter* counter = engine.sketch(id).counter(key_type);
                     if (counter == nullptr) throw std::out_of_range("sketch " + id + " has no such counter");
                     auto saved = std::make_shared<SavedCounter>(counter->save());
                     return [saved, after](Napi::Env env) {
                       saved->settle();
                       return from_saved(env, *saved, after);
                     };
                   });
  });
}

Napi::Value TapObject::save_sizes(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    return promise(info.Env(), [id = to_text(info[0], "id"), after = to_after(info[1])](
                                   Engine& engine, Source&) -> Convert {
      return [saved = std::make_shared<const SavedSizes>(engine.sizes(id).save()), after](Napi::Env env) {
        return from_saved(env, *saved, after);
      };
    });
  });
}

}  // namespace tallytree::binding
