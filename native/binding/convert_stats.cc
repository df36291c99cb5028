// What a source tells of itself, as a JavaScript object.
#include "convert.h"

namespace tallytree::binding {
namespace {

Napi::Value from_causes(Napi::Env env, const SourceStats::Causes& causes) {
  Napi::Object object = Napi::Object::New(env);
  for (const auto& [cause, count] : causes)
    object.Set(cause, Napi::Number::New(env, static_cast<double>(count)));
  return object;
}

Napi::Value from_file_state(Napi::Env env, const FileState& state) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("position", Napi::Number::New(env, static_cast<double>(state.position)));
  object.Set("size", Napi::Number::New(env, static_cast<double>(state.size)));
  object.Set("from", Napi::Number::New(env, static_cast<double>(state.first_ns) / 1e9));
  object.Set("to", Napi::Number::New(env, static_cast<double>(state.last_ns) / 1e9));
  if (!state.failure.empty()) object.Set("failure", state.failure);
  return object;
}

Napi::Value from_texts(Napi::Env env, const std::vector<std::string>& texts) {
  Napi::Array array = Napi::Array::New(env, texts.size());
  for (uint32_t i = 0; i < texts.size(); ++i) array.Set(i, Napi::String::New(env, texts[i]));
  return array;
}

Napi::Value from_gaps(Napi::Env env, const std::vector<Gap>& gaps) {
  Napi::Array array = Napi::Array::New(env, gaps.size());
  for (uint32_t i = 0; i < gaps.size(); ++i) {
    Napi::Object gap = Napi::Object::New(env);
    gap.Set("from", Napi::Number::New(env, static_cast<double>(gaps[i].from_ns) / 1e9));
    if (gaps[i].to_ns != 0) gap.Set("to", Napi::Number::New(env, static_cast<double>(gaps[i].to_ns) / 1e9));
    gap.Set("reason", Napi::String::New(env, gaps[i].reason));
    if (!gaps[i].netns.empty()) gap.Set("netns", Napi::String::New(env, gaps[i].netns));
    array.Set(i, gap);
  }
  return array;
}

}  // namespace

Napi::Value from_stats(Napi::Env env, const SourceStats& stats, uint64_t matched) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("seen", Napi::Number::New(env, static_cast<double>(stats.seen)));
  object.Set("read", Napi::Number::New(env, static_cast<double>(stats.read)));
  object.Set("matched", Napi::Number::New(env, static_cast<double>(matched)));
  object.Set("lost", from_causes(env, stats.lost));
  object.Set("unparsed", from_causes(env, stats.unparsed));
  object.Set("ignored", from_causes(env, stats.ignored));
  object.Set("superPackets", Napi::Number::New(env, static_cast<double>(stats.super_packets)));
  if (stats.file) object.Set("file", from_file_state(env, *stats.file));
  object.Set("unopened", Napi::Number::New(env, static_cast<double>(stats.unopened)));
  object.Set("estimated", Napi::Number::New(env, static_cast<double>(stats.estimated)));
  object.Set("gaps", from_gaps(env, stats.gaps));
  if (!stats.namespaces.empty()) object.Set("namespaces", from_texts(env, stats.namespaces));
  if (!stats.obstacle.empty()) object.Set("obstacle", Napi::String::New(env, stats.obstacle));
  return object;
}

}  // namespace tallytree::binding
