// Between JavaScript values and the core's types. The only place that knows both.
#pragma once

#include <napi.h>

#include <exception>
#include <span>
#include <string>
#include <vector>

#include "core/ledger.h"
#include "core/sketch.h"
#include "core/source.h"

namespace tallytree::binding {

/// The JavaScript Error of an exception: its message, `code`, and from the system `errno` and `syscall`.
Napi::Error to_error(Napi::Env env, std::exception_ptr failure);

/// Runs `body` and turns what it throws into a JavaScript exception: the single catch of synchronous calls.
template <typename Body>
Napi::Value guarded(Napi::Env env, Body&& body) {
  try {
    return body();
  } catch (const Napi::Error&) {
    throw;
  } catch (...) {
    throw to_error(env, std::current_exception());
  }
}

// From JavaScript. Each throws std::invalid_argument naming what was expected.
Napi::Object to_object(const Napi::Value& value, const char* name);
std::string to_text(const Napi::Value& value, const char* name);
std::span<const uint8_t> to_bytes(const Napi::Value& value, const char* name);
std::vector<std::span<const uint8_t>> to_byte_list(const Napi::Value& value);
std::vector<std::string> to_text_list(const Napi::Value& value);
Secret to_secret(const Napi::Value& value);
Window to_window(const Napi::Value& value);
/// {sizes: true}; absent: none.
Sizes to_sizes(const Napi::Object& options);
Filter to_filter(const Napi::Value& value);
/// Of a sketch's options; nothing when absent.
Totals to_totals(const Napi::Object& options);
CounterSpec to_spec(const Napi::Value& value);  ///< its secret is left zero
uint64_t to_count(const Napi::Value& value, const char* name);
/// A whole number at `name`, or `otherwise` when the field is absent.
int64_t field_or(const Napi::Object& object, const char* name, int64_t otherwise, int64_t least,
                 int64_t most);
/// The text at `name`, or `otherwise` when the field is absent.
std::string text_or(const Napi::Object& object, const char* name, const char* otherwise);

// To JavaScript.
Napi::Value from_bytes(Napi::Env env, const std::vector<uint8_t>& bytes);
Napi::Value from_interval(Napi::Env env, const Interval& interval);
/// {from, to, value}.
Napi::Value from_counted(Napi::Env env, const Span& covered, const Napi::Value& value);
Napi::Value from_totals(Napi::Env env, const Totals& totals);
/// `matched`: of Engine.
Napi::Value from_stats(Napi::Env env, const SourceStats& stats, uint64_t matched);
/// Columns {keys, lower, upper}.
Napi::Value from_entries(Napi::Env env, const KeyType& type, std::span<const Ledger::Entry> entries);

}  // namespace tallytree::binding
