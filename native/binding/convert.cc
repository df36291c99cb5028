// Conversions, one short function a type.
#include "convert.h"

#include <cmath>
#include <limits>
#include <system_error>

#include "core/errors.h"

namespace tallytree::binding {
namespace {

Napi::Error coded(Napi::Env env, const char* code, const std::string& message) {
  Napi::Error error = Napi::Error::New(env, message);
  error.Set("code", Napi::String::New(env, code));
  return error;
}

[[noreturn]] void expected(const char* name, const char* what) {
  throw std::invalid_argument(std::string(name) + " must be " + what);
}

bool has(const Napi::Object& object, const char* name) { return !object.Get(name).IsUndefined(); }

template <typename T>
std::optional<T> optional_number(const Napi::Object& object, const char* name) {
  if (!has(object, name)) return std::nullopt;
  return static_cast<T>(field_or(object, name, 0, 0, std::numeric_limits<T>::max()));
}

std::optional<Prefix> optional_prefix(const Napi::Object& object, const char* name) {
  if (!has(object, name)) return std::nullopt;
  return Prefix::parse(to_text(object.Get(name), name));
}

bool flag(const Napi::Object& object, const char* name) {
  const Napi::Value value = object.Get(name);
  if (!value.IsUndefined() && !value.IsBoolean()) expected(name, "true or false");
  return value.IsBoolean() && value.As<Napi::Boolean>().Value();
}

Direction to_direction(const Napi::Value& value) {
  const std::string text = to_text(value, "direction");
  if (text == "input") return Direction::input;
  if (text == "output") return Direction::output;
  if (text == "forward") return Direction::forward;
  if (text == "mirror") return Direction::mirror;
  expected("direction", "\"input\", \"output\", \"forward\" or \"mirror\"");
}

}  // namespace

Napi::Error to_error(Napi::Env env, std::exception_ptr failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const std::system_error& error) {
    Napi::Error made = coded(env, "tap", error.what());
    made.Set("errno", Napi::Number::New(env, error.code().value()));
    return made;
  } catch (const Conflict& error) {
    return coded(env, "conflict", error.what());
  } catch (const Incompatible& error) {
    return coded(env, "incompatible", error.what());
  } catch (const std::out_of_range& error) {
    return coded(env, "not_found", error.what());
  } catch (const std::invalid_argument& error) {
    return coded(env, "bad_request", error.what());
  } catch (const std::exception& error) {
    return coded(env, "tap", error.what());
  }
}

Napi::Object to_object(const Napi::Value& value, const char* name) {
  if (!value.IsObject()) expected(name, "an object");
  return value.As<Napi::Object>();
}

std::string to_text(const Napi::Value& value, const char* name) {
  if (!value.IsString()) expected(name, "a string");
  return value.As<Napi::String>().Utf8Value();
}

std::span<const uint8_t> to_bytes(const Napi::Value& value, const char* name) {
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array)
    expected(name, "bytes (a Uint8Array or Buffer)");
  const auto bytes = value.As<Napi::Uint8Array>();
  return {bytes.Data(), bytes.ByteLength()};
}

std::vector<std::span<const uint8_t>> to_byte_list(const Napi::Value& value) {
  if (!value.IsArray() || value.As<Napi::Array>().Length() == 0)
    expected("encoded", "a list of at least one Buffer");
  const auto list = value.As<Napi::Array>();
  std::vector<std::span<const uint8_t>> all;
  for (uint32_t i = 0; i < list.Length(); ++i) all.push_back(to_bytes(list.Get(i), "each of encoded"));
  return all;
}

std::vector<std::string> to_text_list(const Napi::Value& value) {
  if (!value.IsArray()) expected("keys", "a list of strings");
  const auto list = value.As<Napi::Array>();
  std::vector<std::string> all;
  for (uint32_t i = 0; i < list.Length(); ++i) all.push_back(to_text(list.Get(i), "each key"));
  return all;
}

Secret to_secret(const Napi::Value& value) { return Secret::from_bytes(to_bytes(value, "secret")); }

Window to_window(const Napi::Value& value) {
  if (value.IsObject()) {
    const Napi::Object span = to_object(value, "window");
    if (!has(span, "from") || !has(span, "to")) expected("window", "a span with from and to");
    const auto second = [&](const char* name) {
      return static_cast<uint64_t>(field_or(span, name, 0, 0, int64_t{1} << 40));
    };
    return Span{second("from"), second("to")};
  }
  const std::string text = to_text(value, "window");
  if (text == "all") return All{};
  if (text == "realtime") return Realtime{};
  expected("window", "\"all\", \"realtime\" or {from, to}");
}

Filter to_filter(const Napi::Value& value) {
  const Napi::Object object = to_object(value, "filter");
  Filter filter;
  filter.direction = to_direction(object.Get("direction"));
  filter.proto = optional_number<uint8_t>(object, "proto");
  filter.src = optional_prefix(object, "src");
  filter.dst = optional_prefix(object, "dst");
  filter.sport = optional_number<uint16_t>(object, "sport");
  filter.dport = optional_number<uint16_t>(object, "dport");
  if (has(object, "device")) filter.device = to_text(object.Get("device"), "device");
  filter.promiscuous = flag(object, "promiscuous");
  filter.inner = flag(object, "inner");
  filter.netns = text_or(object, "netns", "");
  if (has(object, "expression"))
    filter.frames = std::make_shared<const FrameFilter>(
        to_text(object.Get("expression"), "expression"),
        flag(object, "rawFrames") ? LinkType::raw_ip : LinkType::ethernet);
  return filter;
}

