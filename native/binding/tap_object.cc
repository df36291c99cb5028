// The tap object's methods: convert the arguments, post, convert the result.
#include "tap_object.h"

#include "convert.h"
#include "open_source.h"
#include "window_bytes.h"

namespace tallytree::binding {
namespace {

/// What runs later must be copyable.
std::shared_ptr<const Snapshot> share(Snapshot&& found) {
  return std::make_shared<const Snapshot>(std::move(found));
}

}  // namespace

struct TapObject::Settlement {
  std::shared_ptr<Napi::Promise::Deferred> deferred;
  Convert result;
  std::exception_ptr failure;

  void apply(Napi::Env env) const {
    try {
      if (failure) std::rethrow_exception(failure);
      deferred->Resolve(result(env));
    } catch (const Napi::Error& error) {
      deferred->Reject(error.Value());
    } catch (...) {
      deferred->Reject(to_error(env, std::current_exception()).Value());
    }
  }
};

Napi::Function TapObject::define(Napi::Env env) {
  return DefineClass(
      env, "Tap",
      {InstanceMethod("start", &TapObject::start), InstanceMethod("stop", &TapObject::stop),
       InstanceMethod("addSketch", &TapObject::add_sketch),
       InstanceMethod("removeSketch", &TapObject::remove_sketch),
       InstanceMethod("addCounter", &TapObject::add_counter),
       InstanceMethod("saveCounter", &TapObject::save_counter),
       InstanceMethod("saveSizes", &TapObject::save_sizes),
       InstanceMethod("ledger", &TapObject::ledger), InstanceMethod("distinct", &TapObject::distinct),
       InstanceMethod("spread", &TapObject::spread), InstanceMethod("sizes", &TapObject::sizes),
       InstanceMethod("interval", &TapObject::interval), InstanceMethod("totals", &TapObject::totals),
       InstanceMethod("stats", &TapObject::stats)});
}

Napi::Value TapObject::open(const Napi::CallbackInfo& info) { return define(info.Env()).New({info[0]}); }

TapObject::TapObject(const Napi::CallbackInfo& info) : Napi::ObjectWrap<TapObject>(info) {
  const Napi::Env env = info.Env();
  guarded(env, [&]() -> Napi::Value {
    if (!info[0].IsObject()) throw std::invalid_argument("a tap needs a source: {kind: \"packet\"}");
    const auto options = info[0].As<Napi::Object>();
    auto source = open_source(options, info.This().As<Napi::Object>());
    labels_ = source->labels();
    finite_ = to_text(options.Get("kind"), "kind") == "file";
    const auto nothing = Napi::Function::New(env, [](const Napi::CallbackInfo&) {});
    to_javascript_ = Napi::ThreadSafeFunction::New(env, nothing, "tallytree tap", 0, 1);
    to_javascript_.Unref(env);
    // Hooks run last in, first out: this one before that of the function above.
    napi_add_env_cleanup_hook(env, tear_down, this);
    finished_ = std::make_unique<Napi::Promise::Deferred>(env);
    info.This().As<Napi::Object>().Set("finished", finished_->Promise());
    tap_ = std::make_unique<Tap>(std::move(source), [this] {
      to_javascript_.NonBlockingCall([this](Napi::Env env, Napi::Function) {
        const Napi::HandleScope scope(env);
        const std::runtime_error failed("the source of packets failed and gives no more");
        finish(env, finite_ ? nullptr : std::make_exception_ptr(failed));
      });
    });
    return env.Undefined();
  });
}

TapObject::~TapObject() {
  if (torn_down_ || !to_javascript_) return;
  napi_remove_env_cleanup_hook(Env(), tear_down, this);
  tap_.reset();
  to_javascript_.Release();
}

void TapObject::tear_down(void* self) {
  auto* object = static_cast<TapObject*>(self);
  object->torn_down_ = true;
  object->tap_.reset();
}

void TapObject::retain(Napi::Env env) {
  if (open_promises_++ == 0) {
    to_javascript_.Ref(env);
    Ref();  // nor may the object be collected while its thread still owes an answer
  }
}

void TapObject::release(Napi::Env env) {
  if (--open_promises_ == 0) {
    to_javascript_.Unref(env);
    Unref();
  }
}

void TapObject::settle(std::unique_ptr<Settlement> settlement) {
  to_javascript_.NonBlockingCall(settlement.release(),
                                 [this](Napi::Env env, Napi::Function, Settlement* raw) {
                                   const std::unique_ptr<Settlement> owned(raw);
                                   const Napi::HandleScope scope(env);
                                   owned->apply(env);
                                   release(env);
                                 });
}

void TapObject::finish(Napi::Env env, std::exception_ptr failure) {
  const auto finished = std::move(finished_);
  if (!finished) return;
  if (failure)
    finished->Reject(to_error(env, failure).Value());
  else
    finished->Resolve(env.Undefined());
  if (started_) release(env);
}

Napi::Value TapObject::promise(Napi::Env env, Work work) {
  auto deferred = std::make_shared<Napi::Promise::Deferred>(env);
  const Napi::Value promised = deferred->Promise();
  const auto settlement = std::make_shared<Settlement>(Settlement{deferred, nullptr, nullptr});
  const auto task = [settlement, work = std::move(work)](Engine& engine, Source& source) {
    try {
      settlement->result = work(engine, source);
      source.heed(engine.interest());  // of a new sketch, before it is said to be there
    } catch (...) {
      settlement->failure = std::current_exception();
    }
  };
  const bool posted =
      tap_->post(task, [this, settlement] { settle(std::make_unique<Settlement>(std::move(*settlement))); });
  if (posted) {
    retain(env);
  } else {
    Settlement{deferred, nullptr, std::make_exception_ptr(std::runtime_error("the tap has stopped"))}.apply(
        env);
  }
  return promised;
}

/// Sums over a span are made where the answer is converted: the thread that counts only copies panes.
template <typename Bytes>
Napi::Value TapObject::encoded(const Napi::CallbackInfo& info, Bytes&& bytes_of) {
  return guarded(info.Env(), [&] {
    return promise(info.Env(),
                   [id = to_text(info[0], "id"), key_type = to_text(info[1], "keyType"),
                    window = to_window(info[2]), bytes_of](Engine& engine, Source&) -> Convert {
                     const Counter& counter = engine.counter(id, key_type);
                     if (const auto* span = std::get_if<Span>(&window))
                       return [bytes_of, found = share(counter.look(*span))](Napi::Env env) {
                         return from_counted(env, found->covered, from_bytes(env, encode(bytes_of(*found))));
                       };
                     return [covered = counter.covered(window),
                             bytes = bytes_of(counter, window)](Napi::Env env) {
                       return from_counted(env, covered, from_bytes(env, encode(bytes)));
                     };
                   });
  });
}

Napi::Value TapObject::ledger(const Napi::CallbackInfo& info) { return encoded(info, LedgerBytes{}); }

Napi::Value TapObject::distinct(const Napi::CallbackInfo& info) { return encoded(info, DistinctBytes{}); }

Napi::Value TapObject::spread(const Napi::CallbackInfo& info) {
  return guarded(info.Env(),
                 [&] { return encoded(info, SpreadBytes{KeyType::parse(to_text(info[3], "by"))}); });
}

Napi::Value TapObject::sizes(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    return promise(
        info.Env(),
        [id = to_text(info[0], "id"), window = to_window(info[1])](Engine& engine, Source&) -> Convert {
          auto found = std::make_shared<const SizeSnapshot>(engine.sizes(id).look(window));
          return [found](Napi::Env env) {
            return from_counted(env, found->covered, from_bytes(env, found->sum().encode(found->secret)));
          };
        });
  });
}

