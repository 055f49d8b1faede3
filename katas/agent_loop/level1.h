#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace kata {

using nlohmann::json;

/// What the model asks for: run this tool with these arguments.
struct ToolCall {
  std::string id;         // the model's choice: any text, not always unique, says nothing
  std::string name;       // of the tool
  std::string arguments;  // JSON, as text
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

enum class Finish { kStop, kToolCalls, kLength };

/// What one model call used. Counts from level 4 on.
struct Usage {
  std::int64_t input_tokens = 0;
  std::int64_t output_tokens = 0;
  std::int64_t cost = 0;  // in millionths of a dollar
};

/// The model's next turn.
struct Reply {
  std::string text;
  std::vector<ToolCall> calls;
  Finish finish = Finish::kStop;  // counts from level 3 on
  Usage usage;
};

class Model {
 public:
  virtual ~Model() = default;

  /// `messages` is the conversation so far. `tools` describes the tools: a JSON array with one
  /// {"name": …, "description": …, "parameters": …} each, in the tools' order, [] for none.
  virtual Reply complete(const std::vector<Message>& messages, const json& tools) = 0;
};

inline constexpr std::int64_t kNoLimit = std::numeric_limits<std::int64_t>::max();

/// Something that the model may have run. Names are unique.
struct Tool {
  std::string name;
  std::string description;
  json parameters;  // JSON schema of the arguments
  std::function<json(const json& arguments)> run;
  std::int64_t time_limit_ms = kNoLimit;  // ≥ 0; counts from level 4 on
  bool has_side_effects = true;           // counts from level 4 on
};

/// Calls the model until it replies without a call; returns that reply's text.
///
/// history: the conversation so far, ending with a user message. Everything that follows is
/// appended to it: each reply as an assistant message with its text and calls, each result as a
/// tool message; the final text too. Every model call gets the whole of it and the description of
/// all tools.
///
/// A reply has at most one call. The call names one of the tools, and its arguments are a JSON
/// object that fits the schema. The tool runs once, with the arguments parsed. What it returns is
/// the result's text: a string as it is, any other value as its compact JSON, dump().
std::string run_agent(Model& model, const std::vector<Tool>& tools, std::vector<Message>& history);

}  // namespace kata
