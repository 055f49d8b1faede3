#pragma once

#include <stdexcept>
#include <string_view>

#include "level2.h"

namespace kata {

/// Thrown by Model::complete.
struct ModelError : std::runtime_error {
  ModelError(const std::string& what, bool may_be_retried)
      : std::runtime_error(what), retryable(may_be_retried) {}

  bool retryable;  // overloaded, rate limit; else the request itself is refused
};

class Clock {
 public:
  virtual ~Clock() = default;
  virtual std::int64_t now_ms() const = 0;
  virtual void wait_ms(std::int64_t duration) = 0;
};

/// The n-th retry of a model call waits min(cap_ms, base_ms · 2^(n − 1)) before it, n from 1 to
/// max_retries. base_ms and cap_ms ≥ 1, max_retries ≥ 0; each of them may be as large as its type.
struct RetryPolicy {
  int max_retries = 3;
  std::int64_t base_ms = 500;
  std::int64_t cap_ms = 8000;
};

inline constexpr std::size_t kArgumentBytesMax = 65536;
inline constexpr int kArgumentDepthMax = 32;  // {} is 1 deep, {"a": [1]} is 2
inline constexpr std::size_t kResultBytesMax = 4096;
inline constexpr std::string_view kCutMarker = "\n[cut]";

/// Given. Empty if the value fits the schema, else a sentence on the first thing that does not.
/// Knows `type` (a name), `enum`, `properties`, `required`, `additionalProperties` (false) and
/// `items`, and passes over all else. Throws nothing; never goes deeper than the schema does.
inline std::string validate(const json& schema, const json& value,
                            const std::string& where = "arguments") {
  if (schema.contains("type")) {
    const std::string type = schema["type"].get<std::string>();
    const bool whole = type == "integer" && value.is_number_integer();
    if (!whole && type != value.type_name()) {
      return where + " must be of type " + type + ", not " + value.type_name();
    }
  }
  if (schema.contains("enum")) {
    bool found = false;
    for (const json& known : schema["enum"]) found = found || known.dump() == value.dump();
    if (!found) return where + " must be one of " + schema["enum"].dump();
  }
  if (value.is_object() && schema.contains("required")) {
    for (const json& name : schema["required"]) {
      const std::string key = name.get<std::string>();
      if (!value.contains(key)) return where + " lacks " + key;
    }
  }
  if (value.is_object()) {
    const bool closed =
        schema.contains("additionalProperties") && schema["additionalProperties"].dump() == "false";
    for (const auto& [key, part] : value.items()) {
      const bool known = schema.contains("properties") && schema["properties"].contains(key);
      if (!known && closed) return where + " must not have " + key;
      if (!known) continue;
      const std::string problem = validate(schema["properties"][key], part, where + "." + key);
      if (!problem.empty()) return problem;
    }
  }
  if (value.is_array() && schema.contains("items")) {
    for (std::size_t i = 0; i < value.size(); ++i) {
      const std::string element = where + "[" + std::to_string(i) + "]";
      const std::string problem = validate(schema["items"], value[i], element);
      if (!problem.empty()) return problem;
    }
  }
  return "";
}

/// run_parallel_agent that goes on where it can.
///
/// A call is not run but answered with an error if
/// - no tool has its name: the text holds this name and the name of every tool;
/// - its arguments are longer than kArgumentBytesMax bytes, are not JSON (with a NUL byte they are
///   not), are not an object, or are nested deeper than kArgumentDepthMax;
/// - validate(parameters, arguments) objects: the text holds what it said;
/// - its reply ended with Finish::kLength, which may have cut any of the reply's calls.
/// A tool fails by throwing anything at all; if it is a std::exception, the text holds what(). But
/// std::bad_alloc propagates.
///
/// A result's text of more than kResultBytesMax bytes, an error's too, is cut: it is the longest
/// beginning of at most that many bytes that ends between two UTF-8 characters, and then
/// kCutMarker. What an error's text must hold, it holds before it is cut.
///
/// A model call that throws a ModelError that is retryable is made again as `retry` says, with the
/// same messages; each model call has max_retries of its own, and the error of the last one
/// propagates. Anything else that the model throws propagates at once. Both come out as what was
/// thrown, also if of a class derived from ModelError. What history then holds is not said here.
std::string run_recovering_agent(Model& model, const std::vector<Tool>& tools,
                                 std::vector<Message>& history, Clock& clock,
                                 const RetryPolicy& retry);

}  // namespace kata
