// The whole test harness: TEST(name) { CHECK(...); } registers itself; check.cc runs every test and counts.
#pragma once

#include <iostream>
#include <sstream>
#include <string>
#include <type_traits>
#include <vector>

namespace tallytree::test {

struct Case {
  const char* name;
  void (*body)();
};

inline std::vector<Case>& cases() {
  static std::vector<Case> all;
  return all;
}

/// Failed checks of the test that is running.
inline int failed_checks = 0;

struct Registration {
  Registration(const char* name, void (*body)()) { cases().push_back({name, body}); }
};

template <typename A, typename B>
std::string difference(const A& left, const B& right) {
  std::ostringstream text;
  if constexpr (requires { text << +left << +right; }) {
    text << ": " << +left << " != " << +right;
  } else if constexpr (requires { text << left << right; }) {
    text << ": " << left << " != " << right;
  }
  return text.str();
}

template <typename A, typename B>
bool equal(const A& left, const B& right) {
  if constexpr (std::is_integral_v<A> && std::is_integral_v<B>) {
    return static_cast<__int128>(left) == static_cast<__int128>(right);  // signed or not: by value
  } else {
    return left == right;
  }
}

#if defined(__SANITIZE_ADDRESS__)
constexpr bool kSanitized = true;
#elif defined(__has_feature)
constexpr bool kSanitized = __has_feature(address_sanitizer);
#else
constexpr bool kSanitized = false;
#endif

/// How often to repeat what is judged on average; sanitizers need not see as much of it.
constexpr int repeated(int times) { return kSanitized ? (times + 5) / 6 : times; }

inline void report(const char* file, int line, const std::string& what) {
  ++failed_checks;
  std::cerr << file << ":" << line << ": " << what << "\n";
}

}  // namespace tallytree::test

#define TEST(name)                                                                    \
  static void test_##name();                                                          \
  static const tallytree::test::Registration registration_##name(#name, test_##name); \
  static void test_##name()

#define CHECK(...) \
  ((__VA_ARGS__) ? void() : tallytree::test::report(__FILE__, __LINE__, "CHECK(" #__VA_ARGS__ ") failed"))

#define CHECK_EQ(left, right)                                                                              \
  do {                                                                                                     \
    const auto& left_value = (left);                                                                       \
    const auto& right_value = (right);                                                                     \
    if (!tallytree::test::equal(left_value, right_value))                                                  \
      tallytree::test::report(__FILE__, __LINE__,                                                          \
                              #left " == " #right + tallytree::test::difference(left_value, right_value)); \
  } while (false)
