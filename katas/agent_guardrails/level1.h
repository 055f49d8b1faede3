#pragma once

#include <cstddef>
#include <functional>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

namespace kata {

using nlohmann::json;

/// What a model asks for: run this tool with these arguments.
struct ToolCall {
  std::string id;         // the model's choice: any text, not always unique, says nothing
  std::string name;       // of the tool; there may be no such tool
  std::string arguments;  // the text of a JSON object
};

enum class Role { kSystem, kUser, kAssistant, kTool };

/// One entry of a conversation. Fields of other roles are empty, or false.
struct Message {
  Role role = Role::kUser;
  std::string text;
  std::vector<ToolCall> calls;  // kAssistant: what it asks for, in order
  std::string call_id;          // kTool: the id of the call that this answers
  std::string name;             // kTool: the tool's name, as in that call
  bool is_error = false;        // kTool: the call failed, and the text says why
};

/// A model's next turn.
struct Reply {
  std::string text;
  std::vector<ToolCall> calls;
};

/// Thrown by Model::complete.
struct ModelError : std::runtime_error {
  ModelError(const std::string& what, bool may_be_retried)
      : std::runtime_error(what), retryable(may_be_retried) {}

  bool retryable;  // overloaded, rate limit; else the request itself is refused
};

class Model {
 public:
  virtual ~Model() = default;

  /// `messages` is the conversation so far, `tools` is described(tools).
  virtual Reply complete(const std::vector<Message>& messages, const json& tools) = 0;
};

/// Something that a model may have run. Names are unique.
struct Tool {
  std::string name;
  std::string description;
  json parameters;  // JSON schema of the arguments
  std::function<json(const json& arguments)> run;
  int risk = 0;  // counts from level 2 on
};

/// Given. What a model is told about the tools.
inline json described(const std::vector<Tool>& tools) {
  json list = json::array();
  for (const Tool& tool : tools) {
    list.push_back(
        {{"name", tool.name}, {"description", tool.description}, {"parameters", tool.parameters}});
  }
  return list;
}

/// Given. The text of the result of a tool that returned `value`.
inline std::string text_of(const json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

/// Each may be as large as its type.
struct Thresholds {
  int repeats = 3;       // ≥ 1: rounds after which one more is a loop
  int max_period = 2;    // ≥ 0: the longest round, in turns; 0: there are no loops
  int max_stops = 2;     // ≥ 1: so many loops of one model, and it is replaced
  int max_failures = 3;  // ≥ 1: so many failures of one model in a row, and it is replaced
};

enum class Status {
  kAnswered,  // a reply without calls
  kLooping,   // the last model was to be replaced for its loops
  kRefused,   // from level 2 on: the human refused too often
};

struct Outcome {
  Status status = Status::kAnswered;
  std::string text;       // of the last reply
  std::size_t model = 0;  // whose reply that was, as an index
};

/// Calls the model in charge, runs what it asks for and feeds the results back, until it replies
/// without a call, or the last model goes in circles.
///
/// models: at least one, none null. models[0] is in charge first; what replaces models[i] is
/// models[i + 1], for the rest of the run. history: ends with a user message; each reply and each
/// result is appended. Each model call gets the whole of it.
///
/// The calls of a reply run one after another. Each gets exactly one result, in their order, with
/// its id and name. No tool of this name: an error (is_error) whose text holds the name. A tool
/// that throws a std::exception: an error whose text holds what(). The texts of these errors depend
/// on nothing but the call's name and what(). No error's text is empty, whatever it is for.
///
/// A turn is a reply's calls with their results. Two replies ask for the same if their calls are,
/// one by one and in order, of equal name and of arguments that are equal as JSON. Two turns are
/// alike if they ask for the same and their results, one by one, have equal text and is_error.
///
/// A reply is stopped if, for some period p from 1 to max_period, the last repeats · p turns of
/// this run are one round of p turns, repeats times over (each turn is alike the one p turns
/// before it, in this stretch), and the reply asks for the same as the turn p back (p = 1: the last
/// turn). Its calls are not run but answered with errors, and it is no turn. After max_stops
/// stopped replies of one model, not only in a row, that model is replaced; if it is the last one,
/// the run ends: kLooping.
///
/// A model call that throws a ModelError that is retryable is a failure, and is made again with the
/// same messages. After max_failures in a row the model is replaced; if it is the last one, what it
/// threw last propagates. A reply ends the row. Anything else that a model throws propagates at
/// once. What propagates is what was thrown; history keeps what was appended.
Outcome run_guarded_agent(const std::vector<Model*>& models, const std::vector<Tool>& tools,
                          std::vector<Message>& history, const Thresholds& thresholds);

}  // namespace kata
