#pragma once

// What a candidate reads when a check on tokens and scores fails: behaviour, what was expected and
// got, then one fact of the input a line, and the seed that makes it again.

#include <gtest/gtest.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <iterator>
#include <stdexcept>
#include <string>
#include <typeinfo>
#include <vector>

#include "support/probe.h"
#include "support/tensor_match.h"

namespace report {

using support::expect_throws;
using Tokens = std::vector<std::int64_t>;

struct Fact {
  std::string name, value;
};
using Facts = std::vector<Fact>;

constexpr std::size_t kShownWhole = 24;  // entries
constexpr std::size_t kShownOfMore = 8;

/// As short as it can be while it still says which number of its type it is.
template <std::floating_point T>
std::string text(T value) {
  if (value == 1 - std::ldexp(1.0, -53)) return "1 - 2^-53";
  char form[40];
  return {form, std::to_chars(form, std::end(form), value).ptr};
}

inline std::string text(std::int64_t value) {
  return std::to_string(value);
}

/// "{1, 2, 3}", or the first entries, the last one and the number of all.
template <typename T>
std::string text(const std::vector<T>& values) {
  const bool whole = values.size() <= kShownWhole;
  std::string list = "{";
  for (std::size_t i = 0; i < (whole ? values.size() : kShownOfMore); ++i) {
    list += (i == 0 ? "" : ", ") + text(static_cast<T>(values[i]));
  }
  if (whole) return list + "}";
  return list + ", ..., " + text(values.back()) + "} (" + std::to_string(values.size()) +
         " entries)";
}

/// Where two lists part, if one of them is too long to be shown whole; else nothing.
inline std::string parting(const Tokens& expected, const Tokens& got) {
  if (std::max(expected.size(), got.size()) <= kShownWhole) return "";
  const auto at = std::mismatch(expected.begin(), expected.end(), got.begin(), got.end());
  const std::string wanted = at.first == expected.end() ? "the end" : text(*at.first);
  const std::string came = at.second == got.end() ? "the end" : text(*at.second);
  return "; they part at place " + std::to_string(at.first - expected.begin()) + ": expected " +
         wanted + ", got " + came;
}

inline void fail(const std::string& what, const Facts& facts) {
  std::string lines;
  for (const Fact& fact : facts) lines += "  " + fact.name + ": " + fact.value + "\n";
  ADD_FAILURE() << support::behaviour() << ": " << what << "\n"
                << lines << "  seed " << support::seed() << "\n";
}

/// For a catch clause: what came out of `function` instead of an answer. The starter's "not written
/// yet" goes on to GoogleTest: without facts it is the same everywhere, and told once.
inline void fail_with_exception(const std::string& function, const std::exception& e,
                                const Facts& facts) {
  if (typeid(e) == typeid(std::logic_error)) throw;
  fail("an exception came out of " + function + ": " + std::string(e.what()).substr(0, 300), facts);
}

}  // namespace report