Napi::Value TapObject::interval(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    return promise(
        info.Env(),
        [id = to_text(info[0], "id"), key_type = to_text(info[1], "keyType"), key = to_text(info[2], "key"),
         window = to_window(info[3])](Engine& engine, Source&) -> Convert {
          const Counter& counter = engine.counter(id, key_type);
          const Key wanted = counter.spec().key_type.read(key);
          if (const auto* span = std::get_if<Span>(&window))
            return [wanted, found = share(counter.look(*span))](Napi::Env env) {
              return from_counted(env, found->covered, from_interval(env, found->interval(wanted)));
            };
          return [covered = counter.covered(window), found = counter.interval(wanted, window)](
                     Napi::Env env) { return from_counted(env, covered, from_interval(env, found)); };
        });
  });
}

Napi::Value TapObject::totals(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    return promise(info.Env(), [id = to_text(info[0], "id")](Engine& engine, Source&) -> Convert {
      return [totals = engine.sketch(id).totals()](Napi::Env env) { return from_totals(env, totals); };
    });
  });
}

Napi::Value TapObject::stats(const Napi::CallbackInfo& info) {
  return promise(info.Env(), [](Engine& engine, Source& source) -> Convert {
    return [stats = source.stats(), matched = engine.matched()](Napi::Env env) {
      return from_stats(env, stats, matched);
    };
  });
}

Napi::Value TapObject::start(const Napi::CallbackInfo& info) {
  if (!started_) retain(info.Env());
  started_ = true;
  tap_->start();
  return info.Env().Undefined();
}

Napi::Value TapObject::stop(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  tap_->stop();
  finish(env, nullptr);
  const Napi::Promise::Deferred deferred(env);
  deferred.Resolve(env.Undefined());
  return deferred.Promise();
}

}  // namespace tallytree::binding
