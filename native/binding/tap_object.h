// The JavaScript object of a tap: posts to the tap's thread, settles promises on the JavaScript thread.
#pragma once

#include <napi.h>

#include <functional>
#include <memory>

#include "core/tap.h"

namespace tallytree::binding {

class TapObject : public Napi::ObjectWrap<TapObject> {
 public:
  /// openTap(source)
  static Napi::Value open(const Napi::CallbackInfo& info);

  explicit TapObject(const Napi::CallbackInfo& info);
  ~TapObject() override;

 private:
  /// Turns a result into a JavaScript value, on the JavaScript thread.
  using Convert = std::function<Napi::Value(Napi::Env)>;
  /// Works on the tap's thread; may throw.
  using Work = std::function<Convert(Engine&, Source&)>;
  struct Settlement;

  static Napi::Function define(Napi::Env env);
  /// Node tears the environment down: the thread must end before the functions it calls are gone.
  static void tear_down(void* self);

  Napi::Value add_sketch(const Napi::CallbackInfo& info);
  Napi::Value remove_sketch(const Napi::CallbackInfo& info);
  Napi::Value add_counter(const Napi::CallbackInfo& info);
  Napi::Value save_counter(const Napi::CallbackInfo& info);
  Napi::Value save_sizes(const Napi::CallbackInfo& info);
  template <typename Bytes>
  Napi::Value encoded(const Napi::CallbackInfo& info, Bytes&& bytes_of);
  Napi::Value ledger(const Napi::CallbackInfo& info);
  Napi::Value distinct(const Napi::CallbackInfo& info);
  Napi::Value spread(const Napi::CallbackInfo& info);
  Napi::Value sizes(const Napi::CallbackInfo& info);
  Napi::Value interval(const Napi::CallbackInfo& info);
  Napi::Value totals(const Napi::CallbackInfo& info);
  Napi::Value stats(const Napi::CallbackInfo& info);
  Napi::Value start(const Napi::CallbackInfo& info);
  Napi::Value stop(const Napi::CallbackInfo& info);

  /// A promise of what `work` gives on the tap's thread.
  Napi::Value promise(Napi::Env env, Work work);
  void settle(std::unique_ptr<Settlement> settlement);
  /// Resolves `finished`, or rejects it when the source failed; once, on the JavaScript thread.
  void finish(Napi::Env env, std::exception_ptr failure);
  void retain(Napi::Env env);
  void release(Napi::Env env);

  // The process stays alive while promises are open; a tap that reads has one open, `finished`.
  size_t open_promises_ = 0;
  Napi::ThreadSafeFunction to_javascript_;
  std::unique_ptr<Napi::Promise::Deferred> finished_;
  bool finite_ = false;  // a file: its end is no failure
  bool started_ = false;
  bool torn_down_ = false;
  std::shared_ptr<Labels> labels_;  // of the source
  std::unique_ptr<Tap> tap_;
};

}  // namespace tallytree::binding