Sizes to_sizes(const Napi::Object& options) { return flag(options, "sizes") ? Sizes::kept : Sizes::none; }

Totals to_totals(const Napi::Object& options) {
  if (!has(options, "totals")) return {};
  const Napi::Object object = to_object(options.Get("totals"), "totals");
  return {to_count(object.Get("packets"), "packets"), to_count(object.Get("bytes"), "bytes"),
          to_count(object.Get("buffers"), "buffers")};
}

CounterSpec to_spec(const Napi::Value& value) {
  const Napi::Object object = to_object(value, "counter");
  const std::string increment = to_text(object.Get("increment"), "increment");
  if (increment != "pkt" && increment != "bytes") expected("increment", "\"pkt\" or \"bytes\"");
  CounterSpec spec;
  spec.key_type = KeyType::parse(to_text(object.Get("keyType"), "keyType"));
  spec.increment = increment == "pkt" ? Increment::packets : Increment::bytes;
  spec.capacity = static_cast<uint32_t>(
      field_or(object, "capacity", 4096, LedgerSpec::kLeastCapacity, LedgerSpec::kMostCapacity));
  spec.cold_per_key = static_cast<uint32_t>(
      field_or(object, "coldPerKey", LedgerSpec::cold_for(spec.capacity), 0, LedgerSpec::kMostColdPerKey));
  if (has(object, "distinct"))
    spec.distinct_precision = Distinct::precision_for(object.Get("distinct").ToNumber().DoubleValue());
  if (has(object, "spread")) {
    for (const std::string& by : to_text_list(object.Get("spread"))) {
      spec.spread_by.push_back(KeyType::parse(by));
      KeyProjection(spec.key_type, spec.spread_by.back());  // throws unless it is coarser
    }
  }
  return spec;
}

uint64_t to_count(const Napi::Value& value, const char* name) {
  if (!value.IsBigInt()) expected(name, "a bigint");
  bool lossless = false;
  const uint64_t count = value.As<Napi::BigInt>().Uint64Value(&lossless);
  if (!lossless) expected(name, "between 0 and 2^64 - 1");
  return count;
}

int64_t field_or(const Napi::Object& object, const char* name, int64_t otherwise, int64_t least,
                 int64_t most) {
  const Napi::Value value = object.Get(name);
  if (value.IsUndefined()) return otherwise;
  const std::string range = "a whole number from " + std::to_string(least) + " to " + std::to_string(most);
  if (!value.IsNumber()) expected(name, range.c_str());
  const double number = value.As<Napi::Number>().DoubleValue();
  if (number != std::floor(number) || number < static_cast<double>(least) ||
      number > static_cast<double>(most))
    expected(name, range.c_str());
  return static_cast<int64_t>(number);
}

std::string text_or(const Napi::Object& object, const char* name, const char* otherwise) {
  return has(object, name) ? to_text(object.Get(name), name) : otherwise;
}

Napi::Value from_bytes(Napi::Env env, const std::vector<uint8_t>& bytes) {
  return Napi::Buffer<uint8_t>::Copy(env, bytes.data(), bytes.size());
}

Napi::Value from_interval(Napi::Env env, const Interval& interval) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("lower", Napi::BigInt::New(env, interval.lower));
  object.Set("upper", Napi::BigInt::New(env, interval.upper));
  return object;
}

Napi::Value from_counted(Napi::Env env, const Span& covered, const Napi::Value& value) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("from", Napi::Number::New(env, static_cast<double>(covered.from)));
  object.Set("to", Napi::Number::New(env, static_cast<double>(covered.to)));
  object.Set("value", value);
  return object;
}

Napi::Value from_totals(Napi::Env env, const Totals& totals) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("packets", Napi::BigInt::New(env, totals.packets));
  object.Set("bytes", Napi::BigInt::New(env, totals.bytes));
  object.Set("buffers", Napi::BigInt::New(env, totals.buffers));
  return object;
}

Napi::Value from_entries(Napi::Env env, const KeyType& type, std::span<const Ledger::Entry> entries) {
  Napi::Array keys = Napi::Array::New(env, entries.size());
  Napi::BigUint64Array lower = Napi::BigUint64Array::New(env, entries.size());
  Napi::BigUint64Array upper = Napi::BigUint64Array::New(env, entries.size());
  for (uint32_t i = 0; i < entries.size(); ++i) {
    keys.Set(i, Napi::String::New(env, type.print(entries[i].key)));
    lower[i] = entries[i].interval.lower;
    upper[i] = entries[i].interval.upper;
  }
  Napi::Object columns = Napi::Object::New(env);
  columns.Set("keys", keys);
  columns.Set("lower", lower);
  columns.Set("upper", upper);
  return columns;
}

}  // namespace tallytree::binding
